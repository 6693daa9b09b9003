/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "delivery/gate.h"

#define NOW_MS 1000000

static const struct gate_limits limits = { .sessions = 8, .batch = 64 };

static int64_t note_at(struct gate *gate, int64_t now_ms, enum gate_event event,
    int accepted, int64_t rest_ms)
{
	struct gate_session session = { event, accepted, rest_ms };

	return gate_note(gate, &limits, &session, now_ms);
}

/* A session that was begun when the gate let it. */
static int64_t note(struct gate *gate, enum gate_event event, int accepted,
    int64_t rest_ms)
{
	int64_t now_ms = gate->opens_ms > NOW_MS ? gate->opens_ms : NOW_MS;

	return note_at(gate, now_ms, event, accepted, rest_ms);
}

static int room(const struct gate *gate, int place, int64_t now_ms)
{
	return gate_room(gate, &limits, place, now_ms);
}

static void expect_size(const struct gate *gate, int sessions, int batch)
{
	cr_expect_eq(gate_sessions(gate, &limits), sessions, "%d sessions",
	    gate_sessions(gate, &limits));
	cr_expect_eq(gate_batch(gate, &limits), batch, "%d in one",
	    gate_batch(gate, &limits));
}

Test(gate, zero_is_wide_open)
{
	struct gate gate = { 0 };

	expect_size(&gate, 8, 64);
	for (int place = 0; place < 8; place++)
		cr_expect_eq(room(&gate, place, NOW_MS), 64);
	cr_expect_eq(room(&gate, 8, NOW_MS), 0);
}

Test(gate, less_asked_for_is_half_down_to_one)
{
	static const int sessions[] = { 4, 2, 1, 1, 1, 1, 1, 1 };
	static const int batches[] = { 32, 16, 8, 4, 2, 1, 1, 1 };
	struct gate gate = { 0 };

	for (int i = 0; i < 8; i++) {
		note(&gate, GATE_THROTTLED, 0, 0);
		expect_size(&gate, sessions[i], batches[i]);
	}
}

Test(gate, the_highest_places_rest_first)
{
	struct gate gate = { 0 };

	note(&gate, GATE_THROTTLED, 0, 0);
	int64_t later_ms = gate.opens_ms;
	for (int place = 0; place < 4; place++)
		cr_expect_eq(room(&gate, place, later_ms), 32);
	for (int place = 4; place < 8; place++)
		cr_expect_eq(room(&gate, place, later_ms), 0);
}

/* As many as a session carried is what the next one tries. */
Test(gate, what_was_accepted_is_the_next_batch)
{
	struct gate gate = { 0 };

	note(&gate, GATE_THROTTLED, 20, 0);
	expect_size(&gate, 4, 20);
	note(&gate, GATE_THROTTLED, 19, 0);
	expect_size(&gate, 2, 19);
	note(&gate, GATE_THROTTLED, 1, 0);
	expect_size(&gate, 1, 1);
}

/* A session that was begun before the gate shrank tells of more. */
Test(gate, a_batch_never_grows_by_less_asked_for)
{
	struct gate gate = { 0 };

	note(&gate, GATE_THROTTLED, 10, 0);
	note(&gate, GATE_THROTTLED, 60, 0);
	expect_size(&gate, 2, 10);
}

Test(gate, grows_back_a_little_at_a_time)
{
	struct gate gate = { 0 };

	for (int i = 0; i < 2; i++)
		note(&gate, GATE_THROTTLED, 0, 0);
	expect_size(&gate, 2, 16);
	note(&gate, GATE_CLEAN, 16, 0);
	expect_size(&gate, 2, 20);
	note(&gate, GATE_CLEAN, 16, 0);
	expect_size(&gate, 2, 24);
	note(&gate, GATE_CLEAN, 16, 0);
	expect_size(&gate, 3, 28);
	for (int i = 0; i < 9; i++)
		note(&gate, GATE_CLEAN, 16, 0);
	expect_size(&gate, 6, 64);
	for (int i = 0; i < 100; i++)
		note(&gate, GATE_CLEAN, 16, 0);
	expect_size(&gate, 8, 64);
}

Test(gate, sessions_grow_after_clean_ones_in_a_row)
{
	struct gate gate = { 0 };

	note(&gate, GATE_THROTTLED, 0, 0);
	for (int i = 0; i < 10; i++) {
		note(&gate, GATE_CLEAN, 1, 0);
		note(&gate, GATE_CLEAN, 1, 0);
		note(&gate, GATE_FAULT, 0, 0);
	}
	cr_expect_eq(gate_sessions(&gate, &limits), 4);
}

