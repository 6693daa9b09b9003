/* SPDX-License-Identifier: MIT */
#include "base/field.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/pattern.h"
#include "base/str.h"
#include "base/utf8.h"

/* The items of one message; enough for any table, bounded for any list. */
#define VIOLATIONS_MOST 32

struct reading {
	struct mem *mem;
	struct str *violations;
	int count;
	struct err *err;
};

static bool read_rows(struct reading *reading, const struct field *rows,
    const cJSON *json, char *into, const char *path);

/* "UserPoolId" becomes "userPoolId", as the service's paths are spelled. */
static const char *path_of(struct reading *reading, const char *path,
    const char *name)
{
	char *whole =
	    mem_printf(reading->mem, "%s%s%s", path, *path ? "." : "", name);
	char *first = whole + strlen(whole) - strlen(name);

	*first = (char)tolower((unsigned char)*first);
	return whole;
}

static void violate(struct reading *reading, const struct field *row,
    const char *path, const char *value, const char *rule)
{
	if (++reading->count > VIOLATIONS_MOST)
		return;
	if (reading->count > 1)
		str_add(reading->violations, "; ");
	if (!value)
		str_addf(reading->violations, "Value null at '%s'", path);
	else if (row->flags & FIELD_SECRET)
		str_addf(reading->violations, "Value at '%s'", path);
	else
		str_addf(reading->violations, "Value '%s' at '%s'", value,
		    path);
	str_addf(reading->violations,
	    " failed to satisfy constraint: Member "
	    "must %s",
	    rule);
}

static bool wrong_type(struct reading *reading, const char *path,
    const char *type)
{
	return err_set(reading->err, ERR_SERIALIZATION,
	    "the value at '%s' is not %s", path, type);
}

static void check_length(struct reading *reading, const struct field *row,
    const char *path, const char *value)
{
	int64_t length = (int64_t)utf8_length(value);

	if (length < row->least)
		violate(reading, row, path, value,
		    mem_printf(reading->mem,
		        "have length greater than or equal to %" PRId64,
		        row->least));
	if (row->most && length > row->most)
		violate(reading, row, path, value,
		    mem_printf(reading->mem,
		        "have length less than or equal to %" PRId64,
		        row->most));
}

static bool read_text(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	const char *value = cJSON_GetStringValue(json);

	if (!value)
		return wrong_type(reading, path, "a text");
	*(const char **)(void *)into = value;
	if (!*value && (row->flags & FIELD_MAY_BE_EMPTY))
		return true;
	check_length(reading, row, path, value);
	if (row->pattern && !pattern_whole(row->pattern, value))
		violate(reading, row, path, value,
		    mem_printf(reading->mem,
		        "satisfy regular expression pattern: %s",
		        row->pattern));
	return true;
}

static bool word_allowed(const char *const *words, const char *value)
{
	for (; *words; words++)
		if (strcmp(*words, value) == 0)
			return true;
	return false;
}

static const char *words_rule(struct reading *reading, const char *const *words)
{
	struct str *rule = str_new(reading->mem, STR_LIMIT_LARGE);

	str_add(rule, "satisfy enum value set: [");
	for (size_t i = 0; words[i]; i++)
		str_addf(rule, "%s%s", i ? ", " : "", words[i]);
	str_add(rule, "]");
	return str_text(rule);
}

static bool read_word(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	const char *value = cJSON_GetStringValue(json);

	if (!value)
		return wrong_type(reading, path, "a text");
	if (!word_allowed(row->words, value))
		violate(reading, row, path, value,
		    words_rule(reading, row->words));
	*(const char **)(void *)into = value;
	return true;
}

static bool read_bool(struct reading *reading, const cJSON *json, char *into,
    const char *path)
{
	struct field_bool *value = (void *)into;

	if (!cJSON_IsBool(json))
		return wrong_type(reading, path, "true or false");
	value->given = true;
	value->value = cJSON_IsTrue(json);
	return true;
}

static bool read_int(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	struct field_int *value = (void *)into;
	double number = cJSON_GetNumberValue(json);

	if (!cJSON_IsNumber(json) || !(fabs(number) < 1e15) ||
	    fabs(number - nearbyint(number)) > 0)
		return wrong_type(reading, path, "a whole number");
	value->given = true;
	value->value = (int64_t)number;
	const char *shown = mem_printf(reading->mem, "%" PRId64, value->value);
	if (value->value < row->least)
		violate(reading, row, path, shown,
		    mem_printf(reading->mem,
		        "have value greater than or equal to %" PRId64,
		        row->least));
	if (value->value > row->most)
		violate(reading, row, path, shown,
		    mem_printf(reading->mem,
		        "have value less than or equal to %" PRId64,
		        row->most));
	return true;
}

static bool read_object(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	char *object = mem_alloc(reading->mem, row->size);

	if (!cJSON_IsObject(json))
		return wrong_type(reading, path, "an object");
	*(void **)(void *)into = object;
	return read_rows(reading, row->rows, json, object, path);
}

static void check_count(struct reading *reading, const struct field *row,
    const char *path, size_t count)
{
	if (row->most && (int64_t)count > row->most)
		violate(reading, row, path, "[...]",
		    mem_printf(reading->mem,
		        "have length less than or equal to %" PRId64,
		        row->most));
	if ((int64_t)count < row->least)
		violate(reading, row, path, "[]",
		    mem_printf(reading->mem,
		        "have length greater than or equal to %" PRId64,
		        row->least));
}

