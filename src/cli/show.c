/* SPDX-License-Identifier: MIT */
#include "cli/show.h"

#include <string.h>

#include "base/json.h"

static void show_text(const char *text, FILE *out)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n");
		fprintf(out, "| %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

void show_captured(const cJSON *message, FILE *out)
{
	const char *subject = json_text(message, "/subject");

	fprintf(out, "--- %s to %s, %s\n", json_text(message, "/medium"),
	    json_text(message, "/to"), json_text(message, "/captured"));
	if (subject)
		fprintf(out, "| Subject: %s\n|\n", subject);
	show_text(json_text(message, "/text"), out);
	fputc('\n', out);
}
