/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "message/gsm.h"

#define EURO    "\xe2\x82\xac"
#define E_ACUTE "\xc3\xa9"
#define EMOJI   "\xf0\x9f\x98\x80"
#define ZHE     "\xd0\x96"

/* COUNT times TEXT. */
static const char *times(struct mem *mem, const char *text, int count)
{
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	while (count-- > 0)
		str_add(str, text);
	return str_text(str);
}

static struct gsm_count counted(const char *text)
{
	struct gsm_count count;

	memset(&count, 0x5a, sizeof(count));
	gsm_count(text, &count);
	return count;
}

/* COUNT times FIRST, then SECOND and THIRD. */
static struct gsm_count joined(const char *first, int count, const char *second,
    const char *third)
{
	MEM_AUTO mem = mem_new(NULL);

	return counted(
	    mem_printf(mem, "%s%s%s", times(mem, first, count), second, third));
}

static void expect(struct gsm_count count, int units, int parts, int per_part)
{
	cr_expect_eq(count.units, units, "%d units", count.units);
	cr_expect_eq(count.parts, parts, "%d parts", count.parts);
	cr_expect_eq(count.per_part, per_part, "%d per part", count.per_part);
}

Test(gsm, empty_text_is_one_part)
{
	struct gsm_count count = counted("");

	expect(count, 0, 1, 160);
	cr_expect_eq(count.encoding, GSM_7BIT);
	cr_expect_eq(count.offender, 0);
	cr_expect_eq(count.offset, 0);
}

Test(gsm, names_its_encodings)
{
	cr_expect_str_eq(gsm_encoding_name(GSM_7BIT), "GSM-7");
	cr_expect_str_eq(gsm_encoding_name(GSM_UCS2), "UCS-2");
}

/* The 127 characters of 3GPP TS 23.038, 6.2.1, in the order of the table. */
Test(gsm, knows_the_default_alphabet)
{
	struct gsm_count count = counted(
	    "@\xc2\xa3$\xc2\xa5\xc3\xa8\xc3\xa9\xc3\xb9\xc3\xac\xc3\xb2\xc3\x87"
	    "\n\xc3\x98\xc3\xb8\r\xc3\x85\xc3\xa5\xce\x94_\xce\xa6\xce\x93"
	    "\xce\x9b\xce\xa9\xce\xa0\xce\xa8\xce\xa3\xce\x98\xce\x9e\xc3\x86"
	    "\xc3\xa6\xc3\x9f\xc3\x89 !\"#\xc2\xa4%&'()*+,-./0123456789:;<=>?"
	    "\xc2\xa1"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ\xc3\x84\xc3\x96\xc3\x91\xc3\x9c\xc2\xa7"
	    "\xc2\xbf"
	    "abcdefghijklmnopqrstuvwxyz\xc3\xa4\xc3\xb6\xc3\xb1\xc3\xbc\xc3\xa0");

	cr_expect_eq(count.encoding, GSM_7BIT);
	cr_expect_eq(count.offender, 0);
	expect(count, 127, 1, 160);
}

Test(gsm, counts_extension_as_two)
{
	expect(counted("^{}\\[~]|\f" EURO), 20, 1, 160);
	cr_expect_eq(counted("^{}\\[~]|\f" EURO).encoding, GSM_7BIT);
	expect(counted("a^"), 3, 1, 160);
}

Test(gsm, everything_else_is_foreign)
{
	static const char *const foreign[] = { "`", "\t", "\x1b", "\x01",
		"\x7f", "\xc3\xa7", "\xc3\xa1", "\xc2\xa0", "\xc2\xa2",
		"\xe2\x80\x99", ZHE, EMOJI, "\xce\x91", "\xe2\x82\xab" };

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		struct gsm_count count = counted(foreign[i]);
		cr_expect_eq(count.encoding, GSM_UCS2, "case %zu", i);
		cr_expect_neq(count.offender, 0, "case %zu", i);
		cr_expect_eq(count.per_part, 70, "case %zu", i);
	}
}