/* Texts of a list: each one of the row's words, or as its item row says. */
static bool read_texts(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	const struct field *rule = row->rows ? row->rows : row;
	struct field_words *texts = (void *)into;
	size_t count = (size_t)cJSON_GetArraySize(json);
	const cJSON *item;

	if (!cJSON_IsArray(json))
		return wrong_type(reading, path, "a list");
	check_count(reading, row, path, count);
	texts->items = mem_array(reading->mem, const char *, count + 1);
	cJSON_ArrayForEach(item, json)
	{
		char *place = (char *)&texts->items[texts->count++];
		const char *item_path = mem_printf(reading->mem,
		    "%s.%zu.member", path, texts->count);
		bool read =
		    rule->words
		        ? read_word(reading, rule, item, place, item_path)
		        : read_text(reading, rule, item, place, item_path);
		if (!read)
			return false;
	}
	return true;
}

static bool read_list(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	struct field_list *list = (void *)into;
	size_t count = (size_t)cJSON_GetArraySize(json);
	const cJSON *item;

	if (!cJSON_IsArray(json))
		return wrong_type(reading, path, "a list");
	check_count(reading, row, path, count);
	list->items = mem_alloc(reading->mem, row->size * (count + 1));
	cJSON_ArrayForEach(item, json)
	{
		char *place = (char *)list->items + row->size * list->count++;
		const char *item_path = mem_printf(reading->mem,
		    "%s.%zu.member", path, list->count);
		if (!cJSON_IsObject(item))
			return wrong_type(reading, item_path, "an object");
		if (!read_rows(reading, row->rows, item, place, item_path))
			return false;
	}
	return true;
}

static bool read_map(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	struct field_list *list = (void *)into;
	const cJSON *item;

	if (!cJSON_IsObject(json))
		return wrong_type(reading, path, "an object");
	struct field_pair *pairs = mem_array(reading->mem, struct field_pair,
	    (size_t)cJSON_GetArraySize(json) + 1);
	list->items = pairs;
	cJSON_ArrayForEach(item, json)
	{
		const char *value = cJSON_GetStringValue(item);
		if (!value)
			return wrong_type(reading, path, "a map of texts");
		check_length(reading, row, path, value);
		pairs[list->count++] =
		    (struct field_pair){ item->string, value };
	}
	return true;
}

static bool read_value(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	switch (row->kind) {
	case FIELD_TEXT:
		return read_text(reading, row, json, into, path);
	case FIELD_ENUM:
		return read_word(reading, row, json, into, path);
	case FIELD_BOOL:
		return read_bool(reading, json, into, path);
	case FIELD_INT:
		return read_int(reading, row, json, into, path);
	case FIELD_OBJECT:
		return read_object(reading, row, json, into, path);
	case FIELD_LIST:
		return read_list(reading, row, json, into, path);
	case FIELD_WORDS:
	case FIELD_TEXTS:
		return read_texts(reading, row, json, into, path);
	case FIELD_MAP:
		return read_map(reading, row, json, into, path);
	case FIELD_END:
		break;
	}
	assert(row->kind != FIELD_END);
	return false;
}

static bool read_rows(struct reading *reading, const struct field *rows,
    const cJSON *json, char *into, const char *path)
{
	for (const struct field *row = rows; row->kind != FIELD_END; row++) {
		const cJSON *member =
		    cJSON_GetObjectItemCaseSensitive(json, row->name);
		const char *member_path = path_of(reading, path, row->name);
		bool absent = !member || cJSON_IsNull(member);

		if (absent && (row->flags & FIELD_REQUIRED))
			violate(reading, row, member_path, NULL, "not be null");
		if (!absent && !read_value(reading, row, member,
		                   into + row->offset, member_path))
			return false;
	}
	return true;
}

bool field_read(struct mem *mem, const struct field *rows, const cJSON *json,
    void *into, struct err *err)
{
	struct reading reading = { mem, str_new(mem, STR_LIMIT_LARGE), 0, err };

	if (!cJSON_IsObject(json))
		return err_set(err, ERR_SERIALIZATION,
		    "the request is not a JSON object");
	if (!read_rows(&reading, rows, json, into, ""))
		return false;
	if (!reading.count)
		return true;
	return err_set(err, ERR_INVALID_PARAMETER,
	    "%d validation error%s detected: %s", reading.count,
	    reading.count == 1 ? "" : "s", str_text(reading.violations));
}

static const struct field *row_find(const struct field *rows, const char *name)
{
	for (; rows->kind != FIELD_END; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static const char *unknown_in(struct mem *mem, const struct field *rows,
    const cJSON *json, const char *path);

static const char *unknown_member(struct mem *mem, const struct field *rows,
    const cJSON *member, const char *path)
{
	const char *name = member->string ? member->string : "";
	const struct field *row = row_find(rows, name);
	const char *member_path =
	    mem_printf(mem, "%s%s%s", path, *path ? "." : "", name);

	if (!row)
		return member_path;
	if (row->kind != FIELD_OBJECT && row->kind != FIELD_LIST)
		return NULL;
	return unknown_in(mem, row->rows, member, member_path);
}

static const char *unknown_in(struct mem *mem, const struct field *rows,
    const cJSON *json, const char *path)
{
	const cJSON *member;
	const char *found = NULL;

	cJSON_ArrayForEach(member, json)
	{
		if (!found && cJSON_IsArray(json))
			found = unknown_in(mem, rows, member, path);
		else if (!found)
			found = unknown_member(mem, rows, member, path);
	}
	return found;
}

const char *field_unknown(struct mem *mem, const struct field *rows,
    const cJSON *json)
{
	return unknown_in(mem, rows, json, "");
}
