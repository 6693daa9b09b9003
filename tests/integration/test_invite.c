/* SPDX-License-Identifier: MIT */
/*
 * The golden cases of AdminCreateUser, by number: names and aliases.
 * covers: account/invite.c
 */
#include <string.h>

#include "account/attribute.h"
#include "account/user.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/utf8.h"
#include "harness.h"

#define EMAIL "{'UsernameAttributes':['email']}"
#define PHONE "{'UsernameAttributes':['phone_number']}"
#define BOTH  "{'UsernameAttributes':['email','phone_number']}"
#define ALIAS "{'AliasAttributes':['email','phone_number']}"

#define ATTRIBUTE(name, value) "{'Name':'" name "','Value':'" value "'}"
#define VERIFIED_EMAIL                      \
	ATTRIBUTE("email", "a@example.com") \
	"," ATTRIBUTE("email_verified", "true")

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(golden, .init = begin, .fini = end, .timeout = 60);

Test(golden, case_01_plain_user)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;
	struct user *user =
	    harness_invite(&harness, pool, "{'Username':'alice'}", &report);

	cr_assert(user, "%s", harness.work.err.message);
	cr_assert_str_eq(user->username, "alice");
	cr_assert_str_eq(user->status, "FORCE_CHANGE_PASSWORD");
	cr_assert(user->enabled);
	cr_assert_eq(user->created_ms, user->modified_ms);
	cr_assert_eq(cJSON_GetArraySize(user->attributes), 0);
	const cJSON *json = user_describe(harness.mem, user, "Attributes");
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/Attributes")), 1);
	cr_assert_str_eq(json_text(json, "/Attributes/0/Name"), "sub");
	cr_assert_str_eq(json_text(json, "/Attributes/0/Value"), user->sub);
	cr_assert_eq(report.plan.count, 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from message"),
	    0);
}

Test(golden, case_02_same_name_twice)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool, "{'Username':'alice'}");
	harness_must_fail(&harness, pool, "{'Username':'alice'}",
	    ERR_USERNAME_EXISTS, "User account already exists");
}

Test(golden, case_03_case_not_heeded)
{
	struct pool *pool = harness_pool(&harness,
	    "{'UsernameConfiguration':{'CaseSensitive':false}}");

	harness_must_invite(&harness, pool, "{'Username':'alice'}");
	harness_must_fail(&harness, pool, "{'Username':'ALICE'}",
	    ERR_USERNAME_EXISTS, "User account already exists");
}

Test(golden, case_04_case_heeded)
{
	struct pool *pool = harness_pool(&harness,
	    "{'UsernameConfiguration':{'CaseSensitive':true}}");
	struct pool *unset = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool, "{'Username':'alice'}");
	harness_must_invite(&harness, pool, "{'Username':'ALICE'}");
	harness_must_invite(&harness, unset, "{'Username':'alice'}");
	harness_must_invite(&harness, unset, "{'Username':'ALICE'}");
}

Test(golden, case_05_plain_pool_shares_addresses)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" VERIFIED_EMAIL "]}");
	harness_must_invite(&harness, pool,
	    "{'Username':'bob','UserAttributes':[" VERIFIED_EMAIL "]}");
}

Test(golden, case_06_email_is_the_username)
{
	struct pool *pool = harness_pool(&harness, EMAIL);
	struct user *user =
	    harness_must_invite(&harness, pool, "{'Username':'a@example.com'}");

	cr_assert_str_eq(user->username, user->sub);
	cr_assert_str_eq(attribute_get(user->attributes, "email"),
	    "a@example.com");
}

Test(golden, case_07_not_an_email)
{
	harness_must_fail(&harness, harness_pool(&harness, EMAIL),
	    "{'Username':'alice'}", ERR_INVALID_PARAMETER,
	    "Username should be an email.");
}

Test(golden, case_08_not_a_phone)
{
	harness_must_fail(&harness, harness_pool(&harness, PHONE),
	    "{'Username':'a@example.com'}", ERR_INVALID_PARAMETER,
	    "Username should be a phone number.");
}

Test(golden, case_09_neither)
{
	harness_must_fail(&harness, harness_pool(&harness, BOTH),
	    "{'Username':'alice'}", ERR_INVALID_PARAMETER,
	    "Username should be either an email or a phone number.");
}

Test(golden, case_10_same_email_twice)
{
	struct pool *pool = harness_pool(&harness, EMAIL);
	struct pool *phones = harness_pool(&harness, PHONE);

	harness_must_invite(&harness, pool, "{'Username':'a@example.com'}");
	harness_must_fail(&harness, pool, "{'Username':'a@example.com'}",
	    ERR_USERNAME_EXISTS,
	    "An account with the given email already exists.");
	harness_must_invite(&harness, phones, "{'Username':'+15555550100'}");
	harness_must_fail(&harness, phones, "{'Username':'+15555550100'}",
	    ERR_USERNAME_EXISTS,
	    "An account with the given phone_number already exists.");
}

