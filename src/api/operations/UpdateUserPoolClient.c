/* SPDX-License-Identifier: MIT */
#include "account/client.h"
#include "api/operation.h"
#include "base/json.h"

static bool run(struct call *call, const void *given)
{
	struct client *client =
	    client_update(&call->work, call->engine, given, call->json);

	if (!client)
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "UserPoolClient",
	    client_describe(&call->work, client));
	return true;
}

const struct operation_code operation_UpdateUserPoolClient = {
	client_update_rows, sizeof(struct client_settings), run
};
