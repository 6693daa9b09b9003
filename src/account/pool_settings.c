/* SPDX-License-Identifier: MIT */
#include "account/pool_settings.h"

#include <string.h>

#include "base/json.h"

#define VISIBLE "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"
#define MAIL    "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*"
#define SUBJECT "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s]+"

/* A text of the model's StringType, and an ARN. */
#define ROW_STRING(type, member, api_name) \
	ROW_TEXT(type, member, api_name, 0, 0, 131072, NULL)
#define ROW_ARN(type, member, api_name, row_flags) \
	ROW_TEXT(type, member, api_name, row_flags, 20, 2048, ARN_PATTERN)

static const char *const factors[] = { "PASSWORD", "EMAIL_OTP", "SMS_OTP",
	"WEB_AUTHN", "SOFTWARE_TOKEN", NULL };
static const char *const username_words[] = { "phone_number", "email", NULL };
static const char *const alias_words[] = { "phone_number", "email",
	"preferred_username", NULL };
static const char *const accounts[] = { "COGNITO_DEFAULT", "DEVELOPER", NULL };
static const char *const recoveries[] = { "verified_email",
	"verified_phone_number", "admin_only", NULL };
static const char *const protections[] = { "ACTIVE", "INACTIVE", NULL };
static const char *const issuers[] = { "ORIGINAL", "UPDATED", NULL };
static const char *const keys[] = { "AWS_OWNED_KEY", "CUSTOMER_MANAGED_KEY",
	NULL };
static const char *const versions[] = { "V1_0", NULL };
static const char *const token_versions[] = { "V1_0", "V2_0", "V3_0", NULL };
static const char *const mfas[] = { "OFF", "ON", "OPTIONAL", NULL };
static const char *const enforcements[] = { "AUDIT", "ENFORCED", NULL };
static const char *const securities[] = { "OFF", "AUDIT", "ENFORCED", NULL };
static const char *const tiers[] = { "LITE", "ESSENTIALS", "PLUS", NULL };
static const char *const options[] = { "CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE",
	NULL };

static const struct field password_rows[] = { ROW_INT(struct password_policy,
	                                          minimum_length,
	                                          "MinimumLength", 0, 6, 99),
	ROW_BOOL(struct password_policy, require_uppercase, "RequireUppercase"),
	ROW_BOOL(struct password_policy, require_lowercase, "RequireLowercase"),
	ROW_BOOL(struct password_policy, require_numbers, "RequireNumbers"),
	ROW_BOOL(struct password_policy, require_symbols, "RequireSymbols"),
	ROW_INT(struct password_policy, unread.number, "PasswordHistorySize", 0,
	    0, 24),
	ROW_INT(struct password_policy, validity_days,
	    "TemporaryPasswordValidityDays", 0, 0, 365),
	ROW_END };

static const struct field factor_item = ROW_ITEM_ENUM(factors);

static const struct field sign_in_rows[] = {
	ROW_TEXTS(struct sign_in_policy, first_factors,
	    "AllowedFirstAuthFactors", 1, 5, &factor_item),
	ROW_END
};

static const struct field policies_rows[] = {
	ROW_OBJECT(struct pool_policies, password, "PasswordPolicy", 0,
	    password_rows, struct password_policy),
	ROW_OBJECT(struct pool_policies, sign_in, "SignInPolicy", 0,
	    sign_in_rows, struct sign_in_policy),
	ROW_END
};

static const struct field template_rows[] = { ROW_TEXT(struct message_template,
	                                          sms_message, "SMSMessage", 0,
	                                          6, 140, "(?s).*"),
	ROW_TEXT(struct message_template, email_message, "EmailMessage",
	    FIELD_MAIL, 6, 20000, MAIL),
	ROW_TEXT(struct message_template, email_subject, "EmailSubject",
	    FIELD_MAIL, 1, 140, SUBJECT),
	ROW_END };

static const struct field admin_create_rows[] = {
	ROW_BOOL(struct admin_create_config, unread.flag,
	    "AllowAdminCreateUserOnly"),
	ROW_INT(struct admin_create_config, unused_days,
	    "UnusedAccountValidityDays", 0, 0, 365),
	ROW_OBJECT(struct admin_create_config, invite, "InviteMessageTemplate",
	    0, template_rows, struct message_template),
	ROW_END
};

