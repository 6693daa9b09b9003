/* SPDX-License-Identifier: MIT */
/*
 * What gateways and bounces tell later: never back, in whatever order.
 * covers: delivery/receipt.c
 */
#include <string.h>

#include "account/user.h"
#include "delivery/receipt.h"
#include "delivery/rules.h"
#include "delivery/token.h"
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

TestSuite(receipt, .init = begin, .fini = end, .timeout = 60);

static char *key_of(int64_t id)
{
	return token_print(harness.mem,
	    harness_value(&harness, "select token_salt from installation"), id);
}

static enum receipt_result take(const struct receipt *receipt)
{
	enum receipt_result result = RECEIPT_UNKNOWN;

	cr_assert(receipt_take(&harness.work, "gate", receipt, &result), "%s",
	    harness.work.err.detail);
	return result;
}

static enum receipt_result take_key(const char *key, enum receipt_state state)
{
	struct receipt receipt = { .message_key = key,
		.state = state,
		.code = "7",
		.words = "words" };

	return take(&receipt);
}

static enum receipt_result take_remote(const char *remote_id,
    enum receipt_state state)
{
	struct receipt receipt = { .remote_id = remote_id, .state = state };

	return take(&receipt);
}

static int take_waiting(void)
{
	int count = -1;

	cr_assert(receipt_take_waiting(&harness.work, &count), "%s",
	    harness.work.err.detail);
	return count;
}

static const char *state_of(int64_t id)
{
	const cJSON *json = queue_show(&harness.work, id);

	cr_assert(json, "%s", harness.work.err.message);
	return json_text(json, "/state");
}

/* The states of the receipts that were noted for a message. */
static const char *noted(int64_t id)
{
	return harness_value(&harness,
	    "select string_agg(state, ' ' order by id) from receipt where "
	    "message_id = %lld",
	    (long long)id);
}

static struct delivery *claim_one(const char *medium)
{
	struct queue_claim claim = help_claim_of(&harness.work, medium, 1);

	cr_assert_eq(claim.count, 1);
	return &claim.deliveries[0];
}

static int64_t mail(const char *name, enum delivery_class class)
{
	int64_t id = help_mail(&harness, pool, name);

	help_settle(&harness.work, claim_one("EMAIL"), class, "why");
	return id;
}

/* An SMS that the gateway took under a name of its own. */
static int64_t text(const char *name, const char *remote_id)
{
	int64_t id = help_text(&harness, pool, name);
	struct delivery *delivery = claim_one("SMS");

	delivery_note_id(delivery, remote_id);
	help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "ok");
	return id;
}

Test(receipt, by_key)
{
	int64_t id = mail("alice", DELIVERY_ACCEPTED);
	int64_t other = mail("bob", DELIVERY_ACCEPTED);

	cr_assert_eq(take_key(key_of(id), RECEIPT_DELIVERED), RECEIPT_NOTED);
	const cJSON *json = queue_show(&harness.work, id);
	cr_assert_str_eq(json_text(json, "/state"), "delivered");
	cr_assert_str_eq(json_text(json, "/receipts/0/source"), "gate");
	cr_assert_str_eq(json_text(json, "/receipts/0/state"), "delivered");
	cr_assert_str_eq(json_text(json, "/receipts/0/code"), "7");
	cr_assert_str_eq(json_text(json, "/receipts/0/words"), "words");
	cr_assert(json_text(json, "/receipts/0/at"));
	cr_assert_null(json_at(json, "/receipts/1"));
	cr_assert_str_eq(state_of(other), "sent");
}

Test(receipt, a_forged_key_changes_nothing)
{
	int64_t id = mail("alice", DELIVERY_ACCEPTED);
	struct mem *mem = harness.mem;
	char *key = key_of(id);
	const char *keys[] = { "", "x", "1", mem_printf(mem, "%s0", key),
		mem_printf(mem, "0%s", key), mem_printf(mem, "%lld-", 1LL),
		token_print(mem, "another salt", id),
		mem_printf(mem, "%lld-%s", (long long)id,
		    strchr(key_of(id + 1), '-') + 1) };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cr_assert_eq(take_key(keys[i], RECEIPT_FAILED), RECEIPT_UNKNOWN,
		    "%s", keys[i]);
	cr_assert_eq(take_key(key_of(id + 1), RECEIPT_FAILED), RECEIPT_UNKNOWN,
	    "genuine, but of no message");
	cr_assert_str_eq(state_of(id), "sent");
	cr_assert_eq(harness_number(&harness, "select count(*) from receipt"),
	    0);
}

