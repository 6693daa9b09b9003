/* SPDX-License-Identifier: MIT */
#include "account/reset.h"

#include <string.h>

#include "account/attribute.h"
#include "account/audit.h"
#include "account/invitation.h"
#include "account/trigger.h"
#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"

#define CODE_VALID_MS "3600000"
#define PRIORITY_LAST 2

struct reset {
	const struct engine *engine;
	const struct pool *pool;
	const struct reset_request *request;
	const struct user *asked; /* whom triggers were told of, or NULL */
	struct invitation_custom custom;
	struct invitation_plan plan;
};

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

/* Where the code goes: EMAIL or SMS, and the address. */
static bool same_way(const struct pool *pool, const struct user *one,
    const struct user *other)
{
	const char *medium = reset_medium(pool, one);
	const char *name = str_same(medium, "SMS") ? "phone_number" : "email";

	return str_same(medium, reset_medium(pool, other)) &&
	       str_same(attribute_get(one->attributes, name),
	           attribute_get(other->attributes, name));
}

/* Before anything is written, and outside of any transaction. */
static bool ask_triggers(struct work *work, struct reset *reset)
{
	const struct invite_request request = { .metadata =
		                                    reset->request->metadata,
		.user_agent = reset->request->user_agent };
	const struct user *user =
	    user_find(work, reset->pool, reset->request->username);
	const struct trigger_event event = { TRIGGER_RESET, reset->engine,
		reset->pool, user, &request };

	if (!user || !may_reset(work, reset->pool, user))
		return false;
	bool sms = strcmp(reset_medium(reset->pool, user), "SMS") == 0;
	reset->asked = user;
	return trigger_message(work, &event, !sms, sms, &reset->custom);
}

static bool queue(struct work *work, struct reset *reset,
    const struct user *user, const char *code)
{
	const char *medium = reset_medium(reset->pool, user);
	const struct field_words media = { 1, &medium };
	const struct invitation invitation = { reset->pool, user, &media,
		INVITATION_RESET, code, &reset->custom };

	reset->plan.shown_username = invitation_shown_username(reset->pool,
	    user, reset->request->username);
	invitation_make_plan(work, reset->engine, &invitation, &reset->plan);
	return invitation_queue(work, &invitation, CODE_VALID_MS, &reset->plan);
}

static bool reset_in_transaction(struct work *work, struct reset *reset)
{
	struct user *user =
	    user_lock_named(work, reset->pool, reset->request->username);
	const char *code = mem_secret(
	    mem_printf(work->mem, "%06u", secret_random_below(1000000)));

	if (!user || !may_reset(work, reset->pool, user))
		return false;
	if (reset->asked && !same_way(reset->pool, reset->asked, user))
		return work_fail(work, ERR_TOO_MANY_REQUESTS,
		    "The user was changed meanwhile.");
	return set_code(work, user, code, reset->engine->keyring) &&
	       queue(work, reset, user, code) && note(work, user);
}

bool reset(struct work *work, const struct engine *engine,
    const struct pool *pool, const struct reset_request *request)
{
	struct reset reset = { .engine = engine,
		.pool = pool,
		.request = request };

	if (trigger_any(pool) && !ask_triggers(work, &reset))
		return false;
	if (!db_begin(work) || !reset_in_transaction(work, &reset) ||
	    !db_commit(work)) {
		db_rollback(work);
		return false;
	}
	invitation_wake(work, invitation_waits(&reset.plan, "EMAIL"),
	    invitation_waits(&reset.plan, "SMS"));
	return true;
}
