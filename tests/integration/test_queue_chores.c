/* SPDX-License-Identifier: MIT */
/*
 * What the keeper and operators do to the queue.
 * covers: delivery/queue.c
 * covers: delivery/rules.c
 */
#include <string.h>

#include "account/user.h"
#include "base/clock.h"
#include "delivery/rules.h"
#include "delivery/sandbox.h"
#include "queue_help.h"

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

TestSuite(chores, .init = begin, .fini = end, .timeout = 60);

static struct delivery *claim_one(void)
{
	struct queue_claim claim = help_claim(&harness.work, 1, "");

	cr_assert_eq(claim.count, 1);
	return &claim.deliveries[0];
}

static int reap(void)
{
	int count;

	harness_value(&harness, "update lease set lease_until = now()");
	cr_assert(queue_reap(&harness.work, &count));
	return count;
}

Test(chores, a_second_loss_is_poison)
{
	int64_t id = help_mail(&harness, pool, "alice");
	int count;

	claim_one();
	cr_assert(queue_reap(&harness.work, &count));
	cr_assert_eq(count, 0);
	cr_assert_eq(reap(), 1);
	cr_assert_str_eq(help_state(&harness, id), "-|-|sealed|later 1");
	cr_assert_eq(claim_one()->attempt, 2);
	cr_assert_eq(reap(), 1);
	cr_assert_str_eq(help_state(&harness, id),
	    "refused|poison: two lanes were lost while sending it|sealed|");
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_attempt where class = 'LOST'"),
	    2);
}

static int expire(void)
{
	int count;

	harness_value(&harness,
	    "update message set expires_at = now(); "
	    "update ready set expires_at = now(); "
	    "update later set expires_at = now(); "
	    "update outcome set expires_at = now() where sealed is not null");
	cr_assert(queue_expire(&harness.work, &count));
	return count;
}

Test(chores, an_expired_password_is_wiped_and_not_sent)
{
	int64_t waits = help_mail(&harness, pool, "alice");
	int64_t refused = help_mail(&harness, pool, "bob");
	int64_t retried = help_mail(&harness, pool, "carol");
	int64_t flies = help_mail(&harness, pool, "dave");
	struct queue_claim claim = help_claim(&harness.work, 4, "");

	help_settle(&harness.work, &claim.deliveries[0], DELIVERY_UNTOUCHED,
	    "");
	help_settle(&harness.work, &claim.deliveries[1], DELIVERY_REFUSED,
	    "no");
	help_settle(&harness.work, &claim.deliveries[2], DELIVERY_RETRY, "no");
	int64_t ready = help_mail(&harness, pool, "erin");
	cr_assert_eq(expire(), 4);
	const char *state = "cancelled|the temporary password expired|wiped|";
	cr_assert_str_eq(help_state(&harness, waits), state);
	cr_assert_str_eq(help_state(&harness, retried), state);
	cr_assert_str_eq(help_state(&harness, ready), state);
	cr_assert_str_eq(help_state(&harness, refused), "refused|no|wiped|");
	cr_assert_str_eq(help_state(&harness, flies), "-|-|sealed|leased");
}

Test(chores, an_expired_code_is_called_one)
{
	cr_assert(sandbox_add(&harness.work, &harness.engine, "+441632960123"));
	cr_assert_eq(expire(), 1);
	cr_assert_str_eq(harness_value(&harness,
	                     "select outcome || '|' || reason from outcome"),
	    "cancelled|the code expired");
}

Test(chores, an_operator_retries_what_waits_or_was_refused)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct work *work = &harness.work;

	cr_assert_not(queue_retry(work, id));
	cr_assert_eq(work->err.code, ERR_CONFLICT);
	help_settle(work, claim_one(), DELIVERY_RETRY, "no");
	cr_assert_eq(help_claim(work, 1, "").count, 0);
	cr_assert(queue_retry(work, id));
	help_settle(work, claim_one(), DELIVERY_REFUSED, "no");
	cr_assert(queue_retry(work, id));
	cr_assert_str_eq(help_state(&harness, id), "-|-|sealed|later 0");
	help_settle(work, claim_one(), DELIVERY_AMBIGUOUS, "lost");
	cr_assert(queue_retry(work, id));
	struct delivery *delivery = claim_one();
	cr_assert_not(queue_retry(work, id));
	cr_assert_eq(work->err.code, ERR_CONFLICT);
	cr_assert_str_eq(work->err.message,
	    mem_printf(harness.mem,
	        "message %lld cannot be tried again: it is sending; only one "
	        "that waits for a retry, or a refused or held one whose "
	        "password still lives, can; 'usher resend' makes a new "
	        "invitation",
	        (long long)id));
	help_settle(work, delivery, DELIVERY_REFUSED, "no");
	expire();
	cr_assert_not(queue_retry(work, id));
	cr_assert_eq(work->err.code, ERR_CONFLICT);
	cr_assert_not(queue_retry(work, 999));
	cr_assert_eq(work->err.code, ERR_RESOURCE_NOT_FOUND);
}