Test(gsm, names_the_first_offender)
{
	struct gsm_count count = counted(EURO "b" E_ACUTE "`" EMOJI);

	cr_expect_eq(count.encoding, GSM_UCS2);
	cr_expect_eq(count.offender, '`');
	cr_expect_eq(count.offset, 6);
	cr_expect_eq(count.units, 6);
	cr_expect_eq(counted(EMOJI "`").offender, 0x1f600);
	cr_expect_eq(counted(EMOJI "`").offset, 0);
}

Test(gsm, one_part_holds_160)
{
	expect(joined("a", 159, "", ""), 159, 1, 160);
	expect(joined("a", 160, "", ""), 160, 1, 160);
	expect(joined("a", 161, "", ""), 161, 2, 153);
	expect(joined("a", 306, "", ""), 306, 2, 153);
	expect(joined("a", 307, "", ""), 307, 3, 153);
}

Test(gsm, a_pair_may_end_at_160)
{
	expect(joined("a", 158, EURO, ""), 160, 1, 160);
	expect(joined("a", 159, EURO, ""), 161, 2, 153);
	expect(joined(EURO, 80, "", ""), 160, 1, 160);
	expect(joined(EURO, 81, "", ""), 162, 2, 153);
}

/* 153 is odd: each part of pairs alone holds 76 of them. */
Test(gsm, pair_is_not_split_at_153)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *rest = times(mem, "b", 151);

	expect(joined("a", 152, EURO, rest), 305, 2, 153);
	expect(joined("a", 152, EURO, times(mem, "b", 152)), 306, 3, 153);
	expect(joined("a", 151, EURO, times(mem, "b", 153)), 306, 2, 153);
	expect(joined(EURO, 152, "", ""), 304, 2, 153);
	expect(joined(EURO, 153, "", ""), 306, 3, 153);
}

Test(gsm, one_ucs2_part_holds_70)
{
	expect(joined(ZHE, 70, "", ""), 70, 1, 70);
	expect(joined(ZHE, 71, "", ""), 71, 2, 67);
	expect(joined("a", 69, ZHE, ""), 70, 1, 70);
	expect(joined("a", 70, ZHE, ""), 71, 2, 67);
	expect(joined(ZHE, 134, "", ""), 134, 2, 67);
	expect(joined(ZHE, 135, "", ""), 135, 3, 67);
}

/* An extension character is one unit in UCS-2. */
Test(gsm, extension_is_single_in_ucs2)
{
	expect(joined("^", 69, ZHE, ""), 70, 1, 70);
}

Test(gsm, surrogates_are_not_split_at_67)
{
	MEM_AUTO mem = mem_new(NULL);

	expect(joined(EMOJI, 35, "", ""), 70, 1, 70);
	expect(joined(EMOJI, 36, "", ""), 72, 2, 67);
	expect(joined(ZHE, 66, EMOJI, times(mem, "b", 65)), 133, 2, 67);
	expect(joined(ZHE, 66, EMOJI, times(mem, "b", 66)), 134, 3, 67);
	expect(joined(ZHE, 65, EMOJI, times(mem, "b", 67)), 134, 2, 67);
	expect(joined(EMOJI, 66, "", ""), 132, 2, 67);
	expect(joined(EMOJI, 67, "", ""), 134, 3, 67);
}

Test(gsm, a_megabyte)
{
	int size = 1024 * 1024;

	expect(joined("a", size, "", ""), size, (size + 152) / 153, 153);
	expect(joined("a", size, "`", ""), size + 1, (size + 67) / 67, 67);
}

/* Against the contract, but no reason to read what is not ours. */
Test(gsm, wrong_bytes_end_with_the_text)
{
	cr_expect_eq(counted("a\xf0\x9f").encoding, GSM_UCS2);
	cr_expect_eq(counted("a\xf0\x9f").units, 3);
}