Test(golden, case_11_resend_by_email_and_by_sub)
{
	struct pool *pool = harness_pool(&harness, EMAIL);
	struct user *user =
	    harness_must_invite(&harness, pool, "{'Username':'a@example.com'}");
	struct user *by_email = harness_must_invite(&harness, pool,
	    "{'Username':'a@example.com','MessageAction':'RESEND'}");
	struct user *by_sub = harness_must_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'%s','MessageAction':'RESEND'}", user->sub));

	cr_assert_str_eq(by_email->sub, user->sub);
	cr_assert_str_eq(by_sub->sub, user->sub);
}

Test(golden, case_12_username_shaped_as_an_alias)
{
	struct pool *pool = harness_pool(&harness, ALIAS);

	harness_must_fail(&harness, pool, "{'Username':'a@example.com'}",
	    ERR_INVALID_PARAMETER,
	    "Username cannot be of email format, since user pool is "
	    "configured for email alias.");
	harness_must_fail(&harness, pool, "{'Username':'+15555550100'}",
	    ERR_INVALID_PARAMETER,
	    "Username cannot be of phone number format, since user pool is "
	    "configured for phone number alias.");
}

Test(golden, case_13_unverified_email_may_be_shared)
{
	struct pool *pool = harness_pool(&harness, ALIAS);

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" VERIFIED_EMAIL "]}");
	harness_must_invite(&harness, pool,
	    "{'Username':'bob','UserAttributes':[" ATTRIBUTE("email",
	        "a@example.com") "]}");
}

#define SECOND "{'Username':'bob','UserAttributes':[" VERIFIED_EMAIL "]"

Test(golden, case_14_verified_email_is_taken)
{
	struct pool *pool = harness_pool(&harness, ALIAS);

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" VERIFIED_EMAIL "]}");
	harness_must_fail(&harness, pool, SECOND "}", ERR_USERNAME_EXISTS,
	    "An account with the email already exists.");
	harness.config->alias_conflict_error = "AliasExistsException";
	harness_must_fail(&harness, pool, SECOND "}", ERR_ALIAS_EXISTS,
	    "An account with the email already exists.");
}

Test(golden, case_15_forced_alias_moves)
{
	struct pool *pool = harness_pool(&harness, ALIAS);
	struct user *first = harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" VERIFIED_EMAIL "]}");
	struct user *second = harness_must_invite(&harness, pool,
	    SECOND ",'ForceAliasCreation':true}");
	struct user *found = user_find(&harness.work, pool, "a@example.com");

	cr_assert(found);
	cr_assert_str_eq(found->sub, second->sub);
	first = user_find(&harness.work, pool, "alice");
	cr_assert_str_eq(attribute_get(first->attributes, "email"),
	    "a@example.com");
	cr_assert_str_eq(attribute_get(first->attributes, "email_verified"),
	    "false");
}

Test(golden, case_16_forced_but_unverified)
{
	struct pool *pool = harness_pool(&harness, ALIAS);
	struct user *first = harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" VERIFIED_EMAIL "]}");

	harness_must_invite(&harness, pool,
	    "{'Username':'bob','ForceAliasCreation':true,'UserAttributes':"
	    "[" ATTRIBUTE("email", "a@example.com") "]}");
	cr_assert_str_eq(user_find(&harness.work, pool, "a@example.com")->sub,
	    first->sub);
}

Test(golden, case_17_unknown_pool)
{
	harness_must_fail(&harness, NULL,
	    "{'UserPoolId':'us-east-1_x','Username':'alice'}",
	    ERR_RESOURCE_NOT_FOUND, "User pool us-east-1_x does not exist.");
}

Test(golden, forced_without_alias_attributes_changes_nothing)
{
	struct pool *plain = harness_pool(&harness, "{}");
	struct pool *pool = harness_pool(&harness, EMAIL);

	harness_must_invite(&harness, plain, "{'Username':'bob'}");
	harness_must_fail(&harness, plain,
	    "{'Username':'bob','ForceAliasCreation':true}", ERR_USERNAME_EXISTS,
	    "User account already exists");
	harness_must_invite(&harness, pool,
	    "{'Username':'a@example.com','UserAttributes':[" ATTRIBUTE(
	        "email_verified", "true") "]}");
	harness_must_fail(&harness, pool,
	    "{'Username':'a@example.com','ForceAliasCreation':true,"
	    "'UserAttributes':[" ATTRIBUTE("email_verified", "true") "]}",
	    ERR_USERNAME_EXISTS,
	    "An account with the given email already exists.");
}

Test(golden, forced_phone_and_email_have_two_former_owners)
{
	struct pool *pool = harness_pool(&harness, ALIAS);
	const char *phone = ATTRIBUTE("phone_number", "+15555550100") "," //
	    ATTRIBUTE("phone_number_verified", "true");

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" VERIFIED_EMAIL "]}");
	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'carol','UserAttributes':[%s]}", phone));
	struct user *third = harness_must_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'bob','ForceAliasCreation':true,"
	        "'UserAttributes':[" VERIFIED_EMAIL ",%s]}",
	        phone));
	cr_assert_str_eq(user_find(&harness.work, pool, "+15555550100")->sub,
	    third->sub);
	cr_assert_str_eq(user_find(&harness.work, pool, "a@example.com")->sub,
	    third->sub);
	struct user *carol = user_find(&harness.work, pool, "carol");
	cr_assert_str_eq(
	    attribute_get(carol->attributes, "phone_number_verified"), "false");
	cr_assert_eq(harness_number(&harness, "select count(*) from audit "
	                                      "where action = 'alias move'"),
	    2);
}

