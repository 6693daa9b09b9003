/* SPDX-License-Identifier: MIT */
#include "account/alias.h"

#include <string.h>

#include "account/attribute.h"
#include "account/audit.h"
#include "account/user.h"
#include "base/json.h"
#include "db/db.h"

/* The order in which errors name them. */
static const char *const kinds[ALIAS_MOST] = { "username", "email",
	"phone_number", "preferred_username" };

/* In its place: two creations with the same names insert in one order. */
static void add(struct work *work, const struct pool *pool,
    struct alias_names *names, const char *kind, const char *value)
{
	const char *folded = pool_fold(work, pool, value);
	size_t at = names->count++;

	for (; at && strcmp(names->values[at - 1], folded) > 0; at--) {
		names->kinds[at] = names->kinds[at - 1];
		names->values[at] = names->values[at - 1];
	}
	names->kinds[at] = kind;
	names->values[at] = folded;
}

void alias_names(struct work *work, const struct pool *pool,
    const char *username, const cJSON *attributes, struct alias_names *names)
{
	const char *email = attribute_get(attributes, "email");
	const char *phone = attribute_get(attributes, "phone_number");
	const char *preferred = attribute_get(attributes, "preferred_username");
	bool email_alias = pool->alias_email &&
	                   attribute_is_true(attributes, "email_verified");
	bool phone_alias = pool->alias_phone && attribute_is_true(attributes,
	                                            "phone_number_verified");

	*names = (struct alias_names){ 0 };
	if (!pool->username_is_email && !pool->username_is_phone)
		add(work, pool, names, "username", username);
	if (email && (pool->username_is_email || email_alias))
		add(work, pool, names, "email", email);
	if (phone && (pool->username_is_phone || phone_alias))
		add(work, pool, names, "phone_number", phone);
	if (preferred && pool->alias_preferred)
		add(work, pool, names, "preferred_username", preferred);
}

const char *alias_kinds(struct mem *mem, const struct alias_names *names)
{
	return db_array(mem, names->kinds, names->count);
}

const char *alias_values(struct mem *mem, const struct alias_names *names)
{
	return db_array(mem, names->values, names->count);
}

static bool has_kind(const struct alias_names *names, const char *kind)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->kinds[i], kind) == 0)
			return true;
	return false;
}

const char *alias_missing(struct mem *mem, const struct alias_names *names,
    const char *taken)
{
	taken = mem_printf(mem, ",%s,", taken);
	for (size_t i = 0; i < ALIAS_MOST; i++)
		if (has_kind(names, kinds[i]) &&
		    !strstr(taken, mem_printf(mem, ",%s,", kinds[i])))
			return kinds[i];
	return NULL;
}

/* A former owner keeps the address, no longer verified. */
static bool unverify(struct work *work, const struct pool *pool,
    const char *sub, const char *kind)
{
	struct user *owner = user_lock(work, pool, sub);

	if (!owner)
		return false;
	cJSON *attributes = json_copy(work->mem, owner->attributes);
	const char *flag = mem_printf(work->mem, "%s_verified", kind);
	cJSON_DeleteItemFromObjectCaseSensitive(attributes, flag);
	json_add(attributes, flag, "false");
	return user_set_attributes(work, owner, attributes) &&
	       audit(work, "alias move",
	           mem_printf(work->mem, "%s/%s", pool->id, sub), NULL);
}

/* What another user's verified flag can take away. */
static struct alias_names addresses_of(const struct pool *pool,
    const struct alias_names *names)
{
	struct alias_names found = { 0 };

	if (pool->username_is_email || pool->username_is_phone)
		return found;
	for (size_t i = 0; i < names->count; i++) {
		const char *kind = names->kinds[i];
		if (strcmp(kind, "email") != 0 &&
		    strcmp(kind, "phone_number") != 0)
			continue;
		found.kinds[found.count] = kind;
		found.values[found.count++] = names->values[i];
	}
	return found;
}

const char *alias_lock(struct work *work, const struct pool *pool,
    const struct alias_names *names, const char *sub)
{
	const struct alias_names addresses = addresses_of(pool, names);
	const char *its_kinds = alias_kinds(work->mem, &addresses);
	const char *its_values = alias_values(work->mem, &addresses);

	/* A statement by itself: the next one sees who holds them then. */
	if (addresses.count &&
	    !db_run(work, QUERY_alias_await, pool->id, its_kinds, its_values))
		return NULL;
	struct rows *rows = db_run(work, QUERY_alias_lock, pool->id, its_kinds,
	    its_values, sub);
	return rows ? rows_text(rows, 0, "subs") : NULL;
}

static bool unverify_holders(struct work *work, const struct pool *pool,
    const struct alias_names *names, const char *sub, const char *locked)
{
	const struct alias_names addresses = addresses_of(pool, names);
	struct rows *rows = db_run(work, QUERY_alias_holders, pool->id,
	    alias_kinds(work->mem, &addresses),
	    alias_values(work->mem, &addresses), locked, sub);

	for (int i = 0; rows && i < rows_count(rows); i++)
		if (!unverify(work, pool, rows_text(rows, i, "sub"),
		        rows_text(rows, i, "kind")))
			return false;
	return rows != NULL;
}

bool alias_set(struct work *work, const struct pool *pool,
    const struct alias_names *names, const char *sub, const char *locked,
    const char **taken)
{
	if (!unverify_holders(work, pool, names, sub, locked))
		return false;
	struct rows *rows = db_run(work, QUERY_alias_set, pool->id, sub,
	    alias_kinds(work->mem, names), alias_values(work->mem, names),
	    locked);
	if (!rows)
		return false;
	*taken = alias_missing(work->mem, names, rows_text(rows, 0, "names"));
	return true;
}

bool alias_deadlocked(const struct work *work)
{
	return work->err.code == ERR_DATABASE &&
	       strcmp(db_state(work->db), "40P01") == 0;
}
