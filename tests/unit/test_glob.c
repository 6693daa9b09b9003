/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/glob.h"
#include "base/mem.h"
#include "scratch.h"

Test(glob, whole_texts)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "abc", "abc", true },
		{ "abc", "abcd", false },
		{ "abc", "ab", false },
		{ "abc", "ABC", false },
		{ "*", "", true },
		{ "*", "anything", true },
		{ "**", "", true },
		{ "a*", "a", true },
		{ "a*", "ba", false },
		{ "*a", "bca", true },
		{ "*a", "ab", false },
		{ "a*b*c", "axxbyyc", true },
		{ "a*b*c", "axxbyy", false },
		{ "a*b*c", "acb", false },
		{ "*ab", "aab", true },
		{ "*aab", "aaaab", true },
		{ "?", "", false },
		{ "?", "a", true },
		{ "?", "ab", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "??*", "a", false },
		{ "??*", "ab", true },
		{ "*?b", "b", false },
		{ "*?b", "ab", true },
		/* A character of UTF-8 is one, whatever its bytes. */
		{ "?", "\xc3\xa9", true },
		{ "??", "\xc3\xa9", false },
		{ "*?", "\xe2\x82\xac", true },
		{ "*??", "\xe2\x82\xac", false },
		/* Nothing else is special, on either side. */
		{ "[ab]", "a", false },
		{ "\\*", "*", false },
		{ "a.c", "abc", false },
		{ "a", "*", false },
		{ "ab", "?b", false },
		{ "*b", "*b", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(glob_matches(rows[i].pattern, rows[i].text, false),
		    rows[i].fits, "'%s' and '%s'", rows[i].pattern,
		    rows[i].text);
}

Test(glob, letters_without_case)
{
	cr_assert(glob_matches("aBz*", "AbZq", true));
	cr_assert_not(glob_matches("aBz*", "AbZq", false));
	/* '[' is 'Z' + 1, '`' is 'a' - 1, '@' is 'A' - 1. */
	cr_assert_not(glob_matches("[", "{", true));
	cr_assert_not(glob_matches("@", "`", true));
}

/* What tries every '*' again would not end in the life of the universe. */
Test(glob, many_stars_on_a_long_text, .timeout = 60)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *text = scratch_times(mem, "a", 100000);

	cr_assert_not(
	    glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text, false));
	cr_assert(
	    glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*", text, false));
	cr_assert_not(
	    glob_matches(mem_printf(mem, "%sb", scratch_times(mem, "a*", 1000)),
	        scratch_times(mem, "a", 2000), false));
	cr_assert_not(glob_matches("*aaaaaaaaaaaaaaaaaaaaaaaaab", text, false));
}
