/* SPDX-License-Identifier: MIT */
#include "account/user_password.h"

#include <string.h>

#include "account/attribute.h"
#include "account/audit.h"
#include "account/password.h"
#include "account/user.h"
#include "base/secret.h"
#include "db/db.h"

#define DAY_MS ((int64_t)86400 * 1000)

struct wish {
	const struct pool *pool;
	const char *name;
	const char *hash;
	bool permanent;
};

static bool note(struct work *work, const char *action, const struct user *user)
{
	return audit(work, action,
	    mem_printf(work->mem, "%s/%s", user->pool_id, user->sub), NULL);
}

static bool ended(struct work *work, bool done)
{
	if (done && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

static bool set(struct work *work, const struct wish *wish)
{
	const struct user *user = user_lock_named(work, wish->pool, wish->name);
	const char *status = USER_FORCE_CHANGE_PASSWORD;
	const char *validity =
	    db_int(work->mem, wish->pool->validity_days * DAY_MS);
	const char *why = "superseded by a newer password";

	if (wish->permanent) {
		status = USER_CONFIRMED;
		validity = NULL;
		why = "the user has a password of their own";
	}
	return user &&
	       db_run(work, QUERY_user_set_password, user->pool_id, user->sub,
	           wish->hash, status, validity) &&
	       db_run(work, QUERY_queue_cancel_user, user->pool_id, user->sub,
	           why) &&
	       db_run(work, QUERY_queue_note_user, user->pool_id, user->sub,
	           "superseded") &&
	       note(work, "user set password", user);
}

bool user_set_password(struct work *work, const struct pool *pool,
    const char *name, const char *password, bool permanent)
{
	struct wish wish = { pool, name, NULL, permanent };

	/* The hash takes its time: it is made before the transaction. */
	if (!user_find(work, pool, name) ||
	    !password_check(work, pool, password, PASSWORD_PREFIX_SET))
		return false;
	wish.hash = secret_password_hash(work->mem, password, &work->err);
	return wish.hash && db_begin(work) && ended(work, set(work, &wish));
}
