/* SPDX-License-Identifier: MIT */
#include "account/audit.h"
#include "account/pool.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "db/db.h"

/* A change of what is stored, within its transaction. */
struct change {
	struct work *work;
	const char *action; /* in audit and log */
	const struct pool *pool;
	cJSON *after; /* a copy of what is stored, to be changed */
};

static void replace(cJSON *object, const char *name, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	if (value)
		cJSON_AddItemToObject(object, name, value);
}

/* The member NAME of the copy, made when it lacks. */
static cJSON *member(struct change *change, const char *name,
    cJSON *(*make)(void))
{
	cJSON *json = cJSON_GetObjectItemCaseSensitive(change->after, name);

	if (json)
		return json;
	json = make();
	cJSON_AddItemToObject(change->after, name, json);
	return json;
}

/* Nothing when there is no such user pool. */
static bool begin(struct change *change, struct work *work, const char *action,
    const char *id)
{
	*change = (struct change){ .work = work, .action = action };
	if (!db_begin(work))
		return false;
	change->pool = pool_lock(work, id);
	if (change->pool)
		change->after = json_copy(work->mem, change->pool->stored);
	return change->pool != NULL;
}

static const char *names_of(struct mem *mem, const cJSON *changes)
{
	struct str *names = str_new(mem, STR_LIMIT_LARGE);
	const cJSON *item;

	cJSON_ArrayForEach(item, changes)
	    str_addf(names, "%s%s", str_length(names) ? " " : "", item->string);
	return str_text(names);
}

/* The pool as it is then, or NULL. */
static struct pool *store(const struct change *change, const cJSON *changes)
{
	struct work *work = change->work;
	const char *id = change->pool->id;

	if (!db_run(work, QUERY_pool_update, id,
	        json_text(change->after, "/PoolName"),
	        json_print(work->mem, change->after)) ||
	    !audit(work, change->action, id, changes))
		return NULL;
	struct pool *after = pool_get(work, id);
	bool done = after && db_commit(work);
	pool_note_change();
	return done ? after : NULL;
}

/* Commits when all went well so far: the pool as it is then, else NULL. */
static struct pool *end(const struct change *change, bool well)
{
	struct work *work = change->work;
	struct pool *after = NULL;

	if (well) {
		const cJSON *changes = audit_changes(work->mem,
		    change->pool->stored, change->after);
		after = store(change, changes);
		if (after)
			log_info(work->tag, change->action, "pool", after->id,
			    "changed", names_of(work->mem, changes));
	}
	if (!after)
		db_rollback(work);
	return after;
}

/* What UpdateUserPool cannot change stays in the copy; all else goes. */
static void replace_all(struct change *change, const cJSON *settings)
{
	static const char *const fixed[] = { "UsernameAttributes",
		"AliasAttributes", "UsernameConfiguration", "Schema",
		"PoolName" };
	cJSON *before = change->after;
	cJSON *after = json_copy(change->work->mem, settings);

	cJSON_DeleteItemFromObjectCaseSensitive(after, "UserPoolId");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		cJSON *kept =
		    cJSON_DetachItemFromObjectCaseSensitive(before, fixed[i]);
		if (kept && !cJSON_HasObjectItem(after, fixed[i]))
			cJSON_AddItemToObject(after, fixed[i], kept);
		else
			cJSON_Delete(kept);
	}
	change->after = after;
}

struct pool *pool_update(struct work *work, const char *id,
    const cJSON *settings)
{
	cJSON *kept = field_only(work->mem, pool_update_rows, settings);
	struct change change;

	replace(kept, "UserPoolId", cJSON_CreateString(id));
	const struct pool_settings *read =
	    pool_settings_read(work->mem, pool_update_rows, kept, &work->err);
	if (!read)
		return NULL;
	bool well =
	    begin(&change, work, "pool update", id) &&
	    pool_settings_check_days(change.pool->settings, read, &work->err);
	if (well)
		replace_all(&change, kept);
	return end(&change, well);
}

static void append(cJSON *schema, const cJSON *attributes)
{
	const cJSON *attribute;

	cJSON_ArrayForEach(attribute, attributes)
	{
		cJSON *copy = cJSON_Duplicate(attribute, true);
		schema_mark_custom(copy);
		cJSON_AddItemToArray(schema, copy);
	}
}

bool pool_add_attributes(struct work *work, const char *id,
    const cJSON *attributes)
{
	struct change change;
	bool well = begin(&change, work, "pool add attributes", id);

	if (well) {
		append(member(&change, "Schema", cJSON_CreateArray),
		    attributes);
		const struct pool_settings *settings =
		    pool_settings_take(work->mem, change.after);
		well = schema_check(work->mem, &settings->schema, &work->err);
	}
	return end(&change, well) != NULL;
}

bool pool_tag(struct work *work, const char *id, const cJSON *tags)
{
	struct change change;
	const cJSON *tag;
	bool well = begin(&change, work, "pool tag", id);

	if (well)
		cJSON_ArrayForEach(tag, tags)
		    replace(member(&change, "UserPoolTags", cJSON_CreateObject),
		        tag->string, cJSON_Duplicate(tag, true));
	return end(&change, well) != NULL;
}

bool pool_untag(struct work *work, const char *id,
    const struct field_words *names)
{
	struct change change;
	bool well = begin(&change, work, "pool untag", id);

	for (size_t i = 0; well && i < names->count; i++)
		replace(member(&change, "UserPoolTags", cJSON_CreateObject),
		    names->items[i], NULL);
	return end(&change, well) != NULL;
}