/* Settings may be smaller after a restart of the lanes than on the board. */
Test(gate, never_below_one)
{
	static const struct gate_limits small = { .sessions = 1, .batch = 1 };
	struct gate gate = { 0 };

	for (int i = 0; i < 3; i++)
		note(&gate, GATE_THROTTLED, 0, 0);
	cr_expect_eq(gate_sessions(&gate, &small), 1);
	cr_expect_eq(gate_batch(&gate, &small), 1);
	cr_expect_eq(gate_room(&gate, &small, 0, gate.opens_ms), 1);
}

static void expect_probe(const struct gate *gate, int64_t at_ms)
{
	for (int place = 0; place < 8; place++)
		cr_expect_eq(room(gate, place, at_ms - 1), 0);
	cr_expect_eq(room(gate, 0, at_ms), 1);
	for (int place = 1; place < 8; place++)
		cr_expect_eq(room(gate, place, at_ms), 0);
}

Test(gate, a_fault_shuts_it_and_one_message_probes)
{
	struct gate gate = { 0 };

	cr_expect_eq(note(&gate, GATE_FAULT, 0, 0), 1000);
	expect_probe(&gate, NOW_MS + 1000);
	cr_expect_eq(note(&gate, GATE_FAULT, 0, 0), 2000);
	expect_probe(&gate, NOW_MS + 3000);
	cr_expect_eq(note(&gate, GATE_CLEAN, 1, 0), 0);
	for (int place = 0; place < 8; place++)
		cr_expect_eq(room(&gate, place, NOW_MS + 3000), 64);
	cr_expect_eq(note(&gate, GATE_FAULT, 0, 0), 1000, "in a row alone");
}

/* A relay that goes away ends the sessions of all lanes. */
Test(gate, a_fault_that_all_lanes_see_is_one)
{
	struct gate gate = { 0 };

	for (int lane = 0; lane < 64; lane++)
		note_at(&gate, NOW_MS + lane, GATE_FAULT, 0, 0);
	cr_expect_eq(gate.faults, 1);
	expect_probe(&gate, NOW_MS + 63 + 1000);
}

Test(gate, a_fault_while_it_rests_is_one)
{
	struct gate gate = { 0 };

	note(&gate, GATE_THROTTLED, 5, 60000);
	note_at(&gate, NOW_MS, GATE_FAULT, 0, 0);
	cr_expect_eq(gate.faults, 1);
	expect_probe(&gate, NOW_MS + 60000);
}

Test(gate, a_pause_has_an_end)
{
	struct gate gate = { 0 };
	int64_t pause_ms = 0;

	for (int i = 0; i < 1000; i++)
		pause_ms = note(&gate, GATE_FAULT, 0, 0);
	cr_expect_eq(pause_ms, 300000);
	for (int i = 0; i < 1000; i++)
		pause_ms = note(&gate, GATE_THROTTLED, 0, 0);
	cr_expect_eq(pause_ms, 300000);
}

/* Less asked for while messages go is a breath; while none goes a pause. */
Test(gate, less_asked_for_pauses_longer_while_nothing_goes)
{
	struct gate gate = { 0 };

	cr_expect_eq(note(&gate, GATE_THROTTLED, 5, 0), 1000);
	cr_expect_eq(note(&gate, GATE_THROTTLED, 5, 0), 1000);
	cr_expect_eq(note(&gate, GATE_THROTTLED, 0, 0), 1000);
	cr_expect_eq(note(&gate, GATE_THROTTLED, 0, 0), 2000);
	cr_expect_eq(note(&gate, GATE_THROTTLED, 0, 0), 4000);
	cr_expect_eq(note(&gate, GATE_THROTTLED, 1, 0), 1000);
	cr_expect_eq(note(&gate, GATE_THROTTLED, 0, 0), 1000);
}

Test(gate, rests_as_long_as_the_remote_asked)
{
	struct gate gate = { 0 };

	cr_expect_eq(note(&gate, GATE_THROTTLED, 5, 60000), 60000);
	cr_expect_eq(room(&gate, 0, NOW_MS + 59999), 0);
	cr_expect_eq(room(&gate, 0, NOW_MS + 60000), 5);
	cr_expect_eq(note(&gate, GATE_FAULT, 0, 90000), 90000);
	cr_expect_eq(note(&gate, GATE_FAULT, 0, 1), 2000, "not less");
}

