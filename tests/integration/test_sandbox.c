/* SPDX-License-Identifier: MIT */
/*
 * The sandbox: numbers, codes, what it holds and lets go.
 * covers: delivery/sandbox.c
 */
#include <string.h>

#include "base/secret.h"
#include "delivery/render.h"
#include "delivery/sandbox.h"
#include "queue_help.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(sandbox, .init = begin, .fini = end, .timeout = 60);

#define NUMBER "+15555550100"

static bool add(const char *number)
{
	harness.work.err = (struct err){ 0 };
	return sandbox_add(&harness.work, &harness.engine, number);
}

static bool verify(const char *code)
{
	harness.work.err = (struct err){ 0 };
	return sandbox_verify(&harness.work, &harness.engine, NUMBER, code);
}

/* The code as its message would bring it. */
static const char *sent_code(void)
{
	struct err err = { 0 };
	const char *sealed = harness_value(&harness,
	    "select sealed from message_state where kind = 'code' order by id desc");

	return secret_open(harness.mem, harness.engine.keyring, sealed,
	    render_code_place(harness.mem, NUMBER), &err);
}

static void held_message(void)
{
	harness_must_invite(&harness, harness_pool(&harness, "{}"),
	    "{'Username':'alice','UserAttributes':[{'Name':'phone_number',"
	    "'Value':'" NUMBER "'}]}");
	cr_assert_eq(harness_number(&harness, "select count(*) from blocked"),
	    1);
}

Test(sandbox, ten_numbers)
{
	for (int i = 0; i < 10; i++)
		cr_assert(add(mem_printf(harness.mem, "+1555555010%d", i)));
	cr_assert_not(add("+15555550199"));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
	cr_assert_str_eq(harness.work.err.message,
	    "the sandbox holds 10 numbers, the most there can be; remove one "
	    "first");
	cr_assert_eq(cJSON_GetArraySize(sandbox_list(&harness.work)), 10);
	cr_assert_not(add("0555"));
	cr_assert_eq(harness.work.err.code, ERR_INVALID_PARAMETER);
}

Test(sandbox, a_verified_number_lets_go_what_was_held)
{
	held_message();
	cr_assert(add(NUMBER));
	const char *code = sent_code();
	cr_assert_eq(strlen(code), 6);
	cr_assert(verify(code), "%s", harness.work.err.message);
	cr_assert_eq(harness_number(&harness, "select count(*) from blocked"),
	    0);
	cr_assert_eq(harness_number(&harness, "select count(*) from later"), 1);
	const cJSON *status = sandbox_status(&harness.work);
	cr_assert(cJSON_IsTrue(json_at(status, "/sandbox")));
	cr_assert_eq(
	    (int)cJSON_GetNumberValue(json_at(status, "/verified_numbers")), 1);
	cr_assert_not(verify(code));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
	cr_assert_not(add(NUMBER));
	cr_assert_str_eq(harness.work.err.message,
	    "number '" NUMBER "' is verified already");
}

Test(sandbox, five_wrong_codes)
{
	cr_assert(add(NUMBER));
	for (int i = 0; i < 5; i++) {
		cr_assert_not(verify("wrong"));
		cr_assert_eq(harness.work.err.code, ERR_INVALID_PARAMETER);
	}
	cr_assert_not(verify(sent_code()));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
	cr_assert(add(NUMBER));
	cr_assert(verify(sent_code()));
}

Test(sandbox, a_code_lives_15_minutes)
{
	cr_assert(add(NUMBER));
	cr_assert_str_eq(harness_value(&harness,
	                     "select code_expires_at - attempted_at "
	                     "from sandbox_number"),
	    "00:15:00");
	harness_value(&harness,
	    "update sandbox_number set code_expires_at = now()");
	cr_assert_not(verify(sent_code()));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
}

Test(sandbox, five_codes_a_day)
{
	for (int i = 0; i < 5; i++)
		cr_assert(add(NUMBER));
	cr_assert_not(add(NUMBER));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
	harness_value(&harness, "update sandbox_number set codes_since = "
	                        "now() - interval '25 hours'");
	cr_assert(add(NUMBER));
}

Test(sandbox, a_number_stays_for_24_hours)
{
	cr_assert(add(NUMBER));
	cr_assert_not(sandbox_remove(&harness.work, NUMBER));
	cr_assert_eq(harness.work.err.code, ERR_CONFLICT);
	harness_value(&harness, "update sandbox_number set attempted_at = "
	                        "now() - interval '25 hours'");
	cr_assert(sandbox_remove(&harness.work, NUMBER));
	cr_assert_not(sandbox_remove(&harness.work, NUMBER));
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
	cr_assert_not(verify("123456"));
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
}

Test(sandbox, leaving_it_lets_go_what_was_held)
{
	held_message();
	cr_assert(sandbox_set(&harness.work, false));
	cr_assert_eq(harness_number(&harness, "select count(*) from blocked"),
	    0);
	cr_assert_eq(harness_number(&harness, "select count(*) from later"), 1);
	cr_assert(
	    cJSON_IsFalse(json_at(sandbox_status(&harness.work), "/sandbox")));
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(action, ',') from audit where "
	                     "action like 'sandbox%%'"),
	    "sandbox exit");
}
