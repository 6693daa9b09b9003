/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "message/lint.h"
#include "scratch.h"

static const struct template_values values = { "alice", "password", "noon" };
static const struct template_values without = { "alice", NULL, NULL };

static struct lint linted(struct mem *mem, const struct template *template,
    bool sms)
{
	struct lint lint = { .count = 99 };

	lint_template(mem, template, sms, &values, &lint);
	return lint;
}

static struct lint linted_sms(struct mem *mem, const char *text)
{
	const struct template template = { .text = text };

	return linted(mem, &template, true);
}

static struct lint linted_mail(struct mem *mem, const char *subject,
    const char *html)
{
	const struct template template = { .subject = subject, .html = html };

	return linted(mem, &template, false);
}

static bool warns(const struct lint *lint, const char *words)
{
	for (size_t i = 0; i < lint->count; i++)
		if (strstr(lint->warnings[i], words))
			return true;
	return false;
}

/* The only warning has WORDS. */
static void expect_one(struct lint lint, const char *words)
{
	cr_assert_eq(lint.count, 1, "%zu warnings for '%s': %s", lint.count,
	    words, lint.count ? lint.warnings[0] : "");
	cr_expect_not_null(strstr(lint.warnings[0], words), "%s",
	    lint.warnings[0]);
}

#define GOOD "{username} {####}"

Test(lint, good_templates_are_silent)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_eq(linted_sms(mem, GOOD).count, 0);
	cr_expect_eq(linted_mail(mem, "s", "<p>" GOOD "\r\n\t</p>").count, 0);
}

Test(lint, builtins_are_silent)
{
	MEM_AUTO mem = mem_new(NULL);
	struct template template;

	for (int sms = 0; sms < 2; sms++) {
		template_builtin(TEMPLATE_INVITATION, sms, &template);
		struct lint lint = linted(mem, &template, sms);
		cr_expect_eq(lint.count, 0, "%s",
		    lint.count ? lint.warnings[0] : "");
		template_builtin(TEMPLATE_WELCOME, sms, &template);
		lint_template(mem, &template, sms, &without, &lint);
		cr_expect_eq(lint.count, 0, "%s",
		    lint.count ? lint.warnings[0] : "");
	}
}

Test(lint, placeholders)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct template named = { .text = "{username}" };
	struct lint lint;

	expect_one(linted_sms(mem, "{username}"), "SMSMessage: no {####}");
	expect_one(linted_sms(mem, "x {####}"), "SMSMessage: no {username}");
	expect_one(linted_mail(mem, "s", "{username}"),
	    "EmailMessage: no {####}");
	expect_one(linted_mail(mem, "s", "x {####}"),
	    "EmailMessage: no {username}");
	lint_template(mem, &named, true, &without, &lint);
	cr_expect_eq(lint.count, 0, "no password to show");
}

Test(lint, lengths)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *long_text = scratch_times(mem, "a", 19983);

	cr_expect_eq(
	    linted_mail(mem, "s", mem_printf(mem, GOOD "%s", long_text)).count,
	    0);
	expect_one(
	    linted_mail(mem, "s", mem_printf(mem, GOOD "%sa", long_text)),
	    "EmailMessage: 20001 characters; the API takes at most 20000");
	expect_one(linted_mail(mem, scratch_times(mem, "\xc3\xa9", 141), GOOD),
	    "EmailSubject: 141 characters");
	cr_expect_eq(
	    linted_mail(mem, scratch_times(mem, "\xc3\xa9", 140), GOOD).count,
	    0);
	expect_one(linted_mail(mem, "", GOOD), "EmailSubject: 0 characters");
	expect_one(linted_sms(mem, mem_printf(mem, GOOD "%s",
	                               scratch_times(mem, "a", 124))),
	    "SMSMessage: 141 characters; the API takes at most 140");
	struct lint lint = linted_sms(mem, "");
	cr_expect(warns(&lint, "SMSMessage: 0 characters"));
}

Test(lint, nothing_at_all)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct template empty = { 0 };

	cr_expect_geq(linted(mem, &empty, true).count, 3);
	cr_expect_geq(linted(mem, &empty, false).count, 4);
}

Test(lint, invisible_characters_have_their_place)
{
	MEM_AUTO mem = mem_new(NULL);
	static const struct {
		const char *text;
		const char *words;
	} cases[] = {
		{ "ab\xe2\x80\x8b" GOOD, "U+200B at byte offset 2" },
		{ "\xef\xbb\xbf" GOOD, "U+FEFF at byte offset 0" },
		{ GOOD "\xc2\xad", "U+00AD at byte offset 17" },
		{ "\xc3\xa9\xc2\xa0" GOOD, "U+00A0 at byte offset 2" },
		{ "\x01" GOOD, "U+0001 at byte offset 0" },
		{ "\xe2\x80\xae" GOOD, "U+202E at byte offset 0" },
		{ "\xf3\xa0\x80\x81" GOOD, "U+E0001 at byte offset 0" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		expect_one(linted_mail(mem, "s", cases[i].text),
		    cases[i].words);
		struct lint lint = linted_sms(mem, cases[i].text);
		cr_expect(warns(&lint, cases[i].words), "sms %zu", i);
	}
	expect_one(linted_mail(mem, "a\xe2\x80\x8b", GOOD),
	    "EmailSubject: invisible character U+200B at byte offset 1");
}

Test(lint, wrong_bytes_have_their_place)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_one(linted_mail(mem, "s", "ab\xff" GOOD),
	    "EmailMessage: the byte at offset 2 is not UTF-8");
	expect_one(linted_sms(mem, GOOD "\xc3"),
	    "SMSMessage: the byte at offset 17 is not UTF-8");
}

Test(lint, subject)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_one(linted_mail(mem, "a\r\nBcc: x@y", GOOD), "line end");
	expect_one(linted_mail(mem, "{####}", GOOD), "show the password");
}

Test(lint, ucs2_names_the_character)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_one(linted_sms(mem, GOOD "\xe2\x80\x99"),
	    "character U+2019 makes the message UCS-2");
	expect_one(linted_sms(mem, GOOD "`"), "U+0060");
}

Test(lint, parts_are_counted_with_the_values)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct template template = { .text = "{username}{####}" };
	struct template_values filled = { scratch_times(mem, "a", 100), "",
		"" };
	struct lint lint;

	filled.password = scratch_times(mem, "b", 60);
	lint_template(mem, &template, true, &filled, &lint);
	cr_expect_eq(lint.count, 0);
	filled.password = scratch_times(mem, "b", 61);
	lint_template(mem, &template, true, &filled, &lint);
	expect_one(lint, "2 parts (161 units, 153 a part)");
	filled.username = scratch_times(mem, "\xc3\xa7", 100);
	lint_template(mem, &template, true, &filled, &lint);
	cr_expect_eq(lint.count, 2);
	cr_expect(warns(&lint, "3 parts (161 units, 67 a part)"));
}
