/* SPDX-License-Identifier: MIT */
#include "account/group.h"
#include "account/page.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	const char *token;
	struct field_int limit;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_PAGE_TOKEN(struct request, token),
	ROW_PAGE_LIMIT(struct request, limit), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct work *work = &call->work;
	const struct pool *pool =
	    pool_cache_get(call->pools, work, request->pool_id);
	const char *list =
	    mem_printf(work->mem, "groups of %s", request->pool_id);
	const char *after =
	    pool ? page_after(work, call->engine, list, request->token) : NULL;
	int most = page_size(&request->limit);
	int found;
	/* One more than asked for tells whether there is more. */
	struct group *groups =
	    after ? group_list(work, pool, after, most + 1, &found) : NULL;

	if (!groups)
		return false;
	cJSON *items = cJSON_AddArrayToObject(call->answer, "Groups");
	for (int i = 0; i < found && i < most; i++)
		cJSON_AddItemReferenceToArray(items,
		    group_describe(work->mem, &groups[i]));
	if (found > most)
		json_add(call->answer, "NextToken",
		    page_token(work, call->engine, list,
		        groups[most - 1].name));
	return true;
}

const struct operation_code operation_ListGroups = { rows,
	sizeof(struct request), run };
