/* SPDX-License-Identifier: MIT */
/*
 * Passwords that administrators set.
 * covers: account/user_password.c
 */
#include "account/user.h"
#include "account/user_password.h"
#include "base/secret.h"
#include "harness.h"

#define MAIL(value)                                         \
	"{'Name':'email','Value':'" value "@example.com'}," \
	"{'Name':'email_verified','Value':'true'}"

static struct harness harness;
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(user_password, .init = begin, .fini = end, .timeout = 120);

static struct user *invite_user(const char *name, const char *attributes)
{
	return harness_must_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'%s','UserAttributes':[%s],"
	        "'DesiredDeliveryMediums':['EMAIL']}",
	        name, attributes));
}

/* "STATUS expires|stays MESSAGE-OUTCOME REASON" */
static const char *password_state(void)
{
	return harness_value(&harness,
	    "select concat_ws(' ', status, case when password_expires_at > "
	    "now() + interval '6 days' then 'expires' when "
	    "password_expires_at is null then 'stays' end, outcome, reason) "
	    "from account join message_state using (pool_id, sub) "
	    "order by id desc limit 1");
}

static bool has_password(const char *name, const char *password)
{
	const struct user *user = user_find(&harness.work, pool, name);

	return secret_password_matches(harness.engine.keyring,
	    user->password_hash, password);
}

Test(user_password, a_permanent_password_ends_the_invitation)
{
	pool = harness_pool(&harness, "{}");
	invite_user("alice", MAIL("a"));
	cr_assert_str_eq(password_state(), "FORCE_CHANGE_PASSWORD expires");
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef1!", true));
	cr_assert_str_eq(password_state(),
	    "CONFIRMED stays cancelled the user has a password of their own");
	cr_assert(has_password("alice", "Abcdef1!"));
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 0);
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_state where sealed is not "
	        "null"),
	    0);
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(key || '=' || value, ' ') from "
	                     "account, json_each_text(attributes)"),
	    "email=a@example.com email_verified=true");
	harness_must_fail(&harness, pool,
	    "{'Username':'alice','MessageAction':'RESEND'}",
	    ERR_UNSUPPORTED_STATE,
	    "Resend not possible. alice status is not FORCE_CHANGE_PASSWORD");
}

Test(user_password, a_temporary_password_supersedes_the_invitation)
{
	pool = harness_pool(&harness, "{}");
	invite_user("alice", MAIL("a"));
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef1!", false));
	cr_assert_str_eq(password_state(),
	    "FORCE_CHANGE_PASSWORD expires cancelled superseded by a newer "
	    "password");
	cr_assert(has_password("alice", "Abcdef1!"));
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef2!", true));
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef3!", false));
	cr_assert_not(has_password("alice", "Abcdef2!"));
	harness_must_invite(&harness, pool,
	    "{'Username':'alice','MessageAction':'RESEND',"
	    "'DesiredDeliveryMediums':['EMAIL']}");
	cr_assert_str_eq(password_state(), "FORCE_CHANGE_PASSWORD expires");
}

Test(user_password, a_password_against_the_policy_changes_nothing)
{
	pool = harness_pool(&harness, "{}");
	invite_user("alice", MAIL("a"));
	cr_assert_not(
	    user_set_password(&harness.work, pool, "alice", "abc", true));
	cr_assert_eq(harness.work.err.code, ERR_INVALID_PASSWORD);
	cr_assert_str_eq(harness.work.err.message,
	    "Password does not conform to policy: Password not long enough");
	cr_assert_not(
	    user_set_password(&harness.work, pool, "alice", "abcdefgh", true));
	cr_assert_str_eq(harness.work.err.message,
	    "Password does not conform to policy: Password must have "
	    "uppercase characters");
	cr_assert_str_eq(password_state(), "FORCE_CHANGE_PASSWORD expires");
	cr_assert_not(
	    user_set_password(&harness.work, pool, "bob", "abc", true));
	cr_assert_eq(harness.work.err.code, ERR_USER_NOT_FOUND);
}
