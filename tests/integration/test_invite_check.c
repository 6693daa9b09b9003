/* SPDX-License-Identifier: MIT */
/*
 * The golden cases of AdminCreateUser, by number: passwords and attributes.
 * covers: account/attribute.c
 * covers: account/attribute_required.c
 * covers: account/password.c
 */
#include <string.h>

#include "account/attribute.h"
#include "account/password.h"
#include "account/user.h"
#include "base/secret.h"
#include "harness.h"

#define ATTRIBUTE(name, value) "{'Name':'" name "','Value':'" value "'}"
#define REQUEST(attributes) \
	"{'Username':'alice','UserAttributes':[" attributes "]}"

/* A pool that bounds standard attributes. */
#define BOUNDED                                                      \
	"{'Schema':[{'Name':'email','StringAttributeConstraints':"   \
	"{'MaxLength':'10'}},{'Name':'phone_number',"                \
	"'AttributeDataType':'String','StringAttributeConstraints':" \
	"{'MinLength':'8','MaxLength':'20'}},{'Name':'name',"        \
	"'StringAttributeConstraints':{'MinLength':'2'}},"           \
	"{'Name':'updated_at','NumberAttributeConstraints':"         \
	"{'MinValue':'1','MaxValue':'9'}},{'Name':'birthdate'}]}"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(values, .init = begin, .fini = end, .timeout = 60);

/* One database for a table of refusals: they leave nothing behind. */
static void refuse_password(const struct pool *pool, const char *password,
    const char *words)
{
	harness_must_fail(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'alice','TemporaryPassword':'%s'}", password),
	    ERR_INVALID_PASSWORD,
	    mem_printf(harness.mem,
	        "Password did not conform with password policy: %s", words));
}

Test(values, case_24_too_short)
{
	struct pool *pool = harness_pool(&harness,
	    "{'Policies':{'PasswordPolicy':{'MinimumLength':10}}}");

	refuse_password(pool, "short1A!", "Password not long enough");
}

Test(values, case_25_no_upper_case)
{
	refuse_password(harness_pool(&harness, "{}"), "abcdefg1!",
	    "Password must have uppercase characters");
}

Test(values, case_26_no_lower_case)
{
	refuse_password(harness_pool(&harness, "{}"), "ABCDEFG1!",
	    "Password must have lowercase characters");
}

Test(values, case_27_no_digit)
{
	refuse_password(harness_pool(&harness, "{}"), "Abcdefgh!",
	    "Password must have numeric characters");
}

Test(values, case_28_no_symbol)
{
	refuse_password(harness_pool(&harness, "{}"), "Abcdefg12",
	    "Password must have symbol characters");
}

Test(values, only_what_the_policy_asks_for)
{
	struct pool *pool = harness_pool(&harness,
	    "{'Policies':{'PasswordPolicy':{'MinimumLength':6,"
	    "'RequireUppercase':false,'RequireLowercase':false,"
	    "'RequireNumbers':false,'RequireSymbols':false}}}");

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','TemporaryPassword':'aaaaaa'}");
	refuse_password(pool, "aaaaa", "Password not long enough");
}

Test(values, letters_outside_basic_latin_are_no_letters)
{
	refuse_password(harness_pool(&harness, "{}"),
	    "\xc3\x84\xc3\x96\xc3\x9c"
	    "abcde1!",
	    "Password must have uppercase characters");
}

Test(values, case_30_generated_passwords_satisfy_the_policy)
{
	struct pool *usual = harness_pool(&harness, "{}");
	struct pool *longer = harness_pool(&harness,
	    "{'Policies':{'PasswordPolicy':{'MinimumLength':40}}}");
	struct pool *loose = harness_pool(&harness,
	    "{'Policies':{'PasswordPolicy':{'RequireSymbols':false}}}");
	const struct pool *pools[] = { usual, longer, loose };

	for (int i = 0; i < 1000; i++) {
		MEM_AUTO mem = mem_new(NULL);
		const struct pool *pool = pools[i % 3];
		char *password = password_generate(mem, pool);
		size_t length = strlen(password);

		cr_assert(password_check(&harness.work, pool, password, ""),
		    "%s: %s", password, harness.work.err.message);
		cr_assert_eq(length, pool == longer ? 40 : 16);
		cr_assert_null(strpbrk(password, "0O1lIo<>&%#.,"));
		cr_assert_null(strchr("*-+=", password[0]));
		cr_assert_null(strchr("*-+=", password[length - 1]));
		cr_assert(pool != loose || !strpbrk(password, "*-+="));
	}
}

