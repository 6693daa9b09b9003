/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
};

/* The rest is checked with what UpdateUserPool leaves as it was. */
static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	cJSON *settings = json_copy(call->work.mem, call->json);

	cJSON_DeleteItemFromObjectCaseSensitive(settings, "UserPoolId");
	return pool_update(&call->work, request->pool_id, settings) != NULL;
}

const struct operation_code operation_UpdateUserPool = { rows,
	sizeof(struct request), run };
