/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

static bool run(struct call *call, const void *given)
{
	struct pool *pool = pool_create(&call->work, call->engine, call->json);
	cJSON *answer =
	    pool ? pool_describe(&call->work, call->engine, pool) : NULL;

	(void)given;
	if (!answer)
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "UserPool", answer);
	return true;
}

const struct operation_code operation_CreateUserPool = { pool_settings_rows,
	sizeof(struct pool_settings), run };
