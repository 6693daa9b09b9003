/* SPDX-License-Identifier: MIT */
#include "account/client.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *client_id;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_CLIENT_ID(struct request, client_id), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;

	return client_delete(&call->work, request->pool_id, request->client_id);
}

const struct operation_code operation_DeleteUserPoolClient = { rows,
	sizeof(struct request), run };