Test(values, case_30_the_delivered_password_is_the_user_s)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;
	struct user *user = harness_invite(&harness, pool,
	    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[" ATTRIBUTE("email", "a@example.com") "]}",
	    &report);

	cr_assert(user);
	user = user_find(&harness.work, pool, "alice");
	const char *password =
	    harness_password(&harness, report.plan.messages[0].id);
	cr_assert_str_eq(password, report.password);
	cr_assert(password_check(&harness.work, pool, password, ""));
	cr_assert(secret_password_matches(harness.engine.keyring,
	    user->password_hash, password));
}

static void refuse(const char *attributes, const char *words)
{
	static struct pool *pool;

	if (!pool)
		pool = harness_pool(&harness, "{}");
	harness_must_fail(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'alice','UserAttributes':[%s]}", attributes),
	    ERR_INVALID_PARAMETER, words);
	cr_assert_eq(harness_number(&harness, "select count(*) from account"),
	    0);
}

#define SCHEMA "Attributes did not conform to the schema: "

Test(values, case_31_unknown_attribute)
{
	refuse(ATTRIBUTE("thing", "bar"),
	    SCHEMA "Type for attribute {thing} could not be determined");
	refuse(ATTRIBUTE("cognito:user_status", "CONFIRMED"),
	    SCHEMA "Type for attribute {cognito:user_status} could not be "
	           "determined");
}

Test(values, case_32_undeclared_custom_attribute)
{
	refuse(ATTRIBUTE("custom:x", "1"),
	    SCHEMA "Type for attribute {custom:x} could not be determined");
}

Test(values, case_33_immutable_custom_attribute)
{
	struct pool *pool = harness_pool(&harness,
	    "{'Schema':[{'Name':'x','AttributeDataType':'String',"
	    "'Mutable':false}]}");
	struct user *user = harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("custom:x", "1")));

	cr_assert_str_eq(attribute_get(user->attributes, "custom:x"), "1");
	user = user_find(&harness.work, pool, "alice");
	cr_assert_str_eq(attribute_get(user->attributes, "custom:x"), "1");
}

Test(values, developer_only_attribute)
{
	struct pool *pool = harness_pool(&harness,
	    "{'Schema':[{'Name':'x','AttributeDataType':'String',"
	    "'DeveloperOnlyAttribute':true}]}");

	harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("dev:custom:x", "1")));
	harness_must_fail(&harness, pool,
	    "{'Username':'bob','UserAttributes':[" ATTRIBUTE("custom:x",
	        "1") "]}",
	    ERR_INVALID_PARAMETER,
	    SCHEMA "Type for attribute {custom:x} could not be determined");
}

Test(values, case_34_sub_cannot_be_given)
{
	refuse(ATTRIBUTE("sub", "1"),
	    "Cannot modify the non-mutable attribute sub");
}

Test(values, case_35_no_value)
{
	refuse("{'Name':'email'}",
	    "Attribute value for email must not be null");
	/* Before all other checks. */
	refuse(ATTRIBUTE("thing", "bar") ",{'Name':'email'}",
	    "Attribute value for email must not be null");
}

Test(values, case_36_not_an_email)
{
	static const char *const wrong[] = { "foo", "@example.com", "a@",
		"a@b@c", "a b@example.com", "a@.example.com", "a@example.com.",
		"<a@example.com>", "a@example.com\\r\\nBcc: b@example.com",
		"a@example.com\\n", "a@exam\\tple.com", "a@example.com,b@c",
		"a\\u0000@example.com" };

	for (size_t i = 0; i + 1 < sizeof(wrong) / sizeof(*wrong); i++)
		refuse(mem_printf(harness.mem, "{'Name':'email','Value':'%s'}",
		           wrong[i]),
		    "Invalid email address format.");
}