Test(chores, an_operator_cancels_what_waits)
{
	int64_t ready = help_mail(&harness, pool, "alice");
	struct work *work = &harness.work;

	cr_assert(queue_cancel(work, ready, "not wanted"));
	cr_assert_str_eq(help_state(&harness, ready),
	    "cancelled|not wanted|wiped|");
	cr_assert_not(queue_cancel(work, ready, "again"));
	cr_assert_eq(work->err.code, ERR_CONFLICT);
	int64_t later = help_mail(&harness, pool, "bob");
	help_settle(work, claim_one(), DELIVERY_RETRY, "no");
	cr_assert(queue_cancel(work, later, "not wanted"));
	cr_assert_str_eq(help_state(&harness, later),
	    "cancelled|not wanted|wiped|");
	int64_t flies = help_mail(&harness, pool, "carol");
	struct delivery *delivery = claim_one();
	cr_assert_not(queue_cancel(work, flies, "too late"));
	cr_assert_eq(work->err.code, ERR_CONFLICT);
	cr_assert_str_eq(help_state(&harness, flies), "-|-|sealed|leased");
	cr_assert_eq(help_settle(work, delivery, DELIVERY_ACCEPTED, "ok"), 1);
}

#define RESEND                                              \
	"{'Username':'alice','MessageAction':'RESEND','Des" \
	"iredDeliveryMediums':['EMAIL']}"

static void expect_rule(enum delivery_class class, const char *words)
{
	struct delivery *delivery = claim_one();

	cr_assert_not(rules_allow(delivery));
	cr_assert_eq(delivery->outcome.class, class);
	cr_assert_str_eq(delivery->outcome.words, words);
	help_settle(&harness.work, delivery, class, words);
}

Test(chores, what_was_claimed_before_a_resend_is_not_tried_again)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *delivery = claim_one();

	cr_assert(rules_allow(delivery));
	harness_must_invite(&harness, pool, RESEND);
	help_settle(&harness.work, delivery, DELIVERY_RETRY, "no");
	cr_assert(queue_retry(&harness.work, id));
	expect_rule(DELIVERY_CANCELLED, "superseded by a newer password");
	cr_assert_str_eq(help_state(&harness, id),
	    "cancelled|superseded by a newer password|wiped|");
}

Test(chores, nothing_goes_to_who_was_deleted)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *delivery = claim_one();
	int count;

	cr_assert(user_delete(&harness.work, pool, "alice"));
	help_settle(&harness.work, delivery, DELIVERY_UNTOUCHED, "");
	cr_assert_str_eq(help_state(&harness, id),
	    "cancelled|the user was deleted|wiped|");
	cr_assert(queue_expire(&harness.work, &count));
	cr_assert_str_eq(harness_value(&harness,
	                     "select destination || username from message "
	                     "where id = %lld",
	                     (long long)id),
	    "");
}

Test(chores, rules_look_at_status_expiry_and_template)
{
	help_mail(&harness, pool, "alice");
	harness_value(&harness, "update account set status = 'CONFIRMED'");
	expect_rule(DELIVERY_CANCELLED, "the user has a password of their own");
	help_mail(&harness, pool, "bob");
	harness_value(&harness, "update message set expires_at = now()");
	expect_rule(DELIVERY_CANCELLED, "the temporary password expired");
	struct pool *lacks = harness_pool(&harness,
	    "{'AdminCreateUserConfig':{'InviteMessageTemplate':{"
	    "'EmailMessage':'Hello {username}'}}}");
	int64_t id = help_mail(&harness, lacks, "carol");
	expect_rule(DELIVERY_REFUSED, "template lacks {####}");
	cr_assert_str_eq(help_state(&harness, id),
	    "refused|template lacks {####}|sealed|");
}

