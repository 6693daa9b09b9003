/* SPDX-License-Identifier: MIT */
/*
 * The queue's statements against PostgreSQL: what must never be lost, and
 * what must be gone.
 * covers: delivery/queue.c
 */
#include <string.h>

#include "account/user.h"
#include "base/clock.h"
#include "delivery/queue.h"
#include "harness.h"

#define MEDIA "'DesiredDeliveryMediums':['EMAIL']"

static const struct queue_policy policy = { 1000, 86400000, false };
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

TestSuite(lost, .init = begin, .fini = end, .timeout = 60);

static void invite_one(const struct pool *into, const char *name)
{
	harness_must_invite(&harness, into,
	    mem_printf(harness.mem,
	        "{'Username':'%s'," MEDIA ",'UserAttributes':"
	        "[{'Name':'email','Value':'%s@example.com'}]}",
	        name, name));
}

static struct queue_claim claim_most(int most)
{
	struct queue_claim claim = { .medium = "EMAIL",
		.most = most,
		.lease_ms = 60000,
		.owner = "test",
		.after = "" };

	cr_assert(harness_claim(&harness.work, &claim), "%s",
	    harness.work.err.detail);
	return claim;
}

static void settle(struct delivery *delivery, enum delivery_class class,
    const char *words)
{
	int ours = 0;

	delivery_tell(delivery, class, 0, NULL, words);
	cr_assert(
	    queue_settle(&harness.work, "test", &policy, &delivery, 1, &ours));
}

static bool holds(const struct queue_claim *claim, const char *name)
{
	for (size_t i = 0; i < claim->count; i++)
		if (strcmp(claim->deliveries[i].username, name) == 0)
			return true;
	return false;
}

/* One message ends every lane that has it; the others must go all the same. */
Test(lost, poison_takes_nobody_along)
{
	int count = 0;

	for (int i = 0; i < 5; i++)
		invite_one(pool, mem_printf(harness.mem, "user%d", i));
	for (int round = 0; round < 20; round++) {
		struct queue_claim claim = claim_most(100);
		if (holds(&claim, "user2")) {
			harness_value(&harness, "update lease set "
			                        "lease_until = now() - "
			                        "interval '1 second'");
			cr_assert(queue_reap(&harness.work, &count));
			continue;
		}
		for (size_t i = 0; i < claim.count; i++)
			settle(&claim.deliveries[i], DELIVERY_ACCEPTED, "ok");
	}
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(username || ' ' || outcome, "
	                     "', ' order by id) from message_state"),
	    "user0 sent, user1 sent, user2 refused, user3 sent, user4 sent");
}

/* The statement's rows come before its commit, which may yet fail. */
Test(lost, settle_whose_commit_fails_is_told)
{
	int ours = 0;

	invite_one(pool, "first");
	struct delivery *delivery = claim_most(1).deliveries;
	delivery_tell(delivery, DELIVERY_ACCEPTED, 250, NULL, "ok");
	harness_value(&harness,
	    "create function no() returns trigger language plpgsql as $$ "
	    "begin raise 'no'; end $$; create constraint trigger no after "
	    "insert on outcome initially deferred for each row execute "
	    "function no()");
	cr_assert_not(
	    queue_settle(&harness.work, "test", &policy, &delivery, 1, &ours));
	cr_assert_eq(harness.work.err.code, ERR_DATABASE);
	harness_value(&harness, "drop trigger no on outcome");
	cr_assert(
	    queue_settle(&harness.work, "test", &policy, &delivery, 1, &ours));
	cr_assert_eq(ours, 1);
}

Test(lost, claim_is_not_exceeded)
{
	for (int i = 0; i < 3; i++) {
		struct pool *other = harness_pool(&harness, "{}");
		for (int j = 0; j < 3; j++)
			invite_one(other, mem_printf(harness.mem, "u%d", j));
	}
	cr_assert_eq(claim_most(4).count, 4);
	cr_assert_eq(claim_most(4).count, 4);
	cr_assert_eq(claim_most(4).count, 1);
}

static bool answers(struct work *work, const char *question)
{
	const char *sql = mem_printf(work->mem,
	    "do $$ begin if not (%s) then raise 'no'; end if; end $$",
	    question);

	return db_script(work, sql);
}

static bool wait_for(struct work *work, const char *question)
{
	int64_t end_ms = clock_steady_ms() + 10000;

	while (!answers(work, question)) {
		if (clock_steady_ms() > end_ms)
			return false;
		clock_sleep_ms(5);
	}
	return true;
}

/* A creation that has drawn its id and not committed. */
static const char *insert_statement(struct work *work)
{
	return mem_printf(work->mem,
	    "begin; select pg_current_xact_id(); with born as (insert into "
	    "message (pool_id, medium, destination, username, template_hash) "
	    "values ('%s', 'EMAIL', 'late@example.com', 'late', (select hash "
	    "from template limit 1)) returning id) insert into ready (medium, "
	    "pool_id, id) select 'EMAIL', '%s', id from born",
	    pool->id, pool->id);
}

static bool keeper_waits(struct work *work)
{
	return wait_for(work, "exists (select from pg_locks where locktype = "
	                      "'advisory' and objid = 77 and not granted)");
}

/* Draws an id while the keeper is between its snapshot and the sequence, and
 * commits when the mark has been moved twice. */
