/* SPDX-License-Identifier: MIT */
/*
 * lane - claims messages, gives them to its carrier, settles what came of
 * them: a process of usherd, until it is told to stop.
 *
 * No transaction is open while the carrier works. Outcomes are settled as
 * they come in, ten at a time or after 200 ms, so that a killed lane loses at
 * most those.
 */
#ifndef DELIVERY_LANE_H
#define DELIVERY_LANE_H

#include <stdbool.h>

#include "account/engine.h"
#include "base/err.h"
#include "delivery/carrier.h"

/*
 * Runs until SIGTERM or SIGINT; returns the exit status. A SIGTERM lets the
 * message under way end and gives the others back untouched. With DRAIN it
 * ends as soon as nothing is left that could go now.
 */
int lane_run(const struct engine *engine, const struct carrier *carrier,
    bool drain);

/* True once the process was asked to stop. */
bool lane_stopping(void);

/* Catches SIGTERM and SIGINT, ignores SIGPIPE. */
void lane_catch_signals(void);

#endif
