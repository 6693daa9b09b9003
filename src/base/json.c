/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"

static void let_go(void *json)
{
	cJSON_Delete(json);
}

static cJSON *keep(struct mem *mem, cJSON *json)
{
	if (!json)
		log_fatal("out of memory"); /* uncovered: only without memory */
	mem_defer(mem, let_go, json);
	return json;
}

cJSON *json_object(struct mem *mem)
{
	return keep(mem, cJSON_CreateObject());
}

cJSON *json_list(struct mem *mem)
{
	return keep(mem, cJSON_CreateArray());
}

cJSON *json_copy(struct mem *mem, const cJSON *json)
{
	return keep(mem, cJSON_Duplicate(json, true));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted: to look for each among all would be quadratic. */
static const char *repeated_in(const cJSON *object)
{
	MEM_AUTO mem = mem_new(NULL);
	size_t count = (size_t)cJSON_GetArraySize(object);
	const char **names = mem_array(mem, const char *, count + 1);
	const cJSON *child;
	size_t at = 0;

	cJSON_ArrayForEach(child, object)
	{
		names[at++] = child->string;
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (at = 1; at < count; at++)
		if (strcmp(names[at - 1], names[at]) == 0)
			return names[at];
	return NULL;
}

/* cJSON takes the first of two equal names; we refuse both. */
static const char *repeated_name(const cJSON *json)
{
	const char *name = cJSON_IsObject(json) ? repeated_in(json) : NULL;
	const cJSON *child;

	cJSON_ArrayForEach(child, json)
	{
		if (!name && child->child)
			name = repeated_name(child);
	}
	return name;
}

/* An escaped NUL would end the text early and hide what follows it. */
static bool has_escaped_nul(const char *text)
{
	for (; (text = strstr(text, "\\u0000")); text++) {
		size_t backslashes = 0;
		while (text[-1 - (long)backslashes] == '\\')
			backslashes++;
		if (backslashes % 2 == 0)
			return true;
	}
	return false;
}

cJSON *json_read(struct mem *mem, const char *text, struct err *err)
{
	const char *end = NULL;
	/* A blank in front lets has_escaped_nul() look behind itself. */
	const char *padded = mem_printf(mem, " %s", text);

	if (!utf8_valid(text)) {
		err_set(err, ERR_SERIALIZATION, "the JSON is not valid UTF-8");
		return NULL;
	}
	if (has_escaped_nul(padded)) {
		err_set(err, ERR_SERIALIZATION,
		    "the JSON has a text with a NUL character");
		return NULL;
	}
	cJSON *json = cJSON_ParseWithOpts(text, &end, 1);
	if (!json) {
		size_t offset = end ? (size_t)(end - text) : 0;
		/* Not what stands there: it may be a password. */
		err_set(err, ERR_SERIALIZATION,
		    "the JSON cannot be read at byte %zu", offset);
		return NULL;
	}
	keep(mem, json);
	const char *name = repeated_name(json);
	if (name) {
		err_set(err, ERR_SERIALIZATION,
		    "the JSON names '%.100s' twice in one object", name);
		return NULL;
	}
	return json;
}

/* One token of a pointer, up to '/', with ~1 and ~0 resolved. */
static const char *token_read(struct str *token, const char *pointer)
{
	str_clear(token);
	for (; *pointer && *pointer != '/'; pointer++) {
		if (pointer[0] == '~' && pointer[1] == '1') {
			str_add_char(token, '/');
			pointer++;
		} else if (pointer[0] == '~' && pointer[1] == '0') {
			str_add_char(token, '~');
			pointer++;
		} else {
			str_add_char(token, *pointer);
		}
	}
	return pointer;
}

static const cJSON *list_item(const cJSON *list, const char *token)
{
	size_t length = strlen(token);

	/* RFC 6901, 4: digits alone, without leading zeros. */
	if (!length || length > 7 || strspn(token, "0123456789") != length ||
	    (token[0] == '0' && length > 1))
		return NULL;
	return cJSON_GetArrayItem(list, (int)strtol(token, NULL, 10));
}

const cJSON *json_at(const cJSON *json, const char *pointer)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *token = str_new(mem, 4096);

	while (json && *pointer == '/') {
		pointer = token_read(token, pointer + 1);
		json = cJSON_IsArray(json) ? list_item(json, str_text(token))
		                           : cJSON_GetObjectItemCaseSensitive(
		                                 json, str_text(token));
	}
	return *pointer ? NULL : json;
}

const char *json_text(const cJSON *json, const char *pointer)
{
	return cJSON_GetStringValue(json_at(json, pointer));
}

const char *json_word(struct mem *mem, const cJSON *json, const char *pointer)
{
	const cJSON *found = json_at(json, pointer);

	if (found && cJSON_IsNumber(found))
		return mem_printf(mem, "%.0f", found->valuedouble);
	return cJSON_GetStringValue(found);
}

void json_add(cJSON *object, const char *name, const char *value)
{
	if (value)
		cJSON_AddStringToObject(object, name, value);
}

void json_add_int(cJSON *object, const char *name, int64_t value)
{
	cJSON_AddNumberToObject(object, name, (double)value);
}

void json_add_time(cJSON *object, const char *name, int64_t time_ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%03d", (long long)(time_ms / 1000),
	    (int)(time_ms % 1000));
	cJSON_AddRawToObject(object, name, text);
}

static char *taken(struct mem *mem, char *printed)
{
	char *text = mem_secret(mem_text(mem, printed));

	explicit_bzero(printed, strlen(printed));
	cJSON_free(printed);
	return text;
}

char *json_print(struct mem *mem, const cJSON *json)
{
	return taken(mem, cJSON_PrintUnformatted(json));
}

char *json_print_people(struct mem *mem, const cJSON *json)
{
	return taken(mem, cJSON_Print(json));
}
