/* SPDX-License-Identifier: MIT */
/*
 * Outcomes on their way into the database: in groups, once, while the lease
 * lives.
 * covers: delivery/settle.c
 */
#include "base/clock.h"
#include "delivery/settle.h"
#include "queue_help.h"

static struct harness harness;
static struct settle settle;
static struct queue_claim claim;

static void begin(void)
{
	struct err err = { 0 };

	harness_begin(&harness);
	help_bulk(&harness, harness_pool(&harness, "{}"), 60);
	claim = help_claim(&harness.work, 60, "");
	cr_assert_eq(claim.count, 60);
	settle = (struct settle){ .owner = "lane",
		.policy = { 1000, 86400000, true },
		.lease_end_ms = clock_steady_ms() + 60000 };
	settle.db = db_open(harness.mem, harness.database, "settler", &err);
	cr_assert(settle.db, "%s", err.detail);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(settle, .init = begin, .fini = end, .timeout = 60);

/* The deliveries from number FIRST on are accepted. */
static void add(int first, int count)
{
	for (int i = first; i < first + count; i++) {
		delivery_tell(&claim.deliveries[i], DELIVERY_ACCEPTED, 250,
		    NULL, "ok");
		settle_add(&settle, &claim.deliveries[i]);
	}
}

static void expect_pending(size_t pending, size_t sent)
{
	cr_assert_eq(settle.pending_count, pending, "%zu pending",
	    settle.pending_count);
	cr_assert_eq(settle.sent_count, sent, "%zu sent", settle.sent_count);
}

static int64_t settled(void)
{
	return harness_number(&harness,
	    "select count(*) from message where outcome = 'sent'");
}

/* Each once: no lease is left of those, and none has two attempts. */
static void expect_settled(int count)
{
	cr_assert_eq(settled(), count, "%lld", (long long)settled());
	cr_assert_eq(harness_number(&harness, "select count(*) from in_flight"),
	    60 - count);
	cr_assert_eq(harness_number(&harness, "select count(*) from attempt"),
	    count);
}

static void put_pending_ms(int64_t ago_ms)
{
	settle.pending_since_ms = clock_steady_ms() - ago_ms;
}

Test(settle, a_few_wait_for_more)
{
	add(0, 9);
	put_pending_ms(-60000);
	cr_assert(settle_when_due(&settle));
	expect_pending(9, 0);
	add(9, 1);
	cr_assert(settle_when_due(&settle));
	expect_pending(10, 10);
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(10);
}

Test(settle, a_few_do_not_wait_long)
{
	add(0, 1);
	put_pending_ms(200);
	cr_assert(settle_when_due(&settle));
	expect_pending(1, 1);
	settle_all(&settle);
	expect_settled(1);
}

/* The database works on one group while the lane tells of the next. */
Test(settle, group_by_group)
{
	add(0, 25);
	cr_assert(settle_when_due(&settle));
	expect_pending(25, 25);
	add(25, 9);
	put_pending_ms(-60000);
	cr_assert(settle_when_due(&settle));
	expect_pending(34, 25);
	add(34, 8);
	cr_assert(settle_when_due(&settle));
	expect_pending(17, 17);
	cr_assert_geq(settled(), 25);
	add(42, 3);
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(45);
}

Test(settle, an_outcome_is_taken_once)
{
	add(0, 1);
	add(0, 1);
	expect_pending(1, 0);
	settle_all(&settle);
	add(0, 1);
	expect_pending(0, 0);
	expect_settled(1);
}

Test(settle, nothing_is_nothing)
{
	settle_all(&settle);
	cr_assert(settle_when_due(&settle));
	expect_pending(0, 0);
	expect_settled(0);
}

static void cut(void)
{
	harness_value(&harness,
	    "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
	    "where application_name = 'settler' and datname = "
	    "current_database()");
}

Test(settle, outlives_a_lost_connection)
{
	add(0, 5);
	cut();
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(5);
}

/* What was sent may have been settled or not; either way it is now, once. */
Test(settle, outlives_a_connection_that_is_lost_before_the_answer)
{
	add(0, 12);
	cr_assert(settle_when_due(&settle));
	expect_pending(12, 12);
	cut();
	add(12, 12);
	cr_assert(settle_when_due(&settle));
	add(24, 12);
	settle_all(&settle);
	expect_settled(36);
}

/* The database refuses so many settles. */
static void fail_times(int times)
{
	harness_value(&harness,
	    "create sequence tries; create function no() returns trigger "
	    "language plpgsql as $$ begin if nextval('usher.tries') <= %d then "
	    "raise 'no'; end if; return new; end $$; create trigger no before "
	    "insert on attempt for each row execute function no()",
	    times);
}

Test(settle, tries_again_while_the_lease_lives)
{
	fail_times(3);
	add(0, 15);
	cr_assert(settle_when_due(&settle));
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(15);
}

Test(settle, forgets_when_the_lease_is_over)
{
	fail_times(1000000);
	settle.lease_end_ms = clock_steady_ms() + 100;
	add(0, 15);
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(0);
}

Test(settle, says_when_the_lease_is_over)
{
	fail_times(1000000);
	settle.lease_end_ms = clock_steady_ms() + 100;
	add(0, 15);
	/* The first only sends; the answer comes with the next. */
	settle_when_due(&settle);
	add(15, 15);
	cr_assert_not(settle_when_due(&settle));
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(0);
	cr_assert_not(settle_when_due(&settle), "with nothing pending too");
}

/* The keeper was faster: what it gave to others is theirs. */
Test(settle, changes_nothing_of_what_was_reaped)
{
	int count;

	harness_value(&harness,
	    "update in_flight set lease_until = now() - interval '1 s' where "
	    "id <= (select min(id) + 4 from in_flight)");
	cr_assert(queue_reap(&harness.work, &count));
	cr_assert_eq(count, 5);
	add(0, 15);
	settle_all(&settle);
	expect_pending(0, 0);
	cr_assert_eq(settled(), 10);
	cr_assert_eq(harness_number(&harness, "select count(*) from later"), 5);
}

Test(settle, takes_as_many_as_it_may_hold)
{
	struct delivery *many =
	    mem_array(harness.mem, struct delivery, SETTLE_MOST);

	for (int i = 0; i < SETTLE_MOST; i++) {
		many[i] = claim.deliveries[i % 60];
		delivery_tell(&many[i], DELIVERY_ACCEPTED, 250, NULL, "ok");
		settle_add(&settle, &many[i]);
	}
	expect_pending(SETTLE_MOST, 0);
	settle_all(&settle);
	expect_pending(0, 0);
	cr_assert_eq(settled(), 60);
}
