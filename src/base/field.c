/* SPDX-License-Identifier: MIT */
#include "base/field.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/pattern.h"
#include "base/str.h"
#include "base/utf8.h"

/* The items of one message; enough for any table, bounded for any list. */
#define VIOLATIONS_MOST 32

/* Bytes of a value that a message shows; the rule behind it must fit too. */
#define SHOWN_MOST 256

struct reading {
	struct mem *mem;
	struct str *violations;
	int count;
	struct err *err;
	bool trusted; /* nothing is checked */
};

static bool read_rows(struct reading *reading, const struct field *rows,
    const cJSON *json, char *into, const char *path);

/* "UserPoolId" becomes "userPoolId", as the service's paths are spelled. */
static const char *path_of(struct reading *reading, const char *path,
    const char *name)
{
	if (reading->trusted)
		return "";
	char *whole =
	    mem_printf(reading->mem, "%s%s%s", path, *path ? "." : "", name);
	char *first = whole + strlen(whole) - strlen(name);

	*first = (char)tolower((unsigned char)*first);
	return whole;
}

static const char *path_of_item(struct reading *reading, const char *path,
    size_t number)
{
	if (reading->trusted)
		return "";
	return mem_printf(reading->mem, "%s.%zu.member", path, number);
}

static const char *shown(struct reading *reading, const char *value)
{
	size_t length = strlen(value);

	if (length <= SHOWN_MOST)
		return value;
	for (length = SHOWN_MOST;
	     ((unsigned char)value[length] & 0xc0) == 0x80;)
		length--;
	return mem_printf(reading->mem, "%.*s...", (int)length, value);
}

static void violate(struct reading *reading, const struct field *row,
    const char *path, const char *value, const char *rule)
{
	if (reading->trusted || ++reading->count > VIOLATIONS_MOST)
		return;
	if (reading->count > 1)
		str_add(reading->violations, "; ");
	if (!value)
		str_addf(reading->violations, "Value null at '%s'", path);
	else if (row->flags & FIELD_SECRET)
		str_addf(reading->violations, "Value at '%s'", path);
	else
		str_addf(reading->violations, "Value '%s' at '%s'",
		    shown(reading, value), path);
	str_addf(reading->violations, " failed to satisfy constraint: %s",
	    rule);
}

static bool wrong_type(struct reading *reading, const char *path,
    const char *type)
{
	if (reading->trusted)
		return true;
	return err_set(reading->err, ERR_SERIALIZATION,
	    "the value at '%s' is not %s", path, type);
}

static bool size_fits(int64_t least, int64_t most, size_t size)
{
	return (int64_t)size >= least && (!most || (int64_t)size <= most);
}

/* SIZE: characters of a text, items of a list. */
static void check_size(struct reading *reading, const struct field *row,
    const char *path, const char *value, size_t size)
{
	if ((int64_t)size < row->least)
		violate(reading, row, path, value,
		    mem_printf(reading->mem,
		        "Member must have length greater than or equal to "
		        "%" PRId64,
		        row->least));
	if (row->most && (int64_t)size > row->most)
		violate(reading, row, path, value,
		    mem_printf(reading->mem,
		        "Member must have length less than or equal to "
		        "%" PRId64,
		        row->most));
}

/* People paste what cannot be seen: no-break spaces, joiners. */
static void log_offender(struct reading *reading, const char *path,
    const char *value)
{
	struct mem *mem = reading->mem;
	const char *end = value;
	int offset = 0;

	for (const char *start = end; *start; start = end, offset++) {
		uint32_t point = utf8_next(&end);
		const char *one = mem_text_n(mem, start, (size_t)(end - start));
		if (pattern_whole("[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s]", one))
			continue;
		log_warning("field",
		    "a text has a character that no mail may have", "member",
		    path, "character", mem_printf(mem, "U+%04X", point),
		    "offset", mem_printf(mem, "%d", offset));
		return;
	}
}

