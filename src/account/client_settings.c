/* SPDX-License-Identifier: MIT */
#include "account/client_settings.h"

#include <string.h>

#include "base/str.h"

#define SECOND       INT64_C(1)
#define MINUTE       (60 * SECOND)
#define HOUR         (60 * MINUTE)
#define DAY          (24 * HOUR)
#define TEN_YEARS    (3650 * DAY)
#define REFRESH_DAYS 30

#define ARN                                                        \
	"arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:" \
	"[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"
#define VISIBLE "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"

static const char *const units[] = { "seconds", "minutes", "hours", "days",
	NULL };
static const char *const flows[] = { "ADMIN_NO_SRP_AUTH",
	"CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH",
	"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH",
	"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
	"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH", NULL };
static const char *const oauth_flows[] = { "code", "implicit",
	"client_credentials", NULL };
static const char *const existence[] = { "LEGACY", "ENABLED", NULL };
static const char *const features[] = { "ENABLED", "DISABLED", NULL };

static const struct field attribute_item = ROW_ITEM_TEXT(1, 2048, NULL);
static const struct field provider_item =
    ROW_ITEM_TEXT(1, 32, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\p{Z}]+");
static const struct field url_item = ROW_ITEM_TEXT(1, 1024, VISIBLE);
static const struct field oauth_flow_item = ROW_ITEM_ENUM(oauth_flows);
static const struct field scope_item =
    ROW_ITEM_TEXT(1, 256, "[\\x21\\x23-\\x5B\\x5D-\\x7E]+");

static const struct field units_rows[] = { ROW_ENUM(struct validity_units,
	                                       access, "AccessToken", 0, units),
	ROW_ENUM(struct validity_units, id, "IdToken", 0, units),
	ROW_ENUM(struct validity_units, refresh, "RefreshToken", 0, units),
	ROW_END };

static const struct field analytics_rows[] = {
	ROW_TEXT(struct client_analytics, application_arn, "ApplicationArn", 0,
	    20, 2048, ARN),
	ROW_TEXT(struct client_analytics, application_id, "ApplicationId", 0, 0,
	    0, "^[0-9a-fA-F]+$"),
	ROW_TEXT(struct client_analytics, external_id, "ExternalId", 0, 0,
	    131072, NULL),
	ROW_TEXT(struct client_analytics, role_arn, "RoleArn", 0, 20, 2048,
	    ARN),
	ROW_BOOL(struct client_analytics, user_data_shared, "UserDataShared"),
	ROW_END
};

static const struct field rotation_rows[] = { ROW_ENUM(struct refresh_rotation,
	                                          feature, "Feature",
	                                          FIELD_REQUIRED, features),
	ROW_INT(struct refresh_rotation, grace_seconds,
	    "RetryGracePeriodSeconds", 0, 0, 60),
	ROW_END };

/* What both requests have, and what is stored. */
#define SETTINGS                                                               \
	ROW_INT(struct client_settings, access_validity,                       \
	    "AccessTokenValidity", 0, 1, 86400),                               \
	    ROW_INT(struct client_settings, id_validity, "IdTokenValidity", 0, \
	        1, 86400),                                                     \
	    ROW_INT(struct client_settings, refresh_validity,                  \
	        "RefreshTokenValidity", 0, 0, 315360000),                      \
	    ROW_OBJECT(struct client_settings, units, "TokenValidityUnits", 0, \
	        units_rows, struct validity_units),                            \
	    ROW_INT(struct client_settings, session_minutes,                   \
	        "AuthSessionValidity", 0, 3, 15),                              \
	    ROW_WORDS(struct client_settings, auth_flows, "ExplicitAuthFlows", \
	        0, flows),                                                     \
	    ROW_TEXTS(struct client_settings, read_attributes,                 \
	        "ReadAttributes", 0, 0, &attribute_item),                      \
	    ROW_TEXTS(struct client_settings, write_attributes,                \
	        "WriteAttributes", 0, 0, &attribute_item),                     \
	    ROW_TEXTS(struct client_settings, providers,                       \
	        "SupportedIdentityProviders", 0, 0, &provider_item),           \
	    ROW_TEXTS(struct client_settings, callback_urls, "CallbackURLs",   \
	        0, 100, &url_item),                                            \
	    ROW_TEXTS(struct client_settings, logout_urls, "LogoutURLs", 0,    \
	        100, &url_item),                                               \
	    ROW_TEXT(struct client_settings, default_redirect,                 \
	        "DefaultRedirectURI", 0, 1, 1024, VISIBLE),                    \
	    ROW_TEXTS(struct client_settings, oauth_flows,                     \
	        "AllowedOAuthFlows", 0, 3, &oauth_flow_item),                  \
	    ROW_TEXTS(struct client_settings, oauth_scopes,                    \
	        "AllowedOAuthScopes", 0, 50, &scope_item),                     \
	    ROW_BOOL(struct client_settings, oauth_allowed,                    \
	        "AllowedOAuthFlowsUserPoolClient"),                            \
	    ROW_OBJECT(struct client_settings, analytics,                      \
	        "AnalyticsConfiguration", 0, analytics_rows,                   \
	        struct client_analytics),                                      \
	    ROW_ENUM(struct client_settings, existence_errors,                 \
	        "PreventUserExistenceErrors", 0, existence),                   \
	    ROW_BOOL(struct client_settings, revocation,                       \
	        "EnableTokenRevocation"),                                      \
	    ROW_BOOL(struct client_settings, propagate_context,                \
	        "EnablePropagateAdditionalUserContextData"),                   \
	    ROW_OBJECT(struct client_settings, rotation,                       \
	        "RefreshTokenRotation", 0, rotation_rows,                      \
	        struct refresh_rotation)
