/* SPDX-License-Identifier: MIT */
#include "account/user.h"
#include "api/operation.h"

static bool run(struct call *call, const void *given)
{
	const struct operation_user *request = given;
	const struct pool *pool =
	    pool_cache_get(call->pools, &call->work, request->pool_id);
	struct user *user =
	    pool ? user_find(&call->work, pool, request->username) : NULL;

	if (!user)
		return false;
	call->answer = user_describe(call->work.mem, user, "UserAttributes");
	return true;
}

static const struct pool *pool_of(const struct call_of_many *one)
{
	const struct operation_user *request = one->request;

	return pool_cache_get(one->call->pools, &one->call->work,
	    request->pool_id);
}

/* Those whose pool is there, and their calls. */
static size_t list_wanted(struct call_of_many *calls, size_t count,
    struct user_wanted *wanted, struct call_of_many **asking)
{
	size_t listed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct operation_user *request = calls[i].request;
		const struct pool *pool = pool_of(&calls[i]);
		if (!pool)
			continue;
		asking[listed] = &calls[i];
		wanted[listed++] =
		    (struct user_wanted){ pool, request->username, NULL };
	}
	return listed;
}

bool operation_get_many(struct work *work, struct call_of_many *calls,
    size_t count)
{
	struct user_wanted *wanted =
	    mem_array(work->mem, struct user_wanted, count);
	struct call_of_many **asking =
	    mem_array(work->mem, struct call_of_many *, count);
	size_t listed = list_wanted(calls, count, wanted, asking);

	if (listed && !user_find_many(work, wanted, listed))
		return false;
	for (size_t i = 0; i < listed; i++) {
		struct call *call = asking[i]->call;
		asking[i]->done = wanted[i].user || user_not_found(&call->work);
		if (asking[i]->done)
			call->answer = user_describe(call->work.mem,
			    wanted[i].user, "UserAttributes");
	}
	return true;
}

const struct operation_code operation_AdminGetUser = { operation_user_rows,
	sizeof(struct operation_user), run };
