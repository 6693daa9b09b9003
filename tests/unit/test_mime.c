/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/utf8.h"
#include "message/mime.h"

#define EMOJI "\xf0\x9f\x98\x80"

static const struct mime_mail usual = {
	.from = "Example <no-reply@example.org>",
	.to = "alice@example.com",
	.subject = "Your temporary password",
	.html = "<p>Hello</p>",
	.text = "Hello",
	.message_id = "42.invite@example.org",
	.date_ms = 1795427837412,
};

static const char *print(struct mem *mem, const struct mime_mail *mail)
{
	struct err err = { 0 };
	size_t length = 0;
	char *bytes = mime_print(mem, mail, &length, &err);

	cr_assert_not_null(bytes, "%s", err.message);
	cr_assert_eq(err.code, ERR_NONE);
	cr_assert_eq(length, strlen(bytes));
	return bytes;
}

/* The mail's own rules, whatever it says. */
static void expect_well_formed(const char *bytes)
{
	size_t column = 0;

	for (const char *at = bytes; *at; at++) {
		cr_assert(strchr("\t\r\n", *at) || (*at >= ' ' && *at <= '~'));
		cr_assert_eq(*at == '\r', at[1] == '\n', "a lone CR or LF");
		column = *at == '\n' ? 0 : column + 1;
		cr_assert_leq(column, 77, "76 and CR: %.60s", at);
		cr_assert_not(column == 1 && *at == '.');
		cr_assert_not(
		    column == 1 && *at == ' ' && at[strspn(at, " ")] == '\r');
		cr_assert_not(column == 1 && str_starts(at, "From "));
	}
	cr_assert_eq(column, 0, "ends a line");
}

/* The field NAME without its name, unfolded; NULL when there is none. */
static char *header(struct mem *mem, const char *bytes, const char *name)
{
	size_t length = strlen(name);
	const char *at = bytes;

	while (!str_starts(at, name) || !str_starts(at + length, ": ")) {
		at = strstr(at, "\r\n") + 2;
		if (*at == '\r')
			return NULL;
	}
	at += length + 2;

	struct str *value = str_new(mem, STR_LIMIT_LARGE);
	for (; !str_starts(at, "\r\n") || at[2] == ' '; at++)
		if (*at != '\r' && *at != '\n')
			str_add_char(value, *at);
	return mem_text(mem, str_text(value));
}

static int sextet(char digit)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
	                             "pqrstuvwxyz0123456789+/";
	const char *found = strchr(digits, digit);

	cr_assert(digit && found, "'%c' in base64", digit);
	return (int)(found - digits);
}

/* One encoded-word, which must hold whole characters; moves behind it. */
static const char *decode_word(struct mem *mem, struct str *out, const char *at)
{
	const char *end = strstr(at, "?=");
	struct str *word = str_new(mem, 100);

	cr_assert_not_null(end);
	cr_assert_leq(end + 2 - at, 75);
	cr_assert(str_starts(at, "=?UTF-8?B?"));
	for (at += 10; at < end; at += 4) {
		int pad = (at[2] == '=') + (at[3] == '=');
		int bits = sextet(at[0]) << 18 | sextet(at[1]) << 12;
		bits |= pad > 1 ? 0 : sextet(at[2]) << 6;
		bits |= pad > 0 ? 0 : sextet(at[3]);
		char bytes[] = { (char)(bits >> 16 & 255),
			(char)(bits >> 8 & 255), (char)(bits & 255) };
		str_add_n(word, bytes, (size_t)(3 - pad));
		cr_assert(!pad || at + 4 == end);
	}
	cr_assert(utf8_valid(str_text(word)), "a character was split");
	str_add(out, str_text(word));
	return end + 2;
}

/* Encoded-words and plain text; the blank between two of them goes. */
static char *decode_words(struct mem *mem, const char *at)
{
	struct str *out = str_new(mem, STR_LIMIT_LARGE);

	while (*at) {
		if (!str_starts(at, "=?")) {
			str_add_char(out, *at++);
			continue;
		}
		at = decode_word(mem, out, at);
		if (str_starts(at, " =?"))
			at++;
	}
	return mem_text(mem, str_text(out));
}

