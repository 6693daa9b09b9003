/* SPDX-License-Identifier: MIT */
/*
 * pattern - regular expressions by PCRE2 with Unicode properties.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

/*
 * True when the whole of TEXT matches PATTERN, a constant of ours: it is
 * compiled once and kept. Invalid UTF-8 never matches.
 */
bool pattern_whole(const char *pattern, const char *text);

/*
 * What the first group of EXPRESSION, an operator's, captures in TEXT (or the
 * whole match when it has no group). NULL without error code when there is no
 * match, NULL with ERR_CONFIG when the expression cannot be compiled.
 */
char *pattern_capture(struct mem *mem, const char *expression, const char *text,
    struct err *err);

/* False and ERR_CONFIG, with PCRE2's words and the place, when unusable. */
bool pattern_check(const char *expression, struct err *err);

#endif
