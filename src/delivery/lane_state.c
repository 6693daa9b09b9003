/* SPDX-License-Identifier: MIT */
#include "delivery/lane_state.h"

#include "account/audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "db/db.h"

static void add_lane(struct mem *mem, cJSON *lanes, const struct rows *rows,
    int row)
{
	static const char *const texts[] = { "owner", "medium", "carrier",
		"state", "words" };
	static const char *const numbers[] = { "sessions", "sessions_most",
		"batch" };
	cJSON *json = cJSON_CreateObject();

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		json_add(json, texts[i], rows_text(rows, row, texts[i]));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		json_add_int(json, numbers[i], rows_int(rows, row, numbers[i]));
	json_add(json, "since",
	    clock_print(mem, rows_int(rows, row, "since_ms")));
	json_add_int(json, "seen_seconds_ago",
	    (rows_int(rows, row, "now_ms") - rows_int(rows, row, "seen_ms")) /
	        1000);
	cJSON_AddItemToArray(lanes, json);
}

static void add_pause(struct mem *mem, cJSON *pauses, const struct rows *rows,
    int row)
{
	cJSON *json = cJSON_CreateObject();

	json_add(json, "medium", rows_text(rows, row, "medium"));
	json_add(json, "reason", rows_text(rows, row, "reason"));
	json_add(json, "who", rows_text(rows, row, "who"));
	json_add(json, "since",
	    clock_print(mem, rows_int(rows, row, "since_ms")));
	cJSON_AddItemToArray(pauses, json);
}

cJSON *lane_state(struct work *work)
{
	struct rows *lanes = db_run_plain(work, QUERY_lane_list);
	struct rows *pauses =
	    lanes ? db_run_plain(work, QUERY_lane_pauses) : NULL;
	cJSON *json = json_object(work->mem);
	cJSON *list = cJSON_AddArrayToObject(json, "lanes");

	if (!pauses)
		return NULL;
	for (int i = 0; i < rows_count(lanes); i++)
		add_lane(work->mem, list, lanes, i);
	list = cJSON_AddArrayToObject(json, "pauses");
	for (int i = 0; i < rows_count(pauses); i++)
		add_pause(work->mem, list, pauses, i);
	return json;
}

static bool change(struct work *work, struct rows *rows, const char *action,
    const char *medium, const char *conflict)
{
	if (!rows)
		return false;
	if (!rows_count(rows))
		return work_fail(work, ERR_CONFLICT, "%s %s", medium, conflict);
	return audit(work, action, medium, NULL);
}

bool lane_pause(struct work *work, const char *medium, const char *reason)
{
	if (db_begin(work) &&
	    change(work,
	        db_run(work, QUERY_lane_pause, medium, reason, work->tag),
	        "lane pause", medium,
	        "is paused already; 'usher lane show' says since when and "
	        "why") &&
	    db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

bool lane_resume(struct work *work, const char *medium)
{
	struct err err;

	if (!db_begin(work) ||
	    !change(work, db_run(work, QUERY_lane_resume, medium),
	        "lane resume", medium, "is not paused") ||
	    !db_commit(work)) {
		db_rollback(work);
		return false;
	}
	/* Lanes would see it by themselves, a little later. */
	err = work->err;
	db_run(work, QUERY_queue_wake, db_array(work->mem, &medium, 1));
	work->err = err;
	return true;
}
