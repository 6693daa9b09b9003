/* SPDX-License-Identifier: MIT */
/*
 * str - text that grows in a context.
 *
 * Made with a limit in bytes; what would pass it is not added and str_full()
 * says so from then on, so that foreign input cannot fill the memory.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

#define STR_LIMIT_LARGE ((size_t)16 * 1024 * 1024)

struct str;

struct str *str_new(struct mem *mem, size_t limit);
void str_add(struct str *str, const char *text);
void str_add_n(struct str *str, const char *bytes, size_t length);
void str_add_char(struct str *str, char byte);
void str_addf(struct str *str, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text so far, NUL-terminated; stands until the next addition. */
const char *str_text(const struct str *str);
size_t str_length(const struct str *str);

/* The text itself, which lives as long as its context; STR is at its end. */
char *str_take(struct str *str);

/* Makes room for SIZE bytes in all, so that it grows but once. */
void str_reserve(struct str *str, size_t size);
bool str_full(const struct str *str);

/* Makes it empty again, keeping its memory. */
void str_clear(struct str *str);

/* From now on its memory is overwritten when given back. */
void str_secret(struct str *str);

#define STR_INT_ROOM 24

/* The decimal digits of NUMBER, somewhere in ROOM. */
const char *str_int(char room[STR_INT_ROOM], int64_t number);

/* True when TEXT begins with PREFIX. */
bool str_starts(const char *text, const char *prefix);

/* The value of a hexadecimal DIGIT; -1 when it is none. */
static inline int str_hex_digit(char digit)
{
	/* One more than the value; branches would be foretold wrongly. */
	static const signed char values[256] = { ['0'] = 1,
		['1'] = 2,
		['2'] = 3,
		['3'] = 4,
		['4'] = 5,
		['5'] = 6,
		['6'] = 7,
		['7'] = 8,
		['8'] = 9,
		['9'] = 10,
		['a'] = 11,
		['b'] = 12,
		['c'] = 13,
		['d'] = 14,
		['e'] = 15,
		['f'] = 16,
		['A'] = 11,
		['B'] = 12,
		['C'] = 13,
		['D'] = 14,
		['E'] = 15,
		['F'] = 16 };

	return values[(unsigned char)digit] - 1;
}

/* True when A and B are equal; NULL equals only NULL. */
bool str_same(const char *a, const char *b);

#endif