/*
 * A message whose transaction is still open when the marks move stays above
 * them. Each round the numbers of transactions go on, as in a busy server.
 */
static void move_marks_around(struct work *open, bool busy)
{
	struct pool *other = harness_pool(&harness, "{}");

	help_mail(&harness, pool, "before");
	claim_one();
	cr_assert(db_begin(open));
	cr_assert(db_script(open,
	    mem_printf(open->mem,
	        "insert into account (pool_id, sub, username, status, "
	        "attributes) values ('%s', gen_random_uuid(), 'slow', 'x', "
	        "'{}');"
	        "with m as (insert into message (pool_id, medium, destination, "
	        "username, template_hash) select '%s', 'EMAIL', "
	        "'slow@example.com', 'slow', hash from template limit 1 "
	        "returning id) insert into ready select 'EMAIL', '%s', id from "
	        "m",
	        pool->id, pool->id, pool->id)));
	for (int i = 0; i < 5; i++) {
		if (busy) {
			const char *name = mem_printf(harness.mem, "fast%d", i);
			help_mail(&harness, i % 2 ? pool : other, name);
			help_claim(&harness.work, 10, "");
		}
		cr_assert(queue_move_low_marks(&harness.work, 1, &(int){ 0 }));
	}
	cr_assert(db_commit(open));
	struct queue_claim claim = help_claim(&harness.work, 10, "");
	cr_assert_eq(claim.count, 1);
	cr_assert_str_eq(claim.deliveries[0].username, "slow");
}

Test(chores, low_marks_never_pass_what_may_still_commit)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work open = harness_work(&harness, mem);

	move_marks_around(&open, false);
}

Test(chores, low_marks_never_pass_it_in_a_busy_server)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work open = harness_work(&harness, mem);

	move_marks_around(&open, true);
}

/* Other tests' transactions, in the same cluster, hold the marks up too. */
static void wait_for_mark(int64_t wanted)
{
	for (int i = 0; i < 2000; i++) {
		cr_assert(queue_move_low_marks(&harness.work, 1, &(int){ 0 }));
		if (harness_number(&harness, "select low_id from backlog") ==
		    wanted)
			return;
		clock_sleep_ms(5);
	}
	cr_assert(false, "the mark does not reach %lld", (long long)wanted);
}

Test(chores, low_marks_move)
{
	int64_t last = 0;

	for (int i = 0; i < 5; i++)
		last = help_mail(&harness, pool,
		    mem_printf(harness.mem, "user%d", i));
	help_claim(&harness.work, 4, "");
	wait_for_mark(last);
	help_claim(&harness.work, 4, "");
	wait_for_mark(last + 1);
	help_mail(&harness, pool, "next");
	cr_assert_eq(help_claim(&harness.work, 4, "").count, 1);
}

static int64_t entries_read(void)
{
	cr_assert(
	    db_script(&harness.work, "select pg_stat_force_next_flush()"));
	return harness_number(&harness,
	    "select idx_tup_read from pg_stat_user_indexes where indexrelname "
	    "= 'ready_pkey'");
}

/* How many entries of ready one claim of MANY walks over. */
static int64_t cost_of_claim(int many)
{
	help_bulk(&harness, pool, many);
	int64_t before = entries_read();
	cr_assert_eq(help_claim(&harness.work, many, "").count, (size_t)many);
	return entries_read() - before;
}

/* While it runs, whatever leaves the queue stays in its index. */
Test(chores, a_transaction_of_hours_does_not_slow_claims)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work reader = harness_work(&harness, mem);

	cr_assert(db_script(&reader,
	    "begin isolation level repeatable read; select from ready"));
	help_bulk(&harness, pool, 10000);
	for (int left = 10000; left > 0; left -= 200)
		cr_assert_eq(help_claim(&harness.work, 200, "").count, 200);
	cr_assert_gt(cost_of_claim(10), 10000);
	wait_for_mark(10011);
	cr_assert_lt(cost_of_claim(10), 100);
	cr_assert(db_commit(&reader));
}
