/* SPDX-License-Identifier: MIT */
/*
 * clock_turn - the clock of base/clock.h, as tests turn it.
 *
 * For programs that link with -Wl,--wrap=clock_now_ms.
 */
#ifndef TESTS_CLOCK_TURN_H
#define TESTS_CLOCK_TURN_H

#include <stdint.h>

/* clock_now_ms() is so much ahead of the time from now on, or behind it. */
void clock_turn(int64_t ahead_ms);

#endif
