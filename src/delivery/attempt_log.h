/* SPDX-License-Identifier: MIT */
/*
 * attempt_log - the line of the log that tells of an attempt.
 */
#ifndef DELIVERY_ATTEMPT_LOG_H
#define DELIVERY_ATTEMPT_LOG_H

#include "base/config.h"
#include "delivery/delivery.h"

/* What came of DELIVERY, by the lane OWNER; the address is masked unless the
 * settings want to see it. */
void attempt_log(const struct config *config, const char *owner,
    const struct delivery *delivery);

#endif
