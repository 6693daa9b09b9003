/* SPDX-License-Identifier: MIT */
#include "account/reset.h"
#include "api/operation.h"

static bool run(struct call *call, const void *given)
{
	const struct operation_user *request = given;
	const struct reset_request wish = { request->username,
		request->metadata, call->user_agent };
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && reset(&call->work, call->engine, pool, &wish);
}

const struct operation_code operation_AdminResetUserPassword = {
	operation_user_metadata_rows, sizeof(struct operation_user), run
};
