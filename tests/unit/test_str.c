/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

Test(str, begins_empty)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, 10);

	cr_expect_str_empty(str_text(str));
	cr_expect_eq(str_length(str), 0);
	cr_expect_not(str_full(str));
}

Test(str, grows_by_every_way)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	str_add(str, "a");
	str_add_n(str, "bcd", 2);
	str_add_char(str, 'd');
	str_addf(str, "%d-%s", 5, "e");
	str_add_n(str, NULL, 0);
	cr_expect_str_eq(str_text(str), "abcd5-e");
	cr_expect_eq(str_length(str), 7);
}

Test(str, prints_every_number)
{
	char room[STR_INT_ROOM];

	cr_expect_str_eq(str_int(room, 0), "0");
	cr_expect_str_eq(str_int(room, -1), "-1");
	cr_expect_str_eq(str_int(room, INT64_MAX), "9223372036854775807");
	cr_expect_str_eq(str_int(room, INT64_MIN), "-9223372036854775808");
}

Test(str, takes_exactly_its_limit)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, 4);

	str_add(str, "abcd");
	cr_expect_not(str_full(str));
	str_add(str, "");
	cr_expect_not(str_full(str));
	str_add_char(str, 'e');
	cr_expect(str_full(str));
	cr_expect_str_eq(str_text(str), "abcd");
}

Test(str, adds_nothing_of_what_would_pass)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, 4);

	str_add(str, "abc");
	str_add(str, "de");
	cr_expect_str_eq(str_text(str), "abc");
	str_add(str, "d");
	cr_expect(str_full(str), "says so from then on");
	str_addf(str, "%0100d", 1);
	cr_expect_leq(str_length(str), 4);
	str_add_n(str, "x", SIZE_MAX);
	cr_expect_leq(str_length(str), 4);
}

Test(str, a_limit_of_nothing_takes_nothing)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, 0);

	str_add(str, "");
	cr_expect_not(str_full(str));
	str_add(str, "a");
	cr_expect(str_full(str));
	cr_expect_str_empty(str_text(str));
}

Test(str, clear_makes_room_again)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, 4);

	str_add(str, "abcde");
	cr_expect(str_full(str));
	str_clear(str);
	cr_expect_not(str_full(str));
	str_add(str, "wxyz");
	cr_expect_str_eq(str_text(str), "wxyz");
}

static void fill(struct str *str, int count)
{
	for (int i = 0; i < count; i++)
		str_add_char(str, (char)('a' + i % 26));
}

static void expect_filled(const struct str *str, size_t count)
{
	const char *text = str_text(str);

	cr_assert_eq(str_length(str), count);
	cr_expect_eq(strlen(text), count);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(text[i], (char)('a' + i % 26), "at %zu", i);
}

Test(str, growth_keeps_every_byte)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	fill(str, 100000);
	expect_filled(str, 100000);
}

Test(str, secret_growth_moves_the_text)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	str_secret(str);
	str_add(str, "s3cret");
	const char *old = str_text(str);
	fill(str, 1000);
	cr_assert_neq(str_text(str), old, "the text did not move");
	cr_expect(str_starts(str_text(str), "s3cretabc"));
}

Test(str, secret_growth_keeps_every_byte)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	str_secret(str);
	fill(str, 20000);
	expect_filled(str, 20000);
}

Test(str, secret_may_be_said_late)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	fill(str, 60);
	str_secret(str);
	for (int i = 60; i < 200; i++)
		str_add_char(str, (char)('a' + i % 26));
	expect_filled(str, 200);
}

Test(str, starts)
{
	cr_expect(str_starts("abc", ""));
	cr_expect(str_starts("abc", "ab"));
	cr_expect(str_starts("abc", "abc"));
	cr_expect_not(str_starts("abc", "abcd"));
	cr_expect_not(str_starts("abc", "b"));
	cr_expect_not(str_starts("", "a"));
}

Test(str, same)
{
	cr_expect(str_same("a", "a"));
	cr_expect(str_same(NULL, NULL));
	cr_expect_not(str_same("a", "A"));
	cr_expect_not(str_same("a", NULL));
	cr_expect_not(str_same(NULL, ""));
}

Test(str, hexadecimal_digits)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++)
		cr_expect_eq(str_hex_digit(digits[i]), i);
	cr_expect_eq(str_hex_digit('A'), 10);
	cr_expect_eq(str_hex_digit('F'), 15);
	for (const char *at = "/:@G`g\xff"; *at; at++)
		cr_expect_eq(str_hex_digit(*at), -1);
	cr_expect_eq(str_hex_digit('\0'), -1);
}
