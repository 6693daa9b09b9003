/* SPDX-License-Identifier: MIT */
/*
 * Creations that are committed together.
 * covers: account/batch.c
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account/attribute.h"
#include "account/batch.h"
#include "harness.h"

#define MANY   256
#define ROUNDS 30

static struct harness harness;
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(batch, .init = begin, .fini = end, .timeout = 120);

static struct batch *make_batch(struct harness *all)
{
	return batch_new(all->mem, &all->engine, pool_cache_new(all->mem));
}

static struct batch_item make_item(struct work *work, const char *username)
{
	struct invite_request *request =
	    mem_make(work->mem, struct invite_request);

	request->pool_id = pool->id;
	request->username = username;
	request->fingerprint = mem_printf(work->mem, "call of %s", username);
	return (struct batch_item){ .request = request, .work = *work };
}

static int64_t count_users(void)
{
	return harness_number(&harness, "select count(*) from account");
}

Test(batch, all_are_made)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct batch_item items[MANY];

	for (int i = 0; i < MANY; i++)
		items[i] =
		    make_item(work, mem_printf(work->mem, "user%03d", i));
	batch_run(batch, work, items, MANY);
	for (int i = 0; i < MANY; i++) {
		cr_assert(items[i].user, "%d: %s", i,
		    items[i].work.err.message);
		cr_assert_str_eq(items[i].user->username,
		    items[i].request->username);
		cr_assert_gt(items[i].user->created_ms, 0);
	}
	cr_expect_eq(count_users(), MANY);
	cr_expect_eq(harness_number(&harness,
	                 "select count(*) from audit where action = 'user "
	                 "create'"),
	    MANY);
	cr_expect_eq(harness_number(&harness,
	                 "select count(distinct xmin::text) from account"),
	    1, "one transaction");
}

Test(batch, each_has_its_own_error)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct attribute bad = { "email", "no address" };

	harness_must_invite(&harness, pool, "{'Username':'taken'}");
	struct batch_item items[] = { make_item(work, "first"),
		make_item(work, "taken"), make_item(work, "wrong"),
		make_item(work, "elsewhere"), make_item(work, "again"),
		make_item(work, "last") };
	struct invite_request *wrong = (void *)(uintptr_t)items[2].request;
	struct invite_request *elsewhere = (void *)(uintptr_t)items[3].request;
	struct invite_request *again = (void *)(uintptr_t)items[4].request;
	wrong->attributes = (struct field_list){ 1, &bad };
	elsewhere->pool_id = "us-east-1_none";
	again->action = "RESEND";
	batch_run(batch, work, items, 6);
	cr_expect(items[0].user);
	cr_expect(items[1].singly && !items[1].work.err.code);
	cr_expect_eq(items[2].work.err.code, ERR_INVALID_PARAMETER);
	cr_expect(!items[2].singly && !items[2].user);
	cr_expect(items[3].singly);
	cr_expect(items[4].singly);
	cr_expect(items[5].user);
	cr_expect_eq(count_users(), 3);
}

/* A statement that fails takes the others back; all go singly. */
Test(batch, a_failure_leaves_nothing)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct invite_report report;

	harness_value(&harness,
	    "alter table account add check (username <> 'poison')");
	struct batch_item items[] = { make_item(work, "first"),
		make_item(work, "poison"), make_item(work, "last") };
	batch_run(batch, work, items, 3);
	for (int i = 0; i < 3; i++)
		cr_expect(items[i].singly && !items[i].user, "%d", i);
	cr_expect_eq(count_users(), 0);
	work->err = (struct err){ 0 };
	cr_expect(invite(work, &harness.engine, items[0].request, &report));
	cr_expect_null(
	    invite(work, &harness.engine, items[1].request, &report));
	cr_expect_eq(work->err.code, ERR_DATABASE);
	work->err = (struct err){ 0 };
	cr_expect(invite(work, &harness.engine, items[2].request, &report));
	cr_expect_eq(count_users(), 2);
}

