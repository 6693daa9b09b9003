/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/queue.h"

/* A chance of 20 does not move a delay. */
#define CHANCE 20
#define NOW_MS 1000000

static const struct queue_policy policy = { .retry_first_ms = 30000,
	.give_up_after_ms = 500000 };
static const struct queue_policy holding = { .retry_first_ms = 30000,
	.give_up_after_ms = 500000,
	.hold_ambiguous = true };

static struct delivery told(enum delivery_class class)
{
	struct delivery delivery = { .attempt = 1, .created_ms = NOW_MS };

	delivery_tell(&delivery, class, 0, NULL, "words");
	return delivery;
}

static void expect(const struct delivery *delivery,
    const struct queue_policy *how, struct queue_decision expected)
{
	struct queue_decision decision =
	    queue_decide(delivery, how, NOW_MS, CHANCE);

	cr_expect_str_eq(decision.outcome, expected.outcome);
	cr_expect_eq(decision.delay_ms, expected.delay_ms, "%s",
	    expected.outcome);
	cr_expect_eq(decision.spent, expected.spent, "%s", expected.outcome);
	cr_expect_eq(decision.evidence, expected.evidence, "%s",
	    expected.outcome);
	if (expected.reason)
		cr_expect_str_eq(decision.reason, expected.reason);
	else
		cr_expect_null(decision.reason);
}

static void expect_class(enum delivery_class class,
    struct queue_decision expected)
{
	struct delivery delivery = told(class);

	expect(&delivery, &policy, expected);
}

Test(queue_decide, each_class)
{
	expect_class(DELIVERY_ACCEPTED,
	    (struct queue_decision){ "sent", NULL, 0, true, true });
	expect_class(DELIVERY_REFUSED,
	    (struct queue_decision){ "refused", "words", 0, true, true });
	expect_class(DELIVERY_CANCELLED,
	    (struct queue_decision){ "cancelled", "words", 0, false, false });
	expect_class(DELIVERY_BLOCKED,
	    (struct queue_decision){ "blocked", "words", 0, false, false });
	expect_class(DELIVERY_RETRY,
	    (struct queue_decision){ "retry", "words", 30000, true, true });
	expect_class(DELIVERY_UNTOUCHED,
	    (struct queue_decision){ "retry", "words", 0, false, false });
	expect_class(DELIVERY_LANE_FAULT,
	    (struct queue_decision){ "retry", "words", 0, false, true });
}

Test(queue_decide, ambiguous_is_held_or_tried_again)
{
	struct delivery delivery = told(DELIVERY_AMBIGUOUS);

	expect(&delivery, &holding,
	    (struct queue_decision){ "held", "words", 0, true, true });
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 30000, true, true });
}

Test(queue_decide, remote_may_ask_for_more)
{
	struct delivery delivery = told(DELIVERY_RETRY);

	delivery.outcome.retry_after_ms = 300000;
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 300000, true, true });
	delivery.outcome.retry_after_ms = 1000;
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 30000, true, true });
	delivery = told(DELIVERY_LANE_FAULT);
	delivery.outcome.retry_after_ms = 7000;
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 7000, false, true });
}

Test(queue_decide, later_attempts_wait_longer)
{
	struct delivery delivery = told(DELIVERY_RETRY);

	delivery.attempt = 3;
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 300000, true, true });
}

#define GIVEN_UP "given up: refused for now for too long"

Test(queue_decide, gives_up_in_time)
{
	struct delivery delivery = told(DELIVERY_RETRY);

	delivery.created_ms = NOW_MS + 30000 - 500000;
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 30000, true, true });
	delivery.created_ms--;
	expect(&delivery, &policy,
	    (struct queue_decision){ "refused", GIVEN_UP, 0, true, true });
	delivery.outcome.class = DELIVERY_AMBIGUOUS;
	expect(&delivery, &policy,
	    (struct queue_decision){ "refused", GIVEN_UP, 0, true, true });
	expect(&delivery, &holding,
	    (struct queue_decision){ "held", "words", 0, true, true });
	/* The carrier's fault is not the message's. */
	delivery.outcome.class = DELIVERY_LANE_FAULT;
	expect(&delivery, &policy,
	    (struct queue_decision){ "retry", "words", 0, false, true });
}
