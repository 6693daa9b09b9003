/* SPDX-License-Identifier: MIT */
#include "account/attribute.h"
#include "account/user_search.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	struct field_words wanted;
	struct field_int most;
	const char *token;
	const char *filter;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_TEXTS(struct request, wanted, "AttributesToGet", 0, 0,
	    attribute_name_row),
	ROW_INT(struct request, most, "Limit", 0, 0, USER_SEARCH_MOST),
	ROW_TEXT(struct request, token, "PaginationToken", 0, 1, 0, "[\\S]+"),
	ROW_TEXT(struct request, filter, "Filter", 0, 0, 256, NULL), ROW_END };

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const struct pool *pool =
	    pool_cache_get(call->pools, &call->work, request->pool_id);
	const struct user_search search = { .filter = request->filter,
		.token = request->token,
		.wanted = request->wanted,
		.most = (int)request->most.value };

	if (!pool)
		return false;
	call->answer = user_search(&call->work, call->engine, pool, &search);
	return call->answer != NULL;
}

const struct operation_code operation_ListUsers = { rows,
	sizeof(struct request), run };
