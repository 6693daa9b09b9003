/* SPDX-License-Identifier: MIT */
/*
 * What goes for its age, and what stays.
 * covers: delivery/queue.c
 */
#include "explain.h"
#include "queue_help.h"

#define DAY_MS 86400000
#define KEEP   (10 * (int64_t)DAY_MS)

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

TestSuite(prune, .init = begin, .fini = end, .timeout = 60);

static struct queue_prune step(struct queue_prune prune)
{
	cr_assert(queue_prune(&harness.work, KEEP, &prune), "%s",
	    harness.work.err.detail);
	return prune;
}

/* How many went, over all steps. */
static int prune_all(void)
{
	struct queue_prune prune = { 0 };
	int count = 0;

	for (int i = 0; i < 100; i++) {
		prune = step(prune);
		count += prune.count;
		if (prune.done)
			return count;
		cr_assert_gt(prune.behind, 0);
	}
	cr_assert(false, "there is no end");
	return 0;
}

/* All that is there now was made and settled so many days ago. */
static void grow_old(int days)
{
	harness_value(&harness,
	    "update message set created_at = created_at - interval '%d days'; "
	    "update outcome set settled_at = settled_at - interval '%d days'",
	    days, days);
}

static const char *states_left(void)
{
	return harness_value(&harness,
	    "select string_agg(state, ' ' order by id) from message_state");
}

Test(prune, nothing_there)
{
	struct queue_prune prune = step((struct queue_prune){ 0 });

	cr_assert(prune.done);
	cr_assert_eq(prune.count, 0);
	cr_assert_eq(prune.behind, 0);
}

Test(prune, what_is_not_settled_stays)
{
	help_every_state(&harness, pool);
	cr_assert_eq(prune_all(), 0);
	grow_old(11);
	cr_assert_eq(prune_all(), 7);
	cr_assert_str_eq(states_left(), "blocked sending retry queued");
	cr_assert_eq(prune_all(), 0);
}

Test(prune, the_young_stay)
{
	help_every_state(&harness, pool);
	grow_old(9);
	cr_assert_eq(prune_all(), 0);
	/* The settle counts: it may come long after the creation. */
	harness_value(&harness,
	    "update message set created_at = created_at - interval '9 days'");
	cr_assert_eq(prune_all(), 0);
	grow_old(2);
	cr_assert_eq(prune_all(), 7);
}

static const char *rows_of(int64_t id)
{
	return harness_value(&harness,
	    "select (select count(*) from message where id = %lld) || ' ' || "
	    "(select count(*) from message_attempt where message_id = %lld) || "
	    "' ' || "
	    "(select count(*) from receipt where message_id = %lld) || ' ' || "
	    "(select count(*) from captured where message_id = %lld)",
	    (long long)id, (long long)id, (long long)id, (long long)id);
}

static int64_t sent_with_all(const char *name)
{
	int64_t id = help_mail(&harness, pool, name);

	help_settle(&harness.work, help_claim(&harness.work, 1, "").deliveries,
	    DELIVERY_ACCEPTED, "ok");
	harness_value(&harness,
	    "insert into receipt (message_id, source, state) values (%lld, "
	    "'gate', 'delayed'), (%lld, 'gate', 'delivered');"
	    "insert into captured (message_id, pool_id, medium, destination, "
	    "sealed) values (%lld, 'p', 'EMAIL', 'a', 'x')",
	    (long long)id, (long long)id, (long long)id);
	return id;
}

Test(prune, evidence_and_receipts_go_along)
{
	int64_t old = sent_with_all("alice");

	grow_old(11);
	int64_t young = sent_with_all("bob");
	harness_value(&harness,
	    "insert into receipt (remote_id, source, state, received_at) "
	    "values ('R', 'gate', 'delivered', now() - interval '11 days')");
	cr_assert_eq(prune_all(), 1);
	cr_assert_str_eq(rows_of(old), "0 0 0 0");
	cr_assert_str_eq(rows_of(young), "1 1 2 1");
	cr_assert_eq(harness_number(&harness, "select count(*) from receipt "
	                                      "where message_id is null"),
	    1, "it waits for a message of today");
}

static void bulk_sent(int many)
{
	help_bulk(&harness, pool, many);
	harness_value(&harness,
	    "with r as (delete from ready returning id, medium) insert into "
	    "outcome (message_id, medium, outcome) select id, medium, 'sent' "
	    "from r");
}

/* In small steps, and what stays is passed once. */
Test(prune, step_by_step)
{
	struct queue_prune prune = { 0 };

	bulk_sent(1500);
	harness_value(&harness,
	    "with o as (delete from outcome where message_id <= 1200 returning "
	    "message_id) insert into later (id, medium, due_at, attempts, "
	    "losses) select message_id, 'EMAIL', now(), 0, 0 from o");
	grow_old(11);
	bulk_sent(1000);
	prune = step(prune);
	cr_assert_eq(prune.count, 0);
	cr_assert_not(prune.done);
	cr_assert_eq(prune.behind, 1000);
	prune = step(prune);
	cr_assert_eq(prune.count, 300);
	cr_assert(prune.done);
	cr_assert_eq(prune.behind, 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from message"),
	    2200);
}

Test(prune, looks_at_a_step_alone)
{
	bulk_sent(10000);
	harness_value(&harness,
	    "insert into attempt (message_id, attempt, owner, class) select "
	    "id, 1, 'lane', 'ACCEPTED' from message; analyze");
	grow_old(11);
	int64_t rows = explain_rows(&harness, QUERY_queue_prune,
	    "864000000, 2000, 1000", NULL);
	cr_assert(rows >= 2000 && rows <= 8000, "%lld", (long long)rows);
	cr_assert_eq(harness_number(&harness, "select count(*) from message"),
	    9000);
	cr_assert_eq(harness_number(&harness, "select count(*) from attempt"),
	    9000);
}
