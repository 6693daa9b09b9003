/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "api/throttle.h"

static struct mem *mem;

static void begin(void)
{
	mem = mem_new(NULL);
}

static void end(void)
{
	mem_free(mem);
}

TestSuite(throttle, .init = begin, .fini = end);

static struct throttle *make(const char *text)
{
	struct err err = { 0 };
	struct throttle *throttle = throttle_new(mem, text, &err);

	cr_assert(throttle, "%s", err.message);
	return throttle;
}

/* How many of 1,000 requests at one time may. */
static int burst(struct throttle *throttle, const char *operation,
    int64_t now_ms)
{
	int may = 0;

	for (int i = 0; i < 1000; i++)
		may += throttle_take(throttle, operation, now_ms);
	return may;
}

Test(throttle, off_bounds_nothing)
{
	cr_expect_eq(burst(make("off"), "AdminCreateUser", 5), 1000);
	cr_expect_eq(burst(make(""), "AdminCreateUser", 5), 1000);
}

Test(throttle, aws_has_its_numbers)
{
	struct throttle *throttle = make("aws");

	cr_expect_eq(burst(throttle, "AdminCreateUser", 1000000), 50);
	cr_expect_eq(burst(throttle, "AdminConfirmSignUp", 1000000), 0);
	cr_expect_eq(burst(throttle, "AdminGetUser", 1000000), 120);
	cr_expect_eq(burst(throttle, "UntagResource", 1000000), 15);
	cr_expect_eq(burst(throttle, "Admin", 1000000), 1000);
}

Test(throttle, tokens_come_back_with_time)
{
	struct throttle *throttle = make("UserRead=10");

	cr_expect_eq(burst(throttle, "AdminGetUser", 1000000), 10);
	cr_expect_eq(burst(throttle, "AdminGetUser", 1000099), 0);
	cr_expect_eq(burst(throttle, "AdminGetUser", 1000100), 1);
	cr_expect_eq(burst(throttle, "AdminGetUser", 1000400), 3);
	cr_expect_eq(burst(throttle, "AdminGetUser", 9000000), 10);
	cr_expect_eq(burst(throttle, "AdminCreateUser", 9000000), 1000);
}

Test(throttle, later_words_win)
{
	struct throttle *throttle = make("aws, UserRead=7 UserList=1");

	cr_expect_eq(burst(throttle, "AdminGetUser", 1000000), 7);
	cr_expect_eq(burst(throttle, "ListUsers", 1000000), 1);
	cr_expect_eq(burst(throttle, "AdminCreateUser", 1000000), 50);
}

Test(throttle, refuses_with_the_part)
{
	static const char *const wrong[] = { "on", "AWS", "UserRead",
		"UserRead=", "UserRead=0", "UserRead=-1", "UserRead=1x",
		"UserRead=1000001", "Userread=5", "aws UserRead:5" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct err err = { 0 };
		cr_expect_null(throttle_new(mem, wrong[i], &err), "%s",
		    wrong[i]);
		cr_expect_eq(err.code, ERR_CONFIG);
		cr_expect(strstr(err.message, "api_rates: '"), "%s",
		    err.message);
	}
}
