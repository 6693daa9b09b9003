/* SPDX-License-Identifier: MIT */
#include "account/invite.h"

#include <string.h>

#include "account/attribute.h"
#include "account/audit.h"
#include "account/password.h"
#include "account/trigger.h"
#include "base/config.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"
#include "message/phone.h"

#define VISIBLE       "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"
#define PASSWORD      "^[\\S]+.*[\\S]+$"
#define DAY_MS        ((int64_t)86400 * 1000)
#define NAMES_MOST    4
#define ATTEMPTS_MOST 3

static const char *const actions[] = { "RESEND", "SUPPRESS", NULL };
static const char *const media[] = { "SMS", "EMAIL", NULL };

static const struct field attribute_rows[] = {
	ROW_TEXT(struct attribute, name, "Name", FIELD_REQUIRED, 1, 32,
	    "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\t\\n\\r ]+"),
	ROW_TEXT(struct attribute, value, "Value", FIELD_SECRET, 0, 2048, NULL),
	ROW_END
};

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
	    FIELD_SECRET | FIELD_MAY_BE_EMPTY, 0, 256, PASSWORD),
	ROW_BOOL(struct invite_request, force_alias, "ForceAliasCreation"),
	ROW_ENUM(struct invite_request, action, "MessageAction", 0, actions),
	ROW_WORDS(struct invite_request, media, "DesiredDeliveryMediums", 0,
	    media),
	ROW_MAP(struct invite_request, metadata, "ClientMetadata", 131072),
	ROW_END };

/* A creation on its way. */
struct creation {
	const struct engine *engine;
	const struct pool *pool;
	const struct invite_request *request;
	struct invite_report *report;
	struct user *user;
	cJSON *attributes;
	const char *password; /* NULL: the user has none */
	const char *hash;
	const struct message_template *custom; /* a trigger's texts, or NULL */
	size_t name_count;
	const char *kinds[NAMES_MOST];
	const char *values[NAMES_MOST];
	bool alias_taken; /* by another user, when the last attempt failed */
};

static bool is_action(const struct invite_request *request, const char *action)
{
	return str_same(request->action, action);
}

/* Which form a username must have, or must not have, in this kind of pool. */
static bool check_username(struct work *work, const struct pool *pool,
    const char *username)
{
	bool email = attribute_is_email(username);
	bool phone = phone_is_attribute(username);
	bool by_email = pool->username_is_email;
	bool by_phone = pool->username_is_phone;

	if (by_email && by_phone && !email && !phone)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Username should be either an email or a phone number.");
	if (by_email && !by_phone && !email)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Username should be an email.");
	if (by_phone && !by_email && !phone)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Username should be a phone number.");
	if (pool->alias_email && email)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Username cannot be of email format, since user pool is "
		    "configured for email alias.");
	if (pool->alias_phone && phone)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Username cannot be of phone number format, since user "
		    "pool is configured for phone number alias.");
	return true;
}

/* A given attribute that contradicts the username which stands for it. */
static bool check_same(struct work *work, const struct invite_request *request,
    const char *name)
{
	const struct attribute *attributes = request->attributes.items;

	for (size_t i = 0; i < request->attributes.count; i++)
		if (strcmp(attributes[i].name, name) == 0 &&
		    attributes[i].value &&
		    strcmp(attributes[i].value, request->username) != 0)
			return work_fail(work, ERR_INVALID_PARAMETER,
			    "Username and the attribute %s are not the same.",
			    name);
	return true;
}

/* Where the username is an address, it comes first as that attribute, so
 * that a verified flag finds it. */
static bool take_attributes(struct work *work, struct creation *creation)
{
	const struct invite_request *request = creation->request;
	struct field_list list = request->attributes;

	if (creation->pool->username_is_email ||
	    creation->pool->username_is_phone) {
		const char *name = attribute_is_email(request->username)
		                       ? "email"
		                       : "phone_number";
		struct attribute *items =
		    mem_array(work->mem, struct attribute, list.count + 1);
		items[0] = (struct attribute){ name, request->username };
		if (list.count)
			memcpy(items + 1, list.items,
			    list.count * sizeof(*items));
		list = (struct field_list){ list.count + 1, items };
		if (!check_same(work, request, name))
			return false;
	}
	creation->attributes = attribute_check(work, creation->pool, &list);
	return creation->attributes != NULL;
}