static int nibble(char digit)
{
	cr_assert(
	    isdigit((unsigned char)digit) || (digit >= 'A' && digit <= 'F'));
	return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

/* Quoted-printable from AT to END; CRLF becomes LF. */
static char *decode_quoted(struct mem *mem, const char *at, const char *end)
{
	struct str *out = str_new(mem, STR_LIMIT_LARGE);

	while (at < end) {
		if (str_starts(at, "=\r\n")) {
			at += 3;
		} else if (*at == '=') {
			str_add_char(out,
			    (char)(nibble(at[1]) << 4 | nibble(at[2])));
			at += 3;
		} else {
			cr_assert_not(
			    (*at == ' ' || *at == '\t') && at[1] == '\r');
			if (*at != '\r')
				str_add_char(out, *at);
			at++;
		}
	}
	return mem_text(mem, str_text(out));
}

/* The decoded part of TYPE, found by its boundary. */
static char *part(struct mem *mem, const char *bytes, const char *type)
{
	char *content = header(mem, bytes, "Content-Type");
	const char *end = bytes + strlen(bytes);
	const char *at = bytes;

	if (str_starts(content, "multipart/alternative; boundary=\"")) {
		char *boundary = strchr(content, '"') + 1;
		*strchr(boundary, '"') = '\0';
		char *line = mem_printf(mem, "\r\n--%s", boundary);
		cr_assert_not_null(strstr(boundary, "=_"));
		at = strstr(bytes, line) + strlen(line) + 2;
		if (str_same(type, "html"))
			at = strstr(at, line) + strlen(line) + 2;
		end = strstr(at, line);
	}
	cr_assert_str_eq(header(mem, at, "Content-Type"),
	    mem_printf(mem, "text/%s; charset=utf-8", type));
	cr_assert_str_eq(header(mem, at, "Content-Transfer-Encoding"),
	    "quoted-printable");
	at = strstr(at, "\r\n\r\n") + 4;
	return decode_quoted(mem, at, end);
}

/* TEXT in each kind of part comes back as EXPECTED. */
static void expect_content(const char *text, const char *expected)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.html = text;
	mail.text = text;
	const char *bytes = print(mem, &mail);
	expect_well_formed(bytes);
	cr_expect_str_eq(part(mem, bytes, "html"), expected);
	cr_expect_str_eq(part(mem, bytes, "plain"), expected);

	mail.html = NULL;
	bytes = print(mem, &mail);
	expect_well_formed(bytes);
	cr_expect_str_eq(part(mem, bytes, "plain"), expected);
}

static void expect_subject(const char *subject)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.subject = subject;
	const char *bytes = print(mem, &mail);
	expect_well_formed(bytes);
	cr_expect_str_eq(decode_words(mem, header(mem, bytes, "Subject")),
	    subject);
}

static void expect_from(const char *from, const char *printed)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.from = from;
	mail.reply_to = from;
	const char *bytes = print(mem, &mail);
	expect_well_formed(bytes);
	cr_expect_str_eq(decode_words(mem, header(mem, bytes, "From")),
	    printed);
	cr_expect_str_eq(decode_words(mem, header(mem, bytes, "Reply-To")),
	    printed);
}

static char *times(struct mem *mem, const char *text, int count)
{
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	while (count-- > 0)
		str_add(str, text);
	return mem_text(mem, str_text(str));
}

Test(mime, prints_the_whole_mail)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.reply_to = "help@example.org";
	cr_expect_str_eq(print(mem, &mail),
	    "Date: Mon, 23 Nov 2026 09:57:17 +0000\r\n"
	    "From: \"Example\" <no-reply@example.org>\r\n"
	    "To: alice@example.com\r\n"
	    "Reply-To: help@example.org\r\n"
	    "Subject: Your temporary password\r\n"
	    "Message-ID: <42.invite@example.org>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/alternative; "
	    "boundary=\"=_be0f992ee59cbaf8\"\r\n"
	    "\r\n"
	    "--=_be0f992ee59cbaf8\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "Hello\r\n"
	    "\r\n"
	    "--=_be0f992ee59cbaf8\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "<p>Hello</p>\r\n"
	    "\r\n"
	    "--=_be0f992ee59cbaf8--\r\n");
}

Test(mime, text_alone_is_one_part)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.html = NULL;
	const char *bytes = print(mem, &mail);
	cr_expect_null(strstr(bytes, "multipart"));
	cr_expect_null(strstr(bytes, "Reply-To"));
	cr_expect_str_eq(strstr(bytes, "MIME-Version"),
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "Hello\r\n");
}

Test(mime, text_is_made_from_html)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.text = NULL;
	mail.html = "<p>Hello &lt;Alice&gt;</p><p>\xc3\xa9</p>";
	const char *bytes = print(mem, &mail);
	cr_expect_str_eq(part(mem, bytes, "plain"),
	    "Hello <Alice>\n\n\xc3\xa9\n");
	cr_expect_str_eq(part(mem, bytes, "html"),
	    "<p>Hello &lt;Alice&gt;</p><p>\xc3\xa9</p>\n");
}

