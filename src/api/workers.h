/* SPDX-License-Identifier: MIT */
/*
 * workers - threads that take exchanges from a queue, one at a time or all
 * that wait together.
 */
#ifndef API_WORKERS_H
#define API_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct listener_exchange;
struct workers;

struct workers_plan {
	size_t threads;
	size_t together; /* exchanges that one call may get */
	size_t waiting;  /* exchanges that may wait; more are refused */
	/* What a thread works with; made in it, gone with MEM when it ends. */
	void *(*open)(struct mem *mem, void *context);
	/* Called in a thread that had nothing to do for a second; may be NULL.
	 */
	void (*rest)(void *state);
	/* Must finish each of the exchanges. */
	void (*run)(void *state, struct listener_exchange *const *exchanges,
	    size_t count);
	void *context;
};

/* The threads end when MEM goes; what waits then is still run. */
struct workers *workers_start(struct mem *mem, const struct workers_plan *plan);

/* False when too many wait: the exchange is still the caller's. */
bool workers_give(struct workers *workers, struct listener_exchange *exchange);

#endif
