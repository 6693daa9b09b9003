/* SPDX-License-Identifier: MIT */
/*
 * What people see of the queue: lists by state and pool, page by page.
 * covers: delivery/queue.c
 */
#include <string.h>

#include "delivery/queue.h"
#include "explain.h"
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

TestSuite(list, .init = begin, .fini = end, .timeout = 120);

static const cJSON *list(const char *state, const char *pool_id, int64_t below,
    int most)
{
	const cJSON *json =
	    queue_list(&harness.work, state, pool_id, below, most);

	cr_assert(json, "%s", harness.work.err.detail);
	return json;
}

static int size(const cJSON *json)
{
	return cJSON_GetArraySize(json);
}

static int64_t id_at(const cJSON *json, int i)
{
	return (int64_t)cJSON_GetNumberValue(
	    cJSON_GetObjectItem(cJSON_GetArrayItem(json, i), "id"));
}

static void expect_one(const char *state, const char *pool_id)
{
	const cJSON *json = list(state, pool_id, 0, 10);

	cr_assert_eq(size(json), 1, "%s: %d", state, size(json));
	cr_assert_str_eq(json_text(json, "/0/state"), state);
	cr_assert_str_eq(json_text(json, "/0/pool"), pool_id);
	cr_assert_str_eq(json_text(json, "/0/username"),
	    mem_printf(harness.mem, "user-%s", state));
}

Test(list, each_state_and_pool)
{
	const struct pool *other = harness_pool(&harness, "{}");
	const struct pool *empty = harness_pool(&harness, "{}");

	help_every_state(&harness, pool);
	help_every_state(&harness, other);
	for (int i = 0; help_states[i]; i++) {
		expect_one(help_states[i], pool->id);
		expect_one(help_states[i], other->id);
		const cJSON *json = list(help_states[i], NULL, 0, 10);
		cr_assert_eq(size(json), 2, "%s", help_states[i]);
		cr_assert_gt(id_at(json, 0), id_at(json, 1));
		cr_assert_eq(size(list(help_states[i], empty->id, 0, 10)), 0);
	}
	cr_assert_eq(size(list(NULL, NULL, 0, 100)), 22);
	cr_assert_eq(size(list(NULL, pool->id, 0, 100)), 11);
	cr_assert_eq(size(list("danced", NULL, 0, 100)), 0);
	cr_assert_eq(size(list("", NULL, 0, 100)), 0);
}

/* Every one once, the newest first, whatever the pages' size. */
static void expect_pages(const char *state, const char *pool_id, int count)
{
	for (int most = 1; most <= 4; most++) {
		int64_t below = 0;
		int seen = 0;
		for (;;) {
			const cJSON *page = list(state, pool_id, below, most);
			cr_assert_leq(size(page), most);
			for (int i = 0; i < size(page); i++) {
				cr_assert(!below || id_at(page, i) < below);
				below = id_at(page, i);
			}
			seen += size(page);
			if (size(page) < most)
				break;
		}
		cr_assert_eq(seen, count, "%s, pages of %d: %d", state, most,
		    seen);
	}
}

Test(list, pages)
{
	const struct pool *other = harness_pool(&harness, "{}");

	for (int i = 0; i < 3; i++) {
		help_every_state(&harness, pool);
		help_every_state(&harness, other);
		harness_value(&harness,
		    "delete from name; update message set username = 'u' || id");
	}
	for (int i = 0; help_states[i]; i++) {
		expect_pages(help_states[i], NULL, 6);
		expect_pages(help_states[i], pool->id, 3);
	}
	expect_pages(NULL, NULL, 66);
	expect_pages(NULL, other->id, 33);
}

static const char *shown(int64_t id)
{
	return json_text(queue_show(&harness.work, id), "/state");
}

/* A receipt tells of what was sent alone. */
Test(list, a_receipt_is_the_state_of_what_was_sent)
{
	static const struct {
		const char *outcome;
		const char *receipt;
		const char *state;
	} cases[] = { { "'sent'", "'delivered'", "delivered" },
		{ "'sent'", "'bounced'", "bounced" },
		{ "'sent'", "'delayed'", "sent" }, { "'sent'", "null", "sent" },
		{ "'refused'", "'delivered'", "refused" },
		{ "'held'", "'delayed'", "held" },
		{ "'cancelled'", "'bounced'", "cancelled" },
		{ "'skipped'", "null", "skipped" },
		{ "null", "'delivered'", "queued" } };
	int64_t id = help_mail(&harness, pool, "alice");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		harness_value(&harness,
		    "delete from ready; delete from outcome; insert into "
		    "outcome (message_id, medium, outcome) select id, medium, "
		    "%s from message where %s is not null; insert into ready "
		    "(medium, pool_id, id) select medium, pool_id, id from "
		    "message where %s is null; update message set receipt = %s",
		    cases[i].outcome, cases[i].outcome, cases[i].outcome,
		    cases[i].receipt);
		cr_assert_str_eq(shown(id), cases[i].state);
		if (strcmp(cases[i].state, "queued") != 0)
			expect_pages(cases[i].state, pool->id, 1);
	}
}

/* However many others there are, and however rare the state is. */
static void expect_bounded(const char *state)
{
	const char *arguments =
	    mem_printf(harness.mem, "%s, null, null, 10", state);
	int64_t rows =
	    explain_rows(&harness, QUERY_queue_list, arguments, NULL);

	cr_assert_leq(rows, 200, "%s: %lld", state, (long long)rows);
}

Test(list, never_reads_all)
{
	help_bulk(&harness, pool, 10000);
	harness_value(&harness,
	    "delete from ready; insert into outcome (message_id, medium, "
	    "outcome) select id, medium, 'sent' from message; "
	    "with m as (insert into message (pool_id, medium, destination, "
	    "username, template_hash) select pool_id, medium, destination, "
	    "username, template_hash from message returning id, medium) "
	    "insert into outcome (message_id, medium, outcome) select id, "
	    "medium, 'refused' from m");
	help_bulk(&harness, pool, 10000);
	help_every_state(&harness, harness_pool(&harness, "{}"));
	harness_value(&harness, "analyze");
	expect_bounded("null");
	for (int i = 0; help_states[i]; i++)
		if (strcmp(help_states[i], "sent") != 0)
			expect_bounded(
			    mem_printf(harness.mem, "'%s'", help_states[i]));
}
