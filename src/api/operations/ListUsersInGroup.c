/* SPDX-License-Identifier: MIT */
#include "account/group.h"
#include "account/page.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	const char *group_name;
	const char *token;
	struct field_int limit;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_GROUP_NAME(struct request, group_name),
	ROW_PAGE_TOKEN(struct request, token),
	ROW_PAGE_LIMIT(struct request, limit), ROW_END };

static void answer(struct call *call, const char *list,
    const struct user *users, int count, bool more)
{
	struct work *work = &call->work;
	cJSON *items = cJSON_AddArrayToObject(call->answer, "Users");

	for (int i = 0; i < count; i++)
		cJSON_AddItemReferenceToArray(items,
		    user_describe(work->mem, &users[i], "Attributes"));
	if (more)
		json_add(call->answer, "NextToken",
		    page_token(work, call->engine, list, users[count - 1].sub));
}

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct work *work = &call->work;
	const struct pool *pool =
	    pool_cache_get(call->pools, work, request->pool_id);
	struct group *group =
	    pool ? group_get(work, pool, request->group_name) : NULL;

	if (!group)
		return false;
	const char *list =
	    mem_printf(work->mem, "users in %s/%s", pool->id, group->name);
	const char *after =
	    page_after(work, call->engine, list, request->token);
	int most = page_size(&request->limit);
	int found;
	/* One more than asked for tells whether there is more. */
	struct user *users =
	    after ? group_list_users(work, group, after, most + 1, &found)
	          : NULL;
	if (!users)
		return false;
	answer(call, list, users, found > most ? most : found, found > most);
	return true;
}

const struct operation_code operation_ListUsersInGroup = { rows,
	sizeof(struct request), run };
