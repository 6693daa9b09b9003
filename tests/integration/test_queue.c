/* SPDX-License-Identifier: MIT */
/*
 * The queue's statements against PostgreSQL: what must never be lost, and
 * what must be gone.
 * covers: delivery/queue.c
 */
#include <string.h>

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

TestSuite(queue, .init = begin, .fini = end, .timeout = 60);

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

	cr_assert(queue_claim(&harness.work, &claim), "%s",
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
Test(queue, poison_takes_nobody_along)
{
	int count = 0;

	for (int i = 0; i < 5; i++)
		invite_one(pool, mem_printf(harness.mem, "user%d", i));
	for (int round = 0; round < 20; round++) {
		struct queue_claim claim = claim_most(100);
		if (holds(&claim, "user2")) {
			harness_value(&harness, "update in_flight set "
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
	                     "', ' order by id) from message"),
	    "user0 sent, user1 sent, user2 refused, user3 sent, user4 sent");
}

Test(queue, claim_is_not_exceeded)
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
