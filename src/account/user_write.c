/* SPDX-License-Identifier: MIT */
#include "account/user_write.h"

#include <string.h>

#include "account/alias.h"
#include "account/attribute.h"
#include "account/audit.h"
#include "account/user.h"
#include "base/json.h"
#include "db/db.h"

#define ATTEMPTS_MOST 5

/* A change of attributes on its way: LIST, or NAMES to be deleted. */
struct change {
	const struct pool *pool;
	const char *name;
	const struct field_list *list;
	const struct field_words *names;
	bool overtaken; /* another took an alias that was to move */
};

static bool note(struct work *work, const char *action, const struct user *user,
    const cJSON *detail)
{
	return audit(work, action,
	    mem_printf(work->mem, "%s/%s", user->pool_id, user->sub), detail);
}

static bool ended(struct work *work, bool done)
{
	if (done && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

/* Names alone: what an attribute was is no business of the audit. */
static cJSON *names_changed(struct work *work, const struct change *change)
{
	cJSON *detail = json_object(work->mem);
	cJSON *names = cJSON_AddArrayToObject(detail, "attributes");
	const struct attribute *list =
	    change->list ? change->list->items : NULL;
	size_t count = list ? change->list->count : change->names->count;

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(names,
		    cJSON_CreateString(
		        list ? list[i].name : change->names->items[i]));
	return detail;
}

static cJSON *wanted(struct work *work, const struct change *change,
    const struct user *user)
{
	if (!user)
		return NULL;
	if (change->list)
		return attribute_update(work, change->pool, user->attributes,
		    change->list);
	return attribute_remove(work, change->pool, user->attributes,
	    change->names);
}

static bool name_taken(struct work *work, struct change *change,
    const char *kind)
{
	const struct pool *pool = change->pool;
	bool address = pool->username_is_email || pool->username_is_phone;

	change->overtaken = !address && strcmp(kind, "preferred_username") != 0;
	return work_fail(work, ERR_ALIAS_EXISTS,
	    "An account with the %s%s already exists.", address ? "given " : "",
	    kind);
}

static bool set_names(struct work *work, struct change *change,
    const struct user *user, const char *locked)
{
	struct alias_names names;
	const char *taken;

	alias_names(work, change->pool, user->username, user->attributes,
	    &names);
	if (!alias_set(work, change->pool, &names, user->sub, locked, &taken))
		return false;
	return !taken || name_taken(work, change, taken);
}

/* Whose aliases move is locked before the user is read for good: the order
 * of alias.h. What is found to be another's then moves in a next attempt. */
static bool change_attributes(struct work *work, struct change *change)
{
	const struct pool *pool = change->pool;
	struct user *user = user_find(work, pool, change->name);
	cJSON *attributes = wanted(work, change, user);
	struct alias_names names;

	if (!attributes)
		return false;
	alias_names(work, pool, user->username, attributes, &names);
	const char *locked = alias_lock(work, pool, &names, user->sub);
	user = locked ? user_lock(work, pool, user->sub) : NULL;
	attributes = wanted(work, change, user);
	if (!attributes)
		return false;
	user->attributes = attributes;
	return set_names(work, change, user, locked) &&
	       user_set_attributes(work, user, attributes) &&
	       note(work, "user update", user, names_changed(work, change));
}

static bool change_until_done(struct work *work, struct change *change)
{
	for (int attempt = 1; attempt <= ATTEMPTS_MOST; attempt++) {
		work->err = (struct err){ 0 };
		change->overtaken = false;
		if (!db_begin(work))
			return false;
		if (ended(work, change_attributes(work, change)))
			return true;
		if (!alias_deadlocked(work) && !change->overtaken)
			break;
	}
	return false;
}

bool user_update_attributes(struct work *work, const struct pool *pool,
    const char *name, const struct field_list *list)
{
	struct change change = { .pool = pool, .name = name, .list = list };

	return change_until_done(work, &change);
}

bool user_delete_attributes(struct work *work, const struct pool *pool,
    const char *name, const struct field_words *names)
{
	struct change change = { .pool = pool, .name = name, .names = names };

	return change_until_done(work, &change);
}

static bool enable(struct work *work, struct user *user, bool enabled)
{
	return user &&
	       db_run(work, QUERY_user_set_enabled, user->pool_id, user->sub,
	           enabled ? "t" : "f") &&
	       note(work, enabled ? "user enable" : "user disable", user, NULL);
}

bool user_set_enabled(struct work *work, const struct pool *pool,
    const char *name, bool enabled)
{
	return db_begin(work) &&
	       ended(work,
	           enable(work, user_lock_named(work, pool, name), enabled));
}

static bool confirm(struct work *work, struct user *user)
{
	if (!user)
		return false;
	if (strcmp(user->status, USER_UNCONFIRMED) != 0)
		return work_fail(work, ERR_NOT_AUTHORIZED,
		    "User cannot be confirmed. Current status is %s",
		    user->status);
	return db_run(work, QUERY_user_set_status, user->pool_id, user->sub,
	           USER_CONFIRMED) &&
	       note(work, "user confirm", user, NULL);
}

bool user_confirm(struct work *work, const struct pool *pool, const char *name)
{
	return db_begin(work) &&
	       ended(work, confirm(work, user_lock_named(work, pool, name)));
}
