/* SPDX-License-Identifier: MIT */
#include "account/client.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	const char *client_id;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_CLIENT_ID(struct request, client_id), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct client *client = client_get(&call->work, call->engine,
	    request->pool_id, request->client_id);

	if (!client)
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "UserPoolClient",
	    client_describe(&call->work, client));
	return true;
}

const struct operation_code operation_DescribeUserPoolClient = { rows,
	sizeof(struct request), run };