static bool read_text(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	const char *value = cJSON_GetStringValue(json);

	if (!value)
		return wrong_type(reading, path, "a text");
	*(const char **)(void *)into = value;
	if (reading->trusted || (!*value && (row->flags & FIELD_MAY_BE_EMPTY)))
		return true;
	check_size(reading, row, path, value, utf8_length(value));
	if (!row->pattern || pattern_whole(row->pattern, value))
		return true;
	violate(reading, row, path, value,
	    mem_printf(reading->mem,
	        "Member must satisfy regular expression pattern: %s",
	        row->pattern));
	if (row->flags & FIELD_MAIL)
		log_offender(reading, path, value);
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

	str_add(rule, "Member must satisfy enum value set: [");
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

/* "[a, b]", as the service shows a list of texts. */
static const char *words_shown(struct reading *reading,
    const struct field_words *words)
{
	struct str *text = str_new(reading->mem, STR_LIMIT_LARGE);

	str_add(text, "[");
	for (size_t i = 0; i < words->count; i++)
		str_addf(text, "%s%s", i ? ", " : "", words->items[i]);
	str_add(text, "]");
	return str_text(text);
}

/* RULE: of each text of a list, of each name or value of a map. */
static bool each_fits(const struct field *rule, const char *text)
{
	if (rule->words)
		return word_allowed(rule->words, text);
	return size_fits(rule->least, rule->most, utf8_length(text)) &&
	       (!rule->pattern || pattern_whole(rule->pattern, text));
}

/* As the service words the rule of each. */
static const char *each_rule(struct reading *reading, const char *whose,
    const struct field *rule)
{
	struct str *text = str_new(reading->mem, STR_LIMIT_LARGE);

	str_addf(text, "%s must satisfy constraint: [", whose);
	if (rule->words)
		str_add(text, words_rule(reading, rule->words));
	if (!rule->words && rule->most)
		str_addf(text,
		    "Member must have length less than or equal to %" PRId64
		    ", ",
		    rule->most);
	if (!rule->words)
		str_addf(text,
		    "Member must have length greater than or equal to "
		    "%" PRId64,
		    rule->least);
	if (rule->pattern)
		str_addf(text,
		    ", Member must satisfy regular expression pattern: %s",
		    rule->pattern);
	str_add(text, "]");
	return str_text(text);
}

/* One violation for the whole list. */
static void check_words(struct reading *reading, const struct field *row,
    const struct field_words *words, const char *path)
{
	const struct field *rule = row->rows ? row->rows : row;
	bool fit = true;

	for (size_t i = 0; i < words->count && fit; i++)
		fit = each_fits(rule, words->items[i]);
	if (!size_fits(row->least, row->most, words->count))
		check_size(reading, row, path, words_shown(reading, words),
		    words->count);
	if (!fit)
		violate(reading, row, path, words_shown(reading, words),
		    each_rule(reading, "Member", rule));
}

static bool read_words(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	struct field_words *words = (void *)into;
	const cJSON *item;

	if (!cJSON_IsArray(json))
		return wrong_type(reading, path, "a list");
	words->items = mem_array(reading->mem, const char *,
	    (size_t)cJSON_GetArraySize(json) + 1);
	cJSON_ArrayForEach(item, json)
	{
		const char *value = cJSON_GetStringValue(item);
		if (!value)
			return wrong_type(reading,
			    path_of_item(reading, path, words->count + 1),
			    "a text");
		words->items[words->count++] = value;
	}
	if (reading->trusted)
		return true;
	check_words(reading, row, words, path);
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
	if (reading->trusted)
		return true;
	const char *text = mem_printf(reading->mem, "%" PRId64, value->value);
	if (value->value < row->least)
		violate(reading, row, path, text,
		    mem_printf(reading->mem,
		        "Member must have value greater than or equal to %" PRId64,
		        row->least));
	if (value->value > row->most)
		violate(reading, row, path, text,
		    mem_printf(reading->mem,
		        "Member must have value less than or equal to %" PRId64,
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

static bool read_list(struct reading *reading, const struct field *row,
    const cJSON *json, char *into, const char *path)
{
	struct field_list *list = (void *)into;
	size_t count = (size_t)cJSON_GetArraySize(json);
	const cJSON *item;

	if (!cJSON_IsArray(json))
		return wrong_type(reading, path, "a list");
	check_size(reading, row, path, count ? "[...]" : "[]", count);
	list->items = mem_alloc(reading->mem, row->size * (count + 1));
	cJSON_ArrayForEach(item, json)
	{
		char *place = (char *)list->items + row->size * list->count;
		const char *item_path =
		    path_of_item(reading, path, list->count + 1);
		if (!cJSON_IsObject(item))
			return wrong_type(reading, item_path, "an object");
		list->count++;
		if (!read_rows(reading, row->rows, item, place, item_path))
			return false;
	}
	return true;
}

/* "{a=b, c=d}", as the service shows a map. */
static const char *map_shown(struct reading *reading,
    const struct field_list *list)
{
	const struct field_pair *pairs = list->items;
	struct str *text = str_new(reading->mem, STR_LIMIT_LARGE);

	for (size_t i = 0; i < list->count; i++)
		str_addf(text, "%s%s=%s", i ? ", " : "{", pairs[i].name,
		    pairs[i].value);
	str_add(text, "}");
	return str_text(text);
}

static void check_map(struct reading *reading, const struct field *row,
    const struct field_list *list, const char *path)
{
	const struct field names = { .least = row->name_least,
		.most = row->name_most };
	const struct field values = { .least = row->least, .most = row->most };
	const struct field_pair *pairs = list->items;
	bool names_fit = true;
	bool values_fit = true;

	for (size_t i = 0; i < list->count; i++) {
		names_fit = names_fit && each_fits(&names, pairs[i].name);
		values_fit = values_fit && each_fits(&values, pairs[i].value);
	}
	if (!names_fit)
		violate(reading, row, path, map_shown(reading, list),
		    each_rule(reading, "Map keys", &names));
	if (!values_fit)
		violate(reading, row, path, map_shown(reading, list),
		    each_rule(reading, "Map value", &values));
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
		pairs[list->count++] =
		    (struct field_pair){ item->string, value };
	}
	if (!reading->trusted)
		check_map(reading, row, list, path);
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
		return read_words(reading, row, json, into, path);
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
		bool absent = !member || cJSON_IsNull(member);

		if (absent && !(row->flags & FIELD_REQUIRED))
			continue;
		const char *member_path = path_of(reading, path, row->name);
		if (absent)
			violate(reading, row, member_path, NULL,
			    "Member must not be null");
		if (!absent && !read_value(reading, row, member,
		                   into + row->offset, member_path))
			return false;
	}
	return true;
}

bool field_read(struct mem *mem, const struct field *rows, const cJSON *json,
    void *into, struct err *err)
{
	struct reading reading = { mem, str_new(mem, STR_LIMIT_LARGE), 0, err,
		false };

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

void field_take(struct mem *mem, const struct field *rows, const cJSON *json,
    void *into)
{
	struct reading reading = { .mem = mem, .trusted = true };

	read_rows(&reading, rows, json, into, "");
}

static const struct field *row_find(const struct field *rows, const char *name)
{
	for (; rows->kind != FIELD_END; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static void prune(const struct field *rows, cJSON *json)
{
	cJSON *next;

	for (cJSON *child = json->child; child; child = next) {
		next = child->next;
		const struct field *row =
		    child->string ? row_find(rows, child->string) : NULL;
		if (!child->string)
			prune(rows, child); /* an item of a list */
		else if (!row || cJSON_IsNull(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(json, child));
		else if (row->kind == FIELD_OBJECT || row->kind == FIELD_LIST)
			prune(row->rows, child);
	}
}

cJSON *field_only(struct mem *mem, const struct field *rows, const cJSON *json)
{
	cJSON *copy = json_copy(mem, json);

	prune(rows, copy);
	return copy;
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
