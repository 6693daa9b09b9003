/* SPDX-License-Identifier: MIT */
#include "account/audit.h"

#include "base/json.h"
#include "db/db.h"

bool audit(struct work *work, const char *action, const char *object,
    const cJSON *detail)
{
	const char *text = detail ? json_print(work->mem, detail) : NULL;

	return db_run(work, QUERY_audit_insert, work->tag, action, object,
	           text) != NULL;
}

static void note(cJSON *changes, const char *name, const cJSON *before,
    const cJSON *after)
{
	cJSON *change = cJSON_AddObjectToObject(changes, name);

	if (before)
		cJSON_AddItemToObject(change, "before",
		    cJSON_Duplicate(before, true));
	if (after)
		cJSON_AddItemToObject(change, "after",
		    cJSON_Duplicate(after, true));
}

cJSON *audit_changes(struct mem *mem, const cJSON *before, const cJSON *after)
{
	cJSON *changes = json_object(mem);
	const cJSON *member;

	cJSON_ArrayForEach(member, before)
	{
		const cJSON *other =
		    cJSON_GetObjectItemCaseSensitive(after, member->string);
		if (!cJSON_Compare(member, other, true))
			note(changes, member->string, member, other);
	}
	cJSON_ArrayForEach(member, after)
	{
		if (!cJSON_GetObjectItemCaseSensitive(before, member->string))
			note(changes, member->string, NULL, member);
	}
	return changes;
}

bool audit_change(struct work *work, const char *action, const char *object,
    const cJSON *before, const cJSON *after)
{
	return audit(work, action, object,
	    audit_changes(work->mem, before, after));
}
