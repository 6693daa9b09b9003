/* SPDX-License-Identifier: MIT */
#include "account/user_write.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *username;
	struct field_list metadata; /* of struct field_pair */
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username),
	ROW_MAP(struct request, metadata, "ClientMetadata", 131072), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && user_confirm(&call->work, pool, request->username);
}

const struct operation_code operation_AdminConfirmSignUp = { rows,
	sizeof(struct request), run };