Test(mime, the_same_mail_is_the_same_bytes)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail other = usual;

	cr_expect_str_eq(print(mem, &usual), print(mem, &usual));
	other.message_id = "43.invite@example.org";
	char *type = header(mem, print(mem, &usual), "Content-Type");
	cr_expect_str_neq(header(mem, print(mem, &other), "Content-Type"),
	    type);
	cr_expect_leq(strlen(type), 76 - strlen("Content-Type: "));
}

/* A part that repeats the boundary must not end itself. */
Test(mime, content_cannot_hold_the_boundary)
{
	MEM_AUTO mem = mem_new(NULL);
	char *type = header(mem, print(mem, &usual), "Content-Type");
	char *boundary = strchr(type, '"') + 1;

	*strchr(boundary, '"') = '\0';
	char *text = mem_printf(mem, "a\n--%s--\n--%s\nb", boundary, boundary);
	expect_content(text, mem_printf(mem, "%s\n", text));
}

Test(mime, content_comes_back)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_content("", "");
	expect_content("a", "a\n");
	expect_content("a\n", "a\n");
	expect_content("a\n\n", "a\n\n");
	expect_content("\n", "\n");
	expect_content("1 = 2; =3D =\n=", "1 = 2; =3D =\n=\n");
	expect_content("\xc3\xa9\xe2\x82\xac" EMOJI,
	    "\xc3\xa9\xe2\x82\xac" EMOJI "\n");
	expect_content("\x01\x1b\x7f\xff", "\x01\x1b\x7f\xff\n");
	expect_content(times(mem, EMOJI, 200),
	    mem_printf(mem, "%s\n", times(mem, EMOJI, 200)));
}

Test(mime, every_line_end_becomes_crlf)
{
	expect_content("a\nb\rc\r\nd\n\re\r\r\n", "a\nb\nc\nd\n\ne\n\n");
	expect_content("\r", "\n");
	expect_content("a\r", "a\n");
}

Test(mime, blanks_survive_at_line_ends)
{
	expect_content("a \nb\t\r\nc \t\rd ", "a \nb\t\nc \t\nd \n");
	expect_content(" ", " \n");
	expect_content("a  b\t c", "a  b\t c\n");
}

Test(mime, dots_and_from_survive_at_line_starts)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	expect_content("a\n.\nb\n..\n.c\nFrom x\n>From y\nFromage\n.",
	    "a\n.\nb\n..\n.c\nFrom x\n>From y\nFromage\n.\n");
	mail.html = NULL;
	mail.text = ".\nFrom x\nFrom\na.b From c";
	cr_expect_str_eq(strstr(print(mem, &mail), "\r\n\r\n"),
	    "\r\n\r\n=2E\r\n=46rom x\r\nFrom\r\na.b From c\r\n");
}

/* A soft break must not put a dot, "From " or a bare blank at a border. */
Test(mime, soft_breaks_at_every_place)
{
	static const char *const tails[] = { ".", "..", "From x", " ", "  x",
		"\t", "=", "\xc3\xa9", EMOJI "x", "" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		for (int count = 60; count < 90; count++) {
			char *text = mem_printf(mem, "%s%s\n",
			    times(mem, "a", count), tails[i]);
			expect_content(text, text);
		}
}

Test(mime, random_bytes_come_back)
{
	static const char signs[] = ".. \t==aF\xc3\xa9-_From \xff";
	unsigned int seed = 20261123;

	for (int round = 0; round < 300; round++) {
		MEM_AUTO mem = mem_new(NULL);
		size_t size = (size_t)rand_r(&seed) % 400;
		char *text = mem_alloc(mem, size + 2);
		for (size_t i = 0; i < size; i++)
			text[i] = rand_r(&seed) % 30
			              ? signs[(size_t)rand_r(&seed) %
			                      (sizeof(signs) - 1)]
			              : '\n';
		text[size] = '\n';
		expect_content(text, text);
	}
}

Test(mime, a_megabyte_comes_back)
{
	MEM_AUTO mem = mem_new(NULL);

	char *text = times(mem, "a\xc3\xa9= .\n", 1024 * 1024 / 7);
	expect_content(text, text);
	text = times(mem, ".", 1024 * 1024);
	expect_content(text, mem_printf(mem, "%s\n", text));
}

Test(mime, plain_subjects_stay_plain)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.subject = "Welcome, 100% \"yours\" = <ok> ?=";
	cr_expect_not_null(strstr(print(mem, &mail),
	    "\r\nSubject: Welcome, 100% \"yours\" = <ok> ?=\r\n"));
	mail.subject = "";
	cr_expect_not_null(strstr(print(mem, &mail), "\r\nSubject: \r\n"));
	mail.subject = mem_printf(mem, "%slast", times(mem, "word ", 30));
	const char *bytes = print(mem, &mail);
	cr_expect_null(strstr(bytes, "=?"));
	cr_expect_not_null(strstr(bytes, "word\r\n word"));
	expect_subject(mail.subject);
}

