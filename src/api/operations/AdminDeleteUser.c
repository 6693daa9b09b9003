/* SPDX-License-Identifier: MIT */
#include "account/user.h"
#include "api/operation.h"

static bool run(struct call *call, const void *given)
{
	const struct operation_user *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && user_delete(&call->work, pool, request->username);
}

const struct operation_code operation_AdminDeleteUser = { operation_user_rows,
	sizeof(struct operation_user), run };
