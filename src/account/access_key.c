/* SPDX-License-Identifier: MIT */
#include "account/access_key.h"

#include "account/audit.h"
#include "account/policy.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/secret.h"
#include "db/db.h"

#define ID_LETTERS     16
#define SECRET_LETTERS 40
#define FIRST_USER     "admin"
#define FIRST_POLICY   "policy" /* the name of the one it is made with */
#define POLICIES_MOST  10

const char access_key_full_access[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
    "\"Action\":\"*\",\"Resource\":\"*\"}]}";

static char *random_letters(struct mem *mem, const char *letters,
    uint32_t bound, size_t count)
{
	char *text = mem_secret(mem_alloc(mem, count + 1));

	for (size_t i = 0; i < count; i++)
		text[i] = letters[secret_random_below(bound)];
	return text;
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

static bool ended(struct work *work, bool done)
{
	if (done && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

static bool check_name(struct work *work, const char *what, const char *name,
    const char *pattern, int most)
{
	return pattern_whole(pattern, name) ||
	       work_fail(work, ERR_INVALID_PARAMETER,
	           "%s '%.130s' is not 1 to %d letters, digits or +=,.@-_",
	           what, name, most);
}

static bool insert(struct work *work, const struct engine *engine,
    struct access_key *key)
{
	struct rows *rows;

	do {
		draw(work->mem, key);
		rows = db_run(work, QUERY_access_key_insert, key->id,
		    key->user_name,
		    secret_seal(work->mem, engine->keyring, key->secret,
		        place(work->mem, key->id)));
	} while (rows && !rows_count(rows));
	if (rows)
		key->created_ms = rows_int(rows, 0, "created_ms");
	return rows != NULL;
}

/* Inside a transaction. */
static struct access_key *create(struct work *work, const struct engine *engine,
    const char *user_name, const cJSON *policy)
{
	struct access_key *key = mem_make(work->mem, struct access_key);
	cJSON *policies = json_object(work->mem);
	cJSON *detail = json_object(work->mem);

	key->user_name = user_name;
	key->enabled = true;
	key->policies = policies;
	cJSON_AddItemToObject(policies, FIRST_POLICY,
	    cJSON_Duplicate(policy, true));
	json_add(detail, "UserName", user_name);
	cJSON_AddItemReferenceToObject(detail, "Policies", policies);
	if (insert(work, engine, key) &&
	    db_run(work, QUERY_access_policy_put, key->id, FIRST_POLICY,
	        json_print(work->mem, policy)) &&
	    audit(work, "access key create", key->id, detail))
		return key;
	return NULL;
}

struct access_key *access_key_create(struct work *work,
    const struct engine *engine, const char *user_name, const cJSON *policy)
{
	struct access_key *key;

	if (!check_name(work, "user name", user_name,
	        "[A-Za-z0-9_+=,.@-]{1,64}", 64) ||
	    !db_begin(work))
		return NULL;
	key = create(work, engine, user_name, policy);
	return ended(work, key != NULL) ? key : NULL;
}

static bool create_first(struct work *work, const struct engine *engine,
    struct access_key **key)
{
	struct rows *rows = db_run_plain(work, QUERY_access_key_alone)
	                        ? db_run_plain(work, QUERY_access_key_any)
	                        : NULL;

	if (!rows || rows_bool(rows, 0, "there"))
		return rows != NULL;
	const cJSON *policy =
	    policy_read(work->mem, access_key_full_access, &work->err);
	*key = policy ? create(work, engine, FIRST_USER, policy) : NULL;
	return *key != NULL;
}

bool access_key_create_first(struct work *work, const struct engine *engine,
    struct access_key **key)
{
	*key = NULL;
	return db_begin(work) && ended(work, create_first(work, engine, key));
}

static bool read_row(struct work *work, struct rows *rows, int row,
    struct access_key *key)
{
	static const struct column columns[] = { COLUMN(struct access_key, id),
		COLUMN(struct access_key, user_name),
		COLUMN(struct access_key, enabled),
		COLUMN(struct access_key, created_ms), COLUMN_END };

	rows_read(rows, row, columns, key);
	key->policies =
	    json_read(work->mem, rows_text(rows, row, "policies"), &work->err);
	return key->policies != NULL;
}

struct access_key *access_key_get(struct work *work,
    const struct engine *engine, const char *id)
{
	struct rows *rows = db_run(work, QUERY_access_key_get, id);
	struct access_key *key = mem_make(work->mem, struct access_key);

	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		work_fail(work, ERR_UNRECOGNIZED_CLIENT,
		    "The security token included in the request is invalid.");
		return NULL;
	}
	key->secret = secret_open(work->mem, engine->keyring,
	    rows_text(rows, 0, "sealed"), place(work->mem, id), &work->err);
	return key->secret && read_row(work, rows, 0, key) ? key : NULL;
}

struct access_key *access_key_list(struct work *work, int *found)
{
	struct rows *rows = db_run_plain(work, QUERY_access_key_list);

	if (!rows)
		return NULL;
	*found = rows_count(rows);
	struct access_key *keys =
	    mem_array(work->mem, struct access_key, (size_t)*found + 1);
	for (int i = 0; i < *found; i++)
		if (!read_row(work, rows, i, &keys[i]))
			return NULL;
	return keys;
}

/* ROWS, or NULL with the error when they are none. */
static struct rows *found(struct work *work, const char *id, struct rows *rows)
{
	if (!rows || rows_count(rows))
		return rows;
	work_fail(work, ERR_RESOURCE_NOT_FOUND,
	    "Access key %.100s does not exist.", id);
	return NULL;
}

struct access_key *access_key_show(struct work *work, const char *id)
{
	struct rows *rows =
	    found(work, id, db_run(work, QUERY_access_key_get, id));
	struct access_key *key = mem_make(work->mem, struct access_key);

	return rows && read_row(work, rows, 0, key) ? key : NULL;
}

static bool note(struct work *work, const char *action, const char *id,
    struct rows *rows)
{
	cJSON *detail = json_object(work->mem);

	if (!found(work, id, rows))
		return false;
	json_add(detail, "UserName", rows_text(rows, 0, "user_name"));
	return audit(work, action, id, detail);
}

bool access_key_enable(struct work *work, const char *id, bool enabled)
{
	return db_begin(work) &&
	       ended(work,
	           note(work,
	               enabled ? "access key enable" : "access key disable", id,
	               db_run(work, QUERY_access_key_enable, id,
	                   enabled ? "t" : "f")));
}

bool access_key_delete(struct work *work, const char *id)
{
	return db_begin(work) &&
	       ended(work, note(work, "access key delete", id,
	                       db_run(work, QUERY_access_key_delete, id)));
}

/* The key as it stays until the transaction ends. */
static struct access_key *hold(struct work *work, const char *id)
{
	return found(work, id, db_run(work, QUERY_access_key_lock, id))
	           ? access_key_show(work, id)
	           : NULL;
}

/* The key's policy of that name, and after it the new one, for the audit. */
static bool note_policy(struct work *work, const struct access_key *key,
    const char *name, const cJSON *document)
{
	const cJSON *old =
	    cJSON_GetObjectItemCaseSensitive(key->policies, name);
	cJSON *before = json_object(work->mem);
	cJSON *after = json_object(work->mem);

	if (old)
		cJSON_AddItemToObject(before, name, cJSON_Duplicate(old, true));
	if (document)
		cJSON_AddItemToObject(after, name,
		    cJSON_Duplicate(document, true));
	return audit_change(work,
	    document ? "access key policy put" : "access key policy delete",
	    key->id, before, after);
}

static bool put_policy(struct work *work, const char *id, const char *name,
    const cJSON *document)
{
	const struct access_key *key = hold(work, id);

	if (!key)
		return false;
	if (!cJSON_GetObjectItemCaseSensitive(key->policies, name) &&
	    cJSON_GetArraySize(key->policies) >= POLICIES_MOST)
		return work_fail(work, ERR_LIMIT_EXCEEDED,
		    "access key %s has %d policies, the most there can be", id,
		    POLICIES_MOST);
	return db_run(work, QUERY_access_policy_put, id, name,
	           json_print(work->mem, document)) &&
	       note_policy(work, key, name, document);
}

bool access_key_put_policy(struct work *work, const char *id, const char *name,
    const cJSON *document)
{
	return check_name(work, "policy name", name,
	           "[A-Za-z0-9_+=,.@-]{1,128}", 128) &&
	       db_begin(work) &&
	       ended(work, put_policy(work, id, name, document));
}

/* NULL with the error also when KEY is. */
static const cJSON *find_policy(struct work *work, const struct access_key *key,
    const char *name)
{
	const cJSON *policy =
	    key ? cJSON_GetObjectItemCaseSensitive(key->policies, name) : NULL;

	if (key && !policy)
		work_fail(work, ERR_RESOURCE_NOT_FOUND,
		    "Access key %s has no policy '%.130s'.", key->id, name);
	return policy;
}

const cJSON *access_key_get_policy(struct work *work, const char *id,
    const char *name)
{
	return find_policy(work, access_key_show(work, id), name);
}

static bool delete_policy(struct work *work, const char *id, const char *name)
{
	const struct access_key *key = hold(work, id);

	return find_policy(work, key, name) &&
	       db_run(work, QUERY_access_policy_delete, id, name) &&
	       note_policy(work, key, name, NULL);
}

bool access_key_delete_policy(struct work *work, const char *id,
    const char *name)
{
	return db_begin(work) && ended(work, delete_policy(work, id, name));
}
