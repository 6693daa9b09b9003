/* SPDX-License-Identifier: MIT */
/*
 * metrics - what is seen from outside, as Prometheus reads it (text format
 * 0.0.4): counters of this usherd from its board, the queue from the database.
 */
#ifndef DELIVERY_METRICS_H
#define DELIVERY_METRICS_H

#include "db/work.h"
#include "delivery/board.h"

/* Without the queue's part, and usher_database_up 0, when the database
 * failed; the work's error says why. */
const char *metrics_print(struct work *work, const struct board *board);

#endif
