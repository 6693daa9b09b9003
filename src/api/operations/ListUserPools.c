/* SPDX-License-Identifier: MIT */
#include "account/page.h"
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

#define LIST "user pools" /* what its tokens belong to */

struct request {
	const char *token;
	struct field_int most;
};

static const struct field rows[] = { ROW_TEXT(struct request, token,
	                                 "NextToken", 0, 1, 0, "[\\S]+"),
	ROW_INT(struct request, most, "MaxResults", FIELD_REQUIRED, 1,
	    PAGE_MOST),
	ROW_END };

static void add_pool(cJSON *list, const struct pool *pool)
{
	cJSON *item = cJSON_CreateObject();
	const cJSON *triggers =
	    cJSON_GetObjectItemCaseSensitive(pool->stored, "LambdaConfig");

	json_add(item, "Id", pool->id);
	json_add(item, "Name", pool->name);
	cJSON_AddItemToObject(item, "LambdaConfig",
	    triggers ? cJSON_Duplicate(triggers, true) : cJSON_CreateObject());
	json_add_time(item, "LastModifiedDate", pool->modified_ms);
	json_add_time(item, "CreationDate", pool->created_ms);
	cJSON_AddItemToArray(list, item);
}

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct work *work = &call->work;
	const char *after =
	    page_after(work, call->engine, LIST, request->token);
	int most = (int)request->most.value;
	int found;
	/* One more than asked for tells whether there is more. */
	struct pool *pools =
	    after ? pool_list(work, after, most + 1, &found) : NULL;

	if (!pools)
		return false;
	cJSON *list = cJSON_AddArrayToObject(call->answer, "UserPools");
	for (int i = 0; i < found && i < most; i++)
		add_pool(list, &pools[i]);
	if (found > most)
		json_add(call->answer, "NextToken",
		    page_token(work, call->engine, LIST, pools[most - 1].id));
	return true;
}

const struct operation_code operation_ListUserPools = { rows,
	sizeof(struct request), run };
