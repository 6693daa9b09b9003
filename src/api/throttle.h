/* SPDX-License-Identifier: MIT */
/*
 * throttle - how many requests a second each category of operations may get:
 * token buckets, off unless the setting 'api_rates' says otherwise.
 *
 * Categories and the numbers of the profile "aws" are those of "Quotas in
 * Amazon Cognito" (2023).
 */
#ifndef API_THROTTLE_H
#define API_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct throttle;

/*
 * TEXT is "off", "aws", or categories with a rate each, "UserCreation=50
 * UserRead=120"; "aws" may stand before them. ERR_CONFIG names the setting and
 * the part. For all threads.
 */
struct throttle *throttle_new(struct mem *mem, const char *text,
    struct err *err);

/* Takes a token for OPERATION at NOW_MS of the steady clock; false when its
 * category has none left. An operation of no category always may. */
bool throttle_take(struct throttle *throttle, const char *operation,
    int64_t now_ms);

#endif
