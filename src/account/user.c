/* SPDX-License-Identifier: MIT */
#include "account/user.h"

#include <inttypes.h>
#include <string.h>

#include "account/audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/secret.h"
#include "db/db.h"

static bool read_row(struct work *work, struct rows *rows, int row,
    struct user *user)
{
	static const struct column columns[] = { COLUMN(struct user, pool_id),
		COLUMN(struct user, username), COLUMN(struct user, sub),
		COLUMN(struct user, status), COLUMN(struct user, enabled),
		COLUMN(struct user, password_hash),
		COLUMN(struct user, invitation),
		COLUMN(struct user, created_ms),
		COLUMN(struct user, modified_ms),
		COLUMN(struct user, password_expires_ms), COLUMN_END };

	rows_read(rows, row, columns, user);
	user->attributes = json_read(work->mem,
	    rows_text(rows, row, "attributes"), &work->err);
	return user->attributes != NULL;
}

static bool is_sub(const char *name)
{
	return pattern_whole("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name);
}

bool user_not_found(struct work *work)
{
	return work_fail(work, ERR_USER_NOT_FOUND, "User does not exist.");
}

static struct user *read_one(struct work *work, struct rows *rows)
{
	struct user *user = mem_make(work->mem, struct user);

	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		user_not_found(work);
		return NULL;
	}
	return read_row(work, rows, 0, user) ? user : NULL;
}

struct user *user_find(struct work *work, const struct pool *pool,
    const char *name)
{
	return read_one(work,
	    db_run(work, QUERY_user_find, pool->id, pool_fold(work, pool, name),
	        is_sub(name) ? name : NULL));
}

static struct rows *find_many(struct work *work,
    const struct user_wanted *wanted, size_t count)
{
	const char **pools = mem_array(work->mem, const char *, count);
	const char **names = mem_array(work->mem, const char *, count);
	const char **subs = mem_array(work->mem, const char *, count);

	for (size_t i = 0; i < count; i++) {
		const char *name = wanted[i].name;
		pools[i] = wanted[i].pool->id;
		names[i] = pool_fold(work, wanted[i].pool, name);
		subs[i] = is_sub(name) ? name : NULL;
	}
	return db_run(work, QUERY_user_find_many,
	    db_array(work->mem, pools, count),
	    db_array(work->mem, names, count),
	    db_array(work->mem, subs, count));
}

bool user_find_many(struct work *work, struct user_wanted *wanted, size_t count)
{
	struct rows *rows = find_many(work, wanted, count);

	for (int i = 0; rows && i < rows_count(rows); i++) {
		struct user *user = mem_make(work->mem, struct user);
		if (!read_row(work, rows, i, user))
			return false;
		wanted[rows_int(rows, i, "place")].user = user;
	}
	return rows != NULL;
}

struct user *user_lock(struct work *work, const struct pool *pool,
    const char *sub)
{
	return read_one(work, db_run(work, QUERY_user_lock, pool->id, sub));
}

struct user *user_lock_named(struct work *work, const struct pool *pool,
    const char *name)
{
	struct user *user = user_find(work, pool, name);

	return user ? user_lock(work, pool, user->sub) : NULL;
}

struct user *user_read_all(struct work *work, struct rows *rows, int *found)
{
	if (!rows)
		return NULL;
	*found = rows_count(rows);
	struct user *users =
	    mem_array(work->mem, struct user, (size_t)*found + 1);
	for (int i = 0; i < *found; i++)
		if (!read_row(work, rows, i, &users[i]))
			return NULL;
	return users;
}

struct user *user_list(struct work *work, const struct pool *pool,
    const char *after, int count, int *found)
{
	return user_read_all(work,
	    db_run(work, QUERY_user_list, pool->id, after,
	        db_int(work->mem, count)),
	    found);
}

struct user *user_get_many(struct work *work, const struct pool *pool,
    const char *subs, int *found)
{
	return user_read_all(work,
	    db_run(work, QUERY_user_get_many, pool->id, subs), found);
}

/* The account goes first: a RESEND locks it first too, so that one waits for
 * the other and what it queued is seen here. */
static bool delete_all(struct work *work, const struct pool *pool,
    const char *name)
{
	struct user *user = user_find(work, pool, name);

	return user && db_run(work, QUERY_user_delete, pool->id, user->sub) &&
	       db_run(work, QUERY_queue_cancel_user, pool->id, user->sub,
	           "the user was deleted") &&
	       db_run(work, QUERY_user_delete_captured, pool->id, user->sub) &&
	       db_run(work, QUERY_queue_note_user, pool->id, user->sub,
	           "forgotten") &&
	       /* What came back from a session between these two. */
	       db_run(work, QUERY_queue_cancel_user, pool->id, user->sub,
	           "the user was deleted") &&
	       db_run(work, QUERY_queue_forget_user, pool->id, user->sub) &&
	       db_run(work, QUERY_queue_forget_words, pool->id, user->sub) &&
	       audit(work, "user delete",
	           mem_printf(work->mem, "%s/%s", pool->id, user->sub), NULL);
}

bool user_delete(struct work *work, const struct pool *pool, const char *name)
{
	if (db_begin(work) && delete_all(work, pool, name) && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

bool user_set_attributes(struct work *work, const struct user *user,
    const cJSON *attributes)
{
	return db_run(work, QUERY_user_set_attributes, user->pool_id, user->sub,
	           json_print(work->mem, attributes)) != NULL;
}

char *user_new_sub(struct mem *mem)
{
	const char *time =
	    mem_printf(mem, "%012" PRIx64, (uint64_t)clock_now_ms());
	const char *random = secret_random_hex(mem, 9);

	return mem_printf(mem, "%.8s-%.4s-70%.2s-%.4s-%.12s", time, time + 8,
	    random, random + 2, random + 6);
}

static void add_attribute(cJSON *list, const char *name, const char *value)
{
	cJSON *pair = cJSON_CreateObject();

	json_add(pair, "Name", name);
	json_add(pair, "Value", value);
	cJSON_AddItemToArray(list, pair);
}

cJSON *user_describe(struct mem *mem, const struct user *user,
    const char *list_name)
{
	cJSON *json = json_object(mem);
	const cJSON *attribute;

	json_add(json, "Username", user->username);
	cJSON *list = cJSON_AddArrayToObject(json, list_name);
	cJSON_ArrayForEach(attribute, user->attributes)
	{
		add_attribute(list, attribute->string,
		    cJSON_GetStringValue(attribute));
	}
	add_attribute(list, "sub", user->sub);
	json_add_time(json, "UserCreateDate", user->created_ms);
	json_add_time(json, "UserLastModifiedDate", user->modified_ms);
	cJSON_AddBoolToObject(json, "Enabled", user->enabled);
	json_add(json, "UserStatus", user->status);
	return json;
}
