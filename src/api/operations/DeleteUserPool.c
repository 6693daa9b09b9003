/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;

	return pool_delete(&call->work, request->pool_id);
}

const struct operation_code operation_DeleteUserPool = { rows,
	sizeof(struct request), run };