Test(receipt, by_the_remote_s_id)
{
	int64_t first = text("alice", "R1");
	int64_t second = text("bob", "R2");

	cr_assert_eq(take_remote("R1", RECEIPT_DELIVERED), RECEIPT_NOTED);
	cr_assert_str_eq(state_of(first), "delivered");
	cr_assert_str_eq(state_of(second), "sent");
	cr_assert_eq(take_remote("R3", RECEIPT_DELIVERED), RECEIPT_WAITS);
	cr_assert_eq(take_remote("", RECEIPT_DELIVERED), RECEIPT_WAITS);
}

/* Gateways begin to count anew, and relays name mails too. */
Test(receipt, the_newest_sms_of_that_name_is_meant)
{
	int64_t old = text("alice", "R1");
	int64_t new = text("bob", "R1");
	int64_t id = help_mail(&harness, pool, "carol");
	struct delivery *delivery = claim_one("EMAIL");

	delivery_note_id(delivery, "R1");
	help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "ok");
	take_remote("R1", RECEIPT_FAILED);
	cr_assert_str_eq(state_of(old), "sent");
	cr_assert_str_eq(state_of(new), "bounced");
	cr_assert_str_eq(state_of(id), "sent");
}

Test(receipt, waits_for_the_settle_that_names_the_message)
{
	int64_t id = help_text(&harness, pool, "alice");
	struct delivery *delivery = claim_one("SMS");

	cr_assert_eq(take_remote("R1", RECEIPT_DELAYED), RECEIPT_WAITS);
	cr_assert_eq(take_remote("R1", RECEIPT_DELIVERED), RECEIPT_WAITS);
	cr_assert_eq(take_remote("R2", RECEIPT_FAILED), RECEIPT_WAITS);
	cr_assert_eq(take_waiting(), 0);
	cr_assert_str_eq(state_of(id), "sending");
	delivery_note_id(delivery, "R1");
	help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "ok");
	cr_assert_eq(take_waiting(), 2);
	cr_assert_str_eq(state_of(id), "delivered");
	cr_assert_str_eq(noted(id), "delayed delivered");
	cr_assert_eq(take_waiting(), 0);
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(remote_id, ' ') from receipt "
	                     "where message_id is null"),
	    "R2");
}

Test(receipt, waits_an_hour)
{
	take_remote("R1", RECEIPT_FAILED);
	take_remote("R2", RECEIPT_FAILED);
	harness_value(&harness,
	    "update receipt set received_at = now() - interval '61 minutes' "
	    "where remote_id = 'R1'");
	take_waiting();
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(remote_id, ' ') from receipt"),
	    "R2");
}

Test(receipt, never_back)
{
	static const struct {
		enum receipt_state state;
		const char *then;
	} steps[] = { { RECEIPT_DELAYED, "sent" },
		{ RECEIPT_DELIVERED, "delivered" },
		{ RECEIPT_DELAYED, "delivered" }, { RECEIPT_FAILED, "bounced" },
		{ RECEIPT_DELIVERED, "bounced" },
		{ RECEIPT_DELAYED, "bounced" } };
	int64_t id = mail("alice", DELIVERY_ACCEPTED);

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		cr_assert_eq(take_key(key_of(id), steps[i].state),
		    RECEIPT_NOTED);
		cr_assert_str_eq(state_of(id), steps[i].then, "step %zu", i);
	}
	cr_assert_str_eq(noted(id), "delayed delivered bounced");
}

Test(receipt, the_same_is_noted_once)
{
	int64_t id = mail("alice", DELIVERY_ACCEPTED);
	struct receipt receipt = { .message_key = key_of(id),
		.state = RECEIPT_DELAYED };

	for (int i = 0; i < 3; i++)
		take(&receipt);
	cr_assert_str_eq(noted(id), "delayed", "without a code");
	receipt.code = "7";
	for (int i = 0; i < 3; i++)
		take(&receipt);
	cr_assert_str_eq(noted(id), "delayed delayed");
	receipt.words = "other words";
	take(&receipt);
	cr_assert_str_eq(noted(id), "delayed delayed");
}

/* The answer was lost, the message was not. */
static void expect_arrived(enum delivery_class class, enum receipt_state state,
    const char *then)
{
	const char *name =
	    mem_printf(harness.mem, "u%d%d", (int)class, (int)state);
	int64_t id = mail(name, class);
	const char *before = help_state(&harness, id);

	take_key(key_of(id), RECEIPT_DELAYED);
	cr_assert_str_eq(help_state(&harness, id), before);
	take_key(key_of(id), state);
	cr_assert_str_eq(help_state(&harness, id), "sent|-|wiped|");
	cr_assert_str_eq(state_of(id), then);
	cr_assert_str_eq(harness_value(&harness,
	                     "select settled_at is not null and cause is null "
	                     "from message_state where id = %lld",
	                     (long long)id),
	    "t");
	cr_assert_not(queue_retry(&harness.work, id));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
}

