/* SPDX-License-Identifier: MIT */
#include "account/user.h"
#include "api/operation.h"

static bool run(struct call *call, const void *given)
{
	const struct operation_user *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);
	struct user *user =
	    pool ? user_find(&call->work, pool, request->username) : NULL;

	if (!user)
		return false;
	call->answer = user_describe(call->work.mem, user, "UserAttributes");
	return true;
}

const struct operation_code operation_AdminGetUser = { operation_user_rows,
	sizeof(struct operation_user), run };
