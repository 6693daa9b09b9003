/* SPDX-License-Identifier: MIT */
#include "account/pool_settings.h"

#include <string.h>

#include "base/pattern.h"

#define ARN                                                        \
	"arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:" \
	"[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"
#define VISIBLE "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"

static const char *const factors[] = { "PASSWORD", "EMAIL_OTP", "SMS_OTP",
	"WEB_AUTHN", "SOFTWARE_TOKEN", NULL };
static const char *const types[] = { "String", "Number", "DateTime", "Boolean",
	NULL };
static const char *const username_words[] = { "phone_number", "email", NULL };
static const char *const alias_words[] = { "phone_number", "email",
	"preferred_username", NULL };
static const char *const versions[] = { "V1_0", NULL };
static const char *const accounts[] = { "COGNITO_DEFAULT", "DEVELOPER", NULL };

static const struct field password_rows[] = { ROW_INT(struct password_policy,
	                                          minimum_length,
	                                          "MinimumLength", 0, 6, 99),
	ROW_BOOL(struct password_policy, require_uppercase, "RequireUppercase"),
	ROW_BOOL(struct password_policy, require_lowercase, "RequireLowercase"),
	ROW_BOOL(struct password_policy, require_numbers, "RequireNumbers"),
	ROW_BOOL(struct password_policy, require_symbols, "RequireSymbols"),
	ROW_INT(struct password_policy, history_size, "PasswordHistorySize", 0,
	    0, 24),
	ROW_INT(struct password_policy, validity_days,
	    "TemporaryPasswordValidityDays", 0, 0, 365),
	ROW_END };

static const struct field sign_in_rows[] = {
	ROW_WORDS(struct sign_in_policy, first_factors,
	    "AllowedFirstAuthFactors", 0, factors),
	ROW_END
};

static const struct field policies_rows[] = {
	ROW_OBJECT(struct pool_policies, password, "PasswordPolicy", 0,
	    password_rows, struct password_policy),
	ROW_OBJECT(struct pool_policies, sign_in, "SignInPolicy", 0,
	    sign_in_rows, struct sign_in_policy),
	ROW_END
};

static const struct field number_rows[] = {
	ROW_TEXT(struct attribute_bounds, most, "MaxValue", 0, 0, 131072, NULL),
	ROW_TEXT(struct attribute_bounds, least, "MinValue", 0, 0, 131072,
	    NULL),
	ROW_END
};

static const struct field string_rows[] = { ROW_TEXT(struct attribute_bounds,
	                                        most, "MaxLength", 0, 0, 131072,
	                                        NULL),
	ROW_TEXT(struct attribute_bounds, least, "MinLength", 0, 0, 131072,
	    NULL),
	ROW_END };

static const struct field schema_rows[] = { ROW_TEXT(struct schema_attribute,
	                                        name, "Name", FIELD_REQUIRED, 1,
	                                        20, VISIBLE),
	ROW_ENUM(struct schema_attribute, type, "AttributeDataType", 0, types),
	ROW_BOOL(struct schema_attribute, developer_only,
	    "DeveloperOnlyAttribute"),
	ROW_BOOL(struct schema_attribute, mutable, "Mutable"),
	ROW_BOOL(struct schema_attribute, required, "Required"),
	ROW_OBJECT(struct schema_attribute, number,
	    "NumberAttributeConstraints", 0, number_rows,
	    struct attribute_bounds),
	ROW_OBJECT(struct schema_attribute, string,
	    "StringAttributeConstraints", 0, string_rows,
	    struct attribute_bounds),
	ROW_END };

