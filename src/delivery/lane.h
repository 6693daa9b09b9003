/* SPDX-License-Identifier: MIT */
/*
 * lane - claims messages, gives them to its carrier, settles what came of
 * them: a process of usherd, until it is told to stop.
 *
 * No transaction is open while the carrier works. The next batch is claimed
 * while the last messages of a full one go.
 */
#ifndef DELIVERY_LANE_H
#define DELIVERY_LANE_H

#include <stdbool.h>

#include "account/engine.h"
#include "base/err.h"
#include "delivery/board.h"
#include "delivery/carrier.h"

struct lane_options {
	struct board *board;
	int place;  /* among the lanes of its medium, from 0 */
	bool drain; /* end as soon as nothing is left that could go now */
};

/*
 * Runs until SIGTERM or SIGINT; returns the exit status. A SIGTERM lets the
 * message under way end and gives the others back untouched.
 */
int lane_run(const struct engine *engine, const struct carrier *carrier,
    const struct lane_options *options);

/* True once the process was asked to stop. */
bool lane_stopping(void);

/* Catches SIGTERM and SIGINT, ignores SIGPIPE. */
void lane_catch_signals(void);

#endif
