/* SPDX-License-Identifier: MIT */
#include "account/user_password.h"
#include "api/operation.h"

struct request {
	const char *pool_id;
	const char *username;
	const char *password;
	struct field_bool permanent;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_USERNAME(struct request, username),
	ROW_TEXT(struct request, password, "Password",
	    FIELD_REQUIRED | FIELD_SECRET, 0, 256, "^[\\S]+.*[\\S]+$"),
	ROW_BOOL(struct request, permanent, "Permanent"), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct pool *pool = pool_get(&call->work, request->pool_id);

	return pool && user_set_password(&call->work, pool, request->username,
	                   request->password, request->permanent.value);
}

const struct operation_code operation_AdminSetUserPassword = { rows,
	sizeof(struct request), run };
