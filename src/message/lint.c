/* SPDX-License-Identifier: MIT */
#include "message/lint.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "message/gsm.h"

/* The API's bounds: EmailMessage, EmailSubject, SMSMessage. */
#define MAIL_MOST    20000
#define SUBJECT_MOST 140
#define SMS_MOST     140
#define TEXT_LEAST   6

struct linting {
	struct mem *mem;
	struct lint *lint;
};

static void warn(struct linting *linting, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void warn(struct linting *linting, const char *format, ...)
{
	struct lint *lint = linting->lint;
	va_list list;

	lint->warnings = mem_resize(linting->mem, lint->warnings,
	    (lint->count + 1) * sizeof(*lint->warnings));
	va_start(list, format);
	lint->warnings[lint->count++] = mem_vprintf(linting->mem, format, list);
	va_end(list);
}

/* Characters that nobody sees in an editor and the API's pattern refuses. */
static bool is_invisible(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x01, 0x08 },
		{ 0x0b, 0x0c },
		{ 0x0e, 0x1f },
		{ 0x7f, 0xa0 },
		{ 0xad, 0xad },
		{ 0x61c, 0x61c },
		{ 0x1680, 0x1680 },
		{ 0x180e, 0x180e },
		{ 0x2000, 0x200f },
		{ 0x2028, 0x202f },
		{ 0x205f, 0x206f },
		{ 0x3000, 0x3000 },
		{ 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

static void check_characters(struct linting *linting, const char *part,
    const char *text)
{
	const char *at = text;

	while (*at) {
		size_t offset = (size_t)(at - text);
		uint32_t character = utf8_next(&at);
		if (character == UTF8_WRONG)
			warn(linting, "%s: the byte at offset %zu is not UTF-8",
			    part, offset);
		else if (is_invisible(character))
			warn(linting,
			    "%s: invisible character U+%04X at byte offset %zu",
			    part, (unsigned)character, offset);
	}
}

static void check_length(struct linting *linting, const char *part,
    const char *text, size_t least, size_t most)
{
	size_t length = utf8_length(text);

	if (length > most)
		warn(linting, "%s: %zu characters; the API takes at most %zu",
		    part, length, most);
	if (length < least)
		warn(linting, "%s: %zu characters; the API wants at least %zu",
		    part, length, least);
}

static void check_placeholder(struct linting *linting, const char *part,
    const char *text, const char *placeholder, const char *effect)
{
	if (!strstr(text, placeholder))
		warn(linting, "%s: no %s: %s", part, placeholder, effect);
}

static void check_mail(struct linting *linting, const struct template *template,
    const struct template_values *values)
{
	const char *html = template->html ? template->html : "";
	const char *subject = template->subject ? template->subject : "";

	check_characters(linting, "EmailMessage", html);
	check_characters(linting, "EmailSubject", subject);
	check_length(linting, "EmailMessage", html, TEXT_LEAST, MAIL_MOST);
	check_length(linting, "EmailSubject", subject, 1, SUBJECT_MOST);
	if (strpbrk(subject, "\r\n"))
		warn(linting,
		    "EmailSubject: a line end; a subject is one line");
	if (strstr(subject, "{####}"))
		warn(linting, "EmailSubject: {####} would show the password in "
		              "every list of mails");
	if (values->password)
		check_placeholder(linting, "EmailMessage", html, "{####}",
		    "a user with a password would not get it; such a message "
		    "is refused and nothing is sent");
	check_placeholder(linting, "EmailMessage", html, "{username}",
	    "the user would not learn the user name");
}

static void check_sms_parts(struct linting *linting,
    const struct template *template, const struct template_values *values)
{
	struct gsm_count count;
	const char *text = template_fill(linting->mem, template,
	    template->text ? template->text : "", values, false);

	gsm_count(text, &count);
	if (count.encoding == GSM_UCS2)
		warn(linting,
		    "SMSMessage: character U+%04X makes the message UCS-2: 70 "
		    "characters a part instead of 160",
		    (unsigned)count.offender);
	if (count.parts > 1)
		warn(linting,
		    "SMSMessage: %d parts (%d units, %d a part) with these "
		    "values",
		    count.parts, count.units, count.per_part);
}

static void check_sms(struct linting *linting, const struct template *template,
    const struct template_values *values)
{
	const char *text = template->text ? template->text : "";

	check_characters(linting, "SMSMessage", text);
	check_length(linting, "SMSMessage", text, TEXT_LEAST, SMS_MOST);
	if (values->password)
		check_placeholder(linting, "SMSMessage", text, "{####}",
		    "a user with a password would not get it; such a message "
		    "is refused and nothing is sent");
	check_placeholder(linting, "SMSMessage", text, "{username}",
	    "the user would not learn the user name");
	if (utf8_valid(text))
		check_sms_parts(linting, template, values);
}

void lint_template(struct mem *mem, const struct template *template, bool sms,
    const struct template_values *values, struct lint *lint)
{
	struct linting linting = { mem, lint };

	lint->count = 0;
	lint->warnings = mem_array(mem, const char *, 1);
	if (sms)
		check_sms(&linting, template, values);
	else
		check_mail(&linting, template, values);
}
