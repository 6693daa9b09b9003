/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "account/pool_settings.h"
#include "base/json.h"
#include "scratch.h"

static const struct pool_settings *read_settings(struct mem *mem,
    const char *members, struct err *err)
{
	const cJSON *json = json_read(mem,
	    mem_printf(mem, "{\"PoolName\":\"p\"%s%s}", *members ? "," : "",
	        members),
	    err);

	cr_assert_not_null(json, "%s: %s", members, err->message);
	return pool_settings_read(mem, pool_settings_rows, json, err);
}

static void expect_refused(const char *members, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(read_settings(mem, members, &err), "%s", members);
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER, "%s", members);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
}

static const struct pool_settings *taken(struct mem *mem, const char *members)
{
	struct err err = { 0 };
	const struct pool_settings *settings =
	    read_settings(mem, members, &err);

	cr_assert_not_null(settings, "%s: %s", members, err.message);
	return settings;
}

Test(pool_settings, least)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct pool_settings *settings = taken(mem, "");

	cr_expect_str_eq(settings->name, "p");
	cr_expect_null(settings->policies);
	cr_expect_null(settings->admin_create);
}

/* UpdateUserPool has another table: what cannot change is unknown there. */
Test(pool_settings, of_an_update)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	cJSON *json = json_read(mem,
	    "{\"UserPoolId\":\"us-east-1_x\",\"Schema\":7,"
	    "\"UsernameAttributes\":7,\"MfaConfiguration\":\"OFF\"}",
	    &err);
	const struct pool_settings *settings =
	    pool_settings_read(mem, pool_update_rows, json, &err);

	cr_assert_not_null(settings, "%s", err.message);
	cr_expect_str_eq(settings->pool_id, "us-east-1_x");
	cr_expect_null(settings->name);
	cr_expect_str_eq(settings->mfa, "OFF");
	cr_expect_eq(settings->schema.count, 0);
	cJSON_DeleteItemFromObject(json, "UserPoolId");
	cr_expect_null(pool_settings_read(mem, pool_update_rows, json, &err));
	cr_expect_str_eq(err.message,
	    "1 validation error detected: Value null at 'userPoolId' failed to "
	    "satisfy constraint: Member must not be null");
}

Test(pool_settings, mfa_needs_sms)
{
	static const char words[] =
	    "SMS configuration and Auto verification for phone_number are "
	    "required when MFA is required/optional";
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("\"MfaConfiguration\":\"ON\"", words);
	expect_refused("\"MfaConfiguration\":\"OPTIONAL\"", words);
	taken(mem, "\"MfaConfiguration\":\"OFF\"");
	taken(mem, "\"MfaConfiguration\":\"ON\",\"SmsConfiguration\":{}");
}

/* One of each kind; all the others are compared with the model. */
Test(pool_settings, what_has_no_effect_is_checked)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("\"UserPoolTier\":\"GOLD\"",
	    "Value 'GOLD' at 'userPoolTier' failed to satisfy constraint: "
	    "Member must satisfy enum value set: [LITE, ESSENTIALS, PLUS]");
	expect_refused("\"LambdaConfig\":{\"CustomEmailSender\":{}}",
	    "2 validation errors detected: Value null at 'lambdaConfig."
	    "customEmailSender.lambdaVersion' failed to satisfy constraint: "
	    "Member must not be null; Value null at 'lambdaConfig."
	    "customEmailSender.lambdaArn'");
	expect_refused("\"AccountRecoverySetting\":{\"RecoveryMechanisms\":"
	               "[{\"Priority\":3,\"Name\":\"admin_only\"}]}",
	    "Value '3' at 'accountRecoverySetting.recoveryMechanisms.1.member."
	    "priority' failed to satisfy constraint: Member must have value "
	    "less than or equal to 2");
	expect_refused("\"UserPoolTags\":{\"\":\"x\"}",
	    "Value '{=x}' at 'userPoolTags' failed to satisfy constraint: Map "
	    "keys must satisfy constraint: [Member must have length less than "
	    "or equal to 128, Member must have length greater than or equal to "
	    "1]");
	expect_refused("\"Policies\":{\"SignInPolicy\":"
	               "{\"AllowedFirstAuthFactors\":[]}}",
	    "Value '[]' at 'policies.signInPolicy.allowedFirstAuthFactors' "
	    "failed to satisfy constraint: Member must have length greater "
	    "than or equal to 1");
	expect_refused("\"UsernameConfiguration\":{}",
	    "Value null at 'usernameConfiguration.caseSensitive'");
	taken(mem, "\"SmsConfiguration\":{\"SnsCallerArn\":\"\"}");
	expect_refused("\"SmsConfiguration\":{\"SnsCallerArn\":\"arn\"}",
	    "smsConfiguration.snsCallerArn");
}

