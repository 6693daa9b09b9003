/* SPDX-License-Identifier: MIT */
/*
 * client_settings - the members of CreateUserPoolClient and
 * UpdateUserPoolClient, read and checked by table.
 *
 * API_CreateUserPoolClient, API_UserPoolClientType.
 */
#ifndef ACCOUNT_CLIENT_SETTINGS_H
#define ACCOUNT_CLIENT_SETTINGS_H

#include <stdbool.h>

#include "base/field.h"

struct validity_units {
	const char *access; /* seconds, minutes, hours, days */
	const char *id;
	const char *refresh;
};

struct client_analytics {
	const char *application_arn;
	const char *application_id;
	const char *external_id;
	const char *role_arn;
	struct field_bool user_data_shared;
};

struct refresh_rotation {
	const char *feature;
	struct field_int grace_seconds;
};

struct client_settings {
	const char *pool_id;
	const char *id; /* of UpdateUserPoolClient alone */
	const char *name;
	const char *secret;
	struct field_bool generate_secret;
	struct field_int access_validity;
	struct field_int id_validity;
	struct field_int refresh_validity;
	const struct validity_units *units;
	struct field_int session_minutes;
	struct field_words auth_flows;
	struct field_words read_attributes;
	struct field_words write_attributes;
	struct field_words providers;
	struct field_words callback_urls;
	struct field_words logout_urls;
	const char *default_redirect;
	struct field_words oauth_flows;
	struct field_words oauth_scopes;
	struct field_bool oauth_allowed;
	const struct client_analytics *analytics;
	const char *existence_errors;
	struct field_bool revocation;
	struct field_bool propagate_context;
	const struct refresh_rotation *rotation;
};

#define ROW_CLIENT_ID(type, member)                                          \
	ROW_TEXT(type, member, "ClientId", FIELD_REQUIRED | FIELD_SECRET, 1, \
	    128, "[\\w+]+")

/* The two requests; what they have in common is all that is stored. */
extern const struct field client_create_rows[];
extern const struct field client_update_rows[];

/* Rules between members. False with ERR_INVALID_PARAMETER. */
bool client_settings_check(const struct client_settings *settings,
    struct err *err);

/* What is stored of the request JSON: its settings, and nothing else. */
cJSON *client_settings_kept(struct mem *mem, const cJSON *json);

#endif
