/* SPDX-License-Identifier: MIT */
#include "account/group.h"

#include <inttypes.h>
#include <string.h>

#include "account/audit.h"
#include "base/json.h"
#include "db/db.h"

#define NONE INT64_C(-1)
/* Behind every precedence there can be. */
#define RANK_LAST INT64_C(2147483648)

const struct field group_rows[] = { ROW_TEXT(struct group_request, pool_id,
	                                "UserPoolId", FIELD_REQUIRED, 1, 55,
	                                "[\\w-]+_[0-9a-zA-Z]+"),
	ROW_GROUP_NAME(struct group_request, name),
	ROW_TEXT(struct group_request, description, "Description", 0, 0, 2048,
	    NULL),
	ROW_TEXT(struct group_request, role_arn, "RoleArn", 0, 20, 2048,
	    "arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:"
	    "[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"),
	ROW_INT(struct group_request, precedence, "Precedence", 0, 0,
	    INT32_MAX),
	ROW_END };

static void read_row(struct rows *rows, int row, struct group *group)
{
	static const struct column columns[] = { COLUMN(struct group, pool_id),
		COLUMN(struct group, name), COLUMN(struct group, description),
		COLUMN(struct group, role_arn),
		COLUMN(struct group, precedence),
		COLUMN(struct group, created_ms),
		COLUMN(struct group, modified_ms), COLUMN_END };

	rows_read(rows, row, columns, group);
}

/* The only one of ROWS. */
static struct group *read_one(struct work *work, struct rows *rows)
{
	struct group *group = mem_make(work->mem, struct group);

	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		work_fail(work, ERR_RESOURCE_NOT_FOUND, "Group not found.");
		return NULL;
	}
	read_row(rows, 0, group);
	return group;
}

static struct group *read_all(struct work *work, struct rows *rows, int *found)
{
	if (!rows)
		return NULL;
	*found = rows_count(rows);
	struct group *groups =
	    mem_array(work->mem, struct group, (size_t)*found + 1);
	for (int i = 0; i < *found; i++)
		read_row(rows, i, &groups[i]);
	return groups;
}

/* Of the audit. */
static const char *object(struct mem *mem, const char *pool_id,
    const char *name)
{
	return mem_printf(mem, "%s/%s", pool_id, name);
}

static cJSON *settings_of(struct mem *mem, const struct group *group)
{
	cJSON *json = json_object(mem);

	json_add(json, "Description", group->description);
	json_add(json, "RoleArn", group->role_arn);
	if (group->precedence != NONE)
		json_add_int(json, "Precedence", group->precedence);
	return json;
}

/* Ends the transaction: GROUP when it was committed, else NULL. */
static struct group *committed(struct work *work, struct group *group)
{
	if (group && db_commit(work))
		return group;
	db_rollback(work);
	return NULL;
}

