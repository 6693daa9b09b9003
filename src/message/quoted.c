/* SPDX-License-Identifier: MIT */
#include "message/quoted.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LINE_MOST 73 /* and room for one escape, then for '=' */

/* One line of quoted-printable on its way out. */
struct quoted {
	struct str *out;
	size_t length;
	char line[LINE_MOST + 8];
};

/* Bytes of the line end at TEXT; 0 for none. */
static size_t line_end(const char *text)
{
	if (text[0] == '\r')
		return text[1] == '\n' ? 2 : 1;
	return text[0] == '\n';
}

static bool stands_as_is(const struct quoted *quoted, const char *text)
{
	if (*text == ' ' || *text == '\t')
		return text[1] && !line_end(text + 1);
	if (*text < '!' || *text > '~' || *text == '=')
		return false;
	if (quoted->length)
		return true;
	return *text != '.' && !str_starts(text, "From ");
}

static void quoted_add(struct quoted *quoted, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)*text;
	char *end = quoted->line + quoted->length;

	if (stands_as_is(quoted, text)) {
		*end = *text;
		quoted->length++;
		return;
	}
	end[0] = '=';
	end[1] = digits[byte >> 4];
	end[2] = digits[byte & 15];
	quoted->length += 3;
}

static void quoted_end_line(struct quoted *quoted, const char *end)
{
	str_add_n(quoted->out, quoted->line, quoted->length);
	str_add(quoted->out, end);
	quoted->length = 0;
}

static bool is_plain_byte(char byte)
{
	return byte > ' ' && byte <= '~' && byte != '=';
}

/* Whether eight bytes are printable and none is '='. Each difference or sum
 * sets the highest bit of a byte that is below, equal or above. */
static bool are_printable(const char *text)
{
	const uint64_t each = 0x0101010101010101;
	uint64_t bytes;

	memcpy(&bytes, text, sizeof(bytes + each));
	uint64_t equal = bytes ^ each * '=';
	return !(
	    (bytes | (bytes - each * ' ') | (bytes + each) | (equal - each)) &
	    each * 0x80);
}

/* Bytes, MOST at most, that stand as they are behind a line's first: not a
 * blank that may end it. */
static size_t plain_span(const char *text, size_t most)
{
	size_t length = 0;

	while (
	    most - length >= sizeof(uint64_t) && are_printable(text + length))
		length += sizeof(uint64_t);
	while (length < most &&
	       (is_plain_byte(text[length]) || text[length] == ' '))
		length++;
	while (
	    length && text[length - 1] == ' ' && !is_plain_byte(text[length]))
		length--;
	return length;
}

/* Most bytes of most mails go this way. */
static size_t add_plain_span(struct quoted *quoted, const char *text,
    size_t left)
{
	size_t room = LINE_MOST - quoted->length;

	if (!quoted->length || quoted->length >= LINE_MOST)
		return 0;
	size_t length = plain_span(text, left < room ? left : room);
	memcpy(quoted->line + quoted->length, text, length);
	quoted->length += length;
	return length;
}

void quoted_print(struct str *out, const char *text)
{
	struct quoted quoted = { .out = out };
	const char *last = text + strlen(text);

	while (*text) {
		text += add_plain_span(&quoted, text, (size_t)(last - text));
		size_t end = line_end(text);
		if (!*text)
			break;
		if (end) {
			quoted_end_line(&quoted, "\r\n");
			text += end;
			continue;
		}
		if (quoted.length >= LINE_MOST)
			quoted_end_line(&quoted, "=\r\n");
		quoted_add(&quoted, text++);
	}
	if (quoted.length)
		quoted_end_line(&quoted, "\r\n");
	explicit_bzero(quoted.line, sizeof(quoted.line));
}
