/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdarg.h>

static const struct kind {
	const char *name;
	int http_status;
	int exit_status;
	const char *meaning;
} kinds[] = {
	{ "", 200, 0, "no error" },
#define ERR(code, name, http, status, meaning) { name, http, status, meaning },
#include "base/err_codes.def"
#undef ERR
};

/* A text that was cut ends with a whole character: it goes into JSON. */
static void end_whole(char *text, size_t room, int length)
{
	size_t at = room - 1;

	if (length < 0 || (size_t)length < room)
		return;
	while (at && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at && (unsigned char)text[at - 1] >= 0xc0)
		text[at - 1] = '\0';
}

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
	va_list list;

	err->code = code;
	err->detail[0] = '\0';
	va_start(list, format);
	end_whole(err->message, sizeof(err->message),
	    vsnprintf(err->message, sizeof(err->message), format, list));
	va_end(list);
	return false;
}

bool err_set_detail(struct err *err, enum err_code code, const char *message,
    const char *detail)
{
	err_set(err, code, "%s", message);
	end_whole(err->detail, sizeof(err->detail),
	    snprintf(err->detail, sizeof(err->detail), "%s", detail));
	return false;
}

const char *err_name(enum err_code code)
{
	return kinds[code].name;
}

int err_http_status(enum err_code code)
{
	return kinds[code].http_status;
}

int err_exit_status(enum err_code code)
{
	return kinds[code].exit_status;
}

void err_print_manual(FILE *out)
{
	for (int code = ERR_NONE + 1; code < ERR_COUNT; code++)
		fprintf(out, ".It Li %s Ta %d Ta %s\n", kinds[code].name,
		    kinds[code].exit_status, kinds[code].meaning);
}