static int insert_late(struct work *work, struct work *keeper)
{
	return db_script(keeper, "select pg_advisory_lock(77)") &&
	               db_script(keeper, "insert into meeting values (1)") &&
	               keeper_waits(keeper) &&
	               db_script(work, insert_statement(work)) &&
	               db_script(keeper, "select pg_advisory_unlock(77)") &&
	               wait_for(keeper, "exists (select from backlog where "
	                                "next_low_id is not null)") &&
	               queue_move_low_marks(keeper, 1000, &(int){ 0 }) &&
	               db_commit(work)
	           ? 0
	           : 1;
}

/* Not at once: transactions of other tests hold it too. */
static bool mark_rises(void)
{
	int64_t end_ms = clock_steady_ms() + 10000;

	while (!harness_number(&harness, "select max(low_id) from backlog"))
		if (!queue_move_low_marks(&harness.work, 1000, &(int){ 0 }) ||
		    clock_steady_ms() > end_ms)
			return false;
	return true;
}

static int race_for_low_mark(struct harness *all, struct work *work, int number)
{
	struct work other = harness_work(all, work->mem);

	if (number)
		return insert_late(work, &other);
	return wait_for(work, "exists (select from meeting)") &&
	               queue_move_low_marks(work, 1000, &(int){ 0 })
	           ? 0
	           : 1;
}

Test(lost, low_mark_passes_no_id_that_may_still_commit)
{
	int failed[2];

	invite_one(pool, "first");
	settle(&claim_most(1).deliveries[0], DELIVERY_ACCEPTED, "ok");
	/* The sequence answers as late as the lock lets it. */
	harness_value(&harness,
	    "select setval('message_id_seq', 5000);"
	    "alter sequence message_id_seq rename to real_seq;"
	    "create function late() returns bigint language plpgsql as $$ "
	    "begin perform pg_advisory_xact_lock(77); "
	    "return (select last_value from usher.real_seq); end $$;"
	    "create view message_id_seq as select late() as last_value, true "
	    "as is_called;"
	    "create table meeting (round int)");
	harness_race(&harness, 2, race_for_low_mark, failed);
	cr_assert_eq(failed[0] + failed[1], 0);
	cr_assert(mark_rises());
	cr_assert_eq(claim_most(10).count, 1);
}

/* A creation that takes longer than the keeper's round. */
Test(lost, low_mark_waits_for_who_runs)
{
	struct work slow = harness_work(&harness, harness.mem);

	invite_one(pool, "first");
	settle(&claim_most(1).deliveries[0], DELIVERY_ACCEPTED, "ok");
	harness_value(&harness, "select setval('message_id_seq', 5000)");
	cr_assert(db_script(&slow, insert_statement(&slow)));
	for (int i = 0; i < 3; i++)
		cr_assert(
		    queue_move_low_marks(&harness.work, 1000, &(int){ 0 }));
	cr_assert(db_commit(&slow));
	cr_assert_eq(claim_most(10).count, 1);
	cr_assert(mark_rises());
}

/* Relays like to repeat the address. */
static void expect_forgotten(void)
{
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select string_agg(t, ' ') from (select m::text "
	        "as t from message m union all select a::text "
	        "from attempt a union all select o::text from outcome o) as x where t like '%%@ex%%'"),
	    "");
}

Test(lost, address_leaves_the_history_with_the_user)
{
	for (int i = 0; i < 3; i++)
		invite_one(pool, mem_printf(harness.mem, "user%d", i));
	struct queue_claim claim = claim_most(3);
	cr_assert_eq(claim.count, 3);
	settle(&claim.deliveries[0], DELIVERY_REFUSED,
	    "550 5.1.1 <user0@example.com>: no such user");
	delivery_note_id(&claim.deliveries[1], "taken for user1@example.com");
	settle(&claim.deliveries[1], DELIVERY_ACCEPTED,
	    "250 taken for user1@example.com");
	for (int i = 0; i < 3; i++)
		cr_assert(user_delete(&harness.work, pool,
		    mem_printf(harness.mem, "user%d", i)));
	expect_forgotten();
	/* In a session while its user was deleted. */
	delivery_note_id(&claim.deliveries[2], "taken for user2@example.com");
	settle(&claim.deliveries[2], DELIVERY_REFUSED,
	    "550 5.1.1 <user2@example.com>: no such user");
	expect_forgotten();
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(outcome, ' ' order by "
	                     "message_id) from outcome"),
	    "refused sent refused");
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from message_state "
	                 "where sealed is not null"),
	    0);
}

/* A lane that does not know what it claimed gives back what it owns. */
Test(lost, claim_without_an_answer_costs_nothing)
{
	invite_one(pool, "alice");
	struct queue_claim claim = claim_most(1);

	cr_assert_eq(claim.count, 1);
	cr_assert_not_null(
	    db_run(&harness.work, QUERY_queue_give_back, "another lane"));
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_state where state = 'sending'"),
	    1);
	cr_assert_not_null(
	    db_run(&harness.work, QUERY_queue_give_back, "test"));
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_state where state = 'sending'"),
	    0);
	claim = claim_most(1);
	cr_assert_eq(claim.count, 1);
	cr_assert_eq(claim.deliveries[0].attempt, 1);
	cr_assert_str_eq(harness_value(&harness, "select losses[1] from lease"),
	    "0");
}
