/* SPDX-License-Identifier: MIT */
/*
 * Claims and what comes of them.
 * covers: delivery/queue.c
 * covers: delivery/delivery.c
 */
#include <stdio.h>
#include <string.h>

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

TestSuite(queue, .init = begin, .fini = end, .timeout = 60);

static struct delivery *claim_one(void)
{
	struct queue_claim claim = help_claim(&harness.work, 1, "");

	cr_assert_eq(claim.count, 1);
	return &claim.deliveries[0];
}

Test(queue, first_come_first_claimed)
{
	for (int i = 0; i < 5; i++)
		help_mail(&harness, pool, mem_printf(harness.mem, "user%d", i));
	struct queue_claim first = help_claim(&harness.work, 3, "");
	struct queue_claim second = help_claim(&harness.work, 3, "");
	struct queue_claim third = help_claim(&harness.work, 3, "");

	cr_assert_eq(first.count, 3);
	cr_assert_eq(second.count, 2);
	cr_assert_eq(third.count, 0);
	for (int i = 0; i < 5; i++)
		cr_assert_str_eq(
		    (i < 3 ? &first.deliveries[i] : &second.deliveries[i - 3])
		        ->username,
		    mem_printf(harness.mem, "user%d", i));
}

Test(queue, retries_leave_room_for_first_attempts)
{
	help_bulk(&harness, pool, 30);
	harness_value(&harness,
	    "with r as (delete from ready returning id, medium) insert into "
	    "later select id, medium, now(), 1, 0 from r");
	int64_t id = help_mail(&harness, pool, "alice");
	struct queue_claim claim = help_claim(&harness.work, 10, "");

	cr_assert_eq(claim.count, 6);
	cr_assert_eq(claim.deliveries[5].id, id);
	claim = help_claim(&harness.work, 10, "");
	cr_assert_eq(claim.count, 10, "alone they have all of it");
}

Test(queue, a_claim_brings_what_sending_needs)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *delivery = claim_one();

	cr_assert_eq(delivery->id, id);
	cr_assert_eq(delivery->attempt, 1);
	cr_assert_str_eq(harness_value(&harness, "select losses[1] from lease"),
	    "0");
	cr_assert_str_eq(delivery->kind, "invitation");
	cr_assert_str_eq(delivery->pool_id, pool->id);
	cr_assert_str_eq(delivery->medium, "EMAIL");
	cr_assert_str_eq(delivery->destination, "alice@example.com");
	cr_assert_str_eq(delivery->status, "FORCE_CHANGE_PASSWORD");
	cr_assert_eq(delivery->invitation, 1);
	cr_assert_eq(delivery->current_invitation, 1);
	cr_assert(delivery->has_password && delivery->sealed);
	cr_assert_not(delivery->expired);
	cr_assert_str_eq(help_state(&harness, id), "-|-|sealed|leased");
}

/* What all share comes with the first of the lease, whether it can go or not.
 */
Test(queue, a_claim_passes_over_what_is_no_message)
{
	int64_t gone = help_mail(&harness, pool, "alice");
	int64_t id = help_mail(&harness, pool, "bob");
	int64_t last = help_mail(&harness, pool, "carol");

	harness_value(&harness, "delete from message where id in (%lld, %lld)",
	    (long long)gone, (long long)last);
	struct queue_claim claim = help_claim(&harness.work, 10, "");
	struct delivery *delivery = &claim.deliveries[0];
	cr_assert_eq(claim.count, 1);
	cr_assert_eq(delivery->id, id);
	cr_assert_neq(delivery->epoch, 0);
	cr_assert_str_eq(delivery->salt,
	    harness_value(&harness, "select token_salt from installation"));
	cr_assert(delivery->template.html);
	cr_assert_eq(
	    help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "ok"), 1);
}

Test(queue, a_large_pool_does_not_hold_up_a_small_one)
{
	struct pool *small = harness_pool(&harness, "{}");

	help_bulk(&harness, pool, 1000);
	help_bulk(&harness, small, 1);
	struct queue_claim claim = help_claim(&harness.work, 100, "");
	int found = 0;

	for (size_t i = 0; i < claim.count; i++)
		found += strcmp(claim.deliveries[i].pool_id, small->id) == 0;
	cr_assert_eq(found, 1);
	cr_assert_geq(claim.count, 50);
}

