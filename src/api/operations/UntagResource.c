/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"

struct request {
	const char *arn;
	struct field_words names;
};

static const struct field name_item = ROW_ITEM_TEXT(1, 128, NULL);

static const struct field rows[] = { ROW_RESOURCE_ARN(struct request, arn),
	ROW_TEXTS_FLAGS(struct request, names, "TagKeys", FIELD_REQUIRED, 0, 0,
	    &name_item),
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const char *id =
	    pool_id_of_arn(&call->work, call->engine, request->arn);

	return id && pool_untag(&call->work, id, &request->names);
}

const struct operation_code operation_UntagResource = { rows,
	sizeof(struct request), run };
