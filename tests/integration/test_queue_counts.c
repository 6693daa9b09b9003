/* SPDX-License-Identifier: MIT */
/*
 * How many messages stand where, without reading them all.
 * covers: delivery/queue_counts.c
 */
#include <string.h>

#include "base/str.h"
#include "delivery/queue_counts.h"
#include "explain.h"
#include "queue_help.h"

#define MOST 100000 /* rows that are counted */

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

TestSuite(counts, .init = begin, .fini = end, .timeout = 180);

static const cJSON *counts(void)
{
	const cJSON *json = queue_counts(&harness.work);

	cr_assert(json, "%s", harness.work.err.detail);
	return json;
}

static const cJSON *state_of(const cJSON *json, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_at(json, "/states"))
	{
		if (str_same(json_text(item, "/state"), name))
			return item;
	}
	return NULL;
}

static int64_t count_of(const cJSON *json, const char *name)
{
	const cJSON *state = state_of(json, name);

	return state ? (int64_t)cJSON_GetNumberValue(json_at(state, "/count"))
	             : 0;
}

static bool about(const cJSON *json, const char *name)
{
	return cJSON_IsTrue(json_at(state_of(json, name), "/about"));
}

Test(counts, nothing)
{
	const cJSON *json = counts();

	const cJSON *state;

	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/states")), 11);
	cJSON_ArrayForEach(state, json_at(json, "/states")) cr_assert_eq(
	    (int)cJSON_GetNumberValue(json_at(state, "/count")), 0);
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/reasons")), 0);
}

Test(counts, each_state)
{
	help_every_state(&harness, pool);
	help_every_state(&harness, harness_pool(&harness, "{}"));
	const cJSON *json = counts();

	for (int i = 0; help_states[i]; i++) {
		cr_assert_eq(count_of(json, help_states[i]), 2, "%s",
		    help_states[i]);
		cr_assert_not(about(json, help_states[i]));
	}
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/states")), 11);
}

/* Each message counts where lists show it, and nowhere else. */
Test(counts, a_receipt_of_what_was_not_sent_counts_nowhere)
{
	help_every_state(&harness, pool);
	harness_value(&harness, "update message set receipt = 'delivered'");
	const cJSON *json = counts();

	cr_assert_eq(count_of(json, "sent"), 0);
	cr_assert_eq(count_of(json, "delivered"), 3);
	cr_assert_eq(count_of(json, "bounced"), 0);
	for (int i = 3; help_states[i]; i++)
		cr_assert_eq(count_of(json, help_states[i]), 1, "%s",
		    help_states[i]);
}

Test(counts, the_oldest_of_what_is_not_settled)
{
	static const char *const open[] = { "blocked", "sending", "retry",
		"queued" };

	help_every_state(&harness, pool);
	harness_value(&harness,
	    "update message set created_at = now() - interval '1 hour'");
	help_every_state(&harness, harness_pool(&harness, "{}"));
	const cJSON *json = counts();
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		const cJSON *state = state_of(json, open[i]);
		double age =
		    cJSON_GetNumberValue(json_at(state, "/age_seconds"));
		cr_assert(json_text(state, "/oldest"), "%s", open[i]);
		cr_assert(age >= 3600 && age < 7200, "%s: %g", open[i], age);
	}
	cr_assert_null(json_at(state_of(json, "refused"), "/oldest"));
	cr_assert_null(json_at(state_of(json, "sent"), "/oldest"));
}

static const char *reasons(void)
{
	const cJSON *item;
	const char *text = "";

	cJSON_ArrayForEach(item, json_at(counts(), "/reasons")) text =
	    mem_printf(harness.mem, "%s%s %s %s %g\n", text,
	        json_text(item, "/state"), json_text(item, "/medium"),
	        json_text(item, "/reason"),
	        cJSON_GetNumberValue(json_at(item, "/count")));
	return text;
}

Test(counts, each_reason)
{
	help_every_state(&harness, pool);
	help_every_state(&harness, harness_pool(&harness, "{}"));
	cr_assert_str_eq(reasons(), "blocked EMAIL why blocked 2\n"
	                            "cancelled EMAIL why cancelled 2\n"
	                            "held EMAIL why held 2\n"
	                            "refused EMAIL why refused 2\n"
	                            "retry EMAIL why retry 2\n"
	                            "skipped EMAIL why skipped 2\n");
}

