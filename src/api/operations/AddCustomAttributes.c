/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	struct field_list attributes; /* of struct schema_attribute */
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_LIST_FLAGS(struct request, attributes, "CustomAttributes",
	    FIELD_REQUIRED, 1, 25, schema_rows, struct schema_attribute),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const cJSON *kept = field_only(call->work.mem, rows, call->json);

	return pool_add_attributes(&call->work, request->pool_id,
	    json_at(kept, "/CustomAttributes"));
}

const struct operation_code operation_AddCustomAttributes = { rows,
	sizeof(struct request), run };
