/* SPDX-License-Identifier: MIT */
/*
 * routes - what usherd answers by HTTP: /healthz, /readyz, /metrics and
 * /receipt/<gateway>. Where the listener and the delivery wing meet.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "account/engine.h"
#include "delivery/board.h"

/* A child of usherd; answers its exit status. */
int routes_run(const struct engine *engine, struct board *board);

#endif
