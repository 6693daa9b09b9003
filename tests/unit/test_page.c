/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/page.h"
#include "base/keyring.h"
#include "base/secret.h"
#include "clock_turn.h"
#include "scratch.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static const struct keyring keyring = { .count = 1,
	.keys = { { .id = "0123456789abcdef", .bytes = { 1, 2, 3 } } } };
static const struct engine engine = { .keyring = &keyring };

static void begin(void)
{
	secret_init();
}

TestSuite(page, .init = begin);

static void expect_refused(struct mem *mem, const char *list, const char *token)
{
	struct work work = { .mem = mem };

	cr_expect_null(page_after(&work, &engine, list, token), "%.100s",
	    token);
	cr_expect_eq(work.err.code, ERR_INVALID_PARAMETER);
	cr_expect_str_eq(work.err.message, "Invalid pagination token");
}

Test(page, a_token_leads_to_where_it_was_made)
{
	static const char *const places[] = { "", "a", "0 \xe6\xbc\xa2\n" };
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };

	cr_expect_str_eq(page_after(&work, &engine, "l", NULL), "");
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *token = page_token(&work, &engine, "l", places[i]);
		cr_expect_eq(strspn(token, "0123456789abcdef"), strlen(token));
		cr_expect_str_eq(page_after(&work, &engine, "l", token),
		    places[i]);
	}
	cr_expect_eq(work.err.code, ERR_NONE);
}

Test(page, other_tokens_are_refused)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const char *token = page_token(&work, &engine, "l", "x");
	char *forged = mem_text(mem, token);

	expect_refused(mem, "another list", token);
	forged[strlen(forged) - 1] ^= 1;
	expect_refused(mem, "l", forged);
	expect_refused(mem, "l", mem_printf(mem, "%s0", token));
	expect_refused(mem, "l", mem_text_n(mem, token, strlen(token) - 2));
	expect_refused(mem, "l", mem_printf(mem, "\\x%s", token));
	expect_refused(mem, "l", "");
	expect_refused(mem, "l", "x");
	expect_refused(mem, "l", "0123456789abcdef");
	expect_refused(mem, "l", scratch_times(mem, "g", 131072));
	expect_refused(mem, "l", scratch_times(mem, "0", 131072));
}

Test(page, a_token_holds_for_an_hour)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const char *token = page_token(&work, &engine, "l", "7 x");

	clock_turn(HOUR_MS - 10000);
	cr_expect_str_eq(page_after(&work, &engine, "l", token), "7 x");
	clock_turn(HOUR_MS + 1);
	expect_refused(mem, "l", token);
	/* Each page has an hour of its own. */
	token = page_token(&work, &engine, "l", "8 y");
	cr_expect_str_eq(page_after(&work, &engine, "l", token), "8 y");
	/* Another host's clock may be behind. */
	clock_turn(-HOUR_MS);
	cr_expect_str_eq(page_after(&work, &engine, "l", token), "8 y");
}

/* Tokens had no time before: ranks of groups were "PRECEDENCE NAME". */
Test(page, a_token_without_its_time_is_refused)
{
	static const char *const texts[] = { "", "x", "5", "5 staff",
		"0192aaaa-0000" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_refused(mem, "l",
		    secret_seal(mem, &keyring, texts[i], "page of l") + 2);
}

Test(page, sizes)
{
	cr_expect_eq(page_size(&(struct field_int){ 0 }), 60);
	cr_expect_eq(page_size(&(struct field_int){ true, 0 }), 60);
	cr_expect_eq(page_size(&(struct field_int){ true, 1 }), 1);
	cr_expect_eq(page_size(&(struct field_int){ true, 60 }), 60);
}
