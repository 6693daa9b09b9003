/* SPDX-License-Identifier: MIT */
#include "account/client.h"
#include "account/page.h"
#include "api/operation.h"
#include "base/json.h"

struct request {
	const char *pool_id;
	const char *token;
	struct field_int most;
};

static const struct field rows[] = { ROW_POOL_ID(struct request, pool_id),
	ROW_PAGE_TOKEN(struct request, token),
	ROW_INT(struct request, most, "MaxResults", 0, 1, PAGE_MOST), ROW_END };

static void add_client(cJSON *list, const struct client *client)
{
	cJSON *item = cJSON_CreateObject();

	json_add(item, "ClientId", client->id);
	json_add(item, "UserPoolId", client->pool_id);
	json_add(item, "ClientName", client->name);
	cJSON_AddItemToArray(list, item);
}

static bool run(struct call *call, const void *given)
{
	const struct request *request = given;
	struct work *work = &call->work;
	const char *list =
	    mem_printf(work->mem, "clients of %s", request->pool_id);
	const char *after =
	    page_after(work, call->engine, list, request->token);
	int most = page_size(&request->most);
	int found;
	/* One more than asked for tells whether there is more. */
	struct client *clients =
	    after ? client_list(work, request->pool_id, after, most + 1, &found)
	          : NULL;

	if (!clients)
		return false;
	cJSON *items = cJSON_AddArrayToObject(call->answer, "UserPoolClients");
	for (int i = 0; i < found && i < most; i++)
		add_client(items, &clients[i]);
	if (found > most)
		json_add(call->answer, "NextToken",
		    page_token(work, call->engine, list, clients[most - 1].id));
	return true;
}

const struct operation_code operation_ListUserPoolClients = { rows,
	sizeof(struct request), run };
