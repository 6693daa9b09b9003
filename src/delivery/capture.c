/* SPDX-License-Identifier: MIT */
#include "delivery/capture.h"

#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/secret.h"
#include "db/db.h"

#define BATCH_MOST 100

struct capture {
	const struct engine *engine;
	struct db *db;
};

static void *capture_open(struct mem *mem, const struct engine *engine,
    struct err *err)
{
	struct capture *capture = mem_make(mem, struct capture);

	if (!engine->config->allow_capture) {
		err_set(err, ERR_CONFIG,
		    "the capture carrier keeps messages instead of sending "
		    "them; set allow_capture to yes if that is what you want");
		return NULL;
	}
	capture->engine = engine;
	capture->db =
	    db_open(mem, engine->config->database, "usher capture", err);
	return capture->db ? capture : NULL;
}

static char *place(struct mem *mem, const char *message_id)
{
	return mem_printf(mem, "captured %s", message_id);
}

/* What a test suite wants to read, in one object. */
static const char *content(struct mem *mem, const struct delivery *delivery)
{
	cJSON *json = json_object(mem);
	bool mail = strcmp(delivery->medium, "EMAIL") == 0;

	json_add(json, "username", delivery->username);
	json_add(json, "password", delivery->password);
	json_add(json, "subject", delivery->subject);
	json_add(json, "text", delivery->plain);
	json_add(json, "raw", mail ? delivery->text : NULL);
	return json_print(mem, json);
}

static void capture_one(struct capture *capture, struct delivery *delivery)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .db = capture->db, .tag = "capture" };
	const char *id = db_int(mem, delivery->id);
	const char *sealed = secret_seal(mem, capture->engine->keyring,
	    content(mem, delivery), place(mem, id));

	if (db_renew(&work) &&
	    db_run(&work, QUERY_capture_insert, id, delivery->pool_id,
	        delivery->medium, delivery->destination, sealed))
		delivery_tell(delivery, DELIVERY_ACCEPTED, 0, NULL, "captured");
	else
		delivery_tell(delivery, DELIVERY_RETRY, 0, NULL,
		    work.err.detail);
}

static void capture_send(void *state, struct delivery *const *batch,
    size_t count, struct carrier_sink *sink)
{
	bool go_on = true;

	for (size_t i = 0; i < count && go_on; i++) {
		capture_one(state, batch[i]);
		go_on = sink->told(sink, batch[i]);
	}
}

static struct gate_limits capture_limits(const void *state)
{
	(void)state;
	return (struct gate_limits){ 1, BATCH_MOST, 0 };
}

const struct carrier capture_mail_carrier = {
	.name = "capture",
	.medium = "EMAIL",
	.open = capture_open,
	.limits = capture_limits,
	.send = capture_send,
};

const struct carrier capture_text_carrier = {
	.name = "capture",
	.medium = "SMS",
	.open = capture_open,
	.limits = capture_limits,
	.send = capture_send,
};

static bool add_one(struct work *work, const struct engine *engine,
    const struct rows *rows, int row, cJSON *list)
{
	struct mem *mem = work->mem;
	const char *text =
	    secret_open(mem, engine->keyring, rows_text(rows, row, "sealed"),
	        place(mem, rows_text(rows, row, "message_id")), &work->err);
	const cJSON *content = text ? json_read(mem, text, &work->err) : NULL;

	if (!content)
		return false;
	cJSON *json = cJSON_Duplicate(content, true);
	cJSON_AddItemToArray(list, json);
	json_add_int(json, "id", rows_int(rows, row, "id"));
	json_add_int(json, "message", rows_int(rows, row, "message_id"));
	json_add(json, "medium", rows_text(rows, row, "medium"));
	json_add(json, "to", rows_text(rows, row, "destination"));
	json_add(json, "pool", rows_text(rows, row, "pool_id"));
	json_add(json, "captured",
	    clock_print(mem, rows_int(rows, row, "captured_ms")));
	return true;
}

cJSON *capture_list(struct work *work, const struct engine *engine,
    const struct capture_filter *filter)
{
	struct rows *rows = db_run(work, QUERY_capture_list,
	    db_int(work->mem, filter->after), filter->destination,
	    filter->medium, db_int(work->mem, filter->most));
	cJSON *list = json_list(work->mem);

	if (!rows)
		return NULL;
	for (int i = 0; i < rows_count(rows); i++)
		if (!add_one(work, engine, rows, i, list))
			return NULL;
	return list;
}

int64_t capture_newest(struct work *work)
{
	struct rows *rows = db_run_plain(work, QUERY_capture_newest);

	return rows ? rows_int(rows, 0, "id") : -1;
}

bool capture_clear(struct work *work)
{
	return db_run_plain(work, QUERY_capture_clear) != NULL;
}
