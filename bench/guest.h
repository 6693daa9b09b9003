/* SPDX-License-Identifier: MIT */
/* guest - one user invited through the engine, for the benchmarks. */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <stdbool.h>

#include "account/engine.h"
#include "db/work.h"

struct guest {
	const char *pool_id;
	const char *medium; /* EMAIL or SMS */
	long number;        /* which makes the name and the address */
};

bool guest_invite(struct work *work, const struct engine *engine,
    const struct guest *guest);

#endif
