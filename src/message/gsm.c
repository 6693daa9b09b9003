/* SPDX-License-Identifier: MIT */
#include "message/gsm.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* 3GPP TS 23.038, 6.2.1: what the default alphabet has beyond ASCII. */
static const uint32_t beyond_ascii[] = {
	0xa1, 0xa3, 0xa4, 0xa5, 0xa7,             /* ¡ £ ¤ ¥ § */
	0xbf, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9,       /* ¿ Ä Å Æ Ç É */
	0xd1, 0xd6, 0xd8, 0xdc, 0xdf,             /* Ñ Ö Ø Ü ß */
	0xe0, 0xe4, 0xe5, 0xe6, 0xe8, 0xe9, 0xec, /* à ä å æ è é ì */
	0xf1, 0xf2, 0xf6, 0xf8, 0xf9, 0xfc,       /* ñ ò ö ø ù ü */
	0x393, 0x394, 0x398, 0x39b, 0x39e, 0x3a0, /* Γ Δ Θ Λ Ξ Π */
	0x3a3, 0x3a6, 0x3a8, 0x3a9                /* Σ Φ Ψ Ω */
};

/* What is one septet, of ASCII the most frequent. */
#define PLAIN                                                            \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" \
	" .,:;!?'\"+-*/%&()=<>#@_\n"

static int compare_points(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Septets POINT takes; 0 when GSM 7-bit has no such character. */
static int septets(uint32_t point)
{
	if (point == 0x20ac || point == '\f')
		return 2;
	if (point >= 0x80)
		return bsearch(&point, beyond_ascii,
		           sizeof(beyond_ascii) / sizeof(beyond_ascii[0]),
		           sizeof(beyond_ascii[0]), compare_points) != NULL;
	if (strchr("[\\]^{|}~", (int)point))
		return 2;
	if (point == '\n' || point == '\r')
		return 1;
	return point >= ' ' && point != '`' && point != 0x7f;
}

static int width(uint32_t point, enum gsm_encoding encoding)
{
	if (encoding == GSM_7BIT)
		return septets(point);
	return point > 0xffff && point != UTF8_WRONG ? 2 : 1;
}

/* The septets of what stands before it, of all without one. */
static int find_offender(const char *text, struct gsm_count *count)
{
	/* Most texts are of these alone. */
	const char *at = text + strspn(text, PLAIN);
	const char *next = at;
	uint32_t point;
	int units = (int)(at - text);
	int more;

	while ((point = utf8_next(&next)) && (more = septets(point))) {
		units += more;
		at = next;
	}
	count->offender = point;
	count->offset = point ? (size_t)(at - text) : 0;
	return units;
}

/* Fills parts of CAPACITY units; a character is never split. */
static void fill(const char *text, int capacity, struct gsm_count *count)
{
	int used = 0;
	uint32_t point;

	count->units = 0;
	count->parts = 1;
	count->per_part = capacity;
	while ((point = utf8_next(&text))) {
		int units = width(point, count->encoding);
		if (used + units > capacity) {
			count->parts++;
			used = 0;
		}
		used += units;
		count->units += units;
	}
}

void gsm_count(const char *text, struct gsm_count *count)
{
	int units = find_offender(text, count);

	count->encoding = count->offender ? GSM_UCS2 : GSM_7BIT;
	if (!count->offender && units <= 160) {
		count->units = units;
		count->parts = 1;
		count->per_part = 160;
		return;
	}
	fill(text, count->offender ? 70 : 160, count);
	if (count->parts > 1)
		fill(text, count->offender ? 67 : 153, count);
}

const char *gsm_encoding_name(enum gsm_encoding encoding)
{
	return encoding == GSM_7BIT ? "GSM-7" : "UCS-2";
}