Test(receipt, what_waits_for_a_retry_need_not_go_again)
{
	expect_arrived(DELIVERY_RETRY, RECEIPT_DELIVERED, "delivered");
	expect_arrived(DELIVERY_RETRY, RECEIPT_FAILED, "bounced");
	cr_assert_eq(harness_number(&harness, "select count(*) from later"), 0);
}

Test(receipt, what_is_held_went)
{
	expect_arrived(DELIVERY_AMBIGUOUS, RECEIPT_DELIVERED, "delivered");
	expect_arrived(DELIVERY_AMBIGUOUS, RECEIPT_FAILED, "bounced");
}

/* While the lane still waits for the answer that never comes. */
static int64_t receipt_then(enum receipt_state state, enum delivery_class class)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *delivery = claim_one("EMAIL");

	cr_assert_eq(take_key(key_of(id), state), RECEIPT_NOTED);
	cr_assert_str_eq(state_of(id), "sending");
	cr_assert_eq(help_settle(&harness.work, delivery, class, "lost"), 1);
	return id;
}

Test(receipt, before_a_settle_that_knows_less)
{
	int64_t id = receipt_then(RECEIPT_DELIVERED, DELIVERY_AMBIGUOUS);

	cr_assert_str_eq(help_state(&harness, id), "sent|-|wiped|");
	cr_assert_str_eq(state_of(id), "delivered");
}

Test(receipt, before_a_settle_that_holds_as_it_may)
{
	int64_t id = receipt_then(RECEIPT_DELAYED, DELIVERY_AMBIGUOUS);

	cr_assert_str_eq(help_state(&harness, id), "held|lost|sealed|");
}

Test(receipt, before_a_settle_that_would_send_again)
{
	int64_t id = receipt_then(RECEIPT_FAILED, DELIVERY_RETRY);

	harness_value(&harness, "update later set due_at = now()");
	struct delivery *delivery = claim_one("EMAIL");
	cr_assert_eq(delivery->id, id);
	cr_assert_not(rules_allow(delivery));
	cr_assert_eq(delivery->outcome.class, DELIVERY_ACCEPTED);
	help_settle(&harness.work, delivery, DELIVERY_ACCEPTED, "as it says");
	cr_assert_str_eq(state_of(id), "bounced");
}

Test(receipt, what_was_refused_or_cancelled_stays_so)
{
	int64_t refused = mail("alice", DELIVERY_REFUSED);
	int64_t cancelled = mail("bob", DELIVERY_CANCELLED);

	take_key(key_of(refused), RECEIPT_DELIVERED);
	take_key(key_of(cancelled), RECEIPT_DELIVERED);
	cr_assert_str_eq(state_of(refused), "refused");
	cr_assert_str_eq(state_of(cancelled), "cancelled");
	cr_assert_str_eq(noted(refused), "delivered");
}

static const char *kept_words(void)
{
	return harness_value(&harness,
	    "select count(*) || string_agg(coalesce(words, '') || "
	    "coalesce(remote_id, ''), '') from receipt");
}

Test(receipt, of_a_deleted_user_no_words_are_kept)
{
	int64_t id = text("alice", "to +15555550100");

	take_remote("to +15555550100", RECEIPT_DELAYED);
	take_key(key_of(id), RECEIPT_DELAYED);
	cr_assert(user_delete(&harness.work, pool, "alice"));
	cr_assert_str_eq(kept_words(), "2");
	take_key(key_of(id), RECEIPT_FAILED);
	struct receipt receipt = { .message_key = key_of(id),
		.remote_id = "to +15555550100",
		.state = RECEIPT_DELIVERED,
		.words = "+15555550100 has it" };
	cr_assert_eq(take(&receipt), RECEIPT_NOTED);
	cr_assert_str_eq(kept_words(), "4");
	cr_assert_str_eq(state_of(id), "bounced");
}

static const char *race_key;

static int take_many(struct harness *all, struct work *work, int number)
{
	enum receipt_state states[] = { RECEIPT_DELAYED, RECEIPT_DELIVERED,
		RECEIPT_FAILED };
	enum receipt_result result;

	(void)all;
	for (int i = 0; i < 30; i++) {
		struct receipt receipt = { .message_key = race_key,
			.state = states[(i + number) % 3] };
		if (!receipt_take(work, "gate", &receipt, &result) ||
		    result != RECEIPT_NOTED)
			return 1;
	}
	return 0;
}

Test(receipt, many_at_once)
{
	int64_t id = mail("alice", DELIVERY_RETRY);
	int failed[4];

	race_key = key_of(id);
	harness_race(&harness, 4, take_many, failed);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(failed[i], 0);
	cr_assert_str_eq(state_of(id), "bounced");
	cr_assert_str_eq(help_state(&harness, id), "sent|-|wiped|");
}