#define POOL_ID                                                 \
	ROW_TEXT(struct client_settings, pool_id, "UserPoolId", \
	    FIELD_REQUIRED, 1, 55, "[\\w-]+_[0-9a-zA-Z]+")
#define NAME(flags)                                                           \
	ROW_TEXT(struct client_settings, name, "ClientName", (flags), 1, 128, \
	    "[\\w\\s+=,.@-]+")

const struct field client_create_rows[] = { POOL_ID, NAME(FIELD_REQUIRED),
	ROW_BOOL(struct client_settings, generate_secret, "GenerateSecret"),
	ROW_TEXT(struct client_settings, secret, "ClientSecret", FIELD_SECRET,
	    24, 64, "[\\w+]+"),
	SETTINGS, ROW_END };

const struct field client_update_rows[] = { POOL_ID,
	ROW_CLIENT_ID(struct client_settings, id), NAME(0), SETTINGS, ROW_END };

static const struct field stored_rows[] = { SETTINGS, ROW_END };

static int64_t unit_seconds(const char *unit)
{
	static const int64_t seconds[] = { SECOND, MINUTE, HOUR, DAY };
	size_t i = 0;

	while (strcmp(units[i], unit) != 0)
		i++;
	return seconds[i];
}

static bool within(int64_t validity, const char *unit, int64_t least,
    int64_t most)
{
	int64_t seconds = validity * unit_seconds(unit);

	return seconds >= least && seconds <= most;
}

/* A unit without its number speaks of the number that is the default, where
 * an answer shows it. */
static bool validity_fits(const struct client_settings *settings)
{
	static const struct validity_units none = { NULL, NULL, NULL };
	const struct validity_units *given =
	    settings->units ? settings->units : &none;
	const struct field_int *access = &settings->access_validity;
	const struct field_int *id = &settings->id_validity;
	int64_t refresh = settings->refresh_validity.value;

	return (!access->given || within(access->value,
	                              given->access ? given->access : "hours",
	                              5 * MINUTE, DAY)) &&
	       (!id->given || within(id->value, given->id ? given->id : "hours",
	                          5 * MINUTE, DAY)) &&
	       within(refresh ? refresh : REFRESH_DAYS,
	           given->refresh ? given->refresh : "days", HOUR, TEN_YEARS);
}

/* Names with and without the prefix are two generations. */
static bool flows_mix(const struct field_words *given)
{
	size_t new = 0;

	for (size_t i = 0; i < given->count; i++)
		new += str_starts(given->items[i], "ALLOW_");
	return new &&new < given->count;
}

bool client_settings_check(const struct client_settings *settings,
    struct err *err)
{
	if (!validity_fits(settings))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Invalid range for token validity.");
	if (flows_mix(&settings->auth_flows))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "ExplicitAuthFlows with the prefix ALLOW_ cannot be used "
		    "along with those without it.");
	return true;
}

cJSON *client_settings_kept(struct mem *mem, const cJSON *json)
{
	return field_only(mem, stored_rows, json);
}
