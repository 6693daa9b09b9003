/* SPDX-License-Identifier: MIT */
#include "account/invite.h"

#include <string.h>

#include "account/alias.h"
#include "account/attribute.h"
#include "account/audit.h"
#include "account/creation.h"
#include "account/trigger.h"
#include "base/json.h"
#include "base/str.h"
#include "db/db.h"

#define VISIBLE       "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"
#define ATTEMPTS_MOST 3

static const char *const actions[] = { "RESEND", "SUPPRESS", NULL };
static const char *const media[] = { "SMS", "EMAIL", NULL };

const struct field invite_rows[] = { ROW_TEXT(struct invite_request, pool_id,
	                                 "UserPoolId", FIELD_REQUIRED, 1, 55,
	                                 "[\\w-]+_[0-9a-zA-Z]+"),
	ROW_TEXT(struct invite_request, username, "Username",
	    FIELD_REQUIRED | FIELD_SECRET, 1, 128, VISIBLE),
	ROW_LIST(struct invite_request, attributes, "UserAttributes", 0, 0,
	    attribute_rows, struct attribute),
	ROW_LIST(struct invite_request, validation_data, "ValidationData", 0, 0,
	    attribute_rows, struct attribute),
	ROW_TEXT(struct invite_request, password, "TemporaryPassword",
	    FIELD_SECRET | FIELD_MAY_BE_EMPTY, 0, 256, CREATION_PASSWORD),
	ROW_BOOL(struct invite_request, force_alias, "ForceAliasCreation"),
	ROW_ENUM(struct invite_request, action, "MessageAction", 0, actions),
	ROW_WORDS(struct invite_request, media, "DesiredDeliveryMediums", 0,
	    media),
	ROW_MAP(struct invite_request, metadata, "ClientMetadata", 131072),
	ROW_END };

/* ForceAliasCreation: only pools with aliases, only verified addresses. The
 * user's names come before the user. */
static bool move_aliases(struct work *work, struct creation *creation)
{
	const struct alias_names *names = &creation->names;
	const char *taken;

	if (!creation->request->force_alias.value)
		return true;
	const char *locked = alias_lock(work, creation->pool, names, NULL);
	if (!locked || !alias_set(work, creation->pool, names,
	                   creation->user->sub, locked, &taken))
		return false;
	creation->has_names = true;
	return !taken || creation_name_taken(work, creation, taken);
}

static bool create_in_transaction(struct work *work, struct creation *creation)
{
	const char *parameters[CREATION_PARAMETERS];

	if (!move_aliases(work, creation))
		return false;
	creation_bind(work, creation, parameters);
	struct rows *rows = db_run_array(work, QUERY_invite_create, parameters,
	    CREATION_PARAMETERS);
	return rows && creation_conclude(work, creation, rows);
}