Test(values, case_37_not_a_phone_number)
{
	static const char *const wrong[] = { "555", "+", "+1555555010a",
		"+1234567890123456", "+1 555 555 0100", "+15555550100\\n" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refuse(mem_printf(harness.mem,
		           "{'Name':'phone_number','Value':'%s'}", wrong[i]),
		    "Invalid phone number format.");
}

Test(values, case_38_verified_what)
{
	refuse(ATTRIBUTE("email_verified", "true"),
	    "Email is required to verify/un-verify an email");
	refuse(ATTRIBUTE("phone_number_verified", "false"),
	    "Phone Number is required to verify/un-verify a phone number");
	/* An empty value is no value. */
	refuse(ATTRIBUTE("email", "") "," ATTRIBUTE("email_verified", "true"),
	    "Email is required to verify/un-verify an email");
}

Test(values, case_39_flags_are_stored_in_lower_case)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct user *user = harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("email",
	        "a@example.com") "," ATTRIBUTE("email_verified", "True")));

	cr_assert_str_eq(attribute_get(user->attributes, "email_verified"),
	    "true");
}

Test(values, values_have_types_and_bounds)
{
	refuse(ATTRIBUTE("birthdate", "2000-1-1"),
	    SCHEMA "birthdate: String must be no shorter than 10 "
	           "characters\n");
	refuse(ATTRIBUTE("birthdate", "2000-01-011"),
	    SCHEMA "birthdate: String must be no longer than 10 "
	           "characters\n");
	refuse(ATTRIBUTE("updated_at", "-1"),
	    SCHEMA "updated_at: Number must be no less than 0\n");
	refuse(ATTRIBUTE("updated_at", "now"),
	    SCHEMA "updated_at: Invalid number\n");
	refuse(ATTRIBUTE("email",
	           "a@example.com") "," ATTRIBUTE("email_verified", "yes"),
	    SCHEMA "email_verified: Invalid boolean\n");
}

Test(values, own_bounds)
{
	struct pool *pool = harness_pool(&harness,
	    "{'Schema':[{'Name':'x','AttributeDataType':'String',"
	    "'StringAttributeConstraints':{'MinLength':'2','MaxLength':'3'}},"
	    "{'Name':'n','AttributeDataType':'Number',"
	    "'NumberAttributeConstraints':{'MinValue':'5','MaxValue':'9'}}]}");

	harness_must_fail(&harness, pool, REQUEST(ATTRIBUTE("custom:x", "1")),
	    ERR_INVALID_PARAMETER,
	    SCHEMA "custom:x: String must be no shorter than 2 characters\n");
	harness_must_fail(&harness, pool,
	    REQUEST(ATTRIBUTE("custom:x", "1234")), ERR_INVALID_PARAMETER,
	    SCHEMA "custom:x: String must be no longer than 3 characters\n");
	harness_must_fail(&harness, pool, REQUEST(ATTRIBUTE("custom:n", "10")),
	    ERR_INVALID_PARAMETER,
	    SCHEMA "custom:n: Number must be no greater than 9\n");
	/* Characters are counted, not bytes. */
	harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("custom:x", "\xc3\xa4\xc3\xb6\xc3\xbc") "," //
	        ATTRIBUTE("custom:n", "9")));
}

Test(values, bounds_that_a_pool_sets_on_standard_attributes)
{
	static const struct {
		const char *attribute;
		const char *words;
	} cases[] = {
		{ ATTRIBUTE("email", "a@b.example"),
		    "email: String must be no longer than 10 characters\n" },
		{ ATTRIBUTE("phone_number", "+1555"),
		    "phone_number: String must be no shorter than 8 "
		    "characters\n" },
		{ ATTRIBUTE("name", "A"),
		    "name: String must be no shorter than 2 characters\n" },
		{ ATTRIBUTE("updated_at", "0"),
		    "updated_at: Number must be no less than 1\n" },
		{ ATTRIBUTE("updated_at", "10"),
		    "updated_at: Number must be no greater than 9\n" },
		/* Its own stay where the pool sets none. */
		{ ATTRIBUTE("birthdate", "2000-1-1"),
		    "birthdate: String must be no shorter than 10 "
		    "characters\n" },
	};
	struct pool *pool = harness_pool(&harness, BOUNDED);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		harness_must_fail(&harness, pool,
		    mem_printf(harness.mem, REQUEST("%s"), cases[i].attribute),
		    ERR_INVALID_PARAMETER,
		    mem_printf(harness.mem, SCHEMA "%s", cases[i].words));
	harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("email", "a@b.exampl") ","  //
	        ATTRIBUTE("phone_number", "+1555010") "," //
	        ATTRIBUTE("name", "\xc3\xa4\xc3\xb6") "," //
	        ATTRIBUTE("updated_at", "9") ","          //
	        ATTRIBUTE("birthdate", "2000-01-01")));
}

