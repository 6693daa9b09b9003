/* SPDX-License-Identifier: MIT */
/*
 * lane_state - the lanes of all hosts as an operator sees them, and pausing a
 * medium on all of them.
 */
#ifndef DELIVERY_LANE_STATE_H
#define DELIVERY_LANE_STATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "db/work.h"

/*
 * {"lanes": [{"owner", "medium", "carrier", "state", "words", "sessions",
 * "sessions_most", "batch", "since", "seen_seconds_ago"}],
 *  "pauses": [{"medium", "reason", "who", "since"}]}
 */
cJSON *lane_state(struct work *work);

/* MEDIUM: EMAIL or SMS. ERR_CONFLICT when it is paused already. What is in a
 * session still goes. */
bool lane_pause(struct work *work, const char *medium, const char *reason);

/* ERR_CONFLICT when it is not paused. */
bool lane_resume(struct work *work, const char *medium);

#endif
