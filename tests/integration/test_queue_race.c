/* SPDX-License-Identifier: MIT */
/*
 * The queue's statements while others change the same message.
 */
#include <string.h>

#include "account/user.h"
#include "base/clock.h"
#include "base/str.h"
#include "delivery/queue_counts.h"
#include "harness.h"
#include "queue_help.h"

#define DAYS_30 "2592000000"

static struct harness harness;
static struct work other; /* on a connection of its own */
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
	other = harness_work(&harness, harness.mem);
	pool = harness_pool(&harness, "{}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(race, .init = begin, .fini = end, .timeout = 60);

static int64_t settled(enum delivery_class class)
{
	int64_t id = help_mail(&harness, pool, "anna");
	struct queue_claim claim = help_claim(&harness.work, 1, "");

	cr_assert_eq(claim.count, 1);
	help_settle(&harness.work, &claim.deliveries[0], class, "no");
	return id;
}

static void send_other(enum query query, const char *const *parameters,
    size_t count)
{
	cr_assert(db_send_array(&other, query, parameters, count));
	while (harness_number(&harness,
	           "select count(*) from pg_stat_activity where datname = "
	           "current_database() and wait_event_type = 'Lock'") == 0)
		clock_sleep_ms(5);
}

static void receipt(struct work *work, int64_t id, const char *state)
{
	if (!str_same(state, "delayed"))
		cr_assert(db_run(work, QUERY_queue_note_arrived,
		    db_int(work->mem, id)));
	cr_assert(db_run(work, QUERY_queue_receipt, db_int(work->mem, id),
	    "gate", NULL, state, NULL, NULL));
}

Test(race, what_is_opened_again_is_not_pruned)
{
	static const char *const parameters[] = { DAYS_30, "0", "1000" };
	int64_t id = settled(DELIVERY_REFUSED);

	harness_value(&harness,
	    "update outcome set settled_at = now() - interval '31 days'");
	cr_assert(db_begin(&harness.work));
	cr_assert(queue_retry(&harness.work, id));
	send_other(QUERY_queue_prune, parameters, 3);
	cr_assert(db_commit(&harness.work));
	cr_assert(db_answer(&other));

	cr_assert_str_eq(help_state(&harness, id), "-|-|sealed|later 0");
	cr_assert_eq(harness_number(&harness, "select count(*) from attempt"),
	    1);
}

Test(race, a_retry_waits_for_a_receipt_and_not_it_for_the_retry)
{
	int64_t id = settled(DELIVERY_RETRY);
	const char *const parameters[] = { db_int(harness.mem, id) };

	/* The receipt's two steps. */
	cr_assert(db_begin(&harness.work));
	cr_assert(db_script(&harness.work, "delete from later"));
	send_other(QUERY_queue_retry, parameters, 1);
	cr_assert(db_script(&harness.work,
	              "update message set receipt = 'delivered'"),
	    "%s", harness.work.err.detail);
	cr_assert(db_commit(&harness.work));
	struct rows *rows = db_answer(&other);

	cr_assert(rows, "%s", other.err.detail);
	cr_assert_eq(rows_count(rows), 0);
}

Test(race, nothing_is_held_that_a_receipt_knows_of)
{
	static const char *const states[] = { "delayed", "delivered",
		"bounced" };
	static const char *const wanted[] = { "held|no|sealed|",
		"sent|-|wiped|", "sent|-|wiped|" };

	for (size_t i = 0; i < 3; i++) {
		int64_t id = help_mail(&harness, pool,
		    mem_printf(harness.mem, "user%zu", i));
		struct queue_claim claim = help_claim(&harness.work, 1, "");
		receipt(&other, id, states[i]);
		help_settle(&harness.work, &claim.deliveries[0],
		    DELIVERY_AMBIGUOUS, "no");
		cr_assert_str_eq(help_state(&harness, id), wanted[i]);
	}
}

Test(race, a_receipt_of_what_was_not_sent_counts_once)
{
	int64_t id = settled(DELIVERY_REFUSED);
	const cJSON *state;

	receipt(&other, id, "delivered");
	cJSON *counts = queue_counts(&harness.work);
	cr_assert(counts, "%s", harness.work.err.detail);
	cJSON_ArrayForEach(state, json_at(counts, "/states"))
	{
		const char *name = json_text(state, "/state");
		bool refused = strcmp(name, "refused") == 0;
		cr_assert_eq((int)json_at(state, "/count")->valuedouble,
		    refused, "%s", name);
	}
}

/* As of a lane that was killed while its last settle ran, and of the next at
 * its place, which settles what the first left. */
Test(race, a_settle_behind_a_settle_ends_the_lease)
{
	static const struct queue_policy policy = { 1000, 86400000, true };
	struct delivery *both[2];
	int ours = -1;

	help_mail(&harness, pool, "anna");
	help_mail(&harness, pool, "bob");
	struct queue_claim claim = help_claim(&harness.work, 2, "");
	cr_assert_eq(claim.count, 2);
	for (int i = 0; i < 2; i++) {
		both[i] = &claim.deliveries[i];
		delivery_tell(both[i], DELIVERY_ACCEPTED, 250, NULL, "ok");
	}
	cr_assert(db_begin(&harness.work));
	cr_assert(queue_settle(&harness.work, "lane", &policy, both, 1, &ours));
	cr_assert_eq(ours, 1);
	cr_assert(queue_settle_send(&other, "lane", &policy, both, 2));
	clock_sleep_ms(100);
	cr_assert(db_commit(&harness.work));
	cr_assert(queue_settle_answer(&other, &ours), "%s", other.err.detail);
	cr_assert_eq(ours, 1);
	cr_assert_eq(harness_number(&harness, "select count(*) from lease"), 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from outcome"),
	    2);
}

#define ANYWHERE                                                             \
	"select coalesce(string_agg(t, ' '), '') from (select m::text as t " \
	"from message m union all select o::text from outcome o union all "  \
	"select a::text from attempt a union all select l::text from later " \
	"l union all select b::text from blocked b union all select "        \
	"r::text from receipt r) as x where t like '%%anna@ex%%'"

/* What comes back from a session of a user who was deleted meanwhile. */
Test(race, nothing_of_a_deleted_user_waits)
{
	static const enum delivery_class classes[] = { DELIVERY_RETRY,
		DELIVERY_BLOCKED, DELIVERY_UNTOUCHED, DELIVERY_AMBIGUOUS };

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		int64_t id = help_mail(&harness, pool, "anna");
		struct queue_claim claim = help_claim(&harness.work, 1, "");
		cr_assert_eq(claim.count, 1);
		cr_assert(user_delete(&harness.work, pool, "anna"));
		help_settle(&harness.work, &claim.deliveries[0], classes[i],
		    "451 <anna@example.com> is busy");
		cr_assert_str_eq(harness_value(&harness, ANYWHERE), "");
		cr_assert_str_eq(help_state(&harness, id),
		    classes[i] == DELIVERY_AMBIGUOUS
		        ? "held|-|wiped|"
		        : "cancelled|the user was deleted|wiped|");
	}
}

/* Whichever of them is first. */
Test(race, a_receipt_beside_a_deletion_keeps_no_words)
{
	int64_t id = settled(DELIVERY_ACCEPTED);
	const char *const parameters[] = { db_int(harness.mem, id), "gate",
		"anna@example.com", "delivered", NULL, "to anna@example.com" };

	cr_assert(db_begin(&harness.work));
	cr_assert(
	    db_run(&harness.work, QUERY_queue_forget_user, pool->id, NULL));
	send_other(QUERY_queue_receipt, parameters, 6);
	cr_assert(
	    db_run(&harness.work, QUERY_queue_forget_words, pool->id, NULL));
	cr_assert(db_commit(&harness.work));
	cr_assert(db_answer(&other), "%s", other.err.detail);
	cr_assert_str_eq(harness_value(&harness, ANYWHERE), "");
	cr_assert_eq(harness_number(&harness, "select count(*) from receipt"),
	    1);
}
