/* SPDX-License-Identifier: MIT */
/*
 * The golden cases of AdminCreateUser, by number: several at once, and
 * processes that end in between.
 * covers: account/alias.c
 * covers: account/creation.c
 * covers: account/invite.c
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account/attribute.h"
#include "account/user.h"
#include "delivery/queue.h"
#include "harness.h"

#define ROUNDS 100
#define ALIAS  "{'AliasAttributes':['email','phone_number']}"

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

TestSuite(race, .init = begin, .fini = end, .timeout = 120);

/* Both meet before each round, so that they are at the same name. */
static void meet(struct work *work, int round)
{
	if (!db_script(work, mem_printf(work->mem,
	                         "insert into meeting values (%d)", round)) ||
	    !db_script(work,
	        mem_printf(work->mem,
	            "do $$ begin while (select count(*) from meeting where "
	            "round = %d) < 2 loop perform pg_sleep(0.0002); "
	            "end loop; end $$",
	            round)))
		_exit(255);
}

/* How many rounds were won; 255 when something else went wrong. */
static int create_all(struct harness *all, struct work *work, int number)
{
	int won = 0;

	(void)number;
	for (int i = 0; i < ROUNDS; i++) {
		meet(work, i);
		struct user *user = harness_invite_by(work, all, pool,
		    mem_printf(work->mem, "{'Username':'user%d'}", i), NULL);
		won += user != NULL;
		if (!user && (work->err.code != ERR_USERNAME_EXISTS ||
		                 strcmp(work->err.message,
		                     "User account already exists") != 0))
			return 255;
	}
	return won;
}

static void make_meeting_place(void)
{
	harness_value(&harness, "create table meeting (round int)");
}

Test(race, case_61_two_creates_at_once)
{
	int won[2];

	pool = harness_pool(&harness, "{}");
	make_meeting_place();
	harness_race(&harness, 2, create_all, won);
	cr_assert_neq(won[0], 255);
	cr_assert_neq(won[1], 255);
	cr_assert_eq(won[0] + won[1], ROUNDS, "%d and %d", won[0], won[1]);
	cr_assert_eq(harness_number(&harness, "select count(*) from account"),
	    ROUNDS);
	cr_assert_eq(harness_number(&harness, "select count(*) from name"),
	    ROUNDS);
}

/* Two hosts insert two names in opposite order: no answer may be an error. */
static int create_crosswise(struct harness *all, struct work *work, int number)
{
	int won = 0;

	for (int i = 0; i < ROUNDS; i++) {
		meet(work, i);
		const char *mail = mem_printf(work->mem, "a%d@example.com", i);
		const char *phone = mem_printf(work->mem, "+1555555%04d", i);
		struct user *user = harness_invite_by(work, all, pool,
		    mem_printf(work->mem,
		        "{'Username':'%s','UserAttributes':[{'Name':'%s',"
		        "'Value':'%s'}]}",
		        number ? mail : phone,
		        number ? "phone_number" : "email",
		        number ? phone : mail),
		    NULL);
		won += user != NULL;
		if (!user && work->err.code != ERR_USERNAME_EXISTS)
			return 255;
	}
	return won;
}

Test(race, two_names_in_opposite_order)
{
	int won[2];

	pool = harness_pool(&harness,
	    "{'UsernameAttributes':['email','phone_number']}");
	make_meeting_place();
	harness_race(&harness, 2, create_crosswise, won);
	cr_assert_neq(won[0], 255);
	cr_assert_neq(won[1], 255);
	cr_assert_eq(won[0] + won[1], ROUNDS);
	cr_assert_eq(harness_number(&harness, "select count(*) from name"),
	    2 * ROUNDS);
}

/* Who forces the alias gets it, also when two do so at once. */
static int force_all(struct harness *all, struct work *work, int number)
{
	int failed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		meet(work, i);
		if (!harness_invite_by(work, all, pool,
		        mem_printf(work->mem,
		            "{'Username':'user%d-%d','ForceAliasCreation':true,"
		            "'UserAttributes':[{'Name':'email','Value':"
		            "'a@example.com'},{'Name':'email_verified',"
		            "'Value':'true'}]}",
		            number, i),
		        NULL)) {
			fprintf(stderr, "%s: %s\n", work->err.message,
			    work->err.detail);
			failed++;
		}
	}
	return failed;
}

Test(race, forced_aliases_from_two_at_once)
{
	int failed[2];

	pool = harness_pool(&harness, ALIAS);
	make_meeting_place();
	harness_race(&harness, 2, force_all, failed);
	cr_assert_eq(failed[0] + failed[1], 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from account"),
	    2 * ROUNDS);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from account where "
	                 "attributes ->> 'email_verified' = "
	                 "'true'"),
	    1);
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from account a join name n using (pool_id, "
	        "sub) where kind = 'email' and attributes ->> "
	        "'email_verified' = 'true'"),
	    1);
}

