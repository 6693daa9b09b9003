/* SPDX-License-Identifier: MIT */
/*
 * pool_settings - the members of CreateUserPool and UpdateUserPool, read and
 * checked by table.
 *
 * API_CreateUserPool, API_UpdateUserPool, API_UserPoolType. All are kept and
 * given back; most have no effect here and are checked alone.
 */
#ifndef ACCOUNT_POOL_SETTINGS_H
#define ACCOUNT_POOL_SETTINGS_H

#include <stdbool.h>

#include "account/schema.h"
#include "base/field.h"

/* What an ARN looks like (ArnType). */
#define ARN_PATTERN                                                \
	"arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:" \
	"[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"

/* Where a table reads what has no effect: each to the place of its kind, at
 * which nobody looks. */
struct unread {
	const char *text;
	struct field_bool flag;
	struct field_int number;
	const void *object;
	struct field_list list;
	struct field_words words;
};

struct password_policy {
	struct field_int minimum_length;
	struct field_bool require_uppercase;
	struct field_bool require_lowercase;
	struct field_bool require_numbers;
	struct field_bool require_symbols;
	struct field_int validity_days;
	struct unread unread;
};

struct sign_in_policy {
	struct field_words first_factors;
};

struct pool_policies {
	const struct password_policy *password;
	const struct sign_in_policy *sign_in;
};

struct message_template {
	const char *email_message;
	const char *email_subject;
	const char *sms_message;
};

struct verification_template {
	struct message_template texts; /* of a code; not those of a link */
	struct unread unread;
};

struct recovery_mechanism {
	struct field_int priority; /* 1 is the first */
	const char *name; /* verified_email, verified_phone_number, ... */
};

struct account_recovery {
	struct field_list mechanisms; /* of struct recovery_mechanism */
};

struct admin_create_config {
	struct field_int unused_days;
	const struct message_template *invite;
	struct unread unread;
};

struct email_configuration {
	const char *reply_to;
	const char *from;
	struct unread unread;
};

struct username_configuration {
	struct field_bool case_sensitive;
};

struct sender_trigger {
	const char *arn;
	const char *version;
};

/* The functions that a message to a user calls. */
struct triggers {
	const char *pre_sign_up;
	const char *custom_message;
	const struct sender_trigger *email_sender;
	const struct sender_trigger *sms_sender;
	struct unread unread;
};

struct pool_settings {
	const char *pool_id; /* UpdateUserPool */
	const char *name;
	const struct pool_policies *policies;
	struct field_list schema; /* of struct schema_attribute */
	struct field_words username_attributes;
	struct field_words alias_attributes;
	const struct username_configuration *username_configuration;
	const struct admin_create_config *admin_create;
	/* SmsVerificationMessage and its like, and what took their place. */
	struct message_template verification;
	const struct verification_template *verification_template;
	const struct account_recovery *recovery;
	const struct email_configuration *email;
	const char *deletion_protection; /* ACTIVE, INACTIVE */
	const char *mfa;                 /* OFF, ON, OPTIONAL */
	const void *sms;                 /* NULL without SmsConfiguration */
	struct field_list tags;          /* of struct field_pair */
	const struct triggers *triggers;
	struct unread unread;
};

/* The tables of CreateUserPool and of UpdateUserPool. */
extern const struct field pool_settings_rows[];
extern const struct field pool_update_rows[];

/*
 * The settings in JSON, which the caller keeps alive, or NULL with the
 * violations in the service's words, by one of these tables; rules between
 * members are checked too.
 */
struct pool_settings *pool_settings_read(struct mem *mem,
    const struct field *rows, const cJSON *json, struct err *err);

/* The same of what is stored, unchecked. */
struct pool_settings *pool_settings_take(struct mem *mem, const cJSON *json);

/*
 * False when SETTINGS have UnusedAccountValidityDays though SET, the same or
 * those stored before, have the member that took its place.
 */
bool pool_settings_check_days(const struct pool_settings *set,
    const struct pool_settings *settings, struct err *err);

#endif