Test(pool_settings, attributes_are_aliases_or_names)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("\"UsernameAttributes\":[\"email\"],"
	               "\"AliasAttributes\":[\"email\"]",
	    "Only one of the aliasAttributes or usernameAttributes");
	taken(mem, "\"UsernameAttributes\":[\"email\",\"phone_number\"]");
	taken(mem, "\"AliasAttributes\":[\"preferred_username\"]");
	expect_refused("\"UsernameAttributes\":[\"preferred_username\"]",
	    "[phone_number, email]");
}

Test(pool_settings, validity_has_one_place)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("\"Policies\":{\"PasswordPolicy\":"
	               "{\"TemporaryPasswordValidityDays\":7}},"
	               "\"AdminCreateUserConfig\":"
	               "{\"UnusedAccountValidityDays\":7}",
	    "Please use TemporaryPasswordValidityDays");
	taken(mem,
	    "\"AdminCreateUserConfig\":{\"UnusedAccountValidityDays\":7}");
	/* terraform clears the old member so. */
	taken(mem, "\"Policies\":{\"PasswordPolicy\":"
	           "{\"TemporaryPasswordValidityDays\":7}},"
	           "\"AdminCreateUserConfig\":"
	           "{\"UnusedAccountValidityDays\":0}");
	expect_refused("\"Policies\":{\"PasswordPolicy\":"
	               "{\"TemporaryPasswordValidityDays\":0}},"
	               "\"AdminCreateUserConfig\":"
	               "{\"UnusedAccountValidityDays\":1}",
	    "Please use TemporaryPasswordValidityDays in PasswordPolicy "
	    "instead of UnusedAccountValidityDays");
}

Test(pool_settings, sender_is_one_line)
{
	expect_refused("\"EmailConfiguration\":{\"From\":\"a@b\\r\\nBcc: c\"}",
	    "'emailConfiguration.from'");
}

Test(pool_settings, long_mail_is_taken)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *text =
	    scratch_times(mem, "<p>\xe6\xbc\xa2 \xc3\xa9</p>", 2000);

	taken(mem, mem_printf(mem,
	               "\"AdminCreateUserConfig\":{\"InviteMessageTemplate\":"
	               "{\"EmailMessage\":\"%s\"}}",
	               text));
	expect_refused(mem_printf(mem,
	                   "\"AdminCreateUserConfig\":{\"InviteMessageTemplate"
	                   "\":{\"EmailMessage\":\"%sx\"}}",
	                   text),
	    "1 validation error detected: Value '<p>");
}

static void expect_offender(const char *text, const char *named)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *log = scratch_path(mem, "log");
	int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	dup2(file, STDERR_FILENO);
	close(file);
	expect_refused(mem_printf(mem,
	                   "\"AdminCreateUserConfig\":{\"InviteMessage"
	                   "Template\":{\"EmailMessage\":\"%s\"}}",
	                   text),
	    "failed to satisfy constraint: Member must satisfy regular "
	    "expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*");
	const char *said = scratch_read(mem, log);
	cr_expect_not_null(strstr(said, named), "%s", said);
	cr_expect_null(strstr(said, "secret"), "%s", said);
}

/* People paste what cannot be seen. */
Test(pool_settings, what_no_mail_may_have_is_named)
{
	expect_offender("secret\xc2\xa0words",
	    "member=adminCreateUserConfig.inviteMessageTemplate.emailMessage "
	    "character=U+00A0 offset=6");
	expect_offender("\xe6\xbc\xa2\xc3\xa9 secret\xe2\x80\x8b.",
	    "character=U+200B offset=9");
	expect_offender("secret \xf3\xa0\x80\xa0",
	    "character=U+E0020 offset=7");
}

/* Thousands of places where a code might stand end at the matcher's limit,
 * the longest mail with its code in front does not. */
Test(pool_settings, a_costly_text_is_refused)
{
	MEM_AUTO mem = mem_new(NULL);

	taken(mem, mem_printf(mem,
	               "\"VerificationMessageTemplate\":{\"EmailMessage\":"
	               "\"{####}%s\",\"EmailMessageByLink\":\"{##a##}%s\"}",
	               scratch_times(mem, "{#x#}-", 3332),
	               scratch_times(mem, "{#x#}-", 3332)));

	expect_refused(mem_printf(mem,
	                   "\"VerificationMessageTemplate\":"
	                   "{\"EmailMessageByLink\":\"%s\xc2\xa0\"}",
	                   scratch_times(mem, "{####}", 3333)),
	    "'verificationMessageTemplate.emailMessageByLink'");
}
