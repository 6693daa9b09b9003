/* SPDX-License-Identifier: MIT */
#include "account/user_write.h"
#include "api/operation.h"

static bool run(struct call *call, const void *given)
{
	const struct operation_user *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool &&
	       user_set_enabled(&call->work, pool, request->username, true);
}

const struct operation_code operation_AdminEnableUser = { operation_user_rows,
	sizeof(struct operation_user), run };
