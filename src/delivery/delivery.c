/* SPDX-License-Identifier: MIT */
#include "delivery/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define ECHO_LEAST 4 /* bytes; shorter ones are words of the language */

bool delivery_ends_batch(enum delivery_class class)
{
	return class == DELIVERY_LANE_FAULT || class == DELIVERY_THROTTLED;
}

const char *delivery_class_name(enum delivery_class class)
{
	static const char *const names[] = {
		[DELIVERY_UNTOUCHED] = "UNTOUCHED",
		[DELIVERY_ACCEPTED] = "ACCEPTED",
		[DELIVERY_RETRY] = "RETRY",
		[DELIVERY_REFUSED] = "REFUSED",
		[DELIVERY_AMBIGUOUS] = "AMBIGUOUS",
		[DELIVERY_LANE_FAULT] = "LANE_FAULT",
		[DELIVERY_THROTTLED] = "THROTTLED",
		[DELIVERY_CANCELLED] = "CANCELLED",
		[DELIVERY_BLOCKED] = "BLOCKED",
	};

	return names[class];
}

/* Of two digits; -1 also for 0, which no text has. */
static int hex_value(const char *digits)
{
	int high = str_hex_digit(digits[0]);
	int low = high < 0 ? -1 : str_hex_digit(digits[1]);
	int value = low < 0 ? 0 : high * 16 + low;

	return value ? value : -1;
}

/* "&#43;", "&#x2b;" or "&amp;". */
static int entity(const char *text, size_t *length)
{
	static const struct {
		const char *name;
		char byte;
	} names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' }, { "&apos;", '\'' } };
	bool hex = str_starts(text, "&#x");
	char *end;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_starts(text, names[i].name)) {
			*length = strlen(names[i].name);
			return names[i].byte;
		}
	if (!str_starts(text, "&#"))
		return -1;
	long value = strtol(text + (hex ? 3 : 2), &end, hex ? 16 : 10);
	*length = (size_t)(end - text) + 1;
	return *end == ';' && value > 0 && value < 256 ? (int)value : -1;
}

/* The byte that TEXT spells as URLs, JSON, HTML or quoted-printable do, or
 * -1; *LENGTH is how long the spelling is. */
static int spelled(const char *text, size_t *length)
{
	if (*text == '%' || *text == '=') {
		*length = 3;
		return hex_value(text + 1);
	}
	if (str_starts(text, "\\u00")) {
		*length = 6;
		return hex_value(text + 4);
	}
	*length = 2;
	if (*text == '\\')
		return text[1] ? (unsigned char)text[1] : -1;
	*length = 1;
	return *text == '+' ? ' ' : entity(text, length);
}

/* How long an echo of SECRET at TEXT is, whole or cut by TEXT's end; 0: there
 * is none. */
static size_t echo(const char *text, const char *secret)
{
	const char *at = text;
	size_t length;

	if (!secret || strlen(secret) < ECHO_LEAST)
		return 0;
	for (const char *byte = secret; *byte; byte++) {
		if (!*at || (*byte != *at && *at == '%' && strlen(at) < 3))
			return byte - secret < ECHO_LEAST
			           ? 0
			           : (size_t)(at - text) + strlen(at);
		if (spelled(at, &length) == (unsigned char)*byte)
			at += length;
		else if (*at == *byte)
			at++;
		else
			return 0;
	}
	return (size_t)(at - text);
}

/* Whether an echo of SECRET may begin with BYTE: most do not. */
static bool may_echo(char byte, const char *secret)
{
	return secret && (byte == *secret || byte == '%' || byte == '=' ||
	                     byte == '\\' || byte == '+' || byte == '&');
}

/* What a peer says goes to the database and to people: UTF-8, and never the
 * secrets that the peer was given. */
static void note(const struct delivery *delivery, char *into, size_t room,
    const char *text)
{
	size_t length = 0;

	while (*text) {
		const char *shown = text;
		size_t size = 0;
		if (may_echo(*text, delivery->password))
			size = echo(text, delivery->password);
		if (!size && may_echo(*text, delivery->carrier_secret))
			size = echo(text, delivery->carrier_secret);
		if (size) {
			text += size;
			shown = "****";
			size = 4;
		} else {
			bool wrong = utf8_next(&text) == UTF8_WRONG;
			size = (size_t)(text - shown);
			shown = wrong ? "?" : shown;
		}
		if (length + size >= room)
			break;
		memcpy(into + length, shown, size);
		length += size;
	}
	into[length] = '\0';
}

void delivery_note_id(struct delivery *delivery, const char *id)
{
	struct delivery_outcome *outcome = &delivery->outcome;

	note(delivery, outcome->remote_id, sizeof(outcome->remote_id),
	    id ? id : "");
}

void delivery_tell(struct delivery *delivery, enum delivery_class class,
    int code, const char *status, const char *words)
{
	struct delivery_outcome *outcome = &delivery->outcome;

	outcome->class = class;
	outcome->code = code;
	snprintf(outcome->status, sizeof(outcome->status), "%s",
	    status ? status : "");
	note(delivery, outcome->words, sizeof(outcome->words),
	    words ? words : "");
}
