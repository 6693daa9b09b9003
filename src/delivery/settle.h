/* SPDX-License-Identifier: MIT */
/*
 * settle - outcomes that a lane was told, on their way into the database.
 *
 * Ten at a time or after 200 ms, so that a killed lane loses at most those.
 * The database settles them while the lane goes on; outcomes are not dropped
 * while their leases live.
 */
#ifndef DELIVERY_SETTLE_H
#define DELIVERY_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "delivery/delivery.h"
#include "delivery/queue.h"

#define SETTLE_MOST 256

struct settle {
	struct db *db; /* its own: nothing else may use it */
	const char *owner;
	struct queue_policy policy;
	int64_t lease_end_ms; /* steady clock; behind it nothing is sent */

	/* Told, not yet settled: */
	struct delivery *pending[SETTLE_MOST];
	size_t pending_count;
	size_t sent_count; /* the first of them, whose answer is not here */
	bool repeats;      /* an answer was lost: they may be settled already */
	bool dropped;      /* some were forgotten; they are still leased */
	int64_t pending_since_ms;
};

/* Takes an outcome, once. */
void settle_add(struct settle *settle, struct delivery *delivery);

/* Sends what is due; false when the lease ran out. */
bool settle_when_due(struct settle *settle);

/* Waits until all are settled, or the lease ran out: then whatever is left is
 * forgotten, for the keeper to reap. */
void settle_all(struct settle *settle);

#endif
