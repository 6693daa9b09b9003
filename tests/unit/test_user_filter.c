/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/user_filter.h"
#include "base/secret.h"
#include "base/utf8.h"

Test(user_filter, what_is_read)
{
	static const struct {
		const char *text;
		enum user_filter_key key;
		const char *attribute;
		bool prefix;
		const char *value;
	} cases[] = {
		{ "email = \"a@b\"", USER_FILTER_EMAIL, "email", false, "a@b" },
		{ "email=\"a@b\"", USER_FILTER_EMAIL, "email", false, "a@b" },
		{ " \temail\n=\r\"a@b\" ", USER_FILTER_EMAIL, "email", false,
		    "a@b" },
		{ "phone_number ^= \"+1\"", USER_FILTER_PHONE, "phone_number",
		    true, "+1" },
		{ "username^=\"\"", USER_FILTER_USERNAME, "username", true,
		    "" },
		{ "sub = \"83540892\"", USER_FILTER_SUB, "sub", false,
		    "83540892" },
		{ "name = \"O\\\"Neil\"", USER_FILTER_OTHER, "name", false,
		    "O\"Neil" },
		{ "name = \"a\\\\\"", USER_FILTER_OTHER, "name", false, "a\\" },
		{ "name = \"a\\b=^=\"", USER_FILTER_OTHER, "name", false,
		    "a\\b=^=" },
		{ "given_name = \"\xc3\xa9\"", USER_FILTER_OTHER, "given_name",
		    false, "\xc3\xa9" },
		{ "family_name = \"\"", USER_FILTER_OTHER, "family_name", false,
		    "" },
		{ "preferred_username = \" x \"", USER_FILTER_OTHER,
		    "preferred_username", false, " x " },
		{ "cognito:user_status = \"CONFIRMED\"", USER_FILTER_OTHER,
		    "cognito:user_status", false, "CONFIRMED" },
		{ "status=\"Enabled\"", USER_FILTER_OTHER, "status", false,
		    "Enabled" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		MEM_AUTO mem = mem_new(NULL);
		struct user_filter filter;
		struct err err = { 0 };
		cr_assert(user_filter_read(mem, cases[i].text, &filter, &err),
		    "%s: %s", cases[i].text, err.message);
		cr_expect_eq(filter.key, cases[i].key, "%s", cases[i].text);
		cr_expect_str_eq(filter.attribute, cases[i].attribute);
		cr_expect_eq(filter.prefix, cases[i].prefix, "%s",
		    cases[i].text);
		cr_expect_str_eq(filter.value, cases[i].value);
	}
}

Test(user_filter, none_is_all_users)
{
	MEM_AUTO mem = mem_new(NULL);
	struct user_filter filter;
	struct err err = { 0 };

	cr_assert(user_filter_read(mem, NULL, &filter, &err));
	cr_assert_eq(filter.key, USER_FILTER_NONE);
	cr_assert(user_filter_read(mem, "", &filter, &err));
	cr_assert_eq(filter.key, USER_FILTER_NONE);
}

Test(user_filter, what_is_refused)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ " ", "Error while parsing filter" },
		{ "email", "Error while parsing filter" },
		{ "email =", "Error while parsing filter" },
		{ "email = a", "Error while parsing filter" },
		{ "email = 'a'", "Error while parsing filter" },
		{ "email = \"a", "Error while parsing filter" },
		{ "email = \"a\\\"", "Error while parsing filter" },
		{ "email == \"a\"", "Error while parsing filter" },
		{ "email ^ = \"a\"", "Error while parsing filter" },
		{ "email ^^= \"a\"", "Error while parsing filter" },
		{ "email != \"a\"", "Error while parsing filter" },
		{ "email = \"a\" x", "Error while parsing filter" },
		{ "email = \"a\" and name = \"b\"",
		    "Error while parsing filter" },
		{ "= \"a\"", "Error while parsing filter" },
		{ "\"email\" = \"a\"", "Error while parsing filter" },
		{ "e mail = \"a\"", "Error while parsing filter" },
		{ "Email = \"a\"", "Invalid search attribute: Email" },
		{ "nickname = \"a\"", "Invalid search attribute: nickname" },
		{ "custom:x ^= \"a\"", "Invalid search attribute: custom:x" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		MEM_AUTO mem = mem_new(NULL);
		struct user_filter filter;
		struct err err = { 0 };
		cr_expect_not(
		    user_filter_read(mem, cases[i].text, &filter, &err), "%s",
		    cases[i].text);
		cr_expect_eq(err.code, ERR_INVALID_PARAMETER);
		cr_expect_str_eq(err.message, cases[i].message, "%s: %s",
		    cases[i].text, err.message);
	}
}

