/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"
#include "message/template.h"

static const struct template ours = { .ours = true };
static const struct template theirs = { .ours = false };

static void expect_filled(const struct template *template, const char *format,
    const struct template_values *values, const char *expected)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(template_fill(mem, template, format, values, false),
	    expected);
}

Test(template, fills)
{
	const struct template_values values = { "alice", "pw", "noon" };

	expect_filled(&theirs, "{username}: {####}", &values, "alice: pw");
	expect_filled(&theirs, "{####}{####}{username}", &values, "pwpwalice");
	expect_filled(&theirs, "", &values, "");
	expect_filled(&theirs, "plain", &values, "plain");
}

/* What a value contains is never looked at again. */
Test(template, substitutes_once)
{
	const struct template_values values = { "{####}", "{username}",
		"{####}" };
	const struct template_values halves = { "{user", "name}", "" };

	expect_filled(&ours, "{username} {####} {expires}", &values,
	    "{####} {username} {####}");
	expect_filled(&ours, "{username}{####}", &halves, "{username}");
	expect_filled(&ours, "{{username}name}", &halves, "{{username}");
}

Test(template, other_braces_stay)
{
	const struct template_values values = { "alice", "pw", "noon" };

	expect_filled(&ours, "{", &values, "{");
	expect_filled(&ours, "{}", &values, "{}");
	expect_filled(&ours, "}{{####}}", &values, "}{pw}");
	expect_filled(&ours, "{###} {#####} {Username} { username}", &values,
	    "{###} {#####} {Username} { username}");
	expect_filled(&ours, "{username", &values, "{username");
	expect_filled(&ours, "a{b {####", &values, "a{b {####");
}

Test(template, expires_is_ours_alone)
{
	const struct template_values values = { "alice", "pw", "noon" };

	expect_filled(&ours, "{expires}", &values, "noon");
	expect_filled(&theirs, "{expires}", &values, "{expires}");
}

Test(template, missing_values_are_empty)
{
	const struct template_values values = { "alice", NULL, NULL };

	expect_filled(&ours, "[{####}][{expires}]", &values, "[][]");
}

Test(template, html_escapes_values_alone)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct template_values values = { "<b>&", "\"'", NULL };

	cr_expect_str_eq(template_fill(mem, &theirs,
	                     "<p>{username} & {####}</p>", &values, true),
	    "<p>&lt;b&gt;&amp; & &quot;&#39;</p>");
	cr_expect_str_eq(
	    template_fill(mem, &theirs, "<p>{username}</p>", &values, false),
	    "<p><b>&</p>");
}

Test(template, builtins_have_their_placeholders)
{
	static const struct {
		enum template_name name;
		bool sms;
		bool password;
		bool username;
		bool expires;
	} cases[] = {
		{ TEMPLATE_INVITATION, false, true, true, true },
		{ TEMPLATE_INVITATION, true, true, true, true },
		{ TEMPLATE_WELCOME, false, false, true, false },
		{ TEMPLATE_WELCOME, true, false, true, false },
		{ TEMPLATE_AWS, false, true, true, false },
		{ TEMPLATE_AWS, true, true, true, false },
		{ TEMPLATE_CODE, true, true, false, false },
		{ TEMPLATE_RESET, false, true, true, true },
		{ TEMPLATE_RESET, true, true, false, true },
		{ TEMPLATE_AWS_RESET, false, true, false, false },
		{ TEMPLATE_AWS_RESET, true, true, false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct template template;
		template_builtin(cases[i].name, cases[i].sms, &template);
		cr_expect_eq(template_has(&template, "{####}"),
		    cases[i].password, "case %zu", i);
		cr_expect_eq(template_has(&template, "{username}"),
		    cases[i].username, "case %zu", i);
		cr_expect_eq(template_has(&template, "{expires}"),
		    cases[i].expires, "case %zu", i);
		cr_expect_eq(template.ours,
		    cases[i].name != TEMPLATE_AWS &&
		        cases[i].name != TEMPLATE_AWS_RESET);
		cr_expect_eq(template.subject != NULL, !cases[i].sms);
		cr_expect_eq(template.html != NULL, !cases[i].sms);
	}
}

/* Each part of a mail by itself, and no password in a subject. */
Test(template, each_part_of_a_mail_has_the_password)
{
	struct template template;

	template_builtin(TEMPLATE_INVITATION, false, &template);
	cr_expect_not_null(strstr(template.html, "{####}"));
	cr_expect_not_null(strstr(template.text, "{####}"));
	cr_expect_not_null(strstr(template.html, "{username}"));
	cr_expect_not_null(strstr(template.text, "{username}"));
	cr_expect_null(strstr(template.subject, "{####}"));
	cr_expect_null(strpbrk(template.subject, "\r\n"));
}

/* Cognito's own words (spec, 4.2). */
Test(template, aws_words)
{
	struct template template;

	template_builtin(TEMPLATE_AWS, true, &template);
	cr_expect_str_eq(template.text,
	    "Your username is {username} and temporary password is {####}. ");
	template_builtin(TEMPLATE_AWS, false, &template);
	cr_expect_str_eq(template.subject, "Your temporary password");
	cr_expect_str_eq(template.html,
	    "Your username is {username} and temporary password is {####}. ");
}

Test(template, has_looks_in_every_part)
{
	const struct template parts[] = { { .subject = "x{####}" },
		{ .html = "{####}" }, { .text = "{####}x" } };
	const struct template without = { .subject = "{###}",
		.html = "####",
		.text = "{username}" };

	for (size_t i = 0; i < 3; i++)
		cr_expect(template_has(&parts[i], "{####}"), "part %zu", i);
	cr_expect_not(template_has(&without, "{####}"));
	cr_expect_not(template_has(&theirs, "{####}"));
}

static struct template again(struct mem *mem, const struct template *template)
{
	struct template read = { "x", "x", "x", "x", true, true };
	struct err err = { 0 };
	cJSON *json = json_read(mem, template_print(mem, template), &err);

	cr_assert_not_null(json, "%s", err.message);
	template_read(json, &read);
	return read;
}

Test(template, print_can_be_read_again)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct template mail = { .subject = "s\"\n",
		.html = "<p>\xc3\xa9\\</p>" };
	const struct template sms = { .text = "t {####}", .ours = true };
	struct template read = again(mem, &mail);

	cr_expect_str_eq(read.subject, mail.subject);
	cr_expect_str_eq(read.html, mail.html);
	cr_expect_null(read.text);
	cr_expect_not(read.ours);
	cr_expect_null(read.sender);
	cr_expect_not(read.sealed);
	read = again(mem, &sms);
	cr_expect_null(read.subject);
	cr_expect_null(read.html);
	cr_expect_str_eq(read.text, "t {####}");
	cr_expect(read.ours);
	read = again(mem, &(struct template){ .sender = "arn" });
	cr_expect_str_eq(read.sender, "arn");
	read = again(mem, &(struct template){ .sealed = true });
	cr_expect(read.sealed);
	cr_expect_null(read.text);
}