static const struct field template_rows[] = { ROW_TEXT(struct message_template,
	                                          sms_message, "SMSMessage", 0,
	                                          6, 140, "(?s).*"),
	ROW_TEXT(struct message_template, email_message, "EmailMessage", 0, 6,
	    20000, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*"),
	ROW_TEXT(struct message_template, email_subject, "EmailSubject", 0, 1,
	    140, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s]+"),
	ROW_END };

static const struct field admin_create_rows[] = {
	ROW_BOOL(struct admin_create_config, only_admin,
	    "AllowAdminCreateUserOnly"),
	ROW_INT(struct admin_create_config, unused_days,
	    "UnusedAccountValidityDays", 0, 0, 365),
	ROW_OBJECT(struct admin_create_config, invite, "InviteMessageTemplate",
	    0, template_rows, struct message_template),
	ROW_END
};

static const struct field email_rows[] = { ROW_TEXT(struct email_configuration,
	                                       source_arn, "SourceArn", 0, 20,
	                                       2048, ARN),
	ROW_TEXT(struct email_configuration, reply_to, "ReplyToEmailAddress", 0,
	    0, 0, VISIBLE "@" VISIBLE),
	ROW_ENUM(struct email_configuration, sending_account,
	    "EmailSendingAccount", 0, accounts),
	ROW_TEXT(struct email_configuration, from, "From", 0, 0, 131072, NULL),
	ROW_TEXT(struct email_configuration, configuration_set,
	    "ConfigurationSet", 0, 1, 64, "^[a-zA-Z0-9_-]+$"),
	ROW_END };

static const struct field username_rows[] = {
	ROW_BOOL(struct username_configuration, case_sensitive,
	    "CaseSensitive"),
	ROW_END
};

static const struct field sender_rows[] = { ROW_ENUM(struct sender_trigger,
	                                        version, "LambdaVersion",
	                                        FIELD_REQUIRED, versions),
	ROW_TEXT(struct sender_trigger, arn, "LambdaArn", FIELD_REQUIRED, 20,
	    2048, ARN),
	ROW_END };

static const struct field trigger_rows[] = {
	ROW_TEXT(struct triggers, pre_sign_up, "PreSignUp", 0, 20, 2048, ARN),
	ROW_TEXT(struct triggers, custom_message, "CustomMessage", 0, 20, 2048,
	    ARN),
	ROW_OBJECT(struct triggers, email_sender, "CustomEmailSender", 0,
	    sender_rows, struct sender_trigger),
	ROW_OBJECT(struct triggers, sms_sender, "CustomSMSSender", 0,
	    sender_rows, struct sender_trigger),
	ROW_TEXT(struct triggers, key, "KMSKeyID", 0, 20, 2048, ARN), ROW_END
};

const struct field pool_settings_rows[] = { ROW_TEXT(struct pool_settings, name,
	                                        "PoolName", FIELD_REQUIRED, 1,
	                                        128, "[\\w\\s+=,.@-]+"),
	ROW_OBJECT(struct pool_settings, policies, "Policies", 0, policies_rows,
	    struct pool_policies),
	ROW_LIST(struct pool_settings, schema, "Schema", 1, 50, schema_rows,
	    struct schema_attribute),
	ROW_WORDS(struct pool_settings, username_attributes,
	    "UsernameAttributes", 0, username_words),
	ROW_WORDS(struct pool_settings, alias_attributes, "AliasAttributes", 0,
	    alias_words),
	ROW_OBJECT(struct pool_settings, username_configuration,
	    "UsernameConfiguration", 0, username_rows,
	    struct username_configuration),
	ROW_OBJECT(struct pool_settings, admin_create, "AdminCreateUserConfig",
	    0, admin_create_rows, struct admin_create_config),
	ROW_OBJECT(struct pool_settings, email, "EmailConfiguration", 0,
	    email_rows, struct email_configuration),
	ROW_OBJECT(struct pool_settings, triggers, "LambdaConfig", 0,
	    trigger_rows, struct triggers),
	ROW_END };

#define YES                                  \
	{                                    \
		.given = true, .value = true \
	}
#define NO                                    \
	{                                     \
		.given = true, .value = false \
	}
#define TEXT(attribute)                                                \
	{                                                              \
		.name = (attribute), .type = "String", .mutable = YES, \
		.required = NO, .string = &text_bounds                 \
	}

static const struct attribute_bounds text_bounds = { "0", "2048" };
static const struct attribute_bounds sub_bounds = { "1", "2048" };
static const struct attribute_bounds date_bounds = { "10", "10" };
static const struct attribute_bounds time_bounds = { "0", NULL };

static const struct schema_attribute standard[] = {
	{ .name = "sub",
	    .type = "String",
	    .mutable = NO,
	    .required = YES,
	    .string = &sub_bounds },
	TEXT("name"),
	TEXT("given_name"),
	TEXT("family_name"),
	TEXT("middle_name"),
	TEXT("nickname"),
	TEXT("preferred_username"),
	TEXT("profile"),
	TEXT("picture"),
	TEXT("website"),
	TEXT("email"),
	{ .name = "email_verified",
	    .type = "Boolean",
	    .mutable = YES,
	    .required = NO },
	TEXT("gender"),
	{ .name = "birthdate",
	    .type = "String",
	    .mutable = YES,
	    .required = NO,
	    .string = &date_bounds },
	TEXT("zoneinfo"),
	TEXT("locale"),
	TEXT("phone_number"),
	{ .name = "phone_number_verified",
	    .type = "Boolean",
	    .mutable = YES,
	    .required = NO },
	TEXT("address"),
	{ .name = "updated_at",
	    .type = "Number",
	    .mutable = YES,
	    .required = NO,
	    .number = &time_bounds },
};

size_t schema_standard_count(void)
{
	return sizeof(standard) / sizeof(*standard);
}

const struct schema_attribute *schema_standard_at(size_t index)
{
	return &standard[index];
}

const struct schema_attribute *schema_standard(const char *name)
{
	for (size_t i = 0; i < schema_standard_count(); i++)
		if (strcmp(standard[i].name, name) == 0)
			return &standard[i];
	return NULL;
}

static bool bounds_are_numbers(const struct attribute_bounds *bounds)
{
	const char *texts[] = { bounds->least, bounds->most };

	for (size_t i = 0; i < 2; i++) {
		const char *text = texts[i];
		if (text && !pattern_whole("-?[0-9]+", text))
			return false;
	}
	return true;
}

static bool check_standard(const struct schema_attribute *attribute,
    struct err *err)
{
	const struct schema_attribute *known = schema_standard(attribute->name);

	if (known &&
	    ((attribute->type && strcmp(attribute->type, known->type) != 0) ||
	        attribute->developer_only.value))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "You can not change AttributeDataType or set "
		    "developerOnlyAttribute for standard schema attribute %s",
		    attribute->name);
	if (!known && !attribute->type)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Invalid AttributeDataType input, consider using the "
		    "provided AttributeDataType enum.");
	if (!known && attribute->required.value)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Required custom attributes are not supported currently.");
	return true;
}

