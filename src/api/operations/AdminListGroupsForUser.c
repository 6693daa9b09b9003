/* SPDX-License-Identifier: MIT */
#include "account/group.h"
#include "account/page.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	const char *username;
	const char *token;
	struct field_int limit;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username),
	ROW_PAGE_TOKEN(struct request, token),
	ROW_PAGE_LIMIT(struct request, limit), ROW_END };

static void answer(struct call *call, const char *list,
    const struct group *groups, int count, bool more)
{
	struct work *work = &call->work;
	cJSON *items = cJSON_AddArrayToObject(call->answer, "Groups");

	for (int i = 0; i < count; i++)
		cJSON_AddItemReferenceToArray(items,
		    group_describe(work->mem, &groups[i]));
	if (more)
		json_add(call->answer, "NextToken",
		    page_token(work, call->engine, list,
		        group_rank(work->mem, &groups[count - 1])));
}

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct work *work = &call->work;
	const struct pool *pool =
	    pool_cache_get(call->pools, work, request->pool_id);
	struct user *user =
	    pool ? user_find(work, pool, request->username) : NULL;

	if (!user)
		return false;
	const char *list =
	    mem_printf(work->mem, "groups of %s/%s", pool->id, user->sub);
	const char *after =
	    page_after(work, call->engine, list, request->token);
	int most = page_size(&request->limit);
	int found;
	/* One more than asked for tells whether there is more. */
	struct group *groups =
	    after ? group_list_of_user(work, user, after, most + 1, &found)
	          : NULL;
	if (!groups)
		return false;
	answer(call, list, groups, found > most ? most : found, found > most);
	return true;
}

const struct operation_code operation_AdminListGroupsForUser = { rows,
	sizeof(struct request), run };
