/* SPDX-License-Identifier: MIT */
/*
 * queue_counts - how many messages stand where, and cancelling many of them.
 *
 * No count but that of a user pool reads more than a bounded number of rows of
 * a state; what is more is told from the table's size and marked so.
 */
#ifndef DELIVERY_QUEUE_COUNTS_H
#define DELIVERY_QUEUE_COUNTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "db/work.h"

/*
 * {"states": [{"state", "count", "about", "oldest", "age_seconds"}],
 *  "reasons": [{"state", "medium", "reason", "count"}]}, with each state, also
 * those of no message. The oldest is told of what waits, if there is one.
 */
cJSON *queue_counts(struct work *work);

/* {"queued": 1, "retry": 2, "blocked": 0}: what cancelling a user pool's
 * messages would cancel. */
cJSON *queue_count_pool(struct work *work, const char *pool_id);

/* Cancels some of a pool's messages that wait, each call in a transaction of
 * its own; *COUNT 0: none are left. */
bool queue_cancel_some(struct work *work, const char *pool_id,
    const char *reason, int *count);

#endif