/* 0 takes the owner's address, 1 the number. */
static int take_from_owner(struct harness *all, struct work *work, int number)
{
	int failed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		meet(work, i);
		const char *mail = mem_printf(work->mem, "a%d@example.com", i);
		const char *phone = mem_printf(work->mem, "+1555555%04d", i);
		const char *kind = number ? "phone_number" : "email";
		failed += !harness_invite_by(work, all, pool,
		    mem_printf(work->mem,
		        "{'Username':'taker%d-%d','ForceAliasCreation':true,"
		        "'UserAttributes':[{'Name':'%s','Value':'%s'},"
		        "{'Name':'%s_verified','Value':'true'}]}",
		        number, i, kind, number ? phone : mail, kind),
		    NULL);
	}
	return failed;
}

/* Neither may bring back the flag that the other took. */
Test(race, both_aliases_of_one_owner_forced_at_once)
{
	int failed[2];

	pool = harness_pool(&harness,
	    "{'AliasAttributes':['email','phone_number']}");
	make_meeting_place();
	for (int i = 0; i < ROUNDS; i++)
		harness_must_invite(&harness, pool,
		    mem_printf(harness.mem,
		        "{'Username':'owner%d','UserAttributes':["
		        "{'Name':'email','Value':'a%d@example.com'},"
		        "{'Name':'email_verified','Value':'true'},"
		        "{'Name':'phone_number','Value':'+1555555%04d'},"
		        "{'Name':'phone_number_verified','Value':'true'}]}",
		        i, i, i));
	harness_race(&harness, 2, take_from_owner, failed);
	cr_assert_eq(failed[0] + failed[1], 0);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from account where username like "
	                 "'owner%' and attributes::text like '%true%'"),
	    0);
}

/* A username may look like another user's sub. */
Test(race, forced_alias_finds_its_owner_by_sub_alone)
{
	static const char request[] =
	    "{'Username':'%s','ForceAliasCreation':true,'UserAttributes':["
	    "{'Name':'email','Value':'%s@example.com'},"
	    "{'Name':'email_verified','Value':'true'}]}";

	pool = harness_pool(&harness, ALIAS);
	const struct user *owner = harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, request, "owner", "a"));
	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, request, owner->sub, "b"));
	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, request, "taker", "a"));
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(attributes ->> "
	                     "'email_verified', ' ' order by created_at) from "
	                     "account"),
	    "false true true");
}

#define MAIL "'UserAttributes':[{'Name':'email','Value':'a@example.com'}]"

/* 0 sends again, 1 deletes. */
static int resend_or_delete(struct harness *all, struct work *work, int number)
{
	int failed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		const char *name = mem_printf(work->mem, "user%d", i);
		meet(work, i);
		bool done = number
		                ? user_delete(work, pool, name)
		                : harness_invite_by(work, all, pool,
		                      mem_printf(work->mem,
		                          "{'Username':'%s','MessageAction':"
		                          "'RESEND','DesiredDeliveryMediums':"
		                          "['EMAIL']}",
		                          name),
		                      NULL) != NULL;
		if (done ||
		    (number == 0 && work->err.code == ERR_USER_NOT_FOUND))
			continue;
		fprintf(stderr, "%d: %s: %s\n", number, work->err.message,
		    work->err.detail);
		failed++;
	}
	return failed;
}

Test(race, resend_and_delete_at_once)
{
	int failed[2];

	pool = harness_pool(&harness, "{}");
	make_meeting_place();
	for (int i = 0; i < ROUNDS; i++)
		harness_must_invite(&harness, pool,
		    mem_printf(harness.mem,
		        "{'Username':'user%d','DesiredDeliveryMediums':"
		        "['EMAIL']," MAIL "}",
		        i));
	harness_race(&harness, 2, resend_or_delete, failed);
	cr_assert_eq(failed[0] + failed[1], 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from account"),
	    0);
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 0);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from message_state where "
	                 "outcome is null or sealed is not null "
	                 "or destination <> ''"),
	    0);
}

/* What one process committed, the next one delivers: once. */
Test(race, case_63_killed_between_commit_and_delivery)
{
	MEM_AUTO mem = mem_new(NULL);
	struct queue_claim claim = { .medium = "EMAIL",
		.most = 10,
		.lease_ms = 60000,
		.owner = "after",
		.after = "" };
	struct queue_policy policy = { 1000, 86400000, false };
	int ours = 0;

	pool = harness_pool(&harness, "{}");
	{
		MEM_AUTO gone = mem_new(NULL);
		struct work before = harness_work(&harness, gone);
		cr_assert(harness_invite_by(&before, &harness, pool,
		    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL']"
		    "," MAIL "}",
		    NULL));
	}
	struct work after = harness_work(&harness, mem);
	cr_assert(user_find(&after, pool, "alice"));
	cr_assert(harness_claim(&after, &claim));
	cr_assert_eq(claim.count, 1);
	struct delivery *delivery = &claim.deliveries[0];
	cr_assert_str_eq(delivery->destination, "a@example.com");
	delivery_tell(delivery, DELIVERY_ACCEPTED, 250, NULL, "ok");
	cr_assert(queue_settle(&after, "after", &policy, &delivery, 1, &ours));
	cr_assert_eq(ours, 1);
	cr_assert(harness_claim(&after, &claim));
	cr_assert_eq(claim.count, 0);
	cr_assert(queue_settle(&after, "after", &policy, &delivery, 1, &ours));
	cr_assert_eq(ours, 0);
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(outcome, ',') from outcome"),
	    "sent");
}
