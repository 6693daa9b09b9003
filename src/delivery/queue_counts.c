/* SPDX-License-Identifier: MIT */
#include "delivery/queue_counts.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "db/db.h"

#define COUNT_MOST  "100000" /* rows of a table that are counted */
#define REASON_MOST "10000"
#define CANCEL_STEP "5000"

static int64_t add_state(struct mem *mem, cJSON *states,
    const struct rows *rows, int row)
{
	cJSON *json = cJSON_CreateObject();
	int64_t oldest_ms = rows_int(rows, row, "oldest_ms");
	int64_t count = rows_int(rows, row, "count");

	json_add(json, "state", rows_text(rows, row, "state"));
	json_add_int(json, "count", count);
	cJSON_AddBoolToObject(json, "about", rows_bool(rows, row, "about"));
	if (oldest_ms) {
		json_add(json, "oldest", clock_print(mem, oldest_ms));
		json_add_int(json, "age_seconds",
		    (clock_now_ms() - oldest_ms) / 1000);
	}
	cJSON_AddItemToArray(states, json);
	return count;
}

/* Sent is what the other states leave of all messages. */
static bool add_sent(struct work *work, cJSON *states, int64_t others)
{
	struct rows *all = db_run(work, QUERY_queue_count_all, COUNT_MOST);

	if (!all)
		return false;
	int64_t sent = rows_int(all, 0, "count") - others;
	cJSON *json = cJSON_CreateObject();
	json_add(json, "state", "sent");
	json_add_int(json, "count", sent > 0 ? sent : 0);
	cJSON_AddBoolToObject(json, "about", rows_bool(all, 0, "about"));
	cJSON_AddItemToArray(states, json);
	return true;
}

static bool add_reasons(struct work *work, cJSON *json)
{
	struct rows *rows =
	    db_run(work, QUERY_queue_count_reasons, REASON_MOST);
	cJSON *reasons = cJSON_AddArrayToObject(json, "reasons");

	for (int i = 0; rows && i < rows_count(rows); i++) {
		cJSON *item = cJSON_CreateObject();
		json_add(item, "state", rows_text(rows, i, "state"));
		json_add(item, "medium", rows_text(rows, i, "medium"));
		json_add(item, "reason", rows_text(rows, i, "cause"));
		json_add_int(item, "count", rows_int(rows, i, "count"));
		cJSON_AddItemToArray(reasons, item);
	}
	return rows != NULL;
}

cJSON *queue_counts(struct work *work)
{
	struct rows *rows = db_run(work, QUERY_queue_counts, COUNT_MOST);
	cJSON *json = json_object(work->mem);
	cJSON *states = cJSON_AddArrayToObject(json, "states");
	int64_t others = 0;

	if (!rows)
		return NULL;
	for (int i = 0; i < rows_count(rows); i++)
		others += add_state(work->mem, states, rows, i);
	return add_sent(work, states, others) && add_reasons(work, json) ? json
	                                                                 : NULL;
}

cJSON *queue_count_pool(struct work *work, const char *pool_id)
{
	struct rows *rows = db_run(work, QUERY_queue_count_pool, pool_id);
	cJSON *json = json_object(work->mem);

	if (!rows)
		return NULL;
	for (int i = 0; i < rows_count(rows); i++)
		json_add_int(json, rows_text(rows, i, "state"),
		    rows_int(rows, i, "count"));
	return json;
}

bool queue_cancel_some(struct work *work, const char *pool_id,
    const char *reason, int *count)
{
	struct rows *rows =
	    db_run(work, QUERY_queue_cancel_some, pool_id, reason, CANCEL_STEP);

	if (rows)
		*count = rows_count(rows);
	return rows != NULL;
}