static bool take_password(struct work *work, struct creation *creation)
{
	const struct pool *pool = creation->pool;
	const char *given = creation->request->password;
	bool passwordless = pool->otp_email || pool->otp_sms;

	if (given && !*given && !passwordless)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "1 validation error detected: Value at 'temporaryPassword' "
		    "failed to satisfy constraint: Member must satisfy regular "
		    "expression pattern: " PASSWORD);
	if (given && *given) {
		creation->password = given;
		if (!password_check(work, pool, given, PASSWORD_PREFIX_CREATE))
			return false;
		creation->hash =
		    secret_password_hash(work->mem, given, &work->err);
		return creation->hash != NULL;
	}
	if (passwordless && !is_action(creation->request, "RESEND"))
		return attribute_check_required(work, pool,
		    creation->attributes);
	creation->password = password_generate(work->mem, pool);
	creation->report->password = creation->password;
	creation->hash = secret_generated_hash(work->mem,
	    creation->engine->keyring, creation->password);
	return true;
}

static void add_name(struct work *work, struct creation *creation,
    const char *kind, const char *value)
{
	creation->kinds[creation->name_count] = kind;
	creation->values[creation->name_count++] =
	    pool_fold(work, creation->pool, value);
}

/* By which names the user is found, and which must be nobody else's. */
static void take_names(struct work *work, struct creation *creation)
{
	const struct pool *pool = creation->pool;
	const cJSON *attributes = creation->attributes;
	const char *email = attribute_get(attributes, "email");
	const char *phone = attribute_get(attributes, "phone_number");
	const char *preferred = attribute_get(attributes, "preferred_username");
	bool address = pool->username_is_email || pool->username_is_phone;

	if (!address)
		add_name(work, creation, "username",
		    creation->request->username);
	if (email && (pool->username_is_email ||
	                 (pool->alias_email &&
	                     attribute_is_true(attributes, "email_verified"))))
		add_name(work, creation, "email", email);
	if (phone && (pool->username_is_phone ||
	                 (pool->alias_phone && attribute_is_true(attributes,
	                                           "phone_number_verified"))))
		add_name(work, creation, "phone_number", phone);
	if (preferred && pool->alias_preferred)
		add_name(work, creation, "preferred_username", preferred);
}

static void take_user(struct work *work, struct creation *creation)
{
	const struct pool *pool = creation->pool;
	struct user *user = mem_make(work->mem, struct user);
	bool address = pool->username_is_email || pool->username_is_phone;

	user->pool_id = pool->id;
	user->sub = user_new_sub(work->mem);
	user->username = address ? user->sub : creation->request->username;
	user->status =
	    creation->password ? USER_FORCE_CHANGE_PASSWORD : USER_CONFIRMED;
	user->enabled = true;
	user->attributes = creation->attributes;
	user->invitation = 1;
	creation->user = user;
}

static bool make_plan(struct work *work, struct creation *creation)
{
	struct invitation_plan *plan = &creation->report->plan;
	struct invitation invitation = { creation->pool, creation->user,
		&creation->request->media, creation->password,
		creation->custom };

	memset(plan, 0, sizeof(*plan));
	plan->shown_username = invitation_shown_username(creation->pool,
	    creation->user, creation->request->username);
	if (is_action(creation->request, "SUPPRESS"))
		return true;
	return invitation_make_plan(work, creation->engine, &invitation, plan);
}

static const char *validity(struct work *work, const struct creation *creation)
{
	return creation->password
	           ? db_int(work->mem, creation->pool->validity_days * DAY_MS)
	           : NULL;
}

static struct rows *insert(struct work *work, const struct creation *creation)
{
	const struct user *user = creation->user;
	const struct invitation_plan *plan = &creation->report->plan;
	struct invitation_arrays arrays = invitation_arrays(work->mem, plan);

	return db_run(work, QUERY_invite_create, user->pool_id, user->sub,
	    user->username, user->status,
	    json_print(work->mem, user->attributes), creation->hash,
	    validity(work, creation),
	    db_array(work->mem, creation->kinds, creation->name_count),
	    db_array(work->mem, creation->values, creation->name_count),
	    arrays.media, arrays.destinations, arrays.sealed, arrays.templates,
	    arrays.blocks, arrays.outcomes, plan->shown_username);
}

