/* SPDX-License-Identifier: MIT */
/*
 * The golden cases of AdminCreateUser, by number: RESEND.
 * covers: account/invite.c
 */
#include <string.h>

#include "account/attribute.h"
#include "account/user.h"
#include "base/clock.h"
#include "base/secret.h"
#include "harness.h"

#define MAIL "'UserAttributes':[{'Name':'email','Value':'a@example.com'}]"
#define CREATE \
	"{'Username':'alice','DesiredDeliveryMediums':['EMAIL']," MAIL "}"
#define RESEND                                     \
	"{'Username':'alice','MessageAction':'RES" \
	"END','DesiredDeliveryMediums':['EMAIL']}"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(resend, .init = begin, .fini = end, .timeout = 60);

static bool fits(const struct user *user, const char *password)
{
	return secret_password_matches(harness.engine.keyring,
	    user->password_hash, password);
}

Test(resend, case_49_unknown_user)
{
	harness_must_fail(&harness, harness_pool(&harness, "{}"), RESEND,
	    ERR_USER_NOT_FOUND, "User does not exist.");
}

Test(resend, case_50_confirmed_user)
{
	struct pool *pool = harness_pool(&harness,
	    "{'Policies':{'SignInPolicy':{'AllowedFirstAuthFactors':"
	    "['EMAIL_OTP']}}}");

	harness_must_invite(&harness, pool, CREATE);
	harness_must_fail(&harness, pool, RESEND, ERR_UNSUPPORTED_STATE,
	    "Resend not possible. alice status is not FORCE_CHANGE_PASSWORD");
}

Test(resend, case_50_names_the_sub_where_it_is_the_username)
{
	struct pool *pool = harness_pool(&harness,
	    "{'UsernameAttributes':['email'],'Policies':{'SignInPolicy':"
	    "{'AllowedFirstAuthFactors':['EMAIL_OTP']}}}");
	struct user *user =
	    harness_must_invite(&harness, pool, "{'Username':'a@example.com'}");

	harness_must_fail(&harness, pool,
	    "{'Username':'a@example.com','MessageAction':'RESEND'}",
	    ERR_UNSUPPORTED_STATE,
	    mem_printf(harness.mem,
	        "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD",
	        user->sub));
}

Test(resend, case_51_new_password)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report first;
	struct invite_report second;

	cr_assert(harness_invite(&harness, pool, CREATE, &first));
	struct user *before = user_find(&harness.work, pool, "alice");
	clock_sleep_ms(5);
	cr_assert(harness_invite(&harness, pool, RESEND, &second));
	struct user *after = user_find(&harness.work, pool, "alice");

	cr_assert_not(fits(after, first.password));
	cr_assert(fits(after, second.password));
	cr_assert_str_eq(harness_password(&harness, second.plan.messages[0].id),
	    second.password);
	cr_assert_str_eq(after->sub, before->sub);
	cr_assert_str_eq(after->status, USER_FORCE_CHANGE_PASSWORD);
	cr_assert_eq(after->created_ms, before->created_ms);
	cr_assert_gt(after->modified_ms, before->modified_ms);
	cr_assert_gt(after->password_expires_ms, before->password_expires_ms);
	cr_assert_eq(after->password_expires_ms - after->modified_ms,
	    (int64_t)7 * 86400000);
	cr_assert_eq(after->invitation, before->invitation + 1);
	cr_assert_eq(second.expires_ms, after->password_expires_ms);
}

Test(resend, case_51_with_a_password_of_the_caller)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	harness_must_invite(&harness, pool, CREATE);
	cr_assert(harness_invite(&harness, pool,
	    "{'Username':'alice','MessageAction':'RESEND',"
	    "'DesiredDeliveryMediums':['EMAIL'],"
	    "'TemporaryPassword':'Abcd123!'}",
	    &report));
	cr_assert(fits(user_find(&harness.work, pool, "alice"), "Abcd123!"));
	cr_assert_str_eq(harness_password(&harness, report.plan.messages[0].id),
	    "Abcd123!");
}

Test(resend, case_53_attributes_are_not_applied)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool, CREATE);
	struct user *user = harness_must_invite(&harness, pool,
	    "{'Username':'alice','MessageAction':'RESEND','UserAttributes':"
	    "[{'Name':'email','Value':'b@example.com'}]}");

	cr_assert_str_eq(attribute_get(user->attributes, "email"),
	    "a@example.com");
	user = user_find(&harness.work, pool, "alice");
	cr_assert_str_eq(attribute_get(user->attributes, "email"),
	    "a@example.com");
}

Test(resend, case_54_password_against_the_policy)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool, CREATE, &report));
	harness_must_fail(&harness, pool,
	    "{'Username':'alice','MessageAction':'RESEND',"
	    "'TemporaryPassword':'short1A'}",
	    ERR_INVALID_PASSWORD,
	    "Password did not conform with password policy: Password not long "
	    "enough");
	cr_assert(
	    fits(user_find(&harness.work, pool, "alice"), report.password));
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 1);
}

Test(resend, what_waits_is_cancelled)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report first;
	struct invite_report second;

	cr_assert(harness_invite(&harness, pool, CREATE, &first));
	const char *password =
	    harness_password(&harness, first.plan.messages[0].id);
	cr_assert(harness_invite(&harness, pool, RESEND, &second));
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select outcome || ': ' || reason || coalesce(sealed::text, '')"
	        " from message_state where id = %lld",
	        (long long)first.plan.messages[0].id),
	    "cancelled: superseded by a resend");
	cr_assert_eq(harness_number(&harness, "select id from ready"),
	    second.plan.messages[0].id);
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 1);
	cr_assert_str_neq(
	    harness_password(&harness, second.plan.messages[0].id), password);
}

Test(resend, a_blocked_message_is_cancelled_too)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[{'Name':'phone_number',"
	    "'Value':'+15555550100'}]}");
	cr_assert_eq(harness_number(&harness, "select count(*) from blocked"),
	    1);
	harness_must_invite(&harness, pool,
	    "{'Username':'alice','MessageAction':'RESEND'}");
	cr_assert_eq(harness_number(&harness, "select count(*) from blocked"),
	    1);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from outcome where "
	                 "outcome = 'cancelled'"),
	    1);
}

Test(resend, other_users_messages_stay)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool, CREATE);
	harness_must_invite(&harness, pool,
	    "{'Username':'bob','DesiredDeliveryMediums':['EMAIL']," MAIL "}");
	harness_must_invite(&harness, pool, RESEND);
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 2);
}

Test(resend, a_verified_alias_finds_the_user)
{
	struct pool *pool =
	    harness_pool(&harness, "{'AliasAttributes':['email']}");
	struct user *user = harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[{'Name':'email','Value':"
	    "'a@example.com'},{'Name':'email_verified','Value':'true'}]}");
	struct user *again = harness_must_invite(&harness, pool,
	    "{'Username':'a@example.com','MessageAction':'RESEND'}");

	cr_assert_str_eq(again->sub, user->sub);
}

Test(resend, the_audit_tells_of_it)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct user *user = harness_must_invite(&harness, pool, CREATE);

	harness_must_invite(&harness, pool, RESEND);
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(action, ',' order by "
	                     "id) from audit where object = '%s/%s'",
	                     pool->id, user->sub),
	    "user create,user resend");
}
