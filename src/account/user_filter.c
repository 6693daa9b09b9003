/* SPDX-License-Identifier: MIT */
#include "account/user_filter.h"

#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define VALUE_MOST 2048 /* bytes; a whole filter has 256 characters */
#define POINT_MOST 0x10ffff

static const struct {
	const char *attribute;
	enum user_filter_key key;
} searched[] = {
	{ "username", USER_FILTER_USERNAME },
	{ "email", USER_FILTER_EMAIL },
	{ "phone_number", USER_FILTER_PHONE },
	{ "name", USER_FILTER_OTHER },
	{ "given_name", USER_FILTER_OTHER },
	{ "family_name", USER_FILTER_OTHER },
	{ "preferred_username", USER_FILTER_OTHER },
	{ "cognito:user_status", USER_FILTER_OTHER },
	{ "status", USER_FILTER_OTHER },
	{ "sub", USER_FILTER_SUB },
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

/* The value between quotes; *TEXT moves behind it. NULL when it has no end. */
static const char *read_value(struct mem *mem, const char **text)
{
	struct str *value = str_new(mem, VALUE_MOST);
	const char *at = *text;

	if (*at++ != '"')
		return NULL;
	for (; *at && *at != '"'; at++) {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		str_add_char(value, *at);
	}
	if (*at != '"' || str_full(value))
		return NULL;
	*text = at + 1;
	return str_text(value);
}

static bool find_key(struct user_filter *filter, const char *name,
    struct err *err)
{
	for (size_t i = 0; i < sizeof(searched) / sizeof(*searched); i++)
		if (strcmp(searched[i].attribute, name) == 0) {
			filter->attribute = searched[i].attribute;
			filter->key = searched[i].key;
			return true;
		}
	return err_set(err, ERR_INVALID_PARAMETER,
	    "Invalid search attribute: %s", name);
}

bool user_filter_read(struct mem *mem, const char *text,
    struct user_filter *filter, struct err *err)
{
	*filter = (struct user_filter){ 0 };
	if (!text || !*text)
		return true;
	const char *name = skip_blanks(text);
	size_t length = strcspn(name, " \t\r\n=^\"");
	const char *at = skip_blanks(name + length);
	filter->prefix = *at == '^';
	at += filter->prefix;
	bool compared = length && *at == '=';
	at = skip_blanks(at + compared);
	filter->value = compared ? read_value(mem, &at) : NULL;
	if (!filter->value || *skip_blanks(at))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Error while parsing filter");
	return find_key(filter, mem_text_n(mem, name, length), err);
}

/* A value's UTF-8 bytes sort as its code points do. */
char *user_filter_end(struct mem *mem, const char *prefix)
{
	struct str *end = str_new(mem, STR_LIMIT_LARGE);
	const char *last = prefix;
	uint32_t point = 0;

	/* The last that has a successor is moved on, those behind it go. */
	for (const char *at = prefix, *start = at; *at; start = at) {
		uint32_t next = utf8_next(&at);
		if (next >= POINT_MOST)
			continue;
		last = start;
		point = next + 1;
	}
	str_add_n(end, prefix, (size_t)(last - prefix));
	if (!point)
		point = POINT_MOST;
	utf8_add(end, point >= 0xd800 && point <= 0xdfff ? 0xe000 : point);
	return str_take(end);
}

bool user_filter_subs(const char *prefix, char least[37], char most[37])
{
	static const char form[] = "00000000-0000-0000-0000-000000000000";
	size_t length = strlen(prefix);

	if (length > strlen(form))
		return false;
	for (size_t i = 0; i < length; i++) {
		bool dash = form[i] == '-';
		if (dash ? prefix[i] != '-'
		         : !strchr("0123456789abcdef", prefix[i]))
			return false;
	}
	for (size_t i = 0; i < sizeof(form); i++) {
		least[i] = form[i];
		if (i < length)
			least[i] = prefix[i];
		most[i] = least[i];
		if (i >= length && form[i] == '0')
			most[i] = 'f';
	}
	return true;
}