static const struct field email_rows[] = { ROW_ARN(struct email_configuration,
	                                       unread.text, "SourceArn", 0),
	ROW_TEXT(struct email_configuration, reply_to, "ReplyToEmailAddress", 0,
	    0, 0, VISIBLE "@" VISIBLE),
	ROW_ENUM(struct email_configuration, unread.text, "EmailSendingAccount",
	    0, accounts),
	ROW_STRING(struct email_configuration, from, "From"),
	ROW_TEXT(struct email_configuration, unread.text, "ConfigurationSet", 0,
	    1, 64, "^[a-zA-Z0-9_-]+$"),
	ROW_END };

static const struct field username_rows[] = {
	ROW_BOOL_FLAGS(struct username_configuration, case_sensitive,
	    "CaseSensitive", FIELD_REQUIRED),
	ROW_END
};

static const struct field trigger_rows[] = { ROW_ENUM(struct sender_trigger,
	                                         version, "LambdaVersion",
	                                         FIELD_REQUIRED, versions),
	ROW_ARN(struct sender_trigger, arn, "LambdaArn", FIELD_REQUIRED),
	ROW_END };

static const struct field token_trigger_rows[] = {
	ROW_ENUM(struct sender_trigger, version, "LambdaVersion",
	    FIELD_REQUIRED, token_versions),
	ROW_ARN(struct sender_trigger, arn, "LambdaArn", FIELD_REQUIRED),
	ROW_END
};

#define ROW_TRIGGER(member, api_name) \
	ROW_ARN(struct triggers, member, api_name, 0)

static const struct field triggers_rows[] = { ROW_TRIGGER(pre_sign_up,
	                                          "PreSignUp"),
	ROW_TRIGGER(custom_message, "CustomMessage"),
	ROW_TRIGGER(unread.text, "PostConfirmation"),
	ROW_TRIGGER(unread.text, "PreAuthentication"),
	ROW_TRIGGER(unread.text, "PostAuthentication"),
	ROW_TRIGGER(unread.text, "DefineAuthChallenge"),
	ROW_TRIGGER(unread.text, "CreateAuthChallenge"),
	ROW_TRIGGER(unread.text, "VerifyAuthChallengeResponse"),
	ROW_TRIGGER(unread.text, "PreTokenGeneration"),
	ROW_TRIGGER(unread.text, "UserMigration"),
	ROW_OBJECT(struct triggers, unread.object, "PreTokenGenerationConfig",
	    0, token_trigger_rows, struct sender_trigger),
	ROW_OBJECT(struct triggers, sms_sender, "CustomSMSSender", 0,
	    trigger_rows, struct sender_trigger),
	ROW_OBJECT(struct triggers, email_sender, "CustomEmailSender", 0,
	    trigger_rows, struct sender_trigger),
	ROW_TRIGGER(unread.text, "KMSKeyID"),
	ROW_OBJECT(struct triggers, unread.object, "InboundFederation", 0,
	    trigger_rows, struct sender_trigger),
	ROW_END };

static const struct field recovery_rows[] = { ROW_INT(struct recovery_mechanism,
	                                          priority, "Priority",
	                                          FIELD_REQUIRED, 1, 2),
	ROW_ENUM(struct recovery_mechanism, name, "Name", FIELD_REQUIRED,
	    recoveries),
	ROW_END };

static const struct field recoveries_rows[] = {
	ROW_LIST(struct account_recovery, mechanisms, "RecoveryMechanisms", 1,
	    2, recovery_rows, struct recovery_mechanism),
	ROW_END
};

static const struct field device_rows[] = { ROW_BOOL(struct unread, flag,
	                                        "ChallengeRequiredOnNewDevice"),
	ROW_BOOL(struct unread, flag, "DeviceOnlyRememberedOnUserPrompt"),
	ROW_END };

static const struct field issuer_rows[] = {
	ROW_ENUM(struct unread, text, "Type", 0, issuers), ROW_END
};

static const struct field key_rows[] = { ROW_ENUM(struct unread, text,
	                                     "KeyType", 0, keys),
	ROW_ARN(struct unread, text, "KmsKeyArn", 0), ROW_END };

static const struct field eums_rows[] = { ROW_ARN(struct unread, text,
	                                      "CallerArn", FIELD_REQUIRED),
	ROW_STRING(struct unread, text, "ExternalId"),
	ROW_STRING(struct unread, text, "OriginationIdentity"),
	ROW_STRING(struct unread, text, "ConfigurationSetName"),
	ROW_STRING(struct unread, text, "InEntityId"),
	ROW_STRING(struct unread, text, "InTemplateId"),
	ROW_TEXT(struct unread, text, "Region", 0, 5, 32, NULL), ROW_END };

