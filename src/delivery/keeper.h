/* SPDX-License-Identifier: MIT */
/*
 * keeper - the chores of the queue: leases that ran out, passwords that
 * expired, messages that a rule no longer holds, low-water marks.
 */
#ifndef DELIVERY_KEEPER_H
#define DELIVERY_KEEPER_H

#include "account/engine.h"

/* Runs until SIGTERM or SIGINT; returns the exit status. */
int keeper_run(const struct engine *engine);

#endif