Test(golden, two_addresses_in_a_pool_of_both)
{
	struct pool *pool = harness_pool(&harness, BOTH);
	struct user *user = harness_must_invite(&harness, pool,
	    "{'Username':'a@example.com','UserAttributes':[" ATTRIBUTE(
	        "phone_number", "+15555550100") "]}");

	cr_assert_str_eq(user_find(&harness.work, pool, "a@example.com")->sub,
	    user->sub);
	cr_assert_str_eq(user_find(&harness.work, pool, "+15555550100")->sub,
	    user->sub);
	harness_must_fail(&harness, pool, "{'Username':'+15555550100'}",
	    ERR_USERNAME_EXISTS,
	    "An account with the given phone_number already exists.");
	harness_must_fail(&harness, pool,
	    "{'Username':'b@example.com','UserAttributes':[" ATTRIBUTE(
	        "phone_number", "+15555550100") "]}",
	    ERR_USERNAME_EXISTS,
	    "An account with the given phone_number already exists.");
	cr_assert_eq(harness_number(&harness, "select count(*) from name"), 2);
}

Test(golden, username_and_its_attribute_must_agree)
{
	struct pool *pool = harness_pool(&harness, EMAIL);

	harness_must_fail(&harness, pool,
	    "{'Username':'a@example.com','UserAttributes':[" ATTRIBUTE("email",
	        "b@example.com") "]}",
	    ERR_INVALID_PARAMETER,
	    "Username and the attribute email are not the same.");
	harness_must_invite(&harness, pool,
	    "{'Username':'a@example.com','UserAttributes':[" ATTRIBUTE("email",
	        "a@example.com") "]}");
}

Test(golden, preferred_username_is_an_alias_at_once)
{
	struct pool *pool = harness_pool(&harness,
	    "{'AliasAttributes':['preferred_username']}");
	struct user *user = harness_must_invite(&harness, pool,
	    "{'Username':'u-1','UserAttributes':[" ATTRIBUTE(
	        "preferred_username", "ali") "]}");

	cr_assert_str_eq(user_find(&harness.work, pool, "ali")->sub, user->sub);
	harness_must_fail(&harness, pool,
	    "{'Username':'u-2','UserAttributes':[" ATTRIBUTE(
	        "preferred_username", "ali") "]}",
	    ERR_USERNAME_EXISTS,
	    "An account with the preferred_username already exists.");
}

#define COUNT(table) harness_number(&harness, "select count(*) from " table)

Test(golden, a_conflict_leaves_nothing_behind)
{
	struct pool *pool = harness_pool(&harness, ALIAS);

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[" VERIFIED_EMAIL "]}");
	harness_must_fail(&harness, pool,
	    "{'Username':'bob','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[" VERIFIED_EMAIL "]}",
	    ERR_USERNAME_EXISTS, "An account with the email already exists.");
	/* The forced alias must not have moved to a user who never came. */
	harness_must_fail(&harness, pool,
	    "{'Username':'alice','ForceAliasCreation':true,"
	    "'DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[" VERIFIED_EMAIL "]}",
	    ERR_USERNAME_EXISTS, "User account already exists");
	cr_assert_eq(COUNT("account"), 1);
	cr_assert_eq(COUNT("name"), 2);
	cr_assert_eq(COUNT("message"), 1);
	cr_assert_eq(COUNT("ready"), 1);
	cr_assert_eq(COUNT("audit where action = 'user create'"), 1);
	cr_assert_eq(COUNT("audit where action = 'alias move'"), 0);
	cr_assert_str_eq(
	    attribute_get(
	        user_find(&harness.work, pool, "a@example.com")->attributes,
	        "email_verified"),
	    "true");
}

static struct user *invite_preferred(struct pool *pool, const char *username,
    const char *alias)
{
	return harness_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'%s','UserAttributes':[{'Name':"
	        "'preferred_username','Value':'%s'}]}",
	        username, alias),
	    NULL);
}

/* A row of PostgreSQL's index has 2,704 bytes; these do not compress. */
Test(golden, long_alias_is_unique_too)
{
	struct pool *pool = harness_pool(&harness,
	    "{'AliasAttributes':['preferred_username']}");
	struct str *alias = str_new(harness.mem, 8192);

	for (int i = 0; i < 2048; i++)
		utf8_add(alias, 0x4e00 + secret_random_below(20000));
	cr_assert(invite_preferred(pool, "alice", str_text(alias)), "%s",
	    harness.work.err.detail);
	cr_assert_null(invite_preferred(pool, "bob", str_text(alias)));
	cr_assert_eq(harness.work.err.code, ERR_USERNAME_EXISTS);
}