/* The error for the first name that somebody else has. */
static bool name_taken(struct work *work, struct creation *creation,
    const char *taken)
{
	const struct pool *pool = creation->pool;
	const char *kind = "username";
	bool address = pool->username_is_email || pool->username_is_phone;

	taken = mem_printf(work->mem, ",%s,", taken);
	for (size_t i = creation->name_count; i-- > 0;)
		if (!strstr(taken,
		        mem_printf(work->mem, ",%s,", creation->kinds[i])))
			kind = creation->kinds[i];
	if (strcmp(kind, "username") == 0)
		return work_fail(work, ERR_USERNAME_EXISTS,
		    "User account already exists");
	if (address)
		return work_fail(work, ERR_USERNAME_EXISTS,
		    "An account with the given %s already exists.", kind);
	creation->alias_taken = true;
	bool exact = strcmp(creation->engine->config->alias_conflict_error,
	                 "AliasExistsException") != 0;
	return work_fail(work, exact ? ERR_USERNAME_EXISTS : ERR_ALIAS_EXISTS,
	    "An account with the %s already exists.", kind);
}

/* A former owner keeps the address, no longer verified. */
static bool unverify(struct work *work, const struct pool *pool,
    const char *sub, const char *kind)
{
	struct user *owner = user_lock(work, pool, sub);

	if (!owner)
		return false;
	cJSON *attributes = json_read(work->mem,
	    json_print(work->mem, owner->attributes), &work->err);
	const char *flag = mem_printf(work->mem, "%s_verified", kind);
	cJSON_DeleteItemFromObjectCaseSensitive(attributes, flag);
	json_add(attributes, flag, "false");
	return user_set_attributes(work, owner, attributes) &&
	       audit(work, "alias move",
	           mem_printf(work->mem, "%s/%s", pool->id, sub), NULL);
}

/* ForceAliasCreation: only pools with aliases, only verified addresses. */
static bool move_aliases(struct work *work, const struct creation *creation)
{
	const struct pool *pool = creation->pool;
	const char *kinds[NAMES_MOST];
	const char *values[NAMES_MOST];
	size_t count = 0;

	if (!creation->request->force_alias.value || pool->username_is_email ||
	    pool->username_is_phone)
		return true;
	for (size_t i = 0; i < creation->name_count; i++) {
		const char *kind = creation->kinds[i];
		if (strcmp(kind, "email") != 0 &&
		    strcmp(kind, "phone_number") != 0)
			continue;
		kinds[count] = kind;
		values[count++] = creation->values[i];
	}
	struct rows *rows = db_run(work, QUERY_invite_former_owner, pool->id,
	    db_array(work->mem, kinds, count),
	    db_array(work->mem, values, count));
	for (int i = 0; rows && i < rows_count(rows); i++)
		if (!unverify(work, pool, rows_text(rows, i, "sub"),
		        rows_text(rows, i, "kind")))
			return false;
	return rows != NULL;
}

static bool create_in_transaction(struct work *work, struct creation *creation)
{
	if (!move_aliases(work, creation) || !make_plan(work, creation))
		return false;
	struct rows *rows = insert(work, creation);
	if (!rows)
		return false;
	if (!rows_bool(rows, 0, "created"))
		return name_taken(work, creation, rows_text(rows, 0, "names"));
	creation->user->created_ms = rows_int(rows, 0, "created_ms");
	creation->user->modified_ms = creation->user->created_ms;
	creation->user->password_expires_ms =
	    rows_int(rows, 0, "password_expires_ms");
	creation->report->expires_ms = creation->user->password_expires_ms;
	invitation_note_ids(&creation->report->plan,
	    rows_text(rows, 0, "messages"));
	return audit(work, "user create",
	    mem_printf(work->mem, "%s/%s", creation->pool->id,
	        creation->user->sub),
	    NULL);
}

