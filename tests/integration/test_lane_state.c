/* SPDX-License-Identifier: MIT */
/*
 * Lanes as operators see them, and media that are paused.
 * covers: delivery/lane_state.c
 */
#include <string.h>

#include "base/str.h"
#include "delivery/lane_state.h"
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

TestSuite(lane_state, .init = begin, .fini = end, .timeout = 60);

static const cJSON *state(void)
{
	const cJSON *json = lane_state(&harness.work);

	cr_assert(json, "%s", harness.work.err.detail);
	return json;
}

static void pause_medium(const char *medium)
{
	cr_assert(lane_pause(&harness.work, medium, "the relay moves"), "%s",
	    harness.work.err.message);
}

static void resume_medium(const char *medium)
{
	cr_assert(lane_resume(&harness.work, medium), "%s",
	    harness.work.err.message);
}

static size_t claimed(const char *medium, int most)
{
	return help_claim_of(&harness.work, medium, most).count;
}

static void expect_conflict(bool done, const char *message)
{
	cr_assert_not(done);
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
	cr_assert_str_eq(harness.work.err.message, message);
	harness.work.err = (struct err){ 0 };
}

Test(lane_state, a_pause_stops_claims_of_its_medium)
{
	help_mail(&harness, pool, "alice");
	help_mail(&harness, pool, "bob");
	help_text(&harness, pool, "carol");
	help_text(&harness, pool, "dave");
	pause_medium("EMAIL");
	cr_assert_eq(claimed("EMAIL", 10), 0);
	cr_assert_eq(claimed("SMS", 1), 1);
	resume_medium("EMAIL");
	pause_medium("SMS");
	cr_assert_eq(claimed("EMAIL", 1), 1);
	cr_assert_eq(claimed("SMS", 10), 0);
	pause_medium("EMAIL");
	cr_assert_eq(claimed("EMAIL", 10), 0);
	resume_medium("SMS");
	resume_medium("EMAIL");
	cr_assert_eq(claimed("EMAIL", 10), 1);
	cr_assert_eq(claimed("SMS", 10), 1);
}

Test(lane_state, retries_wait_too)
{
	help_mail(&harness, pool, "alice");
	help_settle(&harness.work, help_claim(&harness.work, 1, "").deliveries,
	    DELIVERY_RETRY, "no");
	harness_value(&harness, "update later set due_at = now()");
	pause_medium("EMAIL");
	cr_assert_eq(claimed("EMAIL", 10), 0);
	resume_medium("EMAIL");
	cr_assert_eq(claimed("EMAIL", 10), 1);
}

Test(lane_state, what_is_in_a_session_still_goes)
{
	int64_t id = help_mail(&harness, pool, "alice");
	struct queue_claim claim = help_claim(&harness.work, 1, "");

	pause_medium("EMAIL");
	cr_assert_eq(help_settle(&harness.work, claim.deliveries,
	                 DELIVERY_ACCEPTED, "ok"),
	    1);
	cr_assert_str_eq(help_state(&harness, id), "sent|-|wiped|");
}

Test(lane_state, a_pause_is_shown)
{
	cr_assert_eq(cJSON_GetArraySize(json_at(state(), "/pauses")), 0);
	pause_medium("SMS");
	pause_medium("EMAIL");
	const cJSON *json = state();
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/pauses")), 2);
	cr_assert_str_eq(json_text(json, "/pauses/0/medium"), "EMAIL");
	cr_assert_str_eq(json_text(json, "/pauses/0/reason"),
	    "the relay moves");
	cr_assert_str_eq(json_text(json, "/pauses/0/who"), "test");
	cr_assert(json_text(json, "/pauses/0/since"));
	cr_assert_str_eq(json_text(json, "/pauses/1/medium"), "SMS");
	resume_medium("EMAIL");
	cr_assert_eq(cJSON_GetArraySize(json_at(state(), "/pauses")), 1);
}

Test(lane_state, twice_is_a_conflict)
{
	expect_conflict(lane_resume(&harness.work, "EMAIL"),
	    "EMAIL is not paused");
	pause_medium("EMAIL");
	expect_conflict(lane_pause(&harness.work, "EMAIL", "another reason"),
	    "EMAIL is paused already; 'usher lane show' says since when and "
	    "why");
	cr_assert_str_eq(json_text(state(), "/pauses/0/reason"),
	    "the relay moves");
	resume_medium("EMAIL");
	expect_conflict(lane_resume(&harness.work, "EMAIL"),
	    "EMAIL is not paused");
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(who || ' ' || action || ' ' || "
	                     "object, ', ' order by id) from audit where "
	                     "action like 'lane %%'"),
	    "test lane pause EMAIL, test lane resume EMAIL");
}

Test(lane_state, lanes_are_woken_when_they_may_go_on)
{
	struct work lane = harness_work(&harness, harness.mem);

	cr_assert(db_listen(&lane, "usher_EMAIL"));
	pause_medium("EMAIL");
	pause_medium("SMS");
	resume_medium("SMS");
	cr_assert_not(db_wait(lane.db, 0));
	resume_medium("EMAIL");
	cr_assert(db_wait(lane.db, 10000));
}

