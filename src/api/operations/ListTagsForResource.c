/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *arn;
};

static const struct field rows[] = { ROW_RESOURCE_ARN(struct request, arn),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const char *id =
	    pool_id_of_arn(&call->work, call->engine, request->arn);
	const struct pool *pool = id ? pool_get(&call->work, id) : NULL;

	if (!pool)
		return false;
	cJSON *tags = cJSON_AddObjectToObject(call->answer, "Tags");
	const struct field_pair *pairs = pool->settings->tags.items;
	for (size_t i = 0; i < pool->settings->tags.count; i++)
		json_add(tags, pairs[i].name, pairs[i].value);
	return true;
}

const struct operation_code operation_ListTagsForResource = { rows,
	sizeof(struct request), run };
