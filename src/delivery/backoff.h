/* SPDX-License-Identifier: MIT */
/*
 * backoff - when to try again: pure functions.
 */
#ifndef DELIVERY_BACKOFF_H
#define DELIVERY_BACKOFF_H

#include <stdint.h>

/*
 * Delay before the attempt that follows attempt ATTEMPT (from 1): 1, 4, 10,
 * 30, 60, 120, 240 and then 480 times FIRST_MS, at most 4 hours, moved by up
 * to 20 % either way. CHANCE is any number.
 */
int64_t backoff_delay_ms(int64_t attempt, int64_t first_ms, uint32_t chance);

/* Pause of a lane after its FAULTS-th fault in a row: 1 s to 5 minutes. */
int64_t backoff_pause_ms(int64_t faults);

#endif
