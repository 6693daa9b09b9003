/* SPDX-License-Identifier: MIT */
/*
 * The fault sweep over what administrators change of users.
 */
#include "account/attribute.h"
#include "account/reset.h"
#include "account/user_password.h"
#include "account/user_write.h"
#include "sweep.h"

static struct harness harness;
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{'AliasAttributes':['email']}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(sweep_users, .init = begin, .fini = end, .timeout = 180);

static void invite_two(void)
{
	static const char request[] =
	    "{'Username':'%s','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[{'Name':'email','Value':'a@example.com'},"
	    "{'Name':'email_verified','Value':'%s'}]}";

	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, request, "alice", "true"));
	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, request, "bob", "false"));
}

static bool steal_alias(struct work *work)
{
	struct attribute flag = { "email_verified", "true" };
	const struct field_list list = { 1, &flag };

	return user_update_attributes(work, pool, "bob", &list);
}

Test(sweep_users, an_alias_moves)
{
	static const struct operation operation = { invite_two, steal_alias,
		"select username = 'bob' and (select count(*) >= 1 from audit "
		"where action = 'alias move') and (select count(*) = 1 from "
		"account where attributes ->> 'email_verified' = 'true') from "
		"name join account using (pool_id, sub) where kind = 'email'",
		"commit" };

	sweep(&harness, &operation);
}

static bool delete_email(struct work *work)
{
	const char *item = "email";
	const struct field_words names = { 1, &item };

	return user_delete_attributes(work, pool, "alice", &names);
}

Test(sweep_users, an_attribute_goes)
{
	static const struct operation operation = { invite_two, delete_email,
		"select attributes::text = '{}' and not exists (select from "
		"name where kind = 'email') and exists (select from audit "
		"where action = 'user update') from account where username = "
		"'alice'",
		"commit" };

	sweep(&harness, &operation);
}

static bool set_password(struct work *work)
{
	return user_set_password(work, pool, "alice", "Abcdef1!", true);
}

Test(sweep_users, a_password_is_set)
{
	static const struct operation operation = { invite_two, set_password,
		"select status = 'CONFIRMED' and password_expires_at is null "
		"and (select outcome = 'cancelled' and sealed is null from "
		"message_state m where m.sub = a.sub) and exists (select from audit "
		"where action = 'user set password') from account a where "
		"username = 'alice'",
		"commit" };

	sweep(&harness, &operation);
}

static bool disable(struct work *work)
{
	return user_set_enabled(work, pool, "alice", false);
}

Test(sweep_users, a_user_is_disabled)
{
	static const struct operation operation = { invite_two, disable,
		"select not enabled and exists (select from audit where "
		"action = 'user disable') from account where username = "
		"'alice'",
		"commit" };

	sweep(&harness, &operation);
}

static void invite_and_confirm(void)
{
	invite_two();
	cr_assert(set_password(&harness.work));
}

static bool reset_password(struct work *work)
{
	const struct reset_request request = { .username = "alice" };

	return reset(work, &harness.engine, pool, &request);
}

Test(sweep_users, a_password_is_reset)
{
	static const struct operation operation = { invite_and_confirm,
		reset_password,
		"select status = 'RESET_REQUIRED' and code_hash is not null "
		"and exists (select from message m join ready using (id) "
		"where m.sub = a.sub and kind = 'reset' and m.invitation = "
		"a.invitation and m.expires_at = code_expires_at) and exists "
		"(select from audit where action = 'user reset password') "
		"from account a where username = 'alice'",
		"commit" };

	sweep(&harness, &operation);
}
