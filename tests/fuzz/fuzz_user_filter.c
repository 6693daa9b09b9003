/* SPDX-License-Identifier: MIT */
/* A filter of ListUsers, and a value where a search for it would end. */
#include <string.h>

#include "account/user_filter.h"
#include "base/str.h"
#include "base/utf8.h"
#include "fuzz.h"

/* The same filter in its plainest form. */
static const char *print(struct mem *mem, const struct user_filter *filter)
{
	struct str *text = str_new(mem, STR_LIMIT_LARGE);

	str_addf(text, "%s%s=\"", filter->attribute, filter->prefix ? "^" : "");
	for (const char *at = filter->value; *at; at++) {
		if (*at == '"' || *at == '\\')
			str_add_char(text, '\\');
		str_add_char(text, *at);
	}
	str_add_char(text, '"');
	return str_text(text);
}

static void check_end(struct mem *mem, const char *prefix)
{
	const char *end = user_filter_end(mem, prefix);

	MUST(utf8_valid(end));
	/* All that begins so comes before it, but for what is no character. */
	if (!strstr(prefix, "\xf4\x8f\xbf\xbf"))
		MUST(strcmp(end, mem_printf(mem, "%s\xf3", prefix)) > 0 ||
		     !*prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *text = fuzz_text(mem, bytes, size);
	struct user_filter filter;
	struct user_filter again;
	struct err err = { 0 };
	char least[37];
	char most[37];

	bool read = user_filter_read(mem, text, &filter, &err);
	MUST(read == (err.code == ERR_NONE));
	if (!read || !filter.key)
		return 0;
	MUST(user_filter_read(mem, print(mem, &filter), &again, &err));
	MUST(again.attribute == filter.attribute &&
	     again.prefix == filter.prefix &&
	     strcmp(again.value, filter.value) == 0);
	if (utf8_valid(filter.value))
		check_end(mem, filter.value);
	if (user_filter_subs(filter.value, least, most))
		MUST(strcmp(least, most) <= 0 &&
		     str_starts(least, filter.value) &&
		     str_starts(most, filter.value));
	return 0;
}
