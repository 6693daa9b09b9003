/* SPDX-License-Identifier: MIT */
#include "account/group.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	const char *group_name;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_GROUP_NAME(struct request, group_name), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const struct pool *pool =
	    pool_cache_get(call->pools, &call->work, request->pool_id);
	struct group *group =
	    pool ? group_get(&call->work, pool, request->group_name) : NULL;

	if (!group)
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "Group",
	    group_describe(call->work.mem, group));
	return true;
}

const struct operation_code operation_GetGroup = { rows, sizeof(struct request),
	run };
