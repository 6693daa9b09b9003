/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "base/pattern.h"
#include "scratch.h"

#define VISIBLE "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"

Test(pattern, word_is_ascii)
{
	static const char pattern[] = "\\w+";

	cr_expect(pattern_whole(pattern, "az_AZ09"));
	cr_expect_not(pattern_whole(pattern, "\xc3\xa9"));
	cr_expect_not(pattern_whole(pattern, "\xd9\xa1"), "Arabic one");
	cr_expect_not(pattern_whole(pattern, "a-b"));
}

/* A linker need not join what is the same in many files. */
Test(pattern, the_same_at_many_addresses_is_one)
{
	static char same[200][8];

	for (size_t i = 0; i < 200; i++) {
		memcpy(same[i], "[a-c]+", 7);
		cr_expect(pattern_whole(same[i], "abc"));
		cr_expect_not(pattern_whole(same[i], "abd"));
	}
}

Test(pattern, blank_is_ascii)
{
	static const char pattern[] = "[\\S]+";

	cr_expect(pattern_whole(pattern, "a\xc2\xa0"
	                                 "b"),
	    "a no-break space is no \\s, as in Java");
	cr_expect_not(pattern_whole(pattern, "a b"));
}

Test(pattern, whole_text_must_match)
{
	static const char pattern[] = "a|ab";
	static const char dollar[] = "[a-z]+$";

	cr_expect(pattern_whole(pattern, "a"));
	cr_expect(pattern_whole(pattern, "ab"));
	cr_expect_not(pattern_whole(pattern, "abc"));
	cr_expect_not(pattern_whole(pattern, "ca"));
	cr_expect_not(pattern_whole(pattern, ""));
	cr_expect_not(pattern_whole(pattern, "a\n"));
	cr_expect_not(pattern_whole(dollar, "abc\n"), "$ ends before \\n");
}

Test(pattern, knows_properties)
{
	static const char pattern[] = VISIBLE;
	static const char *const right[] = { "a", "\xc3\xa9", "e\xcc\x81",
		"\xe2\x82\xac", "\xd9\xa1", "\xe2\x80\x93", "\xf0\x9f\x98\x80",
		"\xe6\xbc\xa2" };
	static const char *const wrong[] = { "", " ", "a b", "\t", "\n",
		"\xc2\xa0", "\xe2\x80\x8b", "\x7f", "\xe3\x80\x80",
		"\xef\xbb\xbf", "\xc2\xad" };

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		cr_expect(pattern_whole(pattern, right[i]), "right %zu", i);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_expect_not(pattern_whole(pattern, wrong[i]), "wrong %zu", i);
}

Test(pattern, invalid_utf8_never_matches)
{
	static const char pattern[] = "(?s).*";

	cr_expect(pattern_whole(pattern, "\xc3\xa9\n"));
	cr_expect_not(pattern_whole(pattern, "\xc3"));
	cr_expect_not(pattern_whole(pattern, "\xff"));
	cr_expect_not(pattern_whole(pattern, "\xed\xa0\x80"));
}

Test(pattern, long_text_matches)
{
	MEM_AUTO mem = mem_new(NULL);
	static const char mail[] = "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*";
	static const char all[] = "(?s).*";
	static const char chosen[] = "^[\\S]+.*[\\S]+$";
	const char *text = scratch_times(mem, "<p>\xe6\xbc\xa2 \n", 20000);

	cr_expect(pattern_whole(mail, text));
	cr_expect(pattern_whole(all, text));
	cr_expect(pattern_whole(chosen, scratch_times(mem, "a b", 20000)));
}

static char *capture(struct mem *mem, const char *expression, const char *text)
{
	struct err err = { .code = ERR_INTERNAL };
	char *found = pattern_capture(mem, expression, text, &err);

	cr_expect_eq(err.code, ERR_NONE, "%s", expression);
	return found;
}

Test(pattern, captures_the_first_group)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(capture(mem, "<id>(\\d+)</id>", "x<id>42</id>y"),
	    "42");
	cr_expect_str_eq(capture(mem, "(a)(b)", "ab"), "a");
	cr_expect_str_eq(capture(mem, "(?:a)(b)", "ab"), "b");
	cr_expect_str_eq(capture(mem, "(x*)", "abc"), "");
	cr_expect_str_eq(capture(mem, "(\\p{L}+)", "1\xc3\xa9t\xc3\xa9 2"),
	    "\xc3\xa9t\xc3\xa9");
}

Test(pattern, captures_all_without_a_group)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(capture(mem, "^[0-9]+", "202: Accepted"), "202");
}

Test(pattern, no_match_is_no_error)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_null(capture(mem, "^0:", "3: Queued"));
	cr_expect_null(capture(mem, "a",
	    "\xff"
	    "a"));
	cr_expect_null(capture(mem, "(a)?(b)", "b"), "a group that took no "
	                                             "part");
	cr_expect_null(capture(mem, "(a)?b", "b"), "the last group too");
}

Test(pattern, unusable_expression_is_named)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_not(pattern_check("ab(c", &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	cr_expect_not_null(strstr(err.message, "'ab(c'"), "%s", err.message);
	cr_expect_not_null(strstr(err.message, "parenthesis"));
	cr_expect_not_null(strstr(err.message, "at character 4"));
	memset(&err, 0, sizeof(err));
	cr_expect_null(pattern_capture(mem, "[", "x", &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	memset(&err, 0, sizeof(err));
	cr_expect(pattern_check("a(b)?", &err));
	cr_expect_eq(err.code, ERR_NONE);
}

/* Without a limit these take longer than the universe has. */
Test(pattern, hostile_expression_is_bounded, .timeout = 60)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *text = mem_printf(mem, "%s!", scratch_times(mem, "a", 64));
	int64_t before_ms = clock_steady_ms();

	cr_expect_null(capture(mem, "^(a+)+$", text));
	cr_expect_null(capture(mem, "^(a|aa)+$", text));
	cr_expect_null(capture(mem, "^(?:.*a){25}$", text));
	cr_expect_lt(clock_steady_ms() - before_ms, 30000);
}
