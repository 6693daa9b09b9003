/* SPDX-License-Identifier: MIT */
/*
 * pool_settings - the members of CreateUserPool and UpdateUserPool that
 * matter for an invitation, read and checked by table.
 *
 * API_CreateUserPool, API_UserPoolType. Members without effect are kept in
 * the stored request and given back.
 */
#ifndef ACCOUNT_POOL_SETTINGS_H
#define ACCOUNT_POOL_SETTINGS_H

#include <stdbool.h>

#include "base/field.h"

struct password_policy {
	struct field_int minimum_length;
	struct field_bool require_uppercase;
	struct field_bool require_lowercase;
	struct field_bool require_numbers;
	struct field_bool require_symbols;
	struct field_int history_size;
	struct field_int validity_days;
};

struct sign_in_policy {
	struct field_words first_factors;
};

struct pool_policies {
	const struct password_policy *password;
	const struct sign_in_policy *sign_in;
};

struct attribute_bounds {
	const char *least;
	const char *most;
};

struct schema_attribute {
	const char *name;
	const char *type; /* String, Number, DateTime, Boolean */
	struct field_bool developer_only;
	struct field_bool mutable;
	struct field_bool required;
	const struct attribute_bounds *number;
	const struct attribute_bounds *string;
};

struct message_template {
	const char *email_message;
	const char *email_subject;
	const char *sms_message;
};

struct admin_create_config {
	struct field_bool only_admin;
	struct field_int unused_days;
	const struct message_template *invite;
};

struct email_configuration {
	const char *source_arn;
	const char *reply_to;
	const char *sending_account;
	const char *from;
	const char *configuration_set;
};

struct username_configuration {
	struct field_bool case_sensitive;
};

struct sender_trigger {
	const char *arn;
	const char *version;
};

/* The functions that an invitation calls. */
struct triggers {
	const char *pre_sign_up;
	const char *custom_message;
	const struct sender_trigger *email_sender;
	const struct sender_trigger *sms_sender;
	const char *key; /* is not used: nothing here knows KMS */
};

struct pool_settings {
	const char *name;
	const struct pool_policies *policies;
	struct field_list schema; /* of struct schema_attribute */
	struct field_words username_attributes;
	struct field_words alias_attributes;
	const struct username_configuration *username_configuration;
	const struct admin_create_config *admin_create;
	const struct email_configuration *email;
	const struct triggers *triggers;
};

extern const struct field pool_settings_rows[];

/* One of the 20 standard attributes (spec of a new pool), or NULL. */
const struct schema_attribute *schema_standard(const char *name);

/* How many standard attributes there are, and one of them. */
size_t schema_standard_count(void);
const struct schema_attribute *schema_standard_at(size_t index);

/*
 * The settings in JSON, which the caller keeps alive, or NULL with the
 * violations in the service's words. Rules between members are checked too.
 */
struct pool_settings *pool_settings_read(struct mem *mem, const cJSON *json,
    struct err *err);

/*
 * False when SETTINGS have UnusedAccountValidityDays though SET, the same or
 * those stored before, have the member that took its place.
 */
bool pool_settings_check_days(const struct pool_settings *set,
    const struct pool_settings *settings, struct err *err);

#endif
