/* SPDX-License-Identifier: MIT */
#include "account/creation.h"

#include <string.h>

#include "account/attribute.h"
#include "account/password.h"
#include "base/config.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "message/phone.h"

#define DAY_MS ((int64_t)86400 * 1000)

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

bool creation_take_password(struct work *work, struct creation *creation)
{
	const struct pool *pool = creation->pool;
	const char *given = creation->request->password;
	bool passwordless = pool->otp_email || pool->otp_sms;

	if (given && !*given && !passwordless)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "1 validation error detected: Value at 'temporaryPassword' "
		    "failed to satisfy constraint: Member must satisfy regular "
		    "expression pattern: " CREATION_PASSWORD);
	if (given && *given) {
		creation->password = given;
		if (!password_check(work, pool, given, PASSWORD_PREFIX_CREATE))
			return false;
		creation->hash =
		    secret_password_hash(work->mem, given, &work->err);
		return creation->hash != NULL;
	}
	if (passwordless && !str_same(creation->request->action, "RESEND"))
		return attribute_check_required(work, pool,
		    creation->attributes);
	creation->password = password_generate(work->mem, pool);
	creation->report->password = creation->password;
	creation->hash = secret_generated_hash(work->mem,
	    creation->engine->keyring, creation->password);
	return true;
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

void creation_make_plan(struct work *work, struct creation *creation)
{
	struct invitation_plan *plan = &creation->report->plan;
	struct invitation invitation = { creation->pool, creation->user,
		&creation->request->media,
		creation->password ? INVITATION_PASSWORD : INVITATION_WELCOME,
		creation->password, &creation->custom };

	memset(plan, 0, sizeof(*plan));
	plan->shown_username = invitation_shown_username(creation->pool,
	    creation->user, creation->request->username);
	if (!str_same(creation->request->action, "SUPPRESS"))
		invitation_make_plan(work, creation->engine, &invitation, plan);
}

const char *creation_validity(struct mem *mem, const struct creation *creation)
{
	return creation->password
	           ? db_int(mem, creation->pool->validity_days * DAY_MS)
	           : NULL;
}

bool creation_prepare(struct work *work, struct creation *creation)
{
	if (!check_username(work, creation->pool,
	        creation->request->username) ||
	    !take_attributes(work, creation) ||
	    !creation_take_password(work, creation))
		return false;
	alias_names(work, creation->pool, creation->request->username,
	    creation->attributes, &creation->names);
	take_user(work, creation);
	creation_make_plan(work, creation);
	return true;
}

bool creation_is_plain(const struct creation *creation)
{
	return creation->names.count == 1 &&
	       !creation->request->force_alias.value;
}

void creation_bind(struct work *work, const struct creation *creation,
    const char *parameters[CREATION_PARAMETERS])
{
	struct mem *mem = work->mem;
	const struct user *user = creation->user;
	const struct invitation_plan *plan = &creation->report->plan;
	struct invitation_arrays arrays = invitation_arrays(mem, plan);
	const struct alias_names none = { 0 };
	const struct alias_names *names =
	    creation->has_names ? &none : &creation->names;
	const char *const bound[CREATION_PARAMETERS] = { user->pool_id,
		user->sub, user->username, user->status,
		json_print(mem, user->attributes), creation->hash,
		creation_validity(mem, creation), alias_kinds(mem, names),
		alias_values(mem, names), arrays.media, arrays.destinations,
		arrays.sealed, arrays.templates, arrays.contents,
		arrays.outcomes, plan->shown_username,
		creation->request->fingerprint, work->tag };

	memcpy(parameters, bound, sizeof(bound));
}

bool creation_name_taken(struct work *work, struct creation *creation,
    const char *kind)
{
	const struct pool *pool = creation->pool;
	bool address = pool->username_is_email || pool->username_is_phone;

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

bool creation_conclude(struct work *work, struct creation *creation,
    const struct rows *rows)
{
	struct user *user = creation->user;

	if (!rows_bool(rows, 0, "created"))
		return creation_name_taken(work, creation,
		    alias_missing(work->mem, &creation->names,
		        rows_text(rows, 0, "names")));
	user->created_ms = rows_int(rows, 0, "created_ms");
	user->modified_ms = user->created_ms;
	user->password_expires_ms = rows_int(rows, 0, "password_expires_ms");
	creation->report->expires_ms = user->password_expires_ms;
	invitation_conclude(work->mem, creation->pool, &creation->report->plan,
	    rows_text(rows, 0, "messages"), rows_text(rows, 0, "blocks"));
	return true;
}