/* Whatever comes, it is read or refused, and a value is no longer than it. */
Test(user_filter, random_texts)
{
	static const char *const pieces[] = { "email", "sub", "=", "^", "\"",
		"\\", " ", "\n", "a", "\xc3\xa9", "\xff", "cognito:", "\x01" };
	int taken = 0;

	for (int i = 0; i < 20000; i++) {
		MEM_AUTO mem = mem_new(NULL);
		char text[128] = "";
		struct user_filter filter;
		struct err err = { 0 };
		if (i % 2)
			strcat(text, "email=\"");
		for (uint32_t n = secret_random_below(10); n > 0; n--)
			strcat(text, pieces[secret_random_below(13)]);
		bool read = user_filter_read(mem, text, &filter, &err);
		cr_assert_eq(read, err.code == ERR_NONE, "%s", text);
		taken += read;
		if (read && filter.key)
			cr_assert_lt(strlen(filter.value), strlen(text));
	}
	cr_assert_gt(taken, 100);
}

Test(user_filter, end_of_a_prefix)
{
	static const struct {
		const char *prefix;
		const char *end;
	} cases[] = {
		{ "a", "b" },
		{ "ab", "ac" },
		{ "a\x7f", "a\xc2\x80" },
		{ "\xc3\xa9", "\xc3\xaa" },
		{ "\xed\x9f\xbf", "\xee\x80\x80" },
		{ "a\xf4\x8f\xbf\xbf", "b" },
		{ "", "\xf4\x8f\xbf\xbf" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		MEM_AUTO mem = mem_new(NULL);
		const char *end = user_filter_end(mem, cases[i].prefix);
		cr_expect_str_eq(end, cases[i].end, "%zu: %s", i, end);
		cr_expect(utf8_valid(end));
	}
}

Test(user_filter, subs_that_begin_so)
{
	static const struct {
		const char *prefix;
		const char *least;
		const char *most;
	} cases[] = {
		{ "", "00000000-0000-0000-0000-000000000000",
		    "ffffffff-ffff-ffff-ffff-ffffffffffff" },
		{ "8", "80000000-0000-0000-0000-000000000000",
		    "8fffffff-ffff-ffff-ffff-ffffffffffff" },
		{ "83540892-", "83540892-0000-0000-0000-000000000000",
		    "83540892-ffff-ffff-ffff-ffffffffffff" },
		{ "83540892-30d1-70d8-7f6f-bd58638bed1e",
		    "83540892-30d1-70d8-7f6f-bd58638bed1e",
		    "83540892-30d1-70d8-7f6f-bd58638bed1e" },
		{ "83540892-30d1-70d8-7f6f-bd58638bed1e0", NULL, NULL },
		{ "835408923", NULL, NULL },
		{ "x", NULL, NULL },
		{ "A", NULL, NULL },
		{ "-", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char least[37];
		char most[37];
		bool any = user_filter_subs(cases[i].prefix, least, most);
		cr_assert_eq(any, cases[i].least != NULL, "%s",
		    cases[i].prefix);
		if (!any)
			continue;
		cr_expect_str_eq(least, cases[i].least);
		cr_expect_str_eq(most, cases[i].most);
	}
}
