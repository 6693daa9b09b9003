/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdatomic.h>

#include "api/workers.h"
#include "base/clock.h"

#define WAIT_MS 10000

static atomic_int done, rests;

static void *open_nothing(struct mem *mem, void *context)
{
	(void)mem;
	return context;
}

static void count_exchanges(void *state,
    struct listener_exchange *const *exchanges, size_t count)
{
	(void)state;
	(void)exchanges;
	done += (int)count;
}

static void count_rest(void *state)
{
	*(atomic_int *)state += 1;
}

static bool reaches(const atomic_int *number, int wanted)
{
	int64_t end_ms = clock_steady_ms() + WAIT_MS;

	while (*number < wanted && clock_steady_ms() < end_ms)
		clock_sleep_ms(5);
	return *number == wanted;
}

/* It does not look at what it is given. */
static bool give(struct workers *workers)
{
	static char exchange;

	return workers_give(workers, (struct listener_exchange *)&exchange);
}

Test(workers, a_thread_rests_once_when_it_has_nothing_to_do, .timeout = 60)
{
	struct workers_plan plan = { .threads = 1,
		.together = 1,
		.waiting = 2,
		.open = open_nothing,
		.rest = count_rest,
		.run = count_exchanges,
		.context = &rests };
	MEM_AUTO mem = mem_new(NULL);
	struct workers *workers = workers_start(mem, &plan);

	for (int round = 1; round <= 2; round++) {
		cr_assert(give(workers));
		cr_expect(reaches(&done, round));
		cr_expect(reaches(&rests, round));
	}
	clock_sleep_ms(1200);
	cr_expect_eq(rests, 2, "it rests already");
}
