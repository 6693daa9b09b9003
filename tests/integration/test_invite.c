/* SPDX-License-Identifier: MIT */
/*
 * The golden cases of AdminCreateUser, by number, against the engine.
 * covers: account/invite.c
 */
#include <string.h>

#include "harness.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(golden, .init = begin, .fini = end, .timeout = 60);

Test(golden, case_01_plain_user)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;
	struct user *user =
	    harness_invite(&harness, pool, "{\"Username\":\"alice\"}", &report);

	cr_assert(user, "%s", harness.work.err.message);
	cr_assert_str_eq(user->username, "alice");
	cr_assert_str_eq(user->status, "FORCE_CHANGE_PASSWORD");
	cr_assert(user->enabled);
	cr_assert_eq(user->created_ms, user->modified_ms);
	cr_assert_eq(cJSON_GetArraySize(user->attributes), 0);
	cr_assert_eq(report.plan.count, 0);
	cr_assert_str_eq(harness_value(&harness, "select count(*) from ready"),
	    "0");
}

Test(golden, case_02_same_name_twice)
{
	struct pool *pool = harness_pool(&harness, "{}");

	cr_assert(
	    harness_invite(&harness, pool, "{\"Username\":\"alice\"}", NULL));
	cr_assert_null(
	    harness_invite(&harness, pool, "{\"Username\":\"alice\"}", NULL));
	cr_assert_eq(harness.work.err.code, ERR_USERNAME_EXISTS);
	cr_assert_str_eq(harness.work.err.message,
	    "User account already exists");
}
