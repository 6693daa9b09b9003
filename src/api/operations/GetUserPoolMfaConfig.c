/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_END };

/* Nobody is asked for a second factor here; terraform and CDK look for what
 * they set. */
static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const struct pool *pool = pool_get(&call->work, request->pool_id);

	if (!pool)
		return false;
	json_add(call->answer, "MfaConfiguration",
	    pool->settings->mfa ? pool->settings->mfa : "OFF");
	return true;
}

const struct operation_code operation_GetUserPoolMfaConfig = { rows,
	sizeof(struct request), run };
