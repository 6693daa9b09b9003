/* SPDX-License-Identifier: MIT */
#include "clock_turn.h"

#include "base/clock.h"

static int64_t ahead;

void clock_turn(int64_t ahead_ms)
{
	ahead = ahead_ms;
}

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void)
{
	return __real_clock_now_ms() + ahead;
}
