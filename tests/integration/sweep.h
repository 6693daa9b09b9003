/* SPDX-License-Identifier: MIT */
/*
 * sweep - an operation with its 1st, 2nd, ... call to libpq broken, in three
 * ways, until it passes without. Each time it must say so and leave nothing
 * half made, and the same again must succeed.
 */
#ifndef TESTS_SWEEP_H
#define TESTS_SWEEP_H

#include <stdbool.h>

#include "harness.h"

struct operation {
	void (*arrange)(void);
	bool (*act)(struct work *work);
	const char *done;    /* answers "t" afterwards, not before */
	const char *commits; /* the statement whose answer tells of it; NULL:
	                      * once connected it is done, whatever breaks */
};

/* Each turn begins with empty tables; user pools stay. */
void sweep(struct harness *harness, const struct operation *operation);

#endif
