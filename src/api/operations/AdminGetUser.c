/* SPDX-License-Identifier: MIT */
#include "account/user.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *username;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const struct pool *pool =
	    pool_cache_get(call->pools, &call->work, request->pool_id);
	struct user *user =
	    pool ? user_find(&call->work, pool, request->username) : NULL;

	if (!user)
		return false;
	call->answer = user_describe(call->work.mem, user, "UserAttributes");
	return true;
}

const struct operation_code operation_AdminGetUser = { rows,
	sizeof(struct request), run };