static const struct field sms_rows[] = { ROW_TEXT(struct unread, text,
	                                     "SnsCallerArn", 0, 0, 2048,
	                                     "(" ARN_PATTERN ")?"),
	ROW_STRING(struct unread, text, "ExternalId"),
	ROW_TEXT(struct unread, text, "SnsRegion", 0, 5, 32, NULL),
	ROW_OBJECT(struct unread, object, "EumsSms", 0, eums_rows,
	    struct unread),
	ROW_END };

static const struct field update_settings_rows[] = {
	ROW_WORDS(struct unread, words,
	    "AttributesRequireVerificationBeforeUpdate", 0, username_words),
	ROW_END
};

static const struct field flows_rows[] = {
	ROW_ENUM(struct unread, text, "CustomAuthMode", 0, enforcements),
	ROW_END
};

static const struct field add_ons_rows[] = { ROW_ENUM(struct unread, text,
	                                         "AdvancedSecurityMode",
	                                         FIELD_REQUIRED, securities),
	ROW_OBJECT(struct unread, object, "AdvancedSecurityAdditionalFlows", 0,
	    flows_rows, struct unread),
	ROW_END };

#define CODE      ".*\\{####\\}.*"
#define MAIL_CODE MAIL "\\{####\\}" MAIL
#define MAIL_LINK MAIL "\\{##" MAIL "##\\}" MAIL

#define ROW_VERIFY(member, api_name, row_flags, least, most, pattern)       \
	ROW_TEXT(struct verification_template, member, api_name, row_flags, \
	    least, most, pattern)

static const struct field verification_rows[] = {
	ROW_VERIFY(texts.sms_message, "SmsMessage", 0, 6, 140, CODE),
	ROW_VERIFY(texts.email_message, "EmailMessage", FIELD_MAIL, 6, 20000,
	    MAIL_CODE),
	ROW_VERIFY(texts.email_subject, "EmailSubject", FIELD_MAIL, 1, 140,
	    SUBJECT),
	ROW_VERIFY(unread.text, "EmailMessageByLink", FIELD_MAIL, 6, 20000,
	    MAIL_LINK),
	ROW_VERIFY(unread.text, "EmailSubjectByLink", FIELD_MAIL, 1, 140,
	    SUBJECT),
	ROW_ENUM(struct verification_template, unread.text,
	    "DefaultEmailOption", 0, options),
	ROW_END
};

/* A member that has no effect, by its structure's table. */
#define ROW_UNREAD(api_name, sub_rows)                                         \
	ROW_OBJECT(struct pool_settings, unread.object, api_name, 0, sub_rows, \
	    struct unread)
#define ROW_NAME(row_flags)                                                 \
	ROW_TEXT(struct pool_settings, name, "PoolName", row_flags, 1, 128, \
	    "[\\w\\s+=,.@-]+")

/* What CreateUserPool and UpdateUserPool have in common. */
#define ROWS_OF_BOTH                                                          \
	ROW_OBJECT(struct pool_settings, policies, "Policies", 0,             \
	    policies_rows, struct pool_policies),                             \
	    ROW_ENUM(struct pool_settings, deletion_protection,               \
	        "DeletionProtection", 0, protections),                        \
	    ROW_OBJECT(struct pool_settings, triggers, "LambdaConfig", 0,     \
	        triggers_rows, struct triggers),                              \
	    ROW_WORDS(struct pool_settings, unread.words,                     \
	        "AutoVerifiedAttributes", 0, username_words),                 \
	    ROW_TEXT(struct pool_settings, verification.sms_message,          \
	        "SmsVerificationMessage", 0, 6, 140, CODE),                   \
	    ROW_TEXT(struct pool_settings, verification.email_message,        \
	        "EmailVerificationMessage", FIELD_MAIL, 6, 20000, MAIL_CODE), \
	    ROW_TEXT(struct pool_settings, verification.email_subject,        \
	        "EmailVerificationSubject", FIELD_MAIL, 1, 140, SUBJECT),     \
	    ROW_OBJECT(struct pool_settings, verification_template,           \
	        "VerificationMessageTemplate", 0, verification_rows,          \
	        struct verification_template),                                \
	    ROW_TEXT(struct pool_settings, unread.text,                       \
	        "SmsAuthenticationMessage", 0, 6, 140, CODE),                 \
	    ROW_ENUM(struct pool_settings, mfa, "MfaConfiguration", 0, mfas), \
	    ROW_UNREAD("UserAttributeUpdateSettings", update_settings_rows),  \
	    ROW_UNREAD("DeviceConfiguration", device_rows),                   \
	    ROW_OBJECT(struct pool_settings, email, "EmailConfiguration", 0,  \
	        email_rows, struct email_configuration),                      \
	    ROW_OBJECT(struct pool_settings, sms, "SmsConfiguration", 0,      \
	        sms_rows, struct unread),                                     \
	    ROW_MAP_FLAGS(struct pool_settings, tags, "UserPoolTags", 0, 1,   \
	        128, 256),                                                    \
	    ROW_OBJECT(struct pool_settings, admin_create,                    \
	        "AdminCreateUserConfig", 0, admin_create_rows,                \
	        struct admin_create_config),                                  \
	    ROW_UNREAD("UserPoolAddOns", add_ons_rows),                       \
	    ROW_OBJECT(struct pool_settings, recovery,                        \
	        "AccountRecoverySetting", 0, recoveries_rows,                 \
	        struct account_recovery),                                     \
	    ROW_ENUM(struct pool_settings, unread.text, "UserPoolTier", 0,    \
	        tiers),                                                       \
	    ROW_UNREAD("KeyConfiguration", key_rows),                         \
	    ROW_UNREAD("IssuerConfiguration", issuer_rows)

