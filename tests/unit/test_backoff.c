/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "delivery/backoff.h"

#define FOUR_HOURS_MS 14400000

/* A chance of 20 moves by nothing. */
Test(backoff, follows_its_schedule)
{
	static const int64_t factors[] = { 1, 4, 10, 30, 60, 120, 240, 480, 480,
		480 };

	for (int64_t i = 0; i < 10; i++)
		cr_expect_eq(backoff_delay_ms(i + 1, 30000, 20),
		    factors[i] * 30000, "attempt %d", (int)i + 1);
}

Test(backoff, ends_at_four_hours)
{
	cr_expect_eq(backoff_delay_ms(8, 60000, 20), FOUR_HOURS_MS);
	cr_expect_eq(backoff_delay_ms(1, 86400000, 20), FOUR_HOURS_MS);
	cr_expect_eq(backoff_delay_ms(INT64_MAX, 30000, 20), FOUR_HOURS_MS);
}

Test(backoff, moves_by_a_fifth_at_most)
{
	int64_t least = INT64_MAX;
	int64_t most = 0;

	for (uint32_t chance = 0; chance < 1000; chance++) {
		int64_t delay_ms = backoff_delay_ms(1, 100000, chance);
		least = delay_ms < least ? delay_ms : least;
		most = delay_ms > most ? delay_ms : most;
	}
	cr_expect_eq(least, 80000);
	cr_expect_eq(most, 120000);
	cr_expect_geq(backoff_delay_ms(1, 100000, UINT32_MAX), 80000);
	cr_expect_leq(backoff_delay_ms(1, 100000, UINT32_MAX), 120000);
}

Test(backoff, odd_attempts_are_the_first)
{
	cr_expect_eq(backoff_delay_ms(0, 1000, 20), 1000);
	cr_expect_eq(backoff_delay_ms(-5, 1000, 20), 1000);
	cr_expect_eq(backoff_delay_ms(INT64_MIN, 1000, 20), 1000);
}

Test(backoff, pause_doubles_to_five_minutes)
{
	cr_expect_eq(backoff_pause_ms(0), 1000);
	cr_expect_eq(backoff_pause_ms(1), 1000);
	cr_expect_eq(backoff_pause_ms(2), 2000);
	cr_expect_eq(backoff_pause_ms(9), 256000);
	cr_expect_eq(backoff_pause_ms(10), 300000);
	cr_expect_eq(backoff_pause_ms(1000000), 300000);
}
