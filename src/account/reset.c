/* SPDX-License-Identifier: MIT */
#include "account/reset.h"

#include <string.h>

#include "account/attribute.h"
#include "account/audit.h"
#include "account/invitation.h"
#include "base/secret.h"
#include "db/db.h"

#define CODE_VALID_MS "3600000"
#define PRIORITY_LAST 2

static bool is_verified(const struct user *user, const char *name,
    const char *flag)
{
	return attribute_get(user->attributes, name) &&
	       attribute_is_true(user->attributes, flag);
}

/* What the mechanism of AccountRecoverySetting is for USER, or NULL. */
static const char *medium_of(const struct user *user, const char *mechanism)
{
	if (strcmp(mechanism, "verified_phone_number") == 0 &&
	    is_verified(user, "phone_number", "phone_number_verified"))
		return "SMS";
	if (strcmp(mechanism, "verified_email") == 0 &&
	    is_verified(user, "email", "email_verified"))
		return "EMAIL";
	return NULL;
}

const char *reset_medium(const struct pool *pool, const struct user *user)
{
	static const struct recovery_mechanism usual[] = {
		{ { true, 1 }, "verified_phone_number" },
		{ { true, 2 }, "verified_email" },
	};
	const struct account_recovery *own = pool->settings->recovery;
	const struct recovery_mechanism *items =
	    own ? own->mechanisms.items : usual;
	size_t count =
	    own ? own->mechanisms.count : sizeof(usual) / sizeof(*usual);
	const char *medium = NULL;

	for (int priority = 1; priority <= PRIORITY_LAST; priority++)
		for (size_t i = 0; i < count && !medium; i++)
			if (items[i].priority.value == priority)
				medium = medium_of(user, items[i].name);
	return medium;
}

char *reset_named_code(struct mem *mem, const struct user *user,
    const char *code)
{
	return mem_secret(
	    mem_printf(mem, "reset %s %s %s", user->pool_id, user->sub, code));
}

static bool may_reset(struct work *work, const struct pool *pool,
    const struct user *user)
{
	if (!user->enabled)
		return work_fail(work, ERR_NOT_AUTHORIZED, "User is disabled");
	if (strcmp(user->status, USER_CONFIRMED) != 0 &&
	    strcmp(user->status, USER_RESET_REQUIRED) != 0)
		return work_fail(work, ERR_NOT_AUTHORIZED,
		    "User password cannot be reset in the current state.");
	if (!reset_medium(pool, user))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Cannot reset password for the user as there is no "
		    "registered/verified email or phone_number");
	return true;
}

/* The user is another from here on, and CODE alone is what holds. */
static bool set_code(struct work *work, struct user *user, const char *code,
    const struct keyring *keyring)
{
	const char *hash = secret_generated_hash(work->mem, keyring,
	    reset_named_code(work->mem, user, code));
	struct rows *rows = db_run(work, QUERY_user_set_code, user->pool_id,
	    user->sub, USER_RESET_REQUIRED, hash, CODE_VALID_MS);

	if (!rows)
		return false;
	user->status = USER_RESET_REQUIRED;
	user->invitation = rows_int(rows, 0, "invitation");
	return db_run(work, QUERY_queue_cancel_user, user->pool_id, user->sub,
	           "superseded by a newer code") &&
	       db_run(work, QUERY_queue_note_user, user->pool_id, user->sub,
	           "superseded");
}

static bool note(struct work *work, const struct user *user)
{
	return audit(work, "user reset password",
	    mem_printf(work->mem, "%s/%s", user->pool_id, user->sub), NULL);
}

static bool reset_in_transaction(struct work *work, const struct engine *engine,
    const struct pool *pool, const char *name, struct invitation_plan *plan)
{
	struct user *user = user_lock_named(work, pool, name);
	const char *code = mem_secret(
	    mem_printf(work->mem, "%06u", secret_random_below(1000000)));

	if (!user || !may_reset(work, pool, user) ||
	    !set_code(work, user, code, engine->keyring))
		return false;
	const char *medium = reset_medium(pool, user);
	const struct field_words media = { 1, &medium };
	const struct invitation invitation = { pool, user, &media,
		INVITATION_RESET, code, NULL };
	plan->shown_username = invitation_shown_username(pool, user, name);
	invitation_make_plan(work, engine, &invitation, plan);
	return invitation_queue(work, &invitation, CODE_VALID_MS, plan) &&
	       note(work, user);
}

bool reset(struct work *work, const struct engine *engine,
    const struct pool *pool, const char *name)
{
	struct invitation_plan plan = { 0 };

	if (!db_begin(work) ||
	    !reset_in_transaction(work, engine, pool, name, &plan) ||
	    !db_commit(work)) {
		db_rollback(work);
		return false;
	}
	invitation_wake(work, invitation_waits(&plan, "EMAIL"),
	    invitation_waits(&plan, "SMS"));
	return true;
}