static bool done(struct work *work, bool all)
{
	if (all && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

static const char *precedence_of(struct work *work,
    const struct group_request *request)
{
	return request->precedence.given
	           ? db_int(work->mem, request->precedence.value)
	           : NULL;
}

static struct group *create(struct work *work,
    const struct group_request *request)
{
	/* Held first: a user pool that goes takes all its groups along. */
	if (!db_run(work, QUERY_pool_hold, request->pool_id) ||
	    !pool_get(work, request->pool_id))
		return NULL;
	struct rows *rows = db_run(work, QUERY_group_insert, request->pool_id,
	    request->name, request->description, request->role_arn,
	    precedence_of(work, request));
	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		work_fail(work, ERR_GROUP_EXISTS,
		    "A group with the name already exists");
		return NULL;
	}
	struct group *group = read_one(work, rows);
	return audit(work, "group create",
	           object(work->mem, group->pool_id, group->name),
	           settings_of(work->mem, group))
	           ? group
	           : NULL;
}

struct group *group_create(struct work *work,
    const struct group_request *request)
{
	if (!db_begin(work))
		return NULL;
	return committed(work, create(work, request));
}

struct group *group_get(struct work *work, const struct pool *pool,
    const char *name)
{
	return read_one(work, db_run(work, QUERY_group_get, pool->id, name));
}

static struct group *update(struct work *work,
    const struct group_request *request)
{
	struct mem *mem = work->mem;
	struct group *old =
	    pool_get(work, request->pool_id)
	        ? read_one(work, db_run(work, QUERY_group_lock,
	                             request->pool_id, request->name))
	        : NULL;
	struct group *group =
	    old ? read_one(work,
	              db_run(work, QUERY_group_update, request->pool_id,
	                  request->name, request->description,
	                  request->role_arn, precedence_of(work, request)))
	        : NULL;

	return group && audit_change(work, "group update",
	                    object(mem, group->pool_id, group->name),
	                    settings_of(mem, old), settings_of(mem, group))
	           ? group
	           : NULL;
}

struct group *group_update(struct work *work,
    const struct group_request *request)
{
	if (!db_begin(work))
		return NULL;
	return committed(work, update(work, request));
}

static bool delete_one(struct work *work, const struct pool *pool,
    const char *name)
{
	struct rows *rows = db_run(work, QUERY_group_delete, pool->id, name);

	if (!rows)
		return false;
	if (!rows_count(rows))
		return work_fail(work, ERR_RESOURCE_NOT_FOUND,
		    "Group not found.");
	return audit(work, "group delete", object(work->mem, pool->id, name),
	    NULL);
}

bool group_delete(struct work *work, const struct pool *pool, const char *name)
{
	return db_begin(work) && done(work, delete_one(work, pool, name));
}

struct group *group_list(struct work *work, const struct pool *pool,
    const char *after, int count, int *found)
{
	return read_all(work,
	    db_run(work, QUERY_group_list, pool->id, after,
	        db_int(work->mem, count)),
	    found);
}

static bool audit_member(struct work *work, const char *action,
    const struct group *group, const struct user *user)
{
	cJSON *detail = json_object(work->mem);

	json_add(detail, "sub", user->sub);
	return audit(work, action,
	    object(work->mem, group->pool_id, group->name), detail);
}

/* The user is locked before the group, in the order in which both go when
 * their user pool does: so nobody waits for one who waits. */
static bool add(struct work *work, const struct pool *pool, const char *name,
    const char *username)
{
	struct user *user = user_lock_named(work, pool, username);
	struct group *group =
	    user
	        ? read_one(work, db_run(work, QUERY_group_hold, pool->id, name))
	        : NULL;
	struct rows *rows = group ? db_run(work, QUERY_group_add_user, pool->id,
	                                name, user->sub)
	                          : NULL;

	return rows && (!rows_count(rows) ||
	                   audit_member(work, "group add user", group, user));
}

bool group_add_user(struct work *work, const struct pool *pool,
    const char *name, const char *username)
{
	return db_begin(work) && done(work, add(work, pool, name, username));
}

static bool take_out(struct work *work, const struct pool *pool,
    const char *name, const char *username)
{
	struct user *user = user_find(work, pool, username);
	struct group *group = user ? group_get(work, pool, name) : NULL;
	struct rows *rows = group ? db_run(work, QUERY_group_remove_user,
	                                pool->id, name, user->sub)
	                          : NULL;

	return rows &&
	       (!rows_count(rows) ||
	           audit_member(work, "group remove user", group, user));
}

bool group_remove_user(struct work *work, const struct pool *pool,
    const char *name, const char *username)
{
	return db_begin(work) &&
	       done(work, take_out(work, pool, name, username));
}

const char *group_rank(struct mem *mem, const struct group *group)
{
	return mem_printf(mem, "%" PRId64 " %s",
	    group->precedence == NONE ? RANK_LAST : group->precedence,
	    group->name);
}

struct group *group_list_of_user(struct work *work, const struct user *user,
    const char *after, int count, int *found)
{
	const char *name = strchr(after, ' ');
	const char *rank =
	    name ? mem_text_n(work->mem, after, (size_t)(name - after)) : "-1";

	return read_all(work,
	    db_run(work, QUERY_group_list_of_user, user->pool_id, user->sub,
	        rank, name ? name + 1 : "", db_int(work->mem, count)),
	    found);
}

struct user *group_list_users(struct work *work, const struct group *group,
    const char *after, int count, int *found)
{
	return user_read_all(work,
	    db_run(work, QUERY_group_list_users, group->pool_id, group->name,
	        *after ? after : NULL, db_int(work->mem, count)),
	    found);
}

cJSON *group_describe(struct mem *mem, const struct group *group)
{
	cJSON *json = settings_of(mem, group);

	json_add(json, "GroupName", group->name);
	json_add(json, "UserPoolId", group->pool_id);
	json_add_time(json, "LastModifiedDate", group->modified_ms);
	json_add_time(json, "CreationDate", group->created_ms);
	return json;
}