/* What relays say has many words; the status groups them. */
Test(counts, refusals_are_grouped_by_status)
{
	struct queue_policy policy = { 1000, 86400000, true };
	int ours;

	for (int i = 0; i < 3; i++) {
		const char *name = mem_printf(harness.mem, "user%d", i);
		help_mail(&harness, pool, name);
		struct delivery *delivery =
		    help_claim(&harness.work, 1, "").deliveries;
		delivery_tell(delivery, DELIVERY_REFUSED, 550,
		    i < 2 ? "5.1.1" : NULL,
		    mem_printf(harness.mem, "<%s> is unknown", name));
		cr_assert(queue_settle(&harness.work, "lane", &policy,
		    &delivery, 1, &ours));
	}
	cr_assert_str_eq(reasons(),
	    "refused EMAIL 5.1.1 2\nrefused EMAIL 550 1\n");
}

Test(counts, the_most_common_reason_comes_first)
{
	help_bulk(&harness, pool, 20);
	harness_value(&harness,
	    "insert into blocked (id, medium, reason, address) select id, "
	    "case when id %% 4 = 0 then 'SMS' else 'EMAIL' end, case when id %% "
	    "2 = 0 then 'even' else 'odd' end, '' from message");
	cr_assert_str_eq(reasons(), "blocked EMAIL odd 10\n"
	                            "blocked EMAIL even 5\n"
	                            "blocked SMS even 5\n");
}

/* From the first beyond the most it is told from the table's size. */
Test(counts, queued_beyond_the_most)
{
	help_bulk(&harness, pool, MOST);
	const cJSON *json = counts();
	cr_assert_eq(count_of(json, "queued"), MOST);
	cr_assert_not(about(json, "queued"));
	cr_assert_eq(count_of(json, "sent"), 0);
	cr_assert_not(about(json, "sent"));

	help_bulk(&harness, pool, 200000);
	json = counts();
	cr_assert(about(json, "queued"));
	cr_assert_gt(count_of(json, "queued"), MOST);
	harness_value(&harness, "analyze ready, message");
	json = counts();
	cr_assert(about(json, "queued"));
	int64_t count = count_of(json, "queued");
	cr_assert(count > 290000 && count < 310000, "%lld", (long long)count);
}

/* Many small backlogs are one large one. */
Test(counts, queued_in_many_pools)
{
	for (int i = 0; i < 4; i++)
		help_bulk(&harness, harness_pool(&harness, "{}"), MOST / 4);
	cr_assert_eq(count_of(counts(), "queued"), MOST);
	cr_assert_not(about(counts(), "queued"));
	help_bulk(&harness, pool, 1);
	cr_assert(about(counts(), "queued"));
}

Test(counts, other_states_beyond_the_most)
{
	static const char *const states[] = { "refused", "retry", "blocked",
		"delivered" };

	help_bulk(&harness, pool, MOST + 1);
	harness_value(&harness,
	    "delete from ready;"
	    "insert into outcome (message_id, medium, outcome) select id, "
	    "medium, 'refused' from message;"
	    "insert into later (id, medium, due_at, attempts, losses) select "
	    "id, medium, now(), 1, 0 from message;"
	    "insert into lease (epoch, medium, owner, lease_until, ids, "
	    "attempts, losses, sealed) select 1, 'EMAIL', 'lane', now(), "
	    "array_agg(id), '{}', '{}', '{}' from message;"
	    "insert into blocked (id, medium, reason, address) select id, "
	    "medium, '', '' from message;"
	    "with m as (insert into message (pool_id, medium, destination, "
	    "username, template_hash, receipt) select pool_id, medium, "
	    "destination, username, template_hash, 'delivered' from message "
	    "returning id, medium) insert into outcome (message_id, medium, "
	    "outcome) select id, medium, 'sent' from m");
	const cJSON *json = counts();
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		cr_assert(about(json, states[i]), "%s", states[i]);
		cr_assert_gt(count_of(json, states[i]), MOST, "%s", states[i]);
	}
	cr_assert(about(json, "sent"));
	/* Leases are few and tell exactly. */
	cr_assert_not(about(json, "sending"));
	cr_assert_eq(count_of(json, "sending"), MOST + 1);
}

/* 20000 of everything, of which 1000 may be looked at. */
static void fill_all(void)
{
	for (int i = 0; i < 4; i++)
		help_bulk(&harness, harness_pool(&harness, "{}"), 5000);
	harness_value(&harness,
	    "insert into later (id, medium, due_at, attempts, losses) select "
	    "id, medium, now(), 1, 0 from message;"
	    "insert into lease (epoch, medium, owner, lease_until, ids, "
	    "attempts, losses, sealed) select 1, 'EMAIL', 'lane', now(), "
	    "array_agg(id), '{}', '{}', '{}' from message;"
	    "insert into blocked (id, medium, reason, address) select id, "
	    "medium, id::text, '' from message;"
	    "with m as (insert into message (pool_id, medium, destination, "
	    "username, template_hash, receipt, kind) select pool_id, medium, "
	    "destination, username, template_hash, r, o from message, "
	    "(values ('sent', 'delivered'), ('sent', 'bounced'), ('sent', "
	    "null), ('refused', null), ('held', null), ('cancelled', null), "
	    "('skipped', null)) as v (o, r) returning id, medium, kind) insert "
	    "into outcome (message_id, medium, outcome, cause) select id, "
	    "medium, kind, kind from m;"
	    "analyze");
}