/* Both media of both pools have a backlog. */
static void fill_both(const struct pool *other)
{
	help_bulk(&harness, pool, 100);
	help_bulk(&harness, other, 20);
	harness_value(&harness,
	    "with m as (insert into message (pool_id, medium, destination, "
	    "username, template_hash) select pool_id, 'SMS', '+15555550100', "
	    "'a', template_hash from message returning id, pool_id), r as "
	    "(insert into ready select 'SMS', pool_id, id from m) insert into "
	    "backlog select distinct 'SMS', pool_id from m");
}

static void expect_fair(const char *medium, const struct pool *other)
{
	struct queue_claim claim = help_claim_of(&harness.work, medium, 20);
	int of_other = 0;

	cr_assert_eq(claim.count, 20);
	for (size_t i = 0; i < claim.count; i++) {
		cr_assert_str_eq(claim.deliveries[i].medium, medium);
		of_other += str_same(claim.deliveries[i].pool_id, other->id);
	}
	cr_assert_eq(of_other, 10);
}

Test(lane_state, two_pools_share_while_the_other_medium_is_paused)
{
	struct pool *other = harness_pool(&harness, "{}");

	fill_both(other);
	pause_medium("SMS");
	expect_fair("EMAIL", other);
	cr_assert_eq(claimed("SMS", 20), 0);
	resume_medium("SMS");
	pause_medium("EMAIL");
	expect_fair("SMS", other);
	cr_assert_eq(claimed("EMAIL", 20), 0);
	resume_medium("EMAIL");
	expect_fair("EMAIL", other);
	expect_fair("SMS", other);
}

static void tell(const char *owner, const char *medium, const char *what,
    const char *words)
{
	cr_assert(db_run(&harness.work, QUERY_lane_tell, owner, medium, "smtp",
	              what, words, "1", "2", "50"),
	    "%s", harness.work.err.detail);
}

Test(lane_state, lanes_are_shown)
{
	cr_assert_eq(cJSON_GetArraySize(json_at(state(), "/lanes")), 0);
	tell("host-c", "SMS", "idle", NULL);
	tell("host-b", "EMAIL", "idle", NULL);
	tell("host-a", "EMAIL", "pausing", "the relay is away");
	const cJSON *json = state();
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/lanes")), 3);
	cr_assert_str_eq(json_text(json, "/lanes/0/owner"), "host-a");
	cr_assert_str_eq(json_text(json, "/lanes/0/medium"), "EMAIL");
	cr_assert_str_eq(json_text(json, "/lanes/0/carrier"), "smtp");
	cr_assert_str_eq(json_text(json, "/lanes/0/state"), "pausing");
	cr_assert_str_eq(json_text(json, "/lanes/0/words"),
	    "the relay is away");
	cr_assert_eq(
	    (int)cJSON_GetNumberValue(json_at(json, "/lanes/0/sessions")), 1);
	cr_assert_eq(
	    (int)cJSON_GetNumberValue(json_at(json, "/lanes/0/sessions_most")),
	    2);
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(json, "/lanes/0/batch")),
	    50);
	cr_assert_str_eq(json_text(json, "/lanes/1/owner"), "host-b");
	cr_assert_null(json_text(json, "/lanes/1/words"));
	cr_assert_str_eq(json_text(json, "/lanes/2/owner"), "host-c");
	cr_assert(db_run(&harness.work, QUERY_lane_end, "host-b"));
	cr_assert_eq(cJSON_GetArraySize(json_at(state(), "/lanes")), 2);
}

static bool hours_ago(const char *column)
{
	return str_same(harness_value(&harness,
	                    "select %s < now() - interval '1 hour' from lane",
	                    column),
	    "t");
}

Test(lane_state, since_is_when_the_state_began)
{
	tell("host-a", "EMAIL", "idle", NULL);
	harness_value(&harness,
	    "update lane set since = now() - interval '2 hours', "
	    "seen_at = now() - interval '2 hours'");
	double seen =
	    cJSON_GetNumberValue(json_at(state(), "/lanes/0/seen_seconds_ago"));
	cr_assert(seen >= 7200 && seen < 10800, "%g", seen);
	tell("host-a", "EMAIL", "idle", NULL);
	cr_assert(hours_ago("since"));
	cr_assert_not(hours_ago("seen_at"));
	tell("host-a", "EMAIL", "sending", NULL);
	cr_assert_not(hours_ago("since"));
}

Test(lane_state, who_was_not_heard_of_for_a_day_goes)
{
	tell("host-a", "EMAIL", "idle", NULL);
	tell("host-b", "EMAIL", "idle", NULL);
	harness_value(&harness,
	    "update lane set seen_at = now() - case owner when 'host-a' then "
	    "interval '25 hours' else interval '23 hours' end");
	cr_assert(db_run_plain(&harness.work, QUERY_lane_prune));
	cr_assert_eq(cJSON_GetArraySize(json_at(state(), "/lanes")), 1);
	cr_assert_str_eq(json_text(state(), "/lanes/0/owner"), "host-b");
}
