/* SPDX-License-Identifier: MIT */
/*
 * sandbox - while it is on, SMS go to verified numbers only.
 *
 * Up to 10 numbers, each verified by a code that is sent to it: valid for 15
 * minutes, at most 5 sends in 24 hours, at most 5 wrong tries a code. A
 * number can be removed 24 hours after its verification or last attempt.
 */
#ifndef DELIVERY_SANDBOX_H
#define DELIVERY_SANDBOX_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "account/engine.h"
#include "db/work.h"

cJSON *sandbox_status(struct work *work);
bool sandbox_set(struct work *work, bool on);

/* Adds the number, or sends a new code; the code is queued as a message. */
bool sandbox_add(struct work *work, const struct engine *engine,
    const char *number);
bool sandbox_verify(struct work *work, const struct engine *engine,
    const char *number, const char *code);
cJSON *sandbox_list(struct work *work);
bool sandbox_remove(struct work *work, const char *number);

#endif