static bool check_schema(const struct pool_settings *settings, struct err *err)
{
	const struct schema_attribute *list = settings->schema.items;

	for (size_t i = 0; i < settings->schema.count; i++) {
		const struct schema_attribute *attribute = &list[i];
		if (!check_standard(attribute, err))
			return false;
		if (attribute->string && !bounds_are_numbers(attribute->string))
			return err_set(err, ERR_INVALID_PARAMETER,
			    "Invalid StringAttributeConstraints for schema "
			    "attribute %s",
			    attribute->name);
		if (attribute->number && !bounds_are_numbers(attribute->number))
			return err_set(err, ERR_INVALID_PARAMETER,
			    "Invalid NumberAttributeConstraints for schema "
			    "attribute %s",
			    attribute->name);
	}
	return true;
}

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

struct pool_settings *pool_settings_read(struct mem *mem, const cJSON *json,
    struct err *err)
{
	struct pool_settings *settings = mem_make(mem, struct pool_settings);

	if (!field_read(mem, pool_settings_rows, json, settings, err))
		return NULL;
	if (settings->username_attributes.count &&
	    settings->alias_attributes.count) {
		err_set(err, ERR_INVALID_PARAMETER,
		    "Only one of the aliasAttributes or usernameAttributes can "
		    "be set in a user pool.");
		return NULL;
	}
	if (!check_schema(settings, err) ||
	    !pool_settings_check_days(settings, settings, err) ||
	    !check_email(settings, err))
		return NULL;
	return settings;
}