/* Sessions of other lanes end while the gate is shut. */
Test(gate, what_comes_later_never_opens_it_earlier)
{
	struct gate gate = { 0 };

	note_at(&gate, NOW_MS, GATE_FAULT, 0, 60000);
	cr_expect_eq(note_at(&gate, NOW_MS + 1, GATE_THROTTLED, 5, 0), 59999);
	cr_expect_eq(note_at(&gate, NOW_MS + 2, GATE_FAULT, 0, 10), 59998);
	note_at(&gate, NOW_MS + 3, GATE_CLEAN, 5, 0);
	cr_expect_eq(room(&gate, 0, NOW_MS + 59999), 0);
	cr_expect_gt(room(&gate, 0, NOW_MS + 60000), 0);
	cr_expect_eq(note_at(&gate, NOW_MS + 4, GATE_FAULT, 0, 70000), 70000);
	cr_expect_eq(room(&gate, 0, NOW_MS + 70003), 0);
}

/* Takes all that goes at NOW_MS. */
static int drain(struct gate *gate, const struct gate_limits *rated,
    int64_t now_ms)
{
	int sum = 0;
	int count;

	while ((count = gate_room(gate, rated, 0, now_ms))) {
		cr_assert_leq(count, rated->batch);
		gate_pay(gate, rated, count, now_ms);
		sum += count;
	}
	return sum;
}

Test(gate, rate_bounds_every_length_of_time)
{
	static const int64_t rates[] = { 1, 3, 10, 999, 50000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		struct gate_limits rated = { 8, 100, rates[i] };
		struct gate gate = { 0 };
		int64_t sum = 0;
		for (int64_t ms = 0; ms < 10000; ms++)
			sum += drain(&gate, &rated, NOW_MS + ms);
		cr_expect_leq(sum, 11 * rates[i] + 1, "%lld of %lld",
		    (long long)sum, (long long)rates[i]);
		cr_expect_geq(sum, 10 * rates[i], "%lld of %lld",
		    (long long)sum, (long long)rates[i]);
	}
}

Test(gate, rate_lets_a_second_s_worth_go_at_once)
{
	static const struct gate_limits rated = { 8, 1000, 10 };
	struct gate gate = { 0 };

	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS), 10);
	gate_pay(&gate, &rated, 10, NOW_MS);
	cr_expect_eq(drain(&gate, &rated, NOW_MS), 1);
	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS + 99), 0);
	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS + 100), 1);
}

Test(gate, rate_saves_no_more_than_a_second)
{
	static const struct gate_limits rated = { 8, 1000, 10 };
	struct gate gate = { 0 };

	drain(&gate, &rated, NOW_MS);
	cr_expect_eq(drain(&gate, &rated, NOW_MS + 3600000), 11);
	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS + 3600000), 0);
}

/* A batch that was claimed before another lane paid is paid for too. */
Test(gate, rate_makes_up_for_what_went_too_early)
{
	static const struct gate_limits rated = { 8, 1000, 10 };
	struct gate gate = { 0 };

	for (int lane = 0; lane < 3; lane++)
		gate_pay(&gate, &rated, 10, NOW_MS);
	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS + 1999), 0);
	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS + 2000), 1);
}

Test(gate, rate_and_batch_both_bound)
{
	static const struct gate_limits rated = { 8, 4, 10 };
	struct gate gate = { 0 };

	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS), 4);
	gate_pay(&gate, &rated, 4, NOW_MS);
	gate_pay(&gate, &rated, 4, NOW_MS);
	cr_expect_eq(gate_room(&gate, &rated, 0, NOW_MS), 3);
}

Test(gate, without_a_rate_nothing_is_paid)
{
	struct gate gate = { 0 };

	gate_pay(&gate, &limits, 1000000, NOW_MS);
	cr_expect_eq(room(&gate, 0, NOW_MS), 64);
	cr_expect_eq(gate.paid_until_us, 0);
}

Test(gate, lanes_move_up_when_one_ends)
{
	const struct gate_limits one = { .sessions = 1, .batch = 64 };
	struct gate gate = { 0 };

	cr_expect_not(gate_rests(&gate, &limits, 7));
	cr_expect(gate_rests(&gate, &one, 63));
	for (int place = 0; place < 63; place++)
		gate_leave(&gate, place);
	gate_leave(&gate, 0);
	cr_expect_not(gate_rests(&gate, &one, 63));

	note(&gate, GATE_FAULT, 0, 0);
	cr_expect_eq(room(&gate, 63, gate.opens_ms), 1, "it probes");
}
