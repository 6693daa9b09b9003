/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *arn;
	struct field_list tags; /* of struct field_pair */
};

static const struct field rows[] = { ROW_RESOURCE_ARN(struct request, arn),
	ROW_MAP_FLAGS(struct request, tags, "Tags", FIELD_REQUIRED, 1, 128,
	    256),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const char *id =
	    pool_id_of_arn(&call->work, call->engine, request->arn);

	return id && pool_tag(&call->work, id, json_at(call->json, "/Tags"));
}

const struct operation_code operation_TagResource = { rows,
	sizeof(struct request), run };
