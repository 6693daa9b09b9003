/* SPDX-License-Identifier: MIT */
/*
 * glob - texts with '*' and '?' for what may stand there.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

/*
 * True when the whole of TEXT fits PATTERN: '*' is any text, also none, '?'
 * any one character of UTF-8; nothing else is special. FOLD: A to Z are a to z.
 * The time is at most the product of both lengths.
 */
bool glob_matches(const char *pattern, const char *text, bool fold);

#endif