static bool in_transaction(struct work *work, struct creation *creation,
    bool (*step)(struct work *, struct creation *))
{
	if (db_begin(work) && step(work, creation) && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

/* Another host took the alias behind move_aliases(): it moves once more. */
static bool overtaken(const struct creation *creation)
{
	return creation->request->force_alias.value && creation->alias_taken;
}

/* A client that lost the answer asks again: it gets the same, once more. The
 * error stays when it was another call that made the user, or long ago. */
static struct user *repeated(struct work *work, const struct creation *creation)
{
	const struct invite_request *request = creation->request;
	struct work looking = { .mem = work->mem,
		.db = work->db,
		.tag = work->tag };
	struct user *user =
	    request->fingerprint
	        ? user_find(&looking, creation->pool, request->username)
	        : NULL;
	struct rows *rows =
	    user ? db_run(&looking, QUERY_invite_repeated, user->pool_id,
	               user->sub, request->fingerprint)
	         : NULL;

	if (!rows || !rows_count(rows))
		return NULL;
	work->err = (struct err){ 0 };
	return user;
}

/* Before anything is written, and outside of any transaction. */
static bool ask_triggers(struct work *work, struct creation *creation)
{
	const struct invitation invitation = { .user = creation->user,
		.media = &creation->request->media };
	const struct trigger_event event = { TRIGGER_INVITATION,
		creation->engine, creation->pool, creation->user,
		creation->request };
	bool email;
	bool sms;

	if (!str_same(creation->request->action, "RESEND") &&
	    !trigger_pre_sign_up(work, &event))
		return false;
	if (str_same(creation->request->action, "SUPPRESS"))
		return true;
	invitation_choose_media(creation->engine, &invitation, &email, &sms);
	return trigger_message(work, &event, email, sms, &creation->custom);
}

static struct user *create(struct work *work, struct creation *creation)
{
	struct user *made =
	    trigger_any(creation->pool) ? repeated(work, creation) : NULL;

	/* No trigger is asked twice for one call. */
	if (made)
		return made;
	if (!creation_prepare(work, creation) || !ask_triggers(work, creation))
		return NULL;
	if (trigger_any(creation->pool))
		creation_make_plan(work, creation);
	for (int attempt = 1; attempt <= ATTEMPTS_MOST; attempt++) {
		work->err = (struct err){ 0 };
		creation->alias_taken = false;
		if (in_transaction(work, creation, create_in_transaction))
			return creation->user;
		if (!alias_deadlocked(work) && !overtaken(creation))
			break;
	}
	return work->err.code == ERR_USERNAME_EXISTS ? repeated(work, creation)
	                                             : NULL;
}

static bool not_waiting(struct work *work, const struct user *user)
{
	return work_fail(work, ERR_UNSUPPORTED_STATE,
	    "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD",
	    user->username);
}

static bool queue(struct work *work, struct creation *creation)
{
	const struct invitation invitation = { .pool = creation->pool,
		.user = creation->user,
		.text = INVITATION_PASSWORD };

	return invitation_queue(work, &invitation,
	    creation_validity(work->mem, creation), &creation->report->plan);
}

static bool renew_in_transaction(struct work *work, struct creation *creation)
{
	struct user *user = creation->user;
	struct rows *rows = db_run(work, QUERY_invite_renew, user->pool_id,
	    user->sub, creation->hash, creation_validity(work->mem, creation),
	    creation->request->fingerprint);

	if (!rows)
		return false;
	/* It has another status by now, was resent to, or went. */
	if (!rows_count(rows))
		return user_find(work, creation->pool, user->sub) &&
		       not_waiting(work, user);
	user->invitation = rows_int(rows, 0, "invitation");
	user->modified_ms = rows_int(rows, 0, "modified_ms");
	user->password_expires_ms = rows_int(rows, 0, "password_expires_ms");
	creation->report->expires_ms = user->password_expires_ms;
	creation_make_plan(work, creation);
	return db_run(work, QUERY_queue_cancel_user, user->pool_id, user->sub,
	           "superseded by a resend") &&
	       db_run(work, QUERY_queue_note_user, user->pool_id, user->sub,
	           "superseded") &&
	       queue(work, creation) &&
	       audit(work, "user resend",
	           mem_printf(work->mem, "%s/%s", user->pool_id, user->sub),
	           NULL);
}

static struct user *resend(struct work *work, struct creation *creation)
{
	creation->user =
	    user_find(work, creation->pool, creation->request->username);
	if (!creation->user)
		return NULL;
	struct user *resent = repeated(work, creation);
	if (resent)
		return resent;
	if (strcmp(creation->user->status, USER_FORCE_CHANGE_PASSWORD) != 0) {
		not_waiting(work, creation->user);
		return NULL;
	}
	if (!creation_take_password(work, creation) ||
	    !ask_triggers(work, creation))
		return NULL;
	if (in_transaction(work, creation, renew_in_transaction))
		return creation->user;
	/* Both attempts of one call may have come here at a time. */
	return work->err.code == ERR_UNSUPPORTED_STATE
	           ? repeated(work, creation)
	           : NULL;
}

struct user *invite(struct work *work, const struct engine *engine,
    const struct invite_request *request, struct invite_report *report)
{
	struct creation creation = { .engine = engine,
		.request = request,
		.report = report };

	memset(report, 0, sizeof(*report));
	creation.pool = pool_get(work, request->pool_id);
	if (!creation.pool)
		return NULL;
	struct user *user = str_same(request->action, "RESEND")
	                        ? resend(work, &creation)
	                        : create(work, &creation);
	if (user)
		invitation_wake(work, invitation_waits(&report->plan, "EMAIL"),
		    invitation_waits(&report->plan, "SMS"));
	return user;
}
