/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

/* Exactly as long as BYTES, so that a sanitizer sees a read behind it. */
static char *tight(struct mem *mem, const char *bytes)
{
	char *text = mem_alloc(mem, strlen(bytes) + 1);

	memcpy(text, bytes, strlen(bytes) + 1);
	return text;
}

static void expect_fold(const char *text, const char *folded)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(utf8_fold(mem, text), folded);
}

Test(utf8, next_walks_over_all_lengths)
{
	const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	const char *end = text + strlen(text);

	cr_expect_eq(utf8_next(&text), 'a');
	cr_expect_eq(utf8_next(&text), 0xe9);
	cr_expect_eq(utf8_next(&text), 0x20ac);
	cr_expect_eq(utf8_next(&text), 0x1f600);
	cr_expect_eq(text, end);
	cr_expect_eq(utf8_next(&text), 0);
	cr_expect_eq(text, end, "stays at the end");
}

Test(utf8, every_code_point_comes_back)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *str = str_new(mem, 16);

	for (uint32_t point = 1; point <= 0x10ffff; point++) {
		if (point == 0xd800)
			point = 0xe000;
		str_clear(str);
		utf8_add(str, point);
		const char *text = str_text(str);
		cr_assert_eq(utf8_next(&text), point);
		cr_assert_eq(*text, '\0');
		cr_assert(utf8_valid(str_text(str)));
	}
}

Test(utf8, refuses_what_rfc_3629_refuses)
{
	static const char *const wrong[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3(",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2",
		"\xe2(\xa1",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x9f\x98",
		"\xf0\x9f",
		"\xf0",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *text = tight(mem, wrong[i]);
		const char *next = text;
		cr_expect_eq(utf8_next(&next), UTF8_WRONG, "case %zu", i);
		cr_expect_eq(next, text + 1, "moves by one byte, case %zu", i);
		cr_expect_not(utf8_valid(text), "case %zu", i);
	}
}

Test(utf8, accepts_the_borders)
{
	cr_expect(utf8_valid(""));
	cr_expect(utf8_valid("\x7f"));
	cr_expect(utf8_valid("\xc2\x80"));
	cr_expect(utf8_valid("\xe0\xa0\x80"));
	cr_expect(utf8_valid("\xed\x9f\xbf"));
	cr_expect(utf8_valid("\xee\x80\x80"));
	cr_expect(utf8_valid("\xf0\x90\x80\x80"));
	cr_expect(utf8_valid("\xf4\x8f\xbf\xbf"));
	cr_expect_not(utf8_valid("good\xffgood"));
}

Test(utf8, random_bytes_never_read_behind_the_end)
{
	unsigned int seed = 20261123;

	for (int round = 0; round < 20000; round++) {
		MEM_AUTO mem = mem_new(NULL);
		size_t length = (size_t)rand_r(&seed) % 12;
		char bytes[16] = "";
		for (size_t i = 0; i < length; i++)
			bytes[i] = (char)(1 + rand_r(&seed) % 255);
		char *text = tight(mem, bytes);
		cr_assert_leq(utf8_length(text), length);
		cr_assert_not_null(utf8_fold(mem, text));
	}
}

Test(utf8, length_counts_characters)
{
	cr_expect_eq(utf8_length(""), 0);
	cr_expect_eq(utf8_length("h\xc3\xa9llo"), 5);
	cr_expect_eq(utf8_length("\xf0\x9f\x98\x80\xf0\x9f\x98\x80"), 2);
	cr_expect_eq(utf8_length("a\xff\xfe"), 3);
}

Test(utf8, fold_lowers_every_script)
{
	expect_fold("", "");
	expect_fold("Hello-42@EXAMPLE", "hello-42@example");
	expect_fold("\xc3\x89T\xc3\x89", "\xc3\xa9t\xc3\xa9");
	expect_fold("\xce\xa9\xd0\x96", "\xcf\x89\xd0\xb6");
	/* Two bytes become three: A with stroke, U+023A to U+2C65. */
	expect_fold("\xc8\xba", "\xe2\xb1\xa5");
	/* Deseret, beyond 16 bits: U+10400 to U+10428. */
	expect_fold("\xf0\x90\x90\x80", "\xf0\x90\x90\xa8");
	expect_fold("stra\xc3\x9f"
	            "e",
	    "stra\xc3\x9f"
	    "e");
	expect_fold("A\xff"
	            "B",
	    "a\xff"
	    "b");
}

Test(utf8, fold_does_not_follow_the_locale)
{
	setenv("LC_ALL", "tr_TR.UTF-8", 1);
	expect_fold("TITLE", "title");
}

Test(utf8, a_megabyte)
{
	MEM_AUTO mem = mem_new(NULL);
	size_t size = 1024 * 1024;
	char *text = mem_alloc(mem, size + 1);

	for (size_t i = 0; i < size; i += 2)
		memcpy(text + i, "\xc3\x89", 2);
	cr_expect_eq(utf8_length(text), size / 2);
	char *folded = utf8_fold(mem, text);
	cr_expect_eq(strlen(folded), size);
	cr_expect_eq(folded[size - 1], '\xa9');
}