/* The answer was lost behind the commit; the call is made again. */
Test(batch, a_repeated_call_has_the_same_user)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct batch_item first = make_item(work, "alice");
	struct batch_item again = make_item(work, "alice");
	struct batch_item other = make_item(work, "alice");
	struct invite_request *request = (void *)(uintptr_t)other.request;
	struct invite_report report;

	request->fingerprint = "another call";
	batch_run(batch, work, &first, 1);
	batch_run(batch, work, &again, 1);
	cr_assert(first.user && again.singly);
	struct user *user =
	    invite(work, &harness.engine, again.request, &report);
	cr_assert(user, "%s", work->err.message);
	cr_expect_str_eq(user->sub, first.user->sub);
	cr_expect_null(invite(work, &harness.engine, other.request, &report));
	cr_expect_eq(work->err.code, ERR_USERNAME_EXISTS);
	cr_expect_eq(count_users(), 1);
}

/* Another host deleted the pool that is still known here. */
Test(batch, a_pool_that_went)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct batch_item first = make_item(work, "alice");
	struct batch_item late = make_item(work, "bob");

	batch_run(batch, work, &first, 1);
	cr_assert(first.user);
	harness_value(&harness, "delete from user_pool");
	batch_run(batch, work, &late, 1);
	cr_expect(late.singly && !late.user);
	cr_expect_eq(count_users(), 1);
}

/* Ten minutes later it is another user's name that is taken. */
Test(batch, a_late_repetition_is_refused)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct batch_item item = make_item(work, "alice");
	struct invite_report report;

	batch_run(batch, work, &item, 1);
	harness_value(&harness, "update account set created_at = created_at - "
	                        "interval '10 minutes 1 second'");
	cr_expect_null(invite(work, &harness.engine, item.request, &report));
	cr_expect_eq(work->err.code, ERR_USERNAME_EXISTS);
}

/* Two hosts with the same names in opposite order; what the database ends as
 * a deadlock goes singly. The exit status: how many were made here. */
static int create_crosswise(struct harness *all, struct work *work, int number)
{
	struct batch *batch = make_batch(all);
	int made = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct batch_item items[4];
		for (int i = 0; i < 4; i++)
			items[i] =
			    make_item(work, mem_printf(work->mem, "%d-%d",
			                        round, number ? i : 3 - i));
		for (int i = 0; i < 4; i++)
			items[i].work.err = (struct err){ 0 };
		struct work whole = *work;
		batch_run(batch, &whole, items, 4);
		for (int i = 0; i < 4; i++) {
			struct work one = *work;
			struct invite_report report;
			bool done = items[i].user;
			if (items[i].singly)
				done = invite(&one, &all->engine,
				    items[i].request, &report);
			if (!done && one.err.code != ERR_USERNAME_EXISTS)
				return 255;
			made += done;
		}
	}
	return made;
}

Test(batch, two_hosts_in_opposite_order)
{
	int made[2];

	harness_race(&harness, 2, create_crosswise, made);
	cr_assert_neq(made[0], 255);
	cr_assert_neq(made[1], 255);
	cr_expect_eq(count_users(), 4 * ROUNDS);
	/* Both may be told of the same: to the database it is one call. */
	cr_expect_geq(made[0] + made[1], 4 * ROUNDS);
}

/* Messages are queued, and the sandbox holds an SMS back. */
Test(batch, invitations_are_queued_with_them)
{
	struct work *work = &harness.work;
	struct batch *batch = make_batch(&harness);
	struct attribute addresses[] = { { "email", "a@example.com" },
		{ "phone_number", "+4915112345678" } };
	const char *media[] = { "EMAIL", "SMS" };
	struct batch_item item = make_item(work, "alice");
	struct invite_request *request = (void *)(uintptr_t)item.request;

	request->attributes = (struct field_list){ 2, addresses };
	request->media = (struct field_words){ 2, media };
	batch_run(batch, work, &item, 1);
	cr_assert(item.user);
	cr_expect_str_eq(harness_value(&harness,
	                     "select string_agg(medium, ',') from ready"),
	    "EMAIL");
	cr_expect_str_eq(harness_value(&harness, "select reason from blocked"),
	    "sandbox");
	cr_expect_eq(harness_number(&harness, "select count(*) from template"),
	    2);
	batch_wake(batch, work);
	cr_expect_eq(work->err.code, ERR_NONE);
}
