/* SPDX-License-Identifier: MIT */
/*
 * Users: found by their names, listed, deleted.
 * covers: account/user.c
 */
#include <string.h>

#include "account/user.h"
#include "base/clock.h"
#include "base/pattern.h"
#include "explain.h"
#include "harness.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(user, .init = begin, .fini = end, .timeout = 60);

static void expect(struct pool *pool, const char *name, const struct user *user)
{
	struct user *found = user_find(&harness.work, pool, name);

	if (!user) {
		cr_assert_null(found, "%s", name);
		cr_assert_eq(harness.work.err.code, ERR_USER_NOT_FOUND);
		cr_assert_str_eq(harness.work.err.message,
		    "User does not exist.");
		return;
	}
	cr_assert(found, "%s: %s", name, harness.work.err.message);
	cr_assert_str_eq(found->sub, user->sub);
}

#define ALICE                                             \
	"{'Username':'Alice','UserAttributes':["          \
	"{'Name':'email','Value':'A@example.com'},"       \
	"{'Name':'email_verified','Value':'true'},"       \
	"{'Name':'phone_number','Value':'+15555550100'}," \
	"{'Name':'preferred_username','Value':'Ali'}]}"
#define ALIASES \
	"'AliasAttributes':['email','phone_number','preferred_username']"

Test(user, found_by_every_kind_of_name)
{
	struct pool *pool = harness_pool(&harness, "{" ALIASES "}");
	struct pool *other = harness_pool(&harness, "{}");
	struct user *user = harness_must_invite(&harness, pool, ALICE);

	expect(pool, "Alice", user);
	expect(pool, user->sub, user);
	expect(pool, "A@example.com", user);
	expect(pool, "Ali", user);
	expect(pool, "+15555550100", NULL);
	expect(pool, "alice", NULL);
	expect(pool, "a@example.com", NULL);
	expect(other, "Alice", NULL);
	expect(other, user->sub, NULL);
}

Test(user, found_in_any_case_where_case_is_not_heeded)
{
	struct pool *pool = harness_pool(&harness,
	    "{" ALIASES ",'UsernameConfiguration':{'CaseSensitive':false}}");
	struct user *user = harness_must_invite(&harness, pool, ALICE);

	cr_assert_str_eq(user->username, "Alice");
	expect(pool, "aLICE", user);
	expect(pool, "a@EXAMPLE.com", user);
	expect(pool, "ALI", user);
}

/* Each finds its own, whatever stands beside it. */
Test(user, many_in_one_statement)
{
	struct pool *exact = harness_pool(&harness, "{" ALIASES "}");
	struct pool *folding = harness_pool(&harness,
	    "{'UsernameConfiguration':{'CaseSensitive':false}}");
	const struct user *alice = harness_must_invite(&harness, exact, ALICE);
	const struct user *other =
	    harness_must_invite(&harness, folding, "{'Username':'Alice'}");
	const struct user *odd =
	    harness_must_invite(&harness, exact, "{'Username':'a,{b}\\\\c'}");
	struct user_wanted wanted[] = { { exact, "nobody", NULL },
		{ exact, "Alice", NULL }, { folding, "aLICE", NULL },
		{ exact, "alice", NULL }, { exact, "Ali", NULL },
		{ exact, alice->sub, NULL }, { folding, alice->sub, NULL },
		{ exact, "NULL", NULL }, { exact, "\"", NULL },
		{ exact, "a,{b}\\c", NULL }, { exact, "Alice", NULL } };
	const struct user *found[] = { NULL, alice, other, NULL, alice, alice,
		NULL, NULL, NULL, odd, alice };

	cr_assert(user_find_many(&harness.work, wanted, 11), "%s",
	    harness.work.err.detail);
	for (int i = 0; i < 11; i++) {
		cr_assert_eq(!wanted[i].user, !found[i], "%d", i);
		if (found[i])
			cr_expect_str_eq(wanted[i].user->sub, found[i]->sub,
			    "%d", i);
	}
}

Test(user, to_find_many_looks_at_no_others)
{
	const char *arguments;

	harness_pool(&harness, "{}");
	harness_value(&harness,
	    "insert into account (pool_id, sub, username, status, attributes) "
	    "select id, gen_random_uuid(), 'user' || i, 'CONFIRMED', '{}' from "
	    "user_pool, generate_series(1, 2000) i; insert into name (pool_id, "
	    "value, kind, sub) select pool_id, username, 'username', sub from "
	    "account; analyze");
	arguments = harness_value(&harness,
	    "select format('array[%%L, %%L], ''{user7,user99}'', "
	    "''{null,null}''', id, id) from user_pool");
	cr_expect_leq(
	    explain_rows(&harness, QUERY_user_find_many, arguments, NULL), 4);
}

Test(user, a_new_sub_has_the_service_s_shape)
{
	cr_assert(pattern_whole("[0-9a-f]{8}-[0-9a-f]{4}-70[0-9a-f]{2}-"
	                        "[0-9a-f]{4}-[0-9a-f]{12}",
	    user_new_sub(harness.mem)));
}

Test(user, later_subs_are_greater)
{
	const char *first = user_new_sub(harness.mem);

	cr_assert_str_neq(user_new_sub(harness.mem), first);
	clock_sleep_ms(2);
	cr_assert_gt(strcmp(user_new_sub(harness.mem), first), 0);
}

Test(user, pages_of_a_list)
{
	struct pool *pool = harness_pool(&harness, "{}");
	const char *after = NULL;
	int total = 0;
	int found;

	for (int i = 0; i < 7; i++)
		harness_must_invite(&harness, pool,
		    mem_printf(harness.mem, "{'Username':'user%d'}", i));
	do {
		struct user *users =
		    user_list(&harness.work, pool, after, 3, &found);
		cr_assert(users);
		for (int i = 0; i < found; i++, total++) {
			cr_assert(!after || strcmp(after, users[i].sub) < 0);
			after = users[i].sub;
		}
	} while (found);
	cr_assert_eq(total, 7);
}

Test(user, a_deleted_user_leaves_no_trace)
{
	struct pool *pool = harness_pool(&harness, "{" ALIASES "}");
	struct user *user = harness_must_invite(&harness, pool,
	    "{'Username':'Alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[{'Name':'email','Value':'a@example.com'}]}");

	harness_must_invite(&harness, pool,
	    "{'Username':'Alice','MessageAction':'RESEND'}");
	cr_assert(user_delete(&harness.work, pool, "Alice"));
	expect(pool, "Alice", NULL);
	expect(pool, user->sub, NULL);
	cr_assert_eq(harness_number(&harness, "select count(*) from name"), 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 0);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from message_state where "
	                 "destination <> '' or username <> '' or "
	                 "sealed is not null or outcome <> "
	                 "'cancelled'"),
	    0);
	cr_assert_eq(harness_number(&harness, "select count(*) from message"),
	    1);
	cr_assert_not(user_delete(&harness.work, pool, "Alice"));
	cr_assert_eq(harness.work.err.code, ERR_USER_NOT_FOUND);
	cr_assert_str_neq(
	    harness_must_invite(&harness, pool, "{'Username':'Alice'}")->sub,
	    user->sub);
}
