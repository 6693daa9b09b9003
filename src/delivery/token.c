/* SPDX-License-Identifier: MIT */
#include "delivery/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"

#define ID_DIGITS_MOST 18
#define DIGEST_DIGITS  20

char *token_print(struct mem *mem, const char *salt, int64_t id)
{
	char room[STR_INT_ROOM];
	const char *number = str_int(room, id);
	char *digest =
	    secret_digest(mem, mem_join(mem, salt, " message ", number, NULL));

	digest[DIGEST_DIGITS] = '\0';
	return mem_join(mem, number, "-", digest, NULL);
}

/* How long the token is that TEXT begins with; 0: none. */
static size_t length_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *digest = text + digits + 1;

	if (digits < 1 || digits > ID_DIGITS_MOST || text[digits] != '-' ||
	    strspn(digest, "0123456789abcdef") != DIGEST_DIGITS)
		return 0;
	return digits + 1 + DIGEST_DIGITS;
}

int64_t token_id(const char *token)
{
	size_t length = length_of(token);

	if (!length || token[length])
		return 0;
	return strtoll(token, NULL, 10);
}

bool token_check(struct mem *mem, const char *salt, const char *token)
{
	int64_t id = token_id(token);

	return id && secret_same(token, token_print(mem, salt, id));
}

char *token_find(struct mem *mem, const char *text)
{
	bool inside = false; /* of a word, where none can begin */

	for (; *text; text++) {
		size_t length = inside ? 0 : length_of(text);
		if (length && !isalnum((unsigned char)text[length]))
			return mem_text_n(mem, text, length);
		inside = isalnum((unsigned char)*text);
	}
	return NULL;
}
