/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);
	cJSON *answer =
	    pool ? pool_describe(&call->work, call->engine, pool) : NULL;

	if (!answer)
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "UserPool", answer);
	return true;
}

const struct operation_code operation_DescribeUserPool = { rows,
	sizeof(struct request), run };