Test(counts, never_read_all)
{
	static const char *const tables[] = { "ready", "later", "blocked" };
	int64_t rows;

	fill_all();
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		rows = explain_rows(&harness, QUERY_queue_counts, "1000",
		    tables[i]);
		cr_assert(rows >= 1000 && rows <= 1010, "%s: %lld", tables[i],
		    (long long)rows);
	}
	/* Two states of it, and the oldest of the four others. */
	rows = explain_rows(&harness, QUERY_queue_counts, "1000", "message");
	cr_assert(rows >= 2000 && rows <= 2010, "%lld", (long long)rows);
	/* Four states, and whether what has a receipt was sent. */
	rows = explain_rows(&harness, QUERY_queue_counts, "1000", "outcome");
	cr_assert(rows >= 6000 && rows <= 6010, "%lld", (long long)rows);
	rows = explain_rows(&harness, QUERY_queue_count_all, "1000", NULL);
	cr_assert(rows >= 1000 && rows <= 1010, "%lld", (long long)rows);
	rows = explain_rows(&harness, QUERY_queue_count_reasons, "1000", NULL);
	cr_assert(rows >= 6000 && rows <= 6010, "%lld", (long long)rows);
}

static void put_off(const struct pool *of, const char *table, int many)
{
	harness_value(&harness,
	    "with r as (delete from ready where id = any(array(select id from "
	    "ready where pool_id = '%s' limit %d)) returning id, medium) insert "
	    "into %s select id, medium, %s from r",
	    of->id, many, table,
	    str_same(table, "later") ? "now(), 1, 0, 'no'" : "'sandbox', ''");
}

static void expect_pool(const struct pool *of, int queued, int retry,
    int blocked)
{
	const cJSON *json = queue_count_pool(&harness.work, of->id);

	cr_assert(json);
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(json, "/queued")),
	    queued);
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(json, "/retry")), retry);
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(json, "/blocked")),
	    blocked);
}

static int cancel_some(const struct pool *of)
{
	int count = -1;

	cr_assert(
	    queue_cancel_some(&harness.work, of->id, "not wanted", &count),
	    "%s", harness.work.err.detail);
	return count;
}

Test(counts, a_pool_s_messages_are_cancelled_in_steps)
{
	struct pool *other = harness_pool(&harness, "{}");

	help_every_state(&harness, pool);
	help_every_state(&harness, other);
	help_bulk(&harness, pool, 12000);
	put_off(pool, "later", 30);
	put_off(pool, "blocked", 20);
	expect_pool(pool, 12001 - 50, 31, 21);
	int first = cancel_some(pool);
	cr_assert(first >= 5000 && first <= 15000, "%d", first);
	while (cancel_some(pool))
		;
	expect_pool(pool, 0, 0, 0);
	expect_pool(other, 1, 1, 1);
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_state where reason = 'not "
	        "wanted' and cause = reason and outcome = 'cancelled' "
	        "and sealed is null and settled_at is not null"),
	    12003);
	cr_assert_eq(count_of(counts(), "sending"), 2);
	cr_assert_eq(cancel_some(other), 3);
	cr_assert_eq(count_of(counts(), "cancelled"), 12003 + 3 + 2);
	cr_assert_eq(count_of(counts(), "refused"), 2);
}

static int claim_or_cancel(struct harness *all, struct work *work, int number)
{
	struct queue_claim claim = { .medium = "EMAIL",
		.most = 10,
		.lease_ms = 60000,
		.owner = mem_printf(work->mem, "lane%d", number),
		.after = "" };
	int count = 1;

	(void)all;
	if (number == 0) {
		while (count)
			if (!queue_cancel_some(work, pool->id, "no", &count))
				return 1;
		return 0;
	}
	do {
		if (!harness_claim(work, &claim))
			return 1;
	} while (claim.count);
	return 0;
}

Test(counts, what_is_claimed_meanwhile_is_not_cancelled)
{
	int failed[3];

	help_bulk(&harness, pool, 20000);
	harness_race(&harness, 3, claim_or_cancel, failed);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(failed[i], 0);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from message_state where state not "
	                 "in ('sending', 'cancelled')"),
	    0);
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 0);
}
