/* SPDX-License-Identifier: MIT */
/*
 * gate - how much may go to a carrier now: shared by all lanes of a medium.
 *
 * Sessions and their size shrink by half when the remote asks for less and
 * grow back a little with each that ends well. After a fault of the carrier as
 * a whole the gate is shut for a while; then one message goes as a probe, and
 * with its success the gate is open again. A rate bounds messages a second.
 *
 * It lies in memory that processes share and one may be killed in the middle,
 * so each member is changed by itself; all of it zero is a gate wide open.
 */
#ifndef DELIVERY_GATE_H
#define DELIVERY_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gate {
	_Atomic int sessions_fewer; /* than the most */
	_Atomic int batch_fewer;
	_Atomic int clean;        /* sessions since the last that was not */
	_Atomic int faults;       /* in a row */
	_Atomic int throttles;    /* in a row, with nothing accepted between */
	_Atomic int64_t opens_ms; /* steady clock */
	_Atomic int64_t paid_until_us; /* by the rate */
	_Atomic uint64_t gone;         /* lanes that ended, a bit each */
};

struct gate_limits {
	int sessions; /* at a time */
	int batch;    /* messages in one */
	int64_t rate; /* messages a second; 0: no bound */
};

enum gate_event {
	GATE_CLEAN,     /* a session ended well */
	GATE_THROTTLED, /* the remote asked for less */
	GATE_FAULT      /* the carrier as a whole failed */
};

/* What the limits are now, at least 1. */
int gate_sessions(const struct gate *gate, const struct gate_limits *limits);
int gate_batch(const struct gate *gate, const struct gate_limits *limits);

/*
 * How many messages the lane with number PLACE, from 0, may take now; 0: none.
 * Lanes with the highest numbers rest first, and lane 0 is the one that probes.
 */
int gate_room(const struct gate *gate, const struct gate_limits *limits,
    int place, int64_t now_ms);

/* Whether that lane rests until sessions have grown back. */
bool gate_rests(const struct gate *gate, const struct gate_limits *limits,
    int place);

/* That lane has ended for good; those behind it move up. */
void gate_leave(struct gate *gate, int place);

/* COUNT messages were taken. */
void gate_pay(struct gate *gate, const struct gate_limits *limits, int count,
    int64_t now_ms);

/* What a session came to. */
struct gate_session {
	enum gate_event event;
	int accepted;    /* messages */
	int64_t rest_ms; /* that the remote asked for */
};

/* Answers for how many ms the gate is shut. */
int64_t gate_note(struct gate *gate, const struct gate_limits *limits,
    const struct gate_session *session, int64_t now_ms);

#endif
