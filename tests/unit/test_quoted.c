/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "message/quoted.h"

#define SEVEN "1234567"
#define TEXT  "Hello and welcome, here is what you asked for. "

static void expect(const char *text, const char *printed)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *out = str_new(mem, STR_LIMIT_LARGE);

	quoted_print(out, text);
	cr_assert_str_eq(str_text(out), printed);
}

Test(quoted, plain_text_stands_as_it_is)
{
	expect("", "");
	expect("a", "a\r\n");
	expect(TEXT "It works.", TEXT "It works.\r\n");
	expect("two  blanks\tand a tab", "two  blanks\tand a tab\r\n");
}

/* Wherever it stands: eight bytes are looked at together. */
Test(quoted, one_odd_byte_at_every_place)
{
	static const struct {
		const char *byte, *printed;
	} odd[] = { { "=", "=3D" }, { "\x7f", "=7F" }, { "\x01", "=01" },
		{ "\x1f", "=1F" }, { "\x80", "=80" }, { "\xbd", "=BD" },
		{ "\xff", "=FF" }, { "~", "~" }, { "!", "!" }, { "<", "<" },
		{ ">", ">" } };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		for (int before = 0; before < 24; before++) {
			const char *many = SEVEN SEVEN SEVEN SEVEN;
			expect(mem_printf(mem, "%.*s%s%.*s", before, many,
			           odd[i].byte, 24 - before, many),
			    mem_printf(mem, "%.*s%s%.*s\r\n", before, many,
			        odd[i].printed, 24 - before, many));
		}
}

Test(quoted, a_line_never_ends_with_a_blank)
{
	expect(" ", "=20\r\n");
	expect("1234567 ", "1234567=20\r\n");
	expect("12345678 \nx", "12345678=20\r\nx\r\n");
	expect("12345678  \r\nx", "12345678 =20\r\nx\r\n");
	expect("123456 \t\n", "123456 =09\r\n");
}

Test(quoted, long_lines_are_broken)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *out = str_new(mem, STR_LIMIT_LARGE);

	quoted_print(out, TEXT TEXT TEXT TEXT TEXT "\xc3\xa9" TEXT TEXT);
	for (const char *line = str_text(out); *line;) {
		size_t length = strcspn(line, "\r");
		cr_assert_leq(length, 76);
		cr_assert_neq(line[length - 1], ' ');
		line += length + 2;
	}
}

Test(quoted, no_line_begins_as_a_server_would_read_it)
{
	expect(".\n..\nFrom here\n", "=2E\r\n=2E.\r\n=46rom here\r\n");
}
