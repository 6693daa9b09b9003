/* SPDX-License-Identifier: MIT */
#include "base/glob.h"

#include <stddef.h>
#include <string.h>

static int lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static bool same(char a, char b, bool fold)
{
	return a == b || (fold && lower(a) == lower(b));
}

/* Behind the character at TEXT, which may have several bytes. */
static const char *skip(const char *text)
{
	text++;
	while (((unsigned char)*text & 0xc0) == 0x80)
		text++;
	return text;
}

/* Only the latest '*' is tried again: what an earlier one took more, the
 * latest could take as well. */
bool glob_matches(const char *pattern, const char *text, bool fold)
{
	const char *star = NULL;
	const char *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?') {
			pattern++;
			text = skip(text);
		} else if (*pattern && same(*pattern, *text, fold)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = from = skip(from);
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}
