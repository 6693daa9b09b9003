/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct str {
	struct mem *mem;
	char *text;
	size_t length;
	size_t room;
	size_t limit;
	bool full;
	bool secret;
};

struct str *str_new(struct mem *mem, size_t limit)
{
	struct str *str = mem_make(mem, struct str);

	str->mem = mem;
	str->limit = limit;
	str->room = 64;
	str->text = mem_alloc(mem, str->room);
	return str;
}

/* A secret text moves by hand, so that the old block is wiped too. */
static void grow(struct str *str, size_t room)
{
	if (!str->secret) {
		str->text = mem_resize(str->mem, str->text, room);
	} else {
		char *text = mem_secret(mem_resize(str->mem, NULL, room));
		memcpy(text, str->text, str->length + 1);
		mem_drop(str->text); /* wiped: it is secret too */
		str->text = text;
	}
	str->room = room;
}

void str_add_n(struct str *str, const char *bytes, size_t length)
{
	if (length > str->limit - str->length) {
		str->full = true;
		return;
	}
	if (str->length + length + 1 > str->room)
		grow(str, (str->length + length + 1) * 2);
	if (length)
		memcpy(str->text + str->length, bytes, length);
	str->length += length;
	str->text[str->length] = '\0';
}

void str_add(struct str *str, const char *text)
{
	str_add_n(str, text, strlen(text));
}

void str_add_char(struct str *str, char byte)
{
	/* What is most often the case, without a call to copy one byte. */
	if (str->length + 1 < str->room && str->length < str->limit) {
		str->text[str->length++] = byte;
		str->text[str->length] = '\0';
		return;
	}
	str_add_n(str, &byte, 1);
}

/* Room is guessed first, and known behind that. */
void str_addf(struct str *str, const char *format, ...)
{
	va_list list;
	size_t room = str->room - str->length;

	va_start(list, format);
	size_t length =
	    (size_t)vsnprintf(str->text + str->length, room, format, list);
	va_end(list);
	if (length < room && length <= str->limit - str->length) {
		str->length += length;
		return;
	}
	str->text[str->length] = '\0';
	if (length > str->limit - str->length) {
		str->full = true;
		return;
	}
	grow(str, (str->length + length + 1) * 2);
	va_start(list, format);
	vsnprintf(str->text + str->length, length + 1, format, list);
	va_end(list);
	str->length += length;
}

const char *str_text(const struct str *str)
{
	return str->text;
}

char *str_take(struct str *str)
{
	return str->text;
}

void str_reserve(struct str *str, size_t size)
{
	if (size > str->room)
		grow(str, size);
}

size_t str_length(const struct str *str)
{
	return str->length;
}

bool str_full(const struct str *str)
{
	return str->full;
}

void str_clear(struct str *str)
{
	str->length = 0;
	str->text[0] = '\0';
	str->full = false;
}

void str_secret(struct str *str)
{
	str->secret = true;
	mem_secret(str->text);
}

/* By hand, since each message takes some ten of them. */
const char *str_int(char room[STR_INT_ROOM], int64_t number)
{
	char *at = room + STR_INT_ROOM - 1;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*at = '\0';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	return at;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}