const struct field pool_settings_rows[] = { ROW_NAME(FIELD_REQUIRED),
	ROWS_OF_BOTH,
	ROW_LIST(struct pool_settings, schema, "Schema", 1, 50, schema_rows,
	    struct schema_attribute),
	ROW_WORDS(struct pool_settings, username_attributes,
	    "UsernameAttributes", 0, username_words),
	ROW_WORDS(struct pool_settings, alias_attributes, "AliasAttributes", 0,
	    alias_words),
	ROW_OBJECT(struct pool_settings, username_configuration,
	    "UsernameConfiguration", 0, username_rows,
	    struct username_configuration),
	ROW_END };

const struct field pool_update_rows[] = {
	ROW_TEXT(struct pool_settings, pool_id, "UserPoolId", FIELD_REQUIRED, 1,
	    55, "[\\w-]+_[0-9a-zA-Z]+"),
	ROW_NAME(0), ROWS_OF_BOTH, ROW_END
};

bool pool_settings_check_days(const struct pool_settings *set,
    const struct pool_settings *settings, struct err *err)
{
	const struct pool_policies *policies = set->policies;
	bool given = policies && policies->password &&
	             policies->password->validity_days.given;
	bool legacy = settings->admin_create &&
	              settings->admin_create->unused_days.value > 0;

	if (given && legacy)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Please use TemporaryPasswordValidityDays in "
		    "PasswordPolicy instead of UnusedAccountValidityDays");
	return true;
}

static bool check_mfa(const struct pool_settings *settings, struct err *err)
{
	if (!settings->mfa || strcmp(settings->mfa, "OFF") == 0 ||
	    settings->sms)
		return true;
	return err_set(err, ERR_INVALID_PARAMETER,
	    "SMS configuration and Auto verification for phone_number are "
	    "required when MFA is required/optional");
}

static bool check_email(const struct pool_settings *settings, struct err *err)
{
	const struct email_configuration *email = settings->email;

	if (email && email->from && strpbrk(email->from, "\r\n"))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "1 validation error detected: Value at "
		    "'emailConfiguration.from' failed to satisfy constraint: "
		    "Member must not have line ends");
	return true;
}

static bool check_names(const struct pool_settings *settings, struct err *err)
{
	if (settings->username_attributes.count &&
	    settings->alias_attributes.count)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Only one of the aliasAttributes or usernameAttributes can "
		    "be set in a user pool.");
	return true;
}

struct pool_settings *pool_settings_read(struct mem *mem,
    const struct field *rows, const cJSON *json, struct err *err)
{
	struct pool_settings *settings = mem_make(mem, struct pool_settings);

	if (!field_read(mem, rows, json, settings, err))
		return NULL;
	schema_note_custom(&settings->schema, json_at(json, "/Schema"));
	if (!check_names(settings, err) ||
	    !schema_check(mem, &settings->schema, err) ||
	    !pool_settings_check_days(settings, settings, err) ||
	    !check_mfa(settings, err) || !check_email(settings, err))
		return NULL;
	return settings;
}

struct pool_settings *pool_settings_take(struct mem *mem, const cJSON *json)
{
	struct pool_settings *settings = mem_make(mem, struct pool_settings);

	field_take(mem, pool_settings_rows, json, settings);
	schema_note_custom(&settings->schema, json_at(json, "/Schema"));
	return settings;
}
