/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/str.h"
#include "message/mime.h"

static const struct mime_mail usual = {
	.from = "Example <no-reply@example.org>",
	.to = "alice@example.com",
	.subject = "Your temporary password",
	.html = "<p>Hello</p>",
	.text = "Hello",
	.message_id = "42.invite@example.org",
	.date_ms = 1795427837412,
};

static char *times(struct mem *mem, const char *text, int count)
{
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	while (count-- > 0)
		str_add(str, text);
	return mem_text(mem, str_text(str));
}

static void expect_refused(const struct mime_mail *mail)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	size_t length = 0;

	cr_expect_null(mime_print(mem, mail, &length, &err));
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER);
	cr_expect_neq(err.message[0], '\0');
}

Test(mime, too_much_is_refused)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.text = times(mem, "\xc3\xa9", 4 * 1024 * 1024);
	expect_refused(&mail);
}

Test(mime, no_header_can_be_injected)
{
	static const char *const smuggled[] = { "\r\nBcc: eve@x.test", "\r",
		"\n", "\r\n", "\n.\n", "\r\n\r\nbody", "\x7f", "\x01",
		"\x1b[2J", "\xff", "\xc3", "\xed\xa0\x80" };

	for (size_t i = 0; i < sizeof(smuggled) / sizeof(smuggled[0]); i++) {
		MEM_AUTO mem = mem_new(NULL);
		const char *bad = smuggled[i];
		struct mime_mail mail = usual;
		mail.subject = mem_printf(mem, "Hello%sWorld", bad);
		expect_refused(&mail);
		mail.subject = mem_printf(mem, "H\xc3\xa9llo%s", bad);
		expect_refused(&mail);
		mail = usual;
		mail.from = mem_printf(mem, "A%sB <a@x.test>", bad);
		expect_refused(&mail);
		mail.from = mem_printf(mem, "\"A%sB\" <a@x.test>", bad);
		expect_refused(&mail);
		mail.from = mem_printf(mem, "a@x.test%s", bad);
		expect_refused(&mail);
		mail.from = mem_printf(mem, "%sA <a@x.test>", bad);
		expect_refused(&mail);
		mail = usual;
		mail.reply_to = mem_printf(mem, "A%sB <a@x.test>", bad);
		expect_refused(&mail);
		mail = usual;
		mail.to = mem_printf(mem, "a@x.test%s", bad);
		expect_refused(&mail);
		mail.to = mem_printf(mem, "a%s@x.test", bad);
		expect_refused(&mail);
		mail = usual;
		mail.message_id = mem_printf(mem, "1%s@x.test", bad);
		expect_refused(&mail);
		mail.message_id = mem_printf(mem, "1@x.test%s", bad);
		expect_refused(&mail);
	}
}

Test(mime, wrong_mailboxes_are_refused)
{
	static const char *const wrong[] = { "", " ", "Name", "Name <>", "<>",
		">", "<", "a@x.test, b@x.test", "a@x.test,b@x.test",
		"Name a@x.test", "Name <a@x.test> tail", "Name <a@x.test",
		"a@x.test>", "a@x.test <", "A <a@@x.test>", "A <a@x.test>>",
		"\xc3\xa9@x.test", "A <\xc3\xa9@x.test>",
		"a@\xe2\x90\xa3.test" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct mime_mail mail = usual;
		mail.from = wrong[i];
		expect_refused(&mail);
		mail = usual;
		mail.reply_to = wrong[i];
		expect_refused(&mail);
	}
	cr_expect_null(mime_address(mem, "Name <>"));
}

Test(mime, recipient_is_a_bare_address)
{
	struct mime_mail mail = usual;

	mail.to = "Alice <alice@example.com>";
	expect_refused(&mail);
	mail.to = "";
	expect_refused(&mail);
}

Test(mime, wrong_message_ids_are_refused)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *const wrong[] = { "", "@", "a", "a@", "@b", "<a@b>",
		"a@b@c", "a b@c", "a.@b", "a@.b", "a@b.", "a@b c", "\xc3\xa9@b",
		mem_printf(mem, "%s@b", times(mem, "a", 249)) };
	struct mime_mail mail = usual;
	struct err err = { 0 };
	size_t length = 0;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		mail.message_id = wrong[i];
		expect_refused(&mail);
	}
	mail.message_id = mem_printf(mem, "%s@b", times(mem, "a", 248));
	cr_expect_not_null(mime_print(mem, &mail, &length, &err));
}

Test(mime, address_is_taken_out_of_a_mailbox)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(mime_address(mem, "a@b"), "a@b");
	cr_expect_str_eq(mime_address(mem, " a@b "), "a@b");
	cr_expect_str_eq(mime_address(mem, "Name <a@b>"), "a@b");
	cr_expect_str_eq(mime_address(mem, "\"N <x@y>\" <a@b>"), "a@b");
	cr_expect_null(mime_address(mem, ""));
	cr_expect_null(mime_address(mem, "Name"));
	cr_expect_null(mime_address(mem, "Name <a>"));
	cr_expect_null(mime_address(mem, "Name <a@b\r\n>"));
}

