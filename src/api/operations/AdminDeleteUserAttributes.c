/* SPDX-License-Identifier: MIT */
#include "account/attribute.h"
#include "account/user_write.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *username;
	struct field_words names;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username),
	{ .name = "UserAttributeNames",
	    .kind = FIELD_TEXTS,
	    .flags = FIELD_REQUIRED,
	    .offset = offsetof(struct request, names),
	    .rows = attribute_name_row },
	ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && user_delete_attributes(&call->work, pool,
	                   request->username, &request->names);
}

const struct operation_code operation_AdminDeleteUserAttributes = { rows,
	sizeof(struct request), run };
