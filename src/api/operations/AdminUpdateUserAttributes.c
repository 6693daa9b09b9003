/* SPDX-License-Identifier: MIT */
#include "account/attribute.h"
#include "account/user_write.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *username;
	struct field_list attributes; /* of struct attribute */
	struct field_list metadata;   /* of struct field_pair */
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username),
	{ .name = "UserAttributes",
	    .kind = FIELD_LIST,
	    .flags = FIELD_REQUIRED,
	    .offset = offsetof(struct request, attributes),
	    .rows = attribute_rows,
	    .size = sizeof(struct attribute) },
	ROW_MAP(struct request, metadata, "ClientMetadata", 131072), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && user_update_attributes(&call->work, pool,
	                   request->username, &request->attributes);
}

const struct operation_code operation_AdminUpdateUserAttributes = { rows,
	sizeof(struct request), run };
