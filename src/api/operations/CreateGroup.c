/* SPDX-License-Identifier: MIT */
#include "account/group.h"
#include "api/operation.h"
#include "base/json.h"

static bool run(struct call *call, const void *given)
{
	struct group *group = group_create(&call->work, given);

	if (!group)
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "Group",
	    group_describe(call->work.mem, group));
	return true;
}

const struct operation_code operation_CreateGroup = { group_rows,
	sizeof(struct group_request), run };