Test(mime, valid_addresses)
{
	MEM_AUTO mem = mem_new(NULL);
	char *local = times(mem, "a", 64);
	char *label = times(mem, "b", 63);
	const char *const valid[] = { "a@b", "a.b+c@example.org",
		"!#$%&'*+-/=?^_`{|}~@example.org", "\"a@b\"@example.org",
		"\"a\\\"b\"@example.org", "\"..\"@example.org", "a@1.example",
		"a@x-y.example", "a@m\xc3\xbcnchen.example", "a@[127.0.0.1]",
		"a@[IPv6:::1]", mem_printf(mem, "%s@b", local),
		mem_printf(mem, "a@%s.example", label),
		mem_printf(mem, "%s@%s.%s.%s", times(mem, "a", 62), label,
		    label, label) };

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		cr_expect(mime_address_valid(valid[i]), "%s", valid[i]);
	cr_expect_eq(strlen(valid[13]), 254);
}

Test(mime, invalid_addresses)
{
	MEM_AUTO mem = mem_new(NULL);
	char *label = times(mem, "b", 63);
	const char *const invalid[] = { "", "@", "a", "a@", "@b", "a@b@c",
		".a@b", "a.@b", "a..b@c", "a b@c", " a@b", "a@b ", "a@b\n",
		"a@b\r\nRCPT TO:<c@d>", "a\t@b", "<a@b>", "a<@b", "a@b>",
		"a@b<", "\"a b\"@c", "\"a@b", "\"a\"b@c", "\"\"@c", "\"a\\",
		"\"a\\\"@b", "\"<\"@b", "\"\xc3\xa9\"@b", "\xc3\xa9@b",
		"a\x7f@b", "a@b\x7f", "a@-b", "a@b-", "a@b..c", "a@.b", "a@b.",
		"a@b_c", "a@b,c", "a@b\xff", "a@\xc2\x85", "a@\xc2\xa0", "a@[",
		"a@[]", "a@[1", "a@[1]x", "a@[1\r\n]", "a(c)@b", "a,b@c",
		"a:b@c", "a;b@c", mem_printf(mem, "%s@b", times(mem, "a", 65)),
		mem_printf(mem, "a@%sb.example", label),
		mem_printf(mem, "%s@%s.%s.%s", times(mem, "a", 63), label,
		    label, label),
		times(mem, "a@", 512 * 1024) };

	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		cr_expect_not(mime_address_valid(invalid[i]), "%.80s",
		    invalid[i]);
}

static void expect_envelope(const char *address, const char *expected)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *envelope = mime_envelope(mem, address, &err);

	cr_assert_not_null(envelope, "%s: %s", address, err.detail);
	cr_expect_str_eq(envelope, expected);
	cr_expect_eq(err.code, ERR_NONE);
}

Test(mime, envelope_has_its_domain_in_ascii)
{
	expect_envelope("Alice@Example.ORG", "Alice@Example.ORG");
	expect_envelope("a@[127.0.0.1]", "a@[127.0.0.1]");
	expect_envelope("a@M\xc3\xbcnchen.example", "a@xn--mnchen-3ya.example");
	expect_envelope("\"x@y\"@b\xc3\xbc"
	                "cher.example",
	    "\"x@y\"@xn--bcher-kva.example");
	/* Not transitional: sharp s stays itself (IDNA 2008). */
	expect_envelope("a@fa\xc3\x9f.example", "a@xn--fa-hia.example");
	/* The ideographic full stop separates labels. */
	expect_envelope("a@\xc3\xbc\xe3\x80\x82"
	                "example",
	    "a@xn--tda.example");
}

/* Full-width signs are mapped to ASCII: <, >, @ and a blank. */
Test(mime, mapped_domain_is_checked_again)
{
	static const char *const wrong[] = { "a@b\xef\xbc\x9c.example",
		"a@b\xef\xbc\x9e.example", "a@b\xef\xbc\xa0.example",
		"a@b\xe3\x80\x80.example",
		"a@\xef\xbc\x8d"
		"b.example",
		"a@\xe3\x80\x82", "a@\xc2\xad", "a@\xe2\x90\xa3.example",
		"a@\xcc\x81"
		"b.example",
		"\xc3\xa9@example.org", "a b@example.org", "" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		MEM_AUTO mem = mem_new(NULL);
		struct err err = { 0 };
		cr_expect_null(mime_envelope(mem, wrong[i], &err), "case %zu",
		    i);
		cr_expect_eq(err.code, ERR_INVALID_PARAMETER, "case %zu", i);
	}
}

Test(mime, local_part_beyond_ascii_is_named)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(mime_envelope(mem, "zo\xc3\xab@example.org", &err));
	cr_expect(strstr(err.message, "SMTPUTF8"), "%s", err.message);
	err = (struct err){ 0 };
	cr_expect_null(mime_envelope(mem, "a b@m\xc3\xbcnchen.example", &err));
	cr_expect_str_eq(err.message, "the mail address is malformed");
}

Test(mime, long_international_domain_is_refused)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *label = times(mem, "\xc3\xbc\xc3\xa9", 30);

	cr_expect_null(
	    mime_envelope(mem, mem_printf(mem, "a@%s.example", label), &err));
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER);
}
