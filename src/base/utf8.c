/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wctype.h>

#include "base/log.h"
#include "base/str.h"

static locale_t utf8_locale;

/* How many bytes follow LEAD; 0 when it starts no character of several. */
static int tail(unsigned char lead)
{
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if (lead < 0xe0)
		return 1;
	return lead < 0xf0 ? 2 : 3;
}

/* A NUL is no continuation, so nothing behind the end is read. */
static uint32_t decode(const unsigned char *bytes, int count)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t point = bytes[0] & (0x3fU >> count);

	for (int i = 1; i <= count; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return UTF8_WRONG;
		point = point << 6 | (bytes[i] & 0x3fU);
	}
	if (point < least[count] || point > 0x10ffff)
		return UTF8_WRONG;
	return point >= 0xd800 && point <= 0xdfff ? UTF8_WRONG : point;
}

uint32_t utf8_next(const char **text)
{
	const unsigned char *bytes = (const unsigned char *)*text;

	if (bytes[0] < 0x80) {
		*text += bytes[0] != '\0';
		return bytes[0];
	}

	int count = tail(bytes[0]);
	uint32_t point = count ? decode(bytes, count) : UTF8_WRONG;
	*text += point == UTF8_WRONG ? 1 : count + 1;
	return point;
}

void utf8_add(struct str *str, uint32_t point)
{
	static const uint32_t leads[] = { 0, 0xc0, 0xe0, 0xf0 };
	int count = (point > 0x7f) + (point > 0x7ff) + (point > 0xffff);
	char bytes[4];

	for (int i = count; i > 0; i--) {
		bytes[i] = (char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	bytes[0] = (char)(leads[count] | point);
	str_add_n(str, bytes, (size_t)count + 1);
}

bool utf8_valid(const char *text)
{
	uint32_t point = utf8_next(&text);

	while (point && point != UTF8_WRONG)
		point = utf8_next(&text);
	return point == 0;
}

size_t utf8_length(const char *text)
{
	size_t length = 0;

	while (utf8_next(&text))
		length++;
	return length;
}

static void make_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!utf8_locale) /* uncovered: glibc always has it */
		log_fatal("the locale C.UTF-8 is missing");
}

char *utf8_clean(struct mem *mem, const char *text, size_t most)
{
	struct str *words = str_new(mem, STR_LIMIT_LARGE);

	while (*text) {
		const char *from = text;
		uint32_t point = utf8_next(&text);
		if (str_length(words) + (size_t)(text - from) > most)
			break;
		if (point == UTF8_WRONG)
			str_add_char(words, '?');
		else if (point < 0x20 || point == 0x7f)
			str_add_char(words, ' ');
		else
			str_add_n(words, from, (size_t)(text - from));
	}
	return str_take(words);
}

char *utf8_fold(struct mem *mem, const char *text)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	MEM_AUTO scratch = mem_new(NULL);
	struct str *out = str_new(scratch, SIZE_MAX);
	const char *at = text;
	uint32_t point;

	pthread_once(&once, make_locale);
	while ((point = utf8_next(&text))) {
		if (point == UTF8_WRONG)
			str_add_n(out, at, 1);
		else
			utf8_add(out, towlower_l(point, utf8_locale));
		at = text;
	}
	return mem_text_n(mem, str_text(out), str_length(out));
}
