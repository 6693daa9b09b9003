/* SPDX-License-Identifier: MIT */
#include "account/attribute.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/pattern.h"
#include "base/str.h"
#include "base/utf8.h"
#include "message/phone.h"

#define SCHEMA  "Attributes did not conform to the schema: "
#define INVALID "Invalid user attributes: "
#define VISIBLE "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\t\\n\\r ]+"

const struct field attribute_rows[] = { ROW_TEXT(struct attribute, name, "Name",
	                                    FIELD_REQUIRED, 1, 32, VISIBLE),
	ROW_TEXT(struct attribute, value, "Value", FIELD_SECRET, 0, 2048, NULL),
	ROW_END };

const struct field attribute_name_row[] = { ROW_ITEM_TEXT(1, 32, VISIBLE) };

/* The words for what is wrong differ where a user is there already. */
struct checking {
	struct work *work;
	const struct pool *pool;
	bool update;
};

static const char *prefix(const struct checking *checking)
{
	return checking->update ? "user." : SCHEMA;
}

static bool in_schema(const struct pool *pool, const char *name,
    struct schema_attribute *found)
{
	return schema_find(&pool->settings->schema, name, found);
}

static bool check_null(const struct checking *checking,
    const struct attribute *attribute)
{
	if (!attribute->value)
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "Attribute value for %s must not be null", attribute->name);
	return true;
}

static bool check_known(const struct checking *checking,
    const struct attribute *attribute)
{
	if (strcmp(attribute->name, "sub") == 0)
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "Cannot modify the non-mutable attribute sub");
	if (!attribute_is_known(checking->pool, attribute->name))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    SCHEMA "Type for attribute {%s} could not be determined",
		    attribute->name);
	return true;
}

bool attribute_is_email(const char *text)
{
	const char *at = strrchr(text, '@');
	size_t local = at ? (size_t)(at - text) : 0;

	if (!at || local < 1 || local > 64 || memchr(text, '@', local))
		return false;
	const char *domain = at + 1;
	size_t length = strlen(domain);
	/* Longer ones fit no envelope (RFC 5321, 4.5.3.1). */
	return length >= 1 && local + length < 254 && domain[0] != '.' &&
	       domain[length - 1] != '.' && !strpbrk(text, "<>,;\"\\") &&
	       pattern_whole("[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+", text);
}

static bool check_format(const struct checking *checking,
    const struct attribute *attribute)
{
	const char *value = attribute->value;

	if (!*value)
		return true;
	if (strcmp(attribute->name, "email") == 0 && !attribute_is_email(value))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "Invalid email address format.");
	if (strcmp(attribute->name, "phone_number") == 0 &&
	    !phone_is_attribute(value))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "Invalid phone number format.");
	return true;
}

static bool check_string(const struct checking *checking,
    const struct attribute *attribute, const struct attribute_bounds *bounds)
{
	long long length = (long long)utf8_length(attribute->value);

	if (bounds->least && length < strtoll(bounds->least, NULL, 10))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "%s%s: String must be no shorter than %s characters\n",
		    prefix(checking), attribute->name, bounds->least);
	if (bounds->most && length > strtoll(bounds->most, NULL, 10))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "%s%s: String must be no longer than %s characters\n",
		    prefix(checking), attribute->name, bounds->most);
	return true;
}

static bool check_number(const struct checking *checking,
    const struct attribute *attribute, const struct attribute_bounds *bounds)
{
	long long number = strtoll(attribute->value, NULL, 10);

	if (!pattern_whole("[+-]?[0-9]+", attribute->value))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: Invalid number\n", attribute->name);
	if (bounds && bounds->least &&
	    number < strtoll(bounds->least, NULL, 10))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "%s%s: Number must be no less than %s\n", prefix(checking),
		    attribute->name, bounds->least);
	if (bounds && bounds->most && number > strtoll(bounds->most, NULL, 10))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "%s%s: Number must be no greater than %s\n",
		    prefix(checking), attribute->name, bounds->most);
	return true;
}

static bool is_boolean(const char *value)
{
	return strcasecmp(value, "true") == 0 ||
	       strcasecmp(value, "false") == 0;
}

/* A user may be made without it, but does not lose it again. */
static bool check_stays(const struct checking *checking, const char *name,
    const char *before)
{
	struct schema_attribute schema;

	if (in_schema(checking->pool, name, &schema) && schema.required.value)
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "%s%s: Required attribute cannot be deleted.", before,
		    name);
	return true;
}

static bool check_value(const struct checking *checking,
    const struct attribute *attribute)
{
	struct schema_attribute schema;

	if (!*attribute->value)
		return !checking->update ||
		       check_stays(checking, attribute->name, "user.");
	if (!in_schema(checking->pool, attribute->name, &schema))
		return true;
	if (strcmp(schema.type, "Boolean") == 0 &&
	    !is_boolean(attribute->value))
		return work_fail(checking->work, ERR_INVALID_PARAMETER,
		    "%s%s: Invalid boolean\n", prefix(checking),
		    attribute->name);
	if (strcmp(schema.type, "Number") == 0)
		return check_number(checking, attribute, schema.number);
	if (strcmp(schema.type, "String") == 0 && schema.string)
		return check_string(checking, attribute, schema.string);
	return true;
}