static bool in_transaction(struct work *work, struct creation *creation,
    bool (*step)(struct work *, struct creation *))
{
	if (db_begin(work) && step(work, creation) && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

/* Two hosts may wait for each other's names: one is told to try again. */
static bool deadlocked(const struct work *work)
{
	return work->err.code == ERR_DATABASE &&
	       strcmp(db_state(work->db), "40P01") == 0;
}

/* Another host took the alias behind move_aliases(): it moves once more. */
static bool overtaken(const struct creation *creation)
{
	return creation->request->force_alias.value && creation->alias_taken;
}

/* Before anything is written, and outside of any transaction. */
static bool ask_triggers(struct work *work, struct creation *creation)
{
	const struct invitation invitation = { .user = creation->user,
		.media = &creation->request->media };
	const struct trigger_event event = { creation->engine, creation->pool,
		creation->user, creation->request };
	bool email;
	bool sms;

	if (!is_action(creation->request, "RESEND") &&
	    !trigger_pre_sign_up(work, &event))
		return false;
	if (is_action(creation->request, "SUPPRESS"))
		return true;
	invitation_choose_media(creation->engine, &invitation, &email, &sms);
	return trigger_custom_message(work, &event, email, sms,
	    &creation->custom);
}

static struct user *create(struct work *work, struct creation *creation)
{
	if (!check_username(work, creation->pool,
	        creation->request->username) ||
	    !take_attributes(work, creation) || !take_password(work, creation))
		return NULL;
	take_names(work, creation);
	take_user(work, creation);
	if (!ask_triggers(work, creation))
		return NULL;
	for (int attempt = 1; attempt <= ATTEMPTS_MOST; attempt++) {
		work->err = (struct err){ 0 };
		creation->alias_taken = false;
		if (in_transaction(work, creation, create_in_transaction))
			return creation->user;
		if (!deadlocked(work) && !overtaken(creation))
			break;
	}
	return NULL;
}

static bool not_waiting(struct work *work, const struct user *user)
{
	return work_fail(work, ERR_UNSUPPORTED_STATE,
	    "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD",
	    user->username);
}

static bool queue(struct work *work, struct creation *creation)
{
	const struct user *user = creation->user;
	struct invitation_plan *plan = &creation->report->plan;
	struct invitation_arrays arrays = invitation_arrays(work->mem, plan);
	struct rows *rows =
	    db_run(work, QUERY_invite_queue, user->pool_id, user->sub,
	        validity(work, creation), arrays.media, arrays.destinations,
	        arrays.sealed, arrays.templates, arrays.blocks, arrays.outcomes,
	        plan->shown_username, db_int(work->mem, user->invitation));

	if (!rows)
		return false;
	invitation_note_ids(plan, rows_text(rows, 0, "messages"));
	return true;
}

static bool renew_in_transaction(struct work *work, struct creation *creation)
{
	struct user *user = creation->user;
	struct rows *rows = db_run(work, QUERY_invite_renew, user->pool_id,
	    user->sub, creation->hash, validity(work, creation));

	if (!rows)
		return false;
	/* It has another status by now, or went. */
	if (!rows_count(rows))
		return user_find(work, creation->pool, user->sub) &&
		       not_waiting(work, user);
	user->invitation = rows_int(rows, 0, "invitation");
	user->modified_ms = rows_int(rows, 0, "modified_ms");
	user->password_expires_ms = rows_int(rows, 0, "password_expires_ms");
	creation->report->expires_ms = user->password_expires_ms;
	return db_run(work, QUERY_queue_cancel_user, user->pool_id, user->sub,
	           "superseded by a resend") &&
	       make_plan(work, creation) && queue(work, creation) &&
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
	if (strcmp(creation->user->status, USER_FORCE_CHANGE_PASSWORD) != 0) {
		not_waiting(work, creation->user);
		return NULL;
	}
	if (!take_password(work, creation) || !ask_triggers(work, creation) ||
	    !in_transaction(work, creation, renew_in_transaction))
		return NULL;
	return creation->user;
}

/* Lanes would find what was queued by themselves, a little later. */
static void wake_lanes(struct work *work, const struct invitation_plan *plan)
{
	struct err kept = work->err;
	const char *waiting[INVITATION_MOST];
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (!plan->messages[i].outcome && !plan->messages[i].block)
			waiting[count++] = plan->messages[i].medium;
	if (count)
		db_run(work, QUERY_queue_wake,
		    db_array(work->mem, waiting, count));
	work->err = kept;
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
	struct user *user = is_action(request, "RESEND")
	                        ? resend(work, &creation)
	                        : create(work, &creation);
	if (user)
		wake_lanes(work, &report->plan);
	return user;
}
