/* SPDX-License-Identifier: MIT */
/*
 * Waiting for what other connections tell.
 * covers: db/db.c
 */
#include "base/clock.h"
#include "harness.h"

static struct harness harness;
static struct work lane;

static void begin(void)
{
	struct err err = { 0 };

	harness_begin(&harness);
	lane = (struct work){ .mem = harness.mem, .tag = "lane" };
	lane.db = db_open(harness.mem, harness.database, "waiter", &err);
	cr_assert(lane.db, "%s", err.detail);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(wait, .init = begin, .fini = end, .timeout = 60);

static void listen_to(const char *channel)
{
	cr_assert(db_listen(&lane, channel), "%s", lane.err.detail);
}

static void wake(const char *medium)
{
	cr_assert(db_run(&harness.work, QUERY_queue_wake,
	              db_array(harness.mem, &medium, 1)),
	    "%s", harness.work.err.detail);
}

static void cut(void)
{
	harness_value(&harness,
	    "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
	    "where application_name = 'waiter' and datname = "
	    "current_database()");
	/* The loss is found by using the connection. */
	cr_assert_null(db_run_plain(&lane, QUERY_sandbox_status));
	cr_assert(db_lost(lane.db));
}

Test(wait, told_once_for_each_waiting)
{
	listen_to("usher_EMAIL");
	cr_assert_not(db_wait(lane.db, 0));
	wake("EMAIL");
	cr_assert(db_wait(lane.db, 10000));
	cr_assert_not(db_wait(lane.db, 10));
	for (int i = 0; i < 3; i++)
		wake("EMAIL");
	cr_assert(db_run_plain(&lane, QUERY_sandbox_status));
	cr_assert(db_wait(lane.db, 10000));
	cr_assert_not(db_wait(lane.db, 10), "three at once are one");
}

Test(wait, of_other_channels_nothing_is_told)
{
	wake("EMAIL");
	cr_assert_not(db_wait(lane.db, 10));
	listen_to("usher_EMAIL");
	wake("SMS");
	cr_assert_not(db_wait(lane.db, 10));
	cr_assert_not(db_wait(lane.db, 10), "what was told before is not");
}

Test(wait, ends_after_its_time)
{
	int64_t begin_ms = clock_steady_ms();

	listen_to("usher_EMAIL");
	cr_assert_not(db_wait(lane.db, 50));
	cr_assert_geq(clock_steady_ms() - begin_ms, 50);
}

/* With the answer to a statement, before anyone waits. */
Test(wait, what_was_told_meanwhile_is_not_lost)
{
	listen_to("usher_EMAIL");
	wake("EMAIL");
	cr_assert(db_run_plain(&lane, QUERY_sandbox_status));
	cr_assert(db_wait(lane.db, 0));
}

static int wait_or_wake(struct harness *all, struct work *work, int number)
{
	int64_t end_ms = clock_steady_ms() + 20000;

	(void)all;
	if (number == 0)
		return db_listen(work, "usher_EMAIL") &&
		               db_script(work, "create table listening ()") &&
		               db_wait(work->db, 20000)
		           ? 0
		           : 1;
	while (!db_script(work, "table listening"))
		if (clock_steady_ms() > end_ms)
			return 2;
	return db_script(work, "notify \"usher_EMAIL\"") ? 0 : 3;
}

Test(wait, is_ended_by_what_is_told)
{
	int failed[2];

	harness_race(&harness, 2, wait_or_wake, failed);
	cr_assert_eq(failed[0], 0);
	cr_assert_eq(failed[1], 0);
}

Test(wait, still_told_after_the_connection_was_renewed)
{
	listen_to("usher_EMAIL");
	for (int i = 0; i < 2; i++) {
		cut();
		cr_assert(db_renew(&lane), "%s", lane.err.detail);
		cr_assert_not(db_wait(lane.db, 10));
		wake("EMAIL");
		cr_assert(db_wait(lane.db, 10000));
	}
}

Test(wait, asked_while_the_connection_is_lost)
{
	cut();
	listen_to("usher_SMS");
	cr_assert_not(db_wait(lane.db, 10));
	cr_assert(db_renew(&lane));
	wake("SMS");
	cr_assert(db_wait(lane.db, 10000));
}

/* A caller that only waits must not spin on a connection that went. */
Test(wait, takes_its_time_on_a_lost_connection)
{
	listen_to("usher_EMAIL");
	harness_value(&harness,
	    "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
	    "where application_name = 'waiter' and datname = "
	    "current_database()");
	int64_t begin_ms = clock_steady_ms();
	for (int i = 0; i < 20; i++)
		cr_assert_not(db_wait(lane.db, 20));
	/* What the server said last may be read first, at once. */
	cr_assert_geq(clock_steady_ms() - begin_ms, 200);
	cr_assert_null(db_run_plain(&lane, QUERY_sandbox_status));
	cr_assert(db_renew(&lane));
	wake("EMAIL");
	cr_assert(db_wait(lane.db, 10000));
}