/* What a user who is there cannot be given: each unknown name on a line. */
static bool check_names(const struct checking *checking,
    const char *const *names, size_t count, const char *before)
{
	struct work *work = checking->work;
	struct str *unknown = str_new(work->mem, 4096);
	struct schema_attribute schema;

	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], "sub") == 0)
			return work_fail(work, ERR_INVALID_PARAMETER,
			    "Cannot modify the non-mutable attribute sub");
		else if (!attribute_is_known(checking->pool, names[i]))
			str_addf(unknown,
			    "user.%s: Attribute does not exist in the "
			    "schema.\n",
			    names[i]);
	if (str_length(unknown))
		return work_fail(work, ERR_INVALID_PARAMETER, "%s%s", before,
		    str_text(unknown));
	for (size_t i = 0; i < count; i++)
		if (in_schema(checking->pool, names[i], &schema) &&
		    !schema.mutable.value)
			return work_fail(work, ERR_INVALID_PARAMETER,
			    "%suser.%s: Attribute cannot be updated.\n", before,
			    names[i]);
	return true;
}

static bool check_list_names(const struct checking *checking,
    const struct field_list *list)
{
	const struct attribute *attributes = list->items;
	const char **names =
	    mem_array(checking->work->mem, const char *, list->count + 1);

	for (size_t i = 0; i < list->count; i++)
		names[i] = attributes[i].name;
	return check_names(checking, names, list->count, "");
}

static bool check_each(const struct checking *checking,
    const struct field_list *list)
{
	const struct attribute *attributes = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (!check_null(checking, &attributes[i]))
			return false;
	if (checking->update && !check_list_names(checking, list))
		return false;
	for (size_t i = 0; i < list->count && !checking->update; i++)
		if (!check_known(checking, &attributes[i]))
			return false;
	for (size_t i = 0; i < list->count; i++)
		if (!check_format(checking, &attributes[i]))
			return false;
	for (size_t i = 0; i < list->count; i++)
		if (!check_value(checking, &attributes[i]))
			return false;
	return true;
}

static const char *normal_value(struct work *work, const struct pool *pool,
    const struct attribute *attribute)
{
	struct schema_attribute schema;

	if (in_schema(pool, attribute->name, &schema) &&
	    strcmp(schema.type, "Boolean") == 0)
		return utf8_fold(work->mem, attribute->value);
	return attribute->value;
}

static bool check_verified(struct work *work, const cJSON *attributes)
{
	if (attribute_get(attributes, "email_verified") &&
	    !attribute_get(attributes, "email"))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Email is required to verify/un-verify an email");
	if (attribute_get(attributes, "phone_number_verified") &&
	    !attribute_get(attributes, "phone_number"))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Phone Number is required to verify/un-verify a phone "
		    "number");
	return true;
}

static void put(cJSON *attributes, const char *name, const char *value)
{
	if (!*value)
		cJSON_DeleteItemFromObjectCaseSensitive(attributes, name);
	else if (attribute_get(attributes, name))
		cJSON_ReplaceItemInObjectCaseSensitive(attributes, name,
		    cJSON_CreateString(value));
	else
		json_add(attributes, name, value);
}

cJSON *attribute_check(struct work *work, const struct pool *pool,
    const struct field_list *list)
{
	const struct checking checking = { work, pool, false };
	const struct attribute *attributes = list->items;
	cJSON *object = json_object(work->mem);

	if (!check_each(&checking, list))
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		put(object, attributes[i].name,
		    normal_value(work, pool, &attributes[i]));
	return check_verified(work, object) ? object : NULL;
}

static bool is_given(const struct field_list *list, const char *name)
{
	const struct attribute *attributes = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(attributes[i].name, name) == 0)
			return true;
	return false;
}

/* An address that is another now, or gone, was not verified. */
static void follow(cJSON *attributes, const cJSON *old, const char *name,
    const char *flag)
{
	const char *value = attribute_get(attributes, name);

	if (!value)
		put(attributes, flag, "");
	else if (!str_same(value, attribute_get(old, name)))
		put(attributes, flag, "false");
}

cJSON *attribute_update(struct work *work, const struct pool *pool,
    const cJSON *old, const struct field_list *list)
{
	const struct checking checking = { work, pool, true };
	const struct attribute *attributes = list->items;
	cJSON *object = json_copy(work->mem, old);

	if (!check_each(&checking, list))
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		put(object, attributes[i].name,
		    normal_value(work, pool, &attributes[i]));
	if (!is_given(list, "email_verified"))
		follow(object, old, "email", "email_verified");
	if (!is_given(list, "phone_number_verified"))
		follow(object, old, "phone_number", "phone_number_verified");
	return check_verified(work, object) ? object : NULL;
}

cJSON *attribute_remove(struct work *work, const struct pool *pool,
    const cJSON *old, const struct field_words *names)
{
	const struct checking checking = { work, pool, true };
	cJSON *object = json_copy(work->mem, old);

	if (!check_names(&checking, names->items, names->count, INVALID))
		return NULL;
	for (size_t i = 0; i < names->count; i++)
		if (!check_stays(&checking, names->items[i], INVALID))
			return NULL;
	for (size_t i = 0; i < names->count; i++)
		put(object, names->items[i], "");
	follow(object, old, "email", "email_verified");
	follow(object, old, "phone_number", "phone_number_verified");
	return object;
}

const char *attribute_get(const cJSON *attributes, const char *name)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(attributes, name));
}

bool attribute_is_true(const cJSON *attributes, const char *name)
{
	return str_same(attribute_get(attributes, name), "true");
}

bool attribute_is_known(const struct pool *pool, const char *name)
{
	struct schema_attribute schema;

	return in_schema(pool, name, &schema);
}
