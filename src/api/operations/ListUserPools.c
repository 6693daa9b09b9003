/* SPDX-License-Identifier: MIT */
#include "account/pool.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *token;
	struct field_int most;
};

static const struct field rows[] = { ROW_TEXT(struct request, token,
	                                 "NextToken", 0, 1, 0, "[\\S]+"),
	ROW_INT(struct request, most, "MaxResults", FIELD_REQUIRED, 1, 60),
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

/* The token is the id of the last pool that was given. */
static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	const char *after = request->token ? request->token : "";
	int most = (int)request->most.value;
	int found;
	/* One more than asked for tells whether there is more. */
	struct pool *pools = pool_list(&call->work, after, most + 1, &found);

	if (!pools)
		return false;
	cJSON *list = cJSON_AddArrayToObject(call->answer, "UserPools");
	for (int i = 0; i < found && i < most; i++)
		add_pool(list, &pools[i]);
	if (found > most)
		json_add(call->answer, "NextToken", pools[most - 1].id);
	return true;
}

const struct operation_code operation_ListUserPools = { rows,
	sizeof(struct request), run };
