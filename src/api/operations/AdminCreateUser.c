/* SPDX-License-Identifier: MIT */
#include "account/invite.h"
#include "account/outcome.h"
#include "api/operation.h"
#include "base/json.h"

static bool run(struct call *call, const void *given)
{
	struct invite_request request = *(const struct invite_request *)given;
	struct invite_report report;

	request.fingerprint = call->fingerprint;
	request.user_agent = call->user_agent;
	struct user *user =
	    invite(&call->work, call->engine, &request, &report);
	if (!user || !outcome_wait(&call->work, call->engine, &report.plan))
		return false;
	cJSON_AddItemReferenceToObject(call->answer, "User",
	    user_describe(call->work.mem, user, "Attributes"));
	return true;
}

const struct operation_code operation_AdminCreateUser = { invite_rows,
	sizeof(struct invite_request), run };
