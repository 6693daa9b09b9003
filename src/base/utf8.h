/* SPDX-License-Identifier: MIT */
/*
 * utf8 - code points of UTF-8 text (RFC 3629).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct str;

#define UTF8_WRONG UINT32_MAX

/*
 * The code point at *TEXT, which is moved behind it; 0 at the end, where
 * *TEXT stays. UTF8_WRONG for a byte that starts none (overlong forms and
 * surrogates too); then *TEXT moves by that byte.
 */
uint32_t utf8_next(const char **text);

/* POINT, which must be one, added to STR. */
void utf8_add(struct str *str, uint32_t point);

bool utf8_valid(const char *text);

/* Characters (code points) in TEXT; a wrong byte counts as one. */
size_t utf8_length(const char *text);

/* What a stranger said, fit for the database and for people: at most MOST
 * bytes, '?' for what is not UTF-8, blanks for controls. */
char *utf8_clean(struct mem *mem, const char *text, size_t most);

/* TEXT with every letter in lower case (simple Unicode mapping). */
char *utf8_fold(struct mem *mem, const char *text);

#endif
