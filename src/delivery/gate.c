/* SPDX-License-Identifier: MIT */
#include "delivery/gate.h"

#include "delivery/backoff.h"

#define CLEAN_TO_GROW 3 /* sessions that end well before one more at a time */
#define GROW_PARTS    16
#define BREATH_MS     1000

static int at_least_1(int value)
{
	return value > 1 ? value : 1;
}

int gate_sessions(const struct gate *gate, const struct gate_limits *limits)
{
	return at_least_1(limits->sessions - gate->sessions_fewer);
}

int gate_batch(const struct gate *gate, const struct gate_limits *limits)
{
	return at_least_1(limits->batch - gate->batch_fewer);
}

/* Messages that the rate lets go now, at most those of one second. */
static int64_t within_rate(const struct gate *gate,
    const struct gate_limits *limits, int64_t now_ms)
{
	int64_t free_us = now_ms * 1000 - gate->paid_until_us;

	if (free_us < 0)
		return 0;
	/* The one that the next moment pays for may go at once. */
	int64_t count = free_us >= 1000000
	                    ? limits->rate
	                    : free_us * limits->rate / 1000000 + 1;
	return count < limits->rate ? count : limits->rate;
}

/* Its place among the lanes that are left. */
static int rank(const struct gate *gate, int place)
{
	uint64_t before = gate->gone & ((UINT64_C(1) << place) - 1);

	return place - __builtin_popcountll(before);
}

bool gate_rests(const struct gate *gate, const struct gate_limits *limits,
    int place)
{
	return rank(gate, place) >= gate_sessions(gate, limits);
}

void gate_leave(struct gate *gate, int place)
{
	gate->gone |= UINT64_C(1) << place;
}

int gate_room(const struct gate *gate, const struct gate_limits *limits,
    int place, int64_t now_ms)
{
	int room = gate_batch(gate, limits);

	if (now_ms < gate->opens_ms || gate_rests(gate, limits, place))
		return 0;
	if (gate->faults)
		room = rank(gate, place) == 0 ? 1 : 0;
	if (limits->rate) {
		int64_t within = within_rate(gate, limits, now_ms);
		room = within < room ? (int)within : room;
	}
	return room;
}

void gate_pay(struct gate *gate, const struct gate_limits *limits, int count,
    int64_t now_ms)
{
	int64_t least_us = now_ms * 1000 - 1000000;

	if (!limits->rate)
		return;
	/* What was not used for over a second is lost. */
	if (gate->paid_until_us < least_us)
		gate->paid_until_us = least_us;
	gate->paid_until_us += count * (int64_t)1000000 / limits->rate;
}

static void grow(struct gate *gate, const struct gate_limits *limits)
{
	int step = at_least_1(limits->batch / GROW_PARTS);
	int fewer = gate->batch_fewer - step;

	gate->batch_fewer = fewer > 0 ? fewer : 0;
	if (gate->sessions_fewer <= 0 || ++gate->clean < CLEAN_TO_GROW)
		return;
	gate->clean = 0;
	step = at_least_1(limits->sessions / GROW_PARTS);
	fewer = gate->sessions_fewer - step;
	gate->sessions_fewer = fewer > 0 ? fewer : 0;
}

static void shrink(struct gate *gate, const struct gate_limits *limits,
    int accepted)
{
	int sessions = gate_sessions(gate, limits);
	int batch = gate_batch(gate, limits);
	int carried = accepted ? accepted : batch / 2;

	gate->sessions_fewer = limits->sessions - at_least_1(sessions / 2);
	if (carried < batch)
		gate->batch_fewer = limits->batch - at_least_1(carried);
}

/* One outage ends the sessions of all lanes: that is one fault. */
static int64_t note_fault(struct gate *gate, int64_t now_ms)
{
	if (!gate->faults || now_ms >= gate->opens_ms)
		gate->faults++;
	return backoff_pause_ms(gate->faults);
}

int64_t gate_note(struct gate *gate, const struct gate_limits *limits,
    const struct gate_session *session, int64_t now_ms)
{
	int64_t pause_ms = 0;

	if (session->event == GATE_CLEAN) {
		gate->faults = gate->throttles = 0;
		grow(gate, limits);
		return 0;
	}
	gate->clean = 0;
	if (session->event == GATE_FAULT) {
		pause_ms = note_fault(gate, now_ms);
	} else {
		gate->throttles = session->accepted ? 0 : gate->throttles + 1;
		pause_ms = session->accepted
		               ? BREATH_MS
		               : backoff_pause_ms(gate->throttles);
		shrink(gate, limits, session->accepted);
	}
	if (session->rest_ms > pause_ms)
		pause_ms = session->rest_ms;
	/* Another lane may have been told to rest longer. */
	if (gate->opens_ms - now_ms > pause_ms)
		return gate->opens_ms - now_ms;
	gate->opens_ms = now_ms + pause_ms;
	return pause_ms;
}
