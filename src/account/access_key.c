/* SPDX-License-Identifier: MIT */
#include "account/access_key.h"

#include "account/audit.h"
#include "base/json.h"
#include "base/secret.h"
#include "db/db.h"

#define ID_LETTERS     16
#define SECRET_LETTERS 40
#define POLICY_FIRST   "policy" /* the name of the one it is made with */

const char access_key_full_access[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
    "\"Action\":\"*\",\"Resource\":\"*\"}]}";

static char *random_letters(struct mem *mem, const char *letters,
    uint32_t bound, size_t count)
{
	char text[SECRET_LETTERS + 1] = "";

	for (size_t i = 0; i < count; i++)
		text[i] = letters[secret_random_below(bound)];
	return mem_secret(mem_text(mem, text));
}

/* Where a sealed secret belongs. */
static const char *place(struct mem *mem, const char *id)
{
	return mem_printf(mem, "access key %s", id);
}

/* Shaped as the service's, so that clients take them. */
static void draw(struct mem *mem, struct access_key *key)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                          "abcdefghijklmnopqrstuvwxyz0123456789+/";

	key->id = mem_printf(mem, "AKIA%s",
	    random_letters(mem, upper, sizeof(upper) - 1, ID_LETTERS));
	key->secret = random_letters(mem, all, sizeof(all) - 1, SECRET_LETTERS);
}

static bool insert(struct work *work, const struct engine *engine,
    struct access_key *key, const char *policy)
{
	struct rows *rows;

	do {
		draw(work->mem, key);
		rows = db_run(work, QUERY_access_key_insert, key->id,
		    key->user_name,
		    secret_seal(work->mem, engine->keyring, key->secret,
		        place(work->mem, key->id)));
	} while (rows && !rows_count(rows));
	if (!rows)
		return false;
	key->created_ms = rows_int(rows, 0, "created_ms");
	key->policies = json_read(work->mem,
	    mem_printf(work->mem, "[%s]", policy), &work->err);
	return key->policies &&
	       db_run(work, QUERY_access_policy_put, key->id, POLICY_FIRST,
	           policy) &&
	       audit(work, "access key create", key->id, key->policies);
}

struct access_key *access_key_create(struct work *work,
    const struct engine *engine, const char *user_name, const char *policy)
{
	struct access_key *key = mem_make(work->mem, struct access_key);

	key->user_name = user_name;
	key->enabled = true;
	if (db_begin(work) && insert(work, engine, key, policy) &&
	    db_commit(work))
		return key;
	db_rollback(work);
	return NULL;
}

static struct access_key *read_row(struct work *work,
    const struct engine *engine, struct rows *rows)
{
	static const struct column columns[] = { COLUMN(struct access_key, id),
		COLUMN(struct access_key, user_name),
		COLUMN(struct access_key, enabled),
		COLUMN(struct access_key, created_ms), COLUMN_END };
	struct access_key *key = mem_make(work->mem, struct access_key);

	rows_read(rows, 0, columns, key);
	key->secret = secret_open(work->mem, engine->keyring,
	    rows_text(rows, 0, "sealed"), place(work->mem, key->id),
	    &work->err);
	if (key->secret)
		key->policies = json_read(work->mem,
		    rows_text(rows, 0, "policies"), &work->err);
	return key->policies ? key : NULL;
}

struct access_key *access_key_get(struct work *work,
    const struct engine *engine, const char *id)
{
	struct rows *rows = db_run(work, QUERY_access_key_get, id);

	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		work_fail(work, ERR_UNRECOGNIZED_CLIENT,
		    "The security token included in the request is invalid.");
		return NULL;
	}
	return read_row(work, engine, rows);
}
