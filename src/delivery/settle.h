/* SPDX-License-Identifier: MIT */
/*
 * settle - outcomes that a lane was told, on their way into the database.
 *
 * Each is noted at once in a journal in memory that outlives the lane, and
 * settled with others, two hundred at a time or after 200 ms, while the lane
 * goes on. When a lane is killed the next one at its place settles what it
 * left: what was accepted is not sent again. Outcomes are not dropped while
 * their leases live.
 */
#ifndef DELIVERY_SETTLE_H
#define DELIVERY_SETTLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "delivery/delivery.h"
#include "delivery/queue.h"

#define SETTLE_COUNT 200
#define SETTLE_MOST  512 /* entries of a journal; a power of two */

/* A ring: those from TAIL to HEAD are not settled yet. */
struct settle_journal {
	char owner[128]; /* whose leases they are */
	_Atomic uint32_t head;
	_Atomic uint32_t tail;
	struct delivery entries[SETTLE_MOST]; /* numbers and outcome alone */
};

struct settle {
	struct db *db; /* its own */
	const char *owner;
	struct queue_policy policy;
	int64_t lease_end_ms; /* steady clock; behind it nothing is sent */
	struct settle_journal *journal;
	uint32_t sent_count; /* of the first, whose answer is not here */
	bool repeats; /* an answer was lost: they may be settled already */
	bool dropped; /* some were forgotten; they are still leased */
	int64_t pending_since_ms;
};

/* How many are not settled yet. */
uint32_t settle_pending(const struct settle *settle);

/* Settles what a lane that was killed left in the journal, and makes it ours;
 * false when the database failed. */
bool settle_recover(struct settle *settle);

/* Settles once more what was settled lately: a database that failed over may
 * have lost it. What is settled stays as it is. */
bool settle_again(struct settle *settle);

/* Takes an outcome, once; the delivery is not needed any more. */
void settle_add(struct settle *settle, struct delivery *delivery);

/* Sends what is due; false when the lease ran out. */
bool settle_when_due(struct settle *settle);

/* Until the next outcome is settled the connection is free for others. */
void settle_rest(struct settle *settle);

/* Waits until all are settled, or the lease ran out: then whatever is left is
 * forgotten, for the keeper to reap. */
void settle_all(struct settle *settle);

#endif
