/* SPDX-License-Identifier: MIT */
#include "delivery/delivery.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

const char *delivery_class_name(enum delivery_class class)
{
	static const char *const names[] = {
		[DELIVERY_UNTOUCHED] = "UNTOUCHED",
		[DELIVERY_ACCEPTED] = "ACCEPTED",
		[DELIVERY_RETRY] = "RETRY",
		[DELIVERY_REFUSED] = "REFUSED",
		[DELIVERY_AMBIGUOUS] = "AMBIGUOUS",
		[DELIVERY_LANE_FAULT] = "LANE_FAULT",
		[DELIVERY_CANCELLED] = "CANCELLED",
		[DELIVERY_BLOCKED] = "BLOCKED",
	};

	return names[class];
}

/* What a peer says goes to the database and to people: UTF-8, and never the
 * password that the peer was given. */
static void note(const struct delivery *delivery, char *into, size_t room,
    const char *text)
{
	const char *password = delivery->password;
	size_t length = 0;

	while (*text) {
		const char *shown = text;
		size_t size;
		if (password && *password && str_starts(text, password)) {
			text += strlen(password);
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
