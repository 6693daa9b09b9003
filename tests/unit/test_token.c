/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/token.h"
#include "scratch.h"

#define SALT   "salt"
#define DIGEST "0123456789abcdef0123"

static bool ours(const char *token)
{
	MEM_AUTO mem = mem_new(NULL);

	return token_check(mem, SALT, token);
}

static void expect_found(const char *text, const char *token)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *found = token_find(mem, text);

	if (token)
		cr_expect_str_eq(found ? found : "none", token, "%.80s", text);
	else
		cr_expect_null(found, "%.80s: %s", text, found);
}

Test(token, is_the_same_for_every_attempt)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *token = token_print(mem, SALT, 123);

	cr_expect_str_eq(token, token_print(mem, SALT, 123));
	cr_expect_eq(strncmp(token, "123-", 4), 0);
	cr_expect_eq(strlen(token), 24);
	cr_expect_eq(strspn(token + 4, "0123456789abcdef"), 20);
}

Test(token, comes_back_as_its_id)
{
	static const int64_t ids[] = { 1, 9, 10, 4294967296,
		999999999999999999 };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const char *token = token_print(mem, SALT, ids[i]);
		cr_expect_eq(token_id(token), ids[i], "%s", token);
		cr_expect(token_check(mem, SALT, token), "%s", token);
		expect_found(token, token);
	}
}

Test(token, id_and_salt_are_both_in_it)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *token = token_print(mem, SALT, 12);
	const char *of_other = token_print(mem, SALT, 13);

	cr_expect_not(token_check(mem, "another salt", token));
	cr_expect_not(token_check(mem, "", token));
	cr_expect_str_neq(token + 3, of_other + 3);
	cr_expect_not(
	    token_check(mem, SALT, mem_printf(mem, "13-%s", token + 3)));
}

Test(token, every_digit_counts)
{
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 3; i < 23; i++) {
		char *token = token_print(mem, SALT, 12);
		token[i] = token[i] == '0' ? '1' : '0';
		cr_expect_not(ours(token), "%s", token);
	}
}

/* Only the form that token_print() gives is a message's. */
Test(token, another_spelling_of_the_id_is_not_it)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *digest = token_print(mem, SALT, 12) + 2;

	cr_expect(ours(mem_printf(mem, "12%s", digest)));
	cr_expect_not(ours(mem_printf(mem, "012%s", digest)));
	cr_expect_not(ours(mem_printf(mem, "12%s ", digest)));
	cr_expect_not(ours(mem_printf(mem, " 12%s", digest)));
	cr_expect_not(ours(mem_printf(mem, "+12%s", digest)));
	cr_expect_not(ours(token_print(mem, SALT, 0)));
	cr_expect_not(ours(token_print(mem, SALT, -12)));
}

Test(token, what_has_not_the_form)
{
	static const char *const texts[] = { "", "-", "1", "1-", "-" DIGEST,
		"1" DIGEST, "1--" DIGEST, "1-" DIGEST "4", "1-" DIGEST "-",
		"1-0123456789abcdef012", "1-0123456789ABCDEF0123",
		"1-0123456789abcdef012g", "x1-" DIGEST, "1 -" DIGEST,
		"1-" DIGEST "\n", "1000000000000000000-" DIGEST,
		"99999999999999999999999999-" DIGEST, "0x1-" DIGEST,
		"1\xd9\xa1-" DIGEST };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cr_expect_eq(token_id(texts[i]), 0, "%s", texts[i]);
		cr_expect_not(ours(texts[i]), "%s", texts[i]);
	}
	cr_expect_eq(token_id("1-" DIGEST), 1, "the form alone");
	cr_expect_not(ours("1-" DIGEST));
}

Test(token, found_where_mail_has_it)
{
	static const char *const texts[] = { "bounce+7-" DIGEST "@example.com",
		"Message-ID: <7-" DIGEST "@localhost>",
		"rfc822;bounce+7-" DIGEST "@example.com\r\n", "=7-" DIGEST "=",
		"\xff\xfe"
		"7-" DIGEST "\x80",
		"7-" DIGEST ".8-" DIGEST, "SRS0=x=y=usher.test=7-" DIGEST "@z",
		"2026-11-23-7-" DIGEST, "7-7-" DIGEST,
		"7-" DIGEST "-7-" DIGEST };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_found(texts[i], "7-" DIGEST);
}

Test(token, not_found_in_parts_of_words)
{
	static const char *const texts[] = { "", "\n", "1", "x7-" DIGEST,
		"7-" DIGEST "0", "7-" DIGEST "x", "7-" DIGEST "Z",
		"a0123456789012345678-" DIGEST, "0123456789012345678-" DIGEST,
		"7-0123456789abcdef012", "7_" DIGEST, "7-" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_found(texts[i], NULL);
}

Test(token, found_behind_what_only_begins_like_one)
{
	expect_found("7-0123 7-" DIGEST "f 7_ 8-" DIGEST, "8-" DIGEST);
	expect_found("x7-" DIGEST " 8-" DIGEST " 9-" DIGEST, "8-" DIGEST);
}

/* In a time that grows with the text alone. */
Test(token, not_slow_in_hostile_texts, .timeout = 30)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_found(scratch_times(mem, "1234567890123456-", 800000), NULL);
	expect_found(scratch_times(mem, "1-0123456789abcdef012 ", 500000),
	    NULL);
	expect_found(scratch_times(mem, "7", 15000000), NULL);
	expect_found(scratch_times(mem, "-", 15000000), NULL);
}
