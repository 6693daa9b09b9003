/* SPDX-License-Identifier: MIT */
#include "delivery/sandbox.h"

#include <string.h>

#include "account/audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "db/db.h"
#include "delivery/render.h"
#include "message/phone.h"
#include "message/template.h"

#define NUMBERS_MOST     10
#define CODES_MOST       5
#define WRONG_CODES_MOST 5
#define CODE_VALID_MS    "900000"

cJSON *sandbox_status(struct work *work)
{
	struct rows *rows = db_run_plain(work, QUERY_sandbox_status);

	if (!rows)
		return NULL;
	cJSON *json = json_object(work->mem);
	cJSON_AddBoolToObject(json, "sandbox", rows_bool(rows, 0, "sandbox"));
	json_add(json, "since",
	    clock_print(work->mem, rows_int(rows, 0, "changed_ms")));
	json_add_int(json, "verified_numbers", rows_int(rows, 0, "verified"));
	json_add_int(json, "held_messages", rows_int(rows, 0, "waiting"));
	return json;
}

static bool ended(struct work *work, bool done)
{
	if (done && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

bool sandbox_set(struct work *work, bool on)
{
	return db_begin(work) &&
	       ended(work,
	           db_run(work, QUERY_sandbox_set, on ? "t" : "f") &&
	               audit(work, on ? "sandbox enter" : "sandbox exit",
	                   "installation", NULL) &&
	               db_run_plain(work, QUERY_queue_release));
}

/* The number's row, locked; *FOUND tells whether there is one. */
static struct rows *get(struct work *work, const char *number, bool *found)
{
	struct rows *rows = db_run(work, QUERY_sandbox_get, number);

	*found = rows && rows_count(rows);
	return rows;
}

static bool may_add(struct work *work, const char *number)
{
	bool found;
	struct rows *count = db_run_plain(work, QUERY_sandbox_count);
	struct rows *rows = get(work, number, &found);

	if (!rows || !count)
		return false;
	if (!found && rows_int(count, 0, "numbers") >= NUMBERS_MOST)
		return work_fail(work, ERR_CONFLICT,
		    "the sandbox holds %d numbers, the most there can be; "
		    "remove one first",
		    NUMBERS_MOST);
	if (found && strcmp(rows_text(rows, 0, "status"), "Verified") == 0)
		return work_fail(work, ERR_CONFLICT,
		    "number '%s' is verified already", number);
	if (found && rows_bool(rows, 0, "codes_fresh") &&
	    rows_int(rows, 0, "codes_sent") >= CODES_MOST)
		return work_fail(work, ERR_CONFLICT,
		    "number '%s' was sent %d codes in 24 hours, the most there "
		    "can be; try again tomorrow",
		    number, CODES_MOST);
	return true;
}

static bool queue_code(struct work *work, const char *number,
    const char *sealed)
{
	struct template template;

	template_builtin(TEMPLATE_CODE, true, &template);
	const char *content = template_print(work->mem, &template);
	const char *hash = secret_digest(work->mem, content);
	return db_run(work, QUERY_template_insert, hash, content) &&
	       db_run(work, QUERY_queue_insert_code, number, sealed, hash,
	           CODE_VALID_MS);
}

static bool add(struct work *work, const struct engine *engine,
    const char *number)
{
	const char *code = mem_secret(
	    mem_printf(work->mem, "%06u", secret_random_below(1000000)));
	const char *sealed = secret_seal(work->mem, engine->keyring, code,
	    render_code_place(work->mem, number));

	return may_add(work, number) &&
	       db_run(work, QUERY_sandbox_insert, number, sealed,
	           CODE_VALID_MS) &&
	       queue_code(work, number, sealed) &&
	       audit(work, "sandbox add", number, NULL);
}

bool sandbox_add(struct work *work, const struct engine *engine,
    const char *number)
{
	if (!phone_is_e164(number))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "'%.40s' is not a telephone number in E.164 form, like "
		    "+15555550100",
		    number);
	return db_begin(work) && ended(work, add(work, engine, number));
}

static bool not_found(struct work *work, const char *number)
{
	return work_fail(work, ERR_RESOURCE_NOT_FOUND,
	    "number '%.40s' is not in the sandbox; 'usher sandbox add' adds it",
	    number);
}

/* *WRONG: the code was looked at and is another. */
static bool check_code(struct work *work, const struct engine *engine,
    const struct rows *rows, const char *code, bool *wrong)
{
	const char *number = rows_text(rows, 0, "number");

	if (strcmp(rows_text(rows, 0, "status"), "Verified") == 0)
		return work_fail(work, ERR_CONFLICT,
		    "number '%s' is verified already", number);
	if (rows_bool(rows, 0, "code_expired") ||
	    rows_int(rows, 0, "wrong_codes") >= WRONG_CODES_MOST)
		return work_fail(work, ERR_CONFLICT,
		    "the code for '%s' is too old or was tried too often; "
		    "'usher sandbox add' sends a new one",
		    number);
	const char *right = secret_open(work->mem, engine->keyring,
	    rows_text(rows, 0, "code_sealed"),
	    render_code_place(work->mem, number), &work->err);
	if (!right)
		return false;
	*wrong = !secret_same(right, code);
	if (*wrong)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "that is not the code that was sent to '%s'", number);
	return true;
}

static bool note_wrong(struct work *work, const char *number)
{
	struct err kept = work->err;

	if (db_run(work, QUERY_sandbox_wrong, number) && db_commit(work))
		work->err = kept;
	else
		db_rollback(work);
	return false;
}

bool sandbox_verify(struct work *work, const struct engine *engine,
    const char *number, const char *code)
{
	bool found;
	bool wrong = false;

	if (!db_begin(work))
		return false;
	struct rows *rows = get(work, number, &found);
	if (rows && !found)
		not_found(work, number);
	bool right = found && check_code(work, engine, rows, code, &wrong);
	if (wrong)
		return note_wrong(work, number);
	return ended(work, right &&
	                       db_run(work, QUERY_sandbox_verify, number) &&
	                       audit(work, "sandbox verify", number, NULL) &&
	                       db_run_plain(work, QUERY_queue_release));
}

cJSON *sandbox_list(struct work *work)
{
	struct rows *rows = db_run_plain(work, QUERY_sandbox_list);
	cJSON *list = json_list(work->mem);

	if (!rows)
		return NULL;
	for (int i = 0; i < rows_count(rows); i++) {
		cJSON *json = cJSON_CreateObject();
		json_add(json, "PhoneNumber", rows_text(rows, i, "number"));
		json_add(json, "Status", rows_text(rows, i, "status"));
		cJSON_AddItemToArray(list, json);
	}
	return list;
}

static bool remove_number(struct work *work, const char *number)
{
	bool found;
	struct rows *rows = get(work, number, &found);

	if (!rows)
		return false;
	if (!found)
		return not_found(work, number);
	if (rows_bool(rows, 0, "attempted_fresh"))
		return work_fail(work, ERR_CONFLICT,
		    "number '%s' can be removed 24 hours after its "
		    "verification or the last attempt at it",
		    number);
	return db_run(work, QUERY_sandbox_delete, number) &&
	       audit(work, "sandbox remove", number, NULL);
}

bool sandbox_remove(struct work *work, const char *number)
{
	return db_begin(work) && ended(work, remove_number(work, number));
}
