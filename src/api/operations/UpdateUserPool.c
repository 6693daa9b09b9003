/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"

static bool run(struct call *call, const void *given)
{
	const struct pool_settings *request = given;

	return pool_update(&call->work, request->pool_id, call->json) != NULL;
}

const struct operation_code operation_UpdateUserPool = { pool_update_rows,
	sizeof(struct pool_settings), run };
