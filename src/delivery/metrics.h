/* SPDX-License-Identifier: MIT */
/*
 * metrics - what is seen from outside, as Prometheus reads it (text format
 * 0.0.4): counters of this usherd from its board, the queue from the database.
 */
#ifndef DELIVERY_METRICS_H
#define DELIVERY_METRICS_H

#include "db/work.h"
#include "delivery/board.h"

/* NULL when the database failed. */
const char *metrics_print(struct work *work, const struct board *board);

#endif
