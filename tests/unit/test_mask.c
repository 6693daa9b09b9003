/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "message/mask.h"

static void expect(const char *address, const char *masked)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(mask_address(mem, address), masked);
}

Test(mask, mail_keeps_first_character_and_domain)
{
	expect("alice@example.org", "a***@example.org");
	expect("a@example.org", "a***@example.org");
	expect("\"x@y\"@example.org", "\"***@example.org");
	expect("a.b+c@m\xc3\xbcnchen.example", "a***@m\xc3\xbcnchen.example");
}

Test(mask, number_keeps_its_ends)
{
	expect("+15555550142", "+1555***42");
	expect("+123456789012345", "+1234***45");
	expect("+1234567890", "+1234***90");
}

Test(mask, four_digits_stay_hidden_in_short_numbers)
{
	expect("+123456789", "+123***89");
	expect("+12345678", "+12***78");
}

Test(mask, anything_else_is_hidden)
{
	static const char *const other[] = { "", "alice", "@", "alice@",
		"@example.org", "+1234567", "+", "15555550142",
		"a b@example.org", "a@b@c", "alice@example.org\r\nlevel=info",
		"alice@exa mple.org", "\xc3\xa9va@example.org", "a@\xff",
		"***" };

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		expect(other[i], "***");
}

Test(mask, a_megabyte_is_hidden)
{
	MEM_AUTO mem = mem_new(NULL);
	char *address = mem_alloc(mem, 1024 * 1024);

	memset(address, 'a', 1024 * 1024 - 1);
	address[1] = '@';
	expect(address, "***");
}
