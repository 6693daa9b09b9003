/* SPDX-License-Identifier: MIT */
/*
 * Outcomes on their way into the database: in groups, once, while the lease
 * lives.
 * covers: delivery/settle.c
 */
#include <string.h>

#include "base/clock.h"
#include "delivery/settle.h"
#include "queue_help.h"

#define MESSAGES 450
#define N        SETTLE_COUNT

static struct harness harness;
static struct settle settle;
static struct queue_claim claim;
static struct settle_journal journal;

static void begin(void)
{
	struct err err = { 0 };

	harness_begin(&harness);
	help_bulk(&harness, harness_pool(&harness, "{}"), MESSAGES);
	claim = help_claim(&harness.work, MESSAGES, "");
	cr_assert_eq(claim.count, MESSAGES);
	memset(&journal, 0, sizeof(journal));
	settle = (struct settle){ .owner = "lane",
		.policy = { 1000, 86400000, true },
		.lease_end_ms = clock_steady_ms() + 60000,
		.journal = &journal };
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

static void expect_pending(uint32_t pending, uint32_t sent)
{
	cr_assert_eq(settle_pending(&settle), pending, "%u pending",
	    settle_pending(&settle));
	cr_assert_eq(settle.sent_count, sent, "%u sent", settle.sent_count);
}

static int64_t settled(void)
{
	return harness_number(&harness,
	    "select count(*) from outcome where outcome = 'sent'");
}

/* Each once: no lease is left of those, and none has two attempts. */
static void expect_settled(int count)
{
	cr_assert_eq(settled(), count, "%lld", (long long)settled());
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_state where state = 'sending'"),
	    MESSAGES - count);
	cr_assert_eq(
	    harness_number(&harness, "select count(class) from outcome"),
	    count);
}

static void put_pending_ms(int64_t ago_ms)
{
	settle.pending_since_ms = clock_steady_ms() - ago_ms;
}

Test(settle, a_few_wait_for_more)
{
	add(0, N - 1);
	put_pending_ms(-60000);
	cr_assert(settle_when_due(&settle));
	expect_pending(N - 1, 0);
	add(N - 1, 1);
	cr_assert(settle_when_due(&settle));
	expect_pending(N, N);
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(N);
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
	add(0, N + 5);
	cr_assert(settle_when_due(&settle));
	expect_pending(N + 5, N + 5);
	add(N + 5, N - 1);
	put_pending_ms(-60000);
	cr_assert(settle_when_due(&settle));
	expect_pending(2 * N + 4, N + 5);
	add(2 * N + 4, 8);
	cr_assert(settle_when_due(&settle));
	expect_pending(N + 7, N + 7);
	cr_assert_geq(settled(), N + 5);
	settle_rest(&settle);
	expect_pending(0, 0);
	expect_settled(2 * N + 12);
	add(2 * N + 12, 3);
	settle_all(&settle);
	expect_pending(0, 0);
	expect_settled(2 * N + 15);
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
	add(0, N);
	cr_assert(settle_when_due(&settle));
	expect_pending(N, N);
	cut();
	add(N, N);
	cr_assert(settle_when_due(&settle));
	add(2 * N, 12);
	settle_all(&settle);
	expect_settled(2 * N + 12);
}

/* The database refuses so many settles. */
static void fail_times(int times)
{
	harness_value(&harness,
	    "create sequence tries; create function no() returns trigger "
	    "language plpgsql as $$ begin if nextval('usher.tries') <= %d then "
	    "raise 'no'; end if; return new; end $$; create trigger no before "
	    "insert on outcome for each row execute function no()",
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
	add(0, N);
	/* The first only sends; the answer comes with the next. */
	settle_when_due(&settle);
	add(N, N);
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
	    "with first as (select * from lease) insert into lease (epoch, "
	    "medium, owner, lease_until, ids, attempts, losses, sealed) select "
	    "nextval('lease_epoch'), medium, owner, now() - interval '1 s', "
	    "ids[1:5], attempts[1:5], losses[1:5], sealed[1:5] from first; "
	    "update lease set ids = ids[6:], attempts = attempts[6:], losses = "
	    "losses[6:], sealed = sealed[6:] where lease_until > now()");
	cr_assert(queue_reap(&harness.work, &count));
	cr_assert_eq(count, 5);
	add(0, 15);
	settle_all(&settle);
	expect_pending(0, 0);
	cr_assert_eq(settled(), 10);
	cr_assert_eq(harness_number(&harness, "select count(*) from later"), 5);
}

Test(settle, takes_more_than_the_journal_holds)
{
	struct delivery *many =
	    mem_array(harness.mem, struct delivery, SETTLE_MOST + 1);

	for (int i = 0; i <= SETTLE_MOST; i++) {
		many[i] = claim.deliveries[i % MESSAGES];
		if (i >= MESSAGES)
			many[i].epoch++; /* somebody else's */
		delivery_tell(&many[i], DELIVERY_ACCEPTED, 250, NULL, "ok");
		settle_add(&settle, &many[i]);
	}
	expect_pending(1, 0);
	cr_assert_eq(settled(), MESSAGES);
	settle_all(&settle);
	expect_pending(0, 0);
	cr_assert_eq(settled(), MESSAGES);
}

/* The journal outlives the lane: the next one settles what is in it. */
Test(settle, a_lost_lane_s_outcomes_are_settled)
{
	cr_assert(settle_recover(&settle), "there is nothing");
	cr_assert_str_eq(journal.owner, "lane");
	add(0, 7);
	settle = (struct settle){ .db = settle.db,
		.owner = "another",
		.policy = settle.policy,
		.lease_end_ms = settle.lease_end_ms,
		.journal = &journal };
	cr_assert(settle_recover(&settle));
	expect_pending(0, 0);
	expect_settled(7);
	cr_assert_str_eq(journal.owner, "another");
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from outcome where owner = 'lane'"),
	    7);
}

Test(settle, a_lost_lane_s_outcomes_may_be_settled_already)
{
	cr_assert(settle_recover(&settle));
	add(0, N);
	cr_assert(settle_when_due(&settle));
	db_answer(&(struct work){ .mem = harness.mem, .db = settle.db });
	settle.sent_count = 0;
	expect_settled(N);
	cr_assert(settle_recover(&settle));
	expect_pending(0, 0);
	expect_settled(N);
}

/* As after a fail-over to a copy that was behind. */
Test(settle, what_the_database_lost_is_settled_again)
{
	add(0, 10);
	settle_all(&settle);
	harness_value(&harness,
	    "with o as (delete from outcome where message_id = %lld) update "
	    "lease set settled = array_remove(settled, %lld)",
	    (long long)claim.deliveries[0].id,
	    (long long)claim.deliveries[0].id);
	cr_assert_eq(settled(), 9);
	cr_assert(settle_again(&settle));
	cr_assert_eq(settled(), 10);
	expect_pending(0, 0);
	cr_assert(settle_again(&settle));
	cr_assert_eq(settled(), 10);
}

Test(settle, recovery_waits_for_the_database)
{
	cr_assert(settle_recover(&settle));
	add(0, 3);
	fail_times(1);
	settle.owner = "another";
	cr_assert_not(settle_recover(&settle));
	expect_pending(3, 0);
	cr_assert_str_eq(journal.owner, "lane");
	cr_assert(settle_recover(&settle));
	expect_settled(3);
}
