/* SPDX-License-Identifier: MIT */
#include "delivery/backoff.h"

#include <stddef.h>

#define DELAY_MOST_MS ((int64_t)4 * 3600 * 1000)
#define PAUSE_MOST_MS ((int64_t)300 * 1000)

int64_t backoff_delay_ms(int64_t attempt, int64_t first_ms, uint32_t chance)
{
	static const int64_t factors[] = { 1, 4, 10, 30, 60, 120, 240, 480 };
	size_t last = sizeof(factors) / sizeof(*factors) - 1;
	size_t step = attempt < 1                    ? 0
	              : (uint64_t)attempt - 1 > last ? last
	                                             : (size_t)attempt - 1;
	int64_t delay_ms = first_ms * factors[step];

	if (delay_ms > DELAY_MOST_MS)
		delay_ms = DELAY_MOST_MS;
	/* 80 % to 120 %, so that what failed together does not return so. */
	return delay_ms * (80 + (int64_t)(chance % 41)) / 100;
}

int64_t backoff_pause_ms(int64_t faults)
{
	int64_t pause_ms = 1000;

	while (--faults > 0 && pause_ms < PAUSE_MOST_MS)
		pause_ms *= 2;
	return pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS;
}