Test(queue, a_batch_is_never_larger_than_asked_for)
{
	for (int i = 0; i < 16; i++)
		help_bulk(&harness, harness_pool(&harness, "{}"), 20);
	cr_assert_leq(help_claim(&harness.work, 100, "").count, 100);
	cr_assert_leq(help_claim(&harness.work, 1, "").count, 1);
}

/* Every pool gets its turn, however many there are. */
Test(queue, twenty_pools_all_have_a_turn)
{
	const char *after = "";
	int pools = 0;

	for (int i = 0; i < 20; i++)
		help_bulk(&harness, harness_pool(&harness, "{}"), 100);
	for (int i = 0; i < 6; i++) {
		struct queue_claim claim = help_claim(&harness.work, 32, after);
		after = claim.deliveries[claim.count - 1].pool_id;
	}
	pools = (int)harness_number(&harness,
	    "select count(distinct pool_id) from message_state where state = "
	    "'sending'");
	cr_assert_eq(pools, 20, "%d", pools);
}

static int claim_all(struct harness *all, struct work *work, int number)
{
	struct queue_claim claim = { .medium = "EMAIL",
		.most = 10,
		.lease_ms = 60000,
		.owner = mem_printf(work->mem, "lane%d", number),
		.after = "" };

	(void)all;
	do {
		if (!harness_claim(work, &claim))
			return 1;
	} while (claim.count);
	return 0;
}

Test(queue, claims_at_once_never_share_a_message)
{
	int failed[4];

	help_bulk(&harness, pool, 1000);
	harness_race(&harness, 4, claim_all, failed);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(failed[i], 0);
	cr_assert_str_eq(harness_value(&harness,
	                     "select count(*) || ' ' || count(distinct id) || "
	                     "' ' || (count(distinct owner) > 1) from lease "
	                     "cross join lateral unnest(ids) as id"),
	    "1000 1000 true");
}

Test(queue, a_settle_of_an_old_lease_changes_nothing)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *old = claim_one();

	harness_value(&harness, "update lease set lease_until = now()");
	int count;
	cr_assert(queue_reap(&harness.work, &count));
	cr_assert_eq(count, 1);
	struct delivery *now = claim_one();
	cr_assert_neq(now->epoch, old->epoch);
	cr_assert_str_eq(harness_value(&harness, "select losses[1] from lease"),
	    "1");
	cr_assert_eq(help_settle(&harness.work, old, DELIVERY_REFUSED, "late"),
	    0);
	cr_assert_str_eq(help_state(&harness, id), "-|-|sealed|leased");
	cr_assert_eq(help_settle(&harness.work, now, DELIVERY_ACCEPTED, "ok"),
	    1);
	cr_assert_str_eq(help_state(&harness, id), "sent|-|wiped|");
	cr_assert_eq(help_settle(&harness.work, now, DELIVERY_REFUSED, "x"), 0);
	cr_assert_str_eq(help_state(&harness, id), "sent|-|wiped|");
}

