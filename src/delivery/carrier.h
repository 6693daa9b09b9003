/* SPDX-License-Identifier: MIT */
/*
 * carrier - what brings messages away: SMTP, an HTTP gateway, capture.
 *
 * A carrier is opened once by its lane and given batches. It sets the outcome
 * of each delivery and calls told() as soon as it knows it; what it does not
 * mention stays UNTOUCHED. When told() returns false the batch must end.
 */
#ifndef DELIVERY_CARRIER_H
#define DELIVERY_CARRIER_H

#include <stdbool.h>
#include <stddef.h>

#include "account/engine.h"
#include "base/err.h"
#include "base/mem.h"
#include "delivery/delivery.h"
#include "delivery/gate.h"

struct carrier_sink {
	bool (*told)(struct carrier_sink *sink, struct delivery *delivery);
	/* Called when there is nothing to tell, every 100 ms or so, and while
	 * an answer is waited for: the lane does then what need not be at once.
	 */
	bool (*idle)(struct carrier_sink *sink);
	int sessions; /* at a time, for a carrier that has several itself */
};

struct carrier {
	const char *name;
	const char *medium; /* EMAIL or SMS */

	/* NULL with the error when the settings cannot be used. */
	void *(*open)(struct mem *mem, const struct engine *engine,
	    struct err *err);
	/* The most that the settings allow. */
	struct gate_limits (*limits)(const void *state);
	/* Whether an ambiguous message waits for an operator; NULL: never, it
	 * is tried again. */
	bool (*holds_ambiguous)(const void *state);
	void (*send)(void *state, struct delivery *const *batch, size_t count,
	    struct carrier_sink *sink);
};

#endif
