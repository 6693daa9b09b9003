/* SPDX-License-Identifier: MIT */
#include "account/group.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *username;
	const char *group_name;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username),
	ROW_GROUP_NAME(struct request, group_name), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && group_remove_user(&call->work, pool, request->group_name,
	                   request->username);
}

const struct operation_code operation_AdminRemoveUserFromGroup = { rows,
	sizeof(struct request), run };