Test(queue, where_a_message_goes)
{
	static const struct {
		enum delivery_class class;
		const char *state;
		int attempts; /* rows that tell of it */
	} cases[] = {
		{ DELIVERY_ACCEPTED, "sent|-|wiped|", 1 },
		{ DELIVERY_REFUSED, "refused|words|sealed|", 1 },
		{ DELIVERY_RETRY, "-|-|sealed|later 1", 1 },
		{ DELIVERY_AMBIGUOUS, "held|words|sealed|", 1 },
		{ DELIVERY_CANCELLED, "cancelled|words|wiped|", 0 },
		{ DELIVERY_BLOCKED, "-|-|sealed|blocked words", 0 },
		{ DELIVERY_UNTOUCHED, "-|-|sealed|later 0", 0 },
		{ DELIVERY_LANE_FAULT, "-|-|sealed|later 0", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t id = help_mail(&harness, pool,
		    mem_printf(harness.mem, "user%zu", i));
		harness_value(&harness, "delete from later");
		struct delivery *delivery = claim_one();
		cr_assert_eq(delivery->id, id);
		cr_assert_eq(help_settle(&harness.work, delivery,
		                 cases[i].class, "words"),
		    1);
		cr_assert_str_eq(help_state(&harness, id), cases[i].state,
		    "%s: %s", delivery_class_name(cases[i].class),
		    help_state(&harness, id));
		cr_assert_str_eq(
		    harness_value(&harness,
		        "select count(*) from message_attempt where message_id = "
		        "%lld and class = '%s' and words = 'words'",
		        (long long)id, delivery_class_name(cases[i].class)),
		    cases[i].attempts ? "1" : "0");
	}
}

Test(queue, a_retry_that_is_due_comes_before_new_ones)
{
	int64_t id = help_mail(&harness, pool, "alice");

	help_settle(&harness.work, claim_one(), DELIVERY_RETRY, "later");
	help_mail(&harness, pool, "bob");
	cr_assert_str_eq(claim_one()->username, "bob");
	help_mail(&harness, pool, "carol");
	harness_value(&harness, "update later set due_at = now()");
	struct delivery *delivery = claim_one();
	cr_assert_eq(delivery->id, id);
	cr_assert_eq(delivery->attempt, 2);
}

Test(queue, a_retry_gives_up)
{
	int64_t id = help_mail(&harness, pool, "alice");

	harness_value(&harness,
	    "update message set created_at = now() - interval '25 hours'");
	help_settle(&harness.work, claim_one(), DELIVERY_RETRY, "no");
	cr_assert_str_eq(help_state(&harness, id),
	    "refused|given up: refused for now for too long|sealed|");
}

Test(queue, evidence_is_kept_with_the_remote_s_id)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *delivery = claim_one();

	snprintf(delivery->outcome.remote_id,
	    sizeof(delivery->outcome.remote_id), "Q\"1\\");
	delivery->outcome.took_ms = 12;
	help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "2\"\\{},ok");
	const cJSON *json = queue_show(&harness.work, id);
	cr_assert(json);
	cr_assert_str_eq(json_text(json, "/state"), "sent");
	cr_assert_str_eq(json_text(json, "/remote_id"), "Q\"1\\");
	cr_assert_str_eq(json_text(json, "/history/0/class"), "ACCEPTED");
	cr_assert_str_eq(json_text(json, "/history/0/words"), "2\"\\{},ok");
	cr_assert_str_eq(json_text(json, "/history/0/lane"), "lane");
	cr_assert_null(queue_show(&harness.work, 999));
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
}

#define RESEND                                              \
	"{'Username':'alice','MessageAction':'RESEND','Des" \
	"iredDeliveryMediums':['EMAIL']}"

Test(queue, superseded_while_in_session)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *delivery = claim_one();

	harness_must_invite(&harness, pool, RESEND);
	cr_assert_str_eq(help_state(&harness, id), "-|-|sealed|leased");
	help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "ok");
	cr_assert_str_eq(help_state(&harness, id),
	    "sent|superseded while in session|wiped|");
}

Test(queue, lists_for_people)
{
	int64_t first = help_mail(&harness, pool, "alice");
	int64_t second = help_mail(&harness, pool, "bob");
	struct work *work = &harness.work;

	help_settle(work, claim_one(), DELIVERY_REFUSED, "no");
	const cJSON *list = queue_list(work, NULL, NULL, 0, 10);
	cr_assert_eq(cJSON_GetArraySize(list), 2);
	cr_assert_str_eq(json_text(list, "/0/state"), "queued");
	cr_assert_str_eq(json_text(list, "/1/state"), "refused");
	cr_assert_eq(
	    cJSON_GetArraySize(queue_list(work, "refused", pool->id, 0, 10)),
	    1);
	cr_assert_eq(
	    cJSON_GetArraySize(queue_list(work, NULL, NULL, second, 10)), 1);
	cr_assert_eq(
	    cJSON_GetArraySize(queue_list(work, NULL, NULL, first, 10)), 0);
	cr_assert_eq(
	    cJSON_GetArraySize(queue_list(work, NULL, "us-east-1_x", 0, 10)),
	    0);
}