Test(mime, subjects_come_back)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_subject("=?UTF-8?B?QQ==?=");
	expect_subject("two  blanks");
	expect_subject(mem_printf(mem, "a%sb", times(mem, " ", 200)));
	expect_subject(" first and last ");
	expect_subject(" ");
	expect_subject(times(mem, " ", 200));
	expect_subject(times(mem, "a", 60));
	expect_subject(times(mem, "a", 61));
	expect_subject(times(mem, "a", 5000));
	expect_subject(times(mem, "ab ", 500));
	expect_subject(times(mem, "\xc3\xa9 ", 500));
	expect_subject("Ihr vorl\xc3\xa4ufiges Passwort");
	expect_subject("\xc2\xa0");
}

Test(mime, encoded_words_never_split_a_character)
{
	MEM_AUTO mem = mem_new(NULL);

	for (int ascii = 0; ascii < 100; ascii++) {
		char *start = times(mem, "a", ascii);
		expect_subject(
		    mem_printf(mem, "%s%s", start, times(mem, EMOJI, 30)));
		expect_subject(mem_printf(mem, "%s%s", start,
		    times(mem, "\xe2\x82\xac", 30)));
		expect_subject(mem_printf(mem, "%s\xc3\xa9z", start));
	}
}

Test(mime, names_are_quoted_or_encoded)
{
	expect_from("a@x.test", "a@x.test");
	expect_from("<a@x.test>", "a@x.test");
	expect_from("\"\" <a@x.test>", "a@x.test");
	expect_from(" Shop <a@x.test> ", "\"Shop\" <a@x.test>");
	expect_from("Shop<a@x.test>", "\"Shop\" <a@x.test>");
	expect_from("Shop, Inc. <a@x.test>", "\"Shop, Inc.\" <a@x.test>");
	expect_from("\"Shop, Inc.\" <a@x.test>", "\"Shop, Inc.\" <a@x.test>");
	expect_from("The \"Shop\" <a@x.test>",
	    "\"The \\\"Shop\\\"\" <a@x.test>");
	expect_from("\"The \\\"Shop\\\"\" <a@x.test>",
	    "\"The \\\"Shop\\\"\" <a@x.test>");
	expect_from("\"A\" \"B\" <a@x.test>",
	    "\"\\\"A\\\" \\\"B\\\"\" <a@x.test>");
	expect_from("\"A\\\" <a@x.test>", "\"\\\"A\\\\\\\"\" <a@x.test>");
	expect_from("\" <a@x.test>", "\"\\\"\" <a@x.test>");
	expect_from("back\\slash <a@x.test>", "\"back\\\\slash\" <a@x.test>");
	expect_from("<b@y.test> <a@x.test>", "\"<b@y.test>\" <a@x.test>");
	expect_from("Caf\xc3\xa9 <a@x.test>", "Caf\xc3\xa9 <a@x.test>");
	expect_from("\"Caf\xc3\xa9, \\\"x\\\"\" <a@x.test>",
	    "Caf\xc3\xa9, \"x\" <a@x.test>");
	expect_from("=?UTF-8?B?QQ==?= <a@x.test>",
	    "=?UTF-8?B?QQ==?= <a@x.test>");
}

Test(mime, long_names_are_folded)
{
	MEM_AUTO mem = mem_new(NULL);

	for (int count = 1; count < 120; count += 7) {
		char *name = times(mem, EMOJI, count);
		expect_from(mem_printf(mem, "%s <a@x.test>", name),
		    mem_printf(mem, "%s <a@x.test>", name));
	}
	char *name = times(mem, "a", 2000);
	expect_from(mem_printf(mem, "%s <a@x.test>", name),
	    mem_printf(mem, "%s <a@x.test>", name));
}

Test(mime, headers_have_domains_in_ascii)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mime_mail mail = usual;

	mail.to = "a@m\xc3\xbcnchen.example";
	mail.from = "M\xc3\xbcnchen <b@m\xc3\xbcnchen.example>";
	const char *bytes = print(mem, &mail);
	cr_expect_str_eq(header(mem, bytes, "To"), "a@xn--mnchen-3ya.example");
	cr_expect_str_eq(decode_words(mem, header(mem, bytes, "From")),
	    "M\xc3\xbcnchen <b@xn--mnchen-3ya.example>");
}