/* The attribute that the username stands for has its bounds too. */
Test(values, bounds_of_an_address_that_is_the_username)
{
	struct pool *pool = harness_pool(&harness,
	    "{'UsernameAttributes':['email'],'Schema':[{'Name':'email',"
	    "'StringAttributeConstraints':{'MaxLength':'10'}}]}");

	harness_must_fail(&harness, pool, "{'Username':'a@b.example'}",
	    ERR_INVALID_PARAMETER,
	    SCHEMA "email: String must be no longer than 10 characters\n");
	harness_must_invite(&harness, pool, "{'Username':'a@b.exampl'}");
}

Test(values, attributes_keep_their_order_and_sub_is_last)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("zoneinfo", "UTC") "," ATTRIBUTE("email",
	        "a@example.com") "," ATTRIBUTE("address", "x") "," //
	        ATTRIBUTE("name", "n")));
	struct user *user = user_find(&harness.work, pool, "alice");
	const cJSON *json = user_describe(harness.mem, user, "UserAttributes");
	static const char *const order[] = { "zoneinfo", "email", "address",
		"name", "sub" };

	for (int i = 0; i < 5; i++)
		cr_assert_str_eq(
		    json_text(json,
		        mem_printf(harness.mem, "/UserAttributes/%d/Name", i)),
		    order[i]);
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/UserAttributes")), 5);
}

Test(values, the_last_of_equal_names_wins)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct user *user = harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("name", "first") "," ATTRIBUTE("name", "last")));

	cr_assert_str_eq(attribute_get(user->attributes, "name"), "last");
	cr_assert_eq(cJSON_GetArraySize(user->attributes), 1);
}

Test(values, an_empty_value_is_not_stored)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct user *user = harness_must_invite(&harness, pool,
	    REQUEST(ATTRIBUTE("name", "") "," ATTRIBUTE("nickname", "a") "," //
	        ATTRIBUTE("nickname", "")));

	cr_assert_eq(cJSON_GetArraySize(user->attributes), 0);
}

static void refuse_username(const char *username, const char *constraint)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_fail(&harness, pool,
	    mem_printf(harness.mem, "{'Username':'%s'}", username),
	    ERR_INVALID_PARAMETER,
	    mem_printf(harness.mem,
	        "1 validation error detected: Value at 'username' failed to "
	        "satisfy constraint: Member must %s",
	        constraint));
}

Test(values, a_username_of_10000_characters)
{
	char *username = mem_alloc(harness.mem, 10001);

	memset(username, 'a', 10000);
	refuse_username(username, "have length less than or equal to 128");
}

Test(values, line_ends_and_blanks_in_a_username)
{
	const char *pattern = "satisfy regular expression pattern: "
	                      "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+";

	refuse_username("alice\\r\\nBcc: b@example.com", pattern);
	refuse_username("alice\\n", pattern);
	refuse_username("a b", pattern);
	refuse_username("a\\u00a0b", pattern);
	refuse_username("a\\u200bb", pattern);
	cr_assert_eq(harness_number(&harness, "select count(*) from account"),
	    0);
}

Test(values, an_empty_password_is_refused_without_a_code_to_sign_in_by)
{
	harness_must_fail(&harness, harness_pool(&harness, "{}"),
	    "{'Username':'alice','TemporaryPassword':''}",
	    ERR_INVALID_PARAMETER,
	    "1 validation error detected: Value at 'temporaryPassword' failed "
	    "to satisfy constraint: Member must satisfy regular expression "
	    "pattern: ^[\\S]+.*[\\S]+$");
}
