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

#define SCHEMA "Attributes did not conform to the schema: "

/* "custom:x" and "dev:custom:x" are declared as x. */
static const char *declared_name(const char *name, bool *developer)
{
	*developer = str_starts(name, "dev:custom:");
	if (*developer)
		return name + strlen("dev:custom:");
	return str_starts(name, "custom:") ? name + strlen("custom:") : NULL;
}

static const struct schema_attribute *in_schema(const struct pool *pool,
    const char *name)
{
	const struct schema_attribute *list = pool->settings->schema.items;
	bool developer;
	const char *declared = declared_name(name, &developer);

	if (!declared)
		return schema_standard(name);
	for (size_t i = 0; i < pool->settings->schema.count; i++)
		if (list[i].custom && strcmp(list[i].name, declared) == 0 &&
		    list[i].developer_only.value == developer)
			return &list[i];
	return NULL;
}

static bool check_null(struct work *work, const struct attribute *attribute)
{
	if (!attribute->value)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Attribute value for %s must not be null", attribute->name);
	return true;
}

static bool check_known(struct work *work, const struct pool *pool,
    const struct attribute *attribute)
{
	if (strcmp(attribute->name, "sub") == 0)
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Cannot modify the non-mutable attribute sub");
	if (!in_schema(pool, attribute->name))
		return work_fail(work, ERR_INVALID_PARAMETER,
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

static bool check_format(struct work *work, const struct attribute *attribute)
{
	const char *value = attribute->value;

	if (!*value)
		return true;
	if (strcmp(attribute->name, "email") == 0 && !attribute_is_email(value))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Invalid email address format.");
	if (strcmp(attribute->name, "phone_number") == 0 &&
	    !phone_is_attribute(value))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Invalid phone number format.");
	return true;
}

static bool check_string(struct work *work, const struct attribute *attribute,
    const struct attribute_bounds *bounds)
{
	long long length = (long long)utf8_length(attribute->value);

	if (bounds->least && length < strtoll(bounds->least, NULL, 10))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: String must be no shorter than %s characters\n",
		    attribute->name, bounds->least);
	if (bounds->most && length > strtoll(bounds->most, NULL, 10))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: String must be no longer than %s characters\n",
		    attribute->name, bounds->most);
	return true;
}

static bool check_number(struct work *work, const struct attribute *attribute,
    const struct attribute_bounds *bounds)
{
	long long number = strtoll(attribute->value, NULL, 10);

	if (!pattern_whole("[+-]?[0-9]+", attribute->value))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: Invalid number\n", attribute->name);
	if (bounds && bounds->least &&
	    number < strtoll(bounds->least, NULL, 10))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: Number must be no less than %s\n",
		    attribute->name, bounds->least);
	if (bounds && bounds->most && number > strtoll(bounds->most, NULL, 10))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: Number must be no greater than %s\n",
		    attribute->name, bounds->most);
	return true;
}

static bool is_boolean(const char *value)
{
	return strcasecmp(value, "true") == 0 ||
	       strcasecmp(value, "false") == 0;
}

static bool check_value(struct work *work, const struct pool *pool,
    const struct attribute *attribute)
{
	const struct schema_attribute *schema =
	    in_schema(pool, attribute->name);
	bool empty = !*attribute->value;

	if (empty)
		return true;
	if (strcmp(schema->type, "Boolean") == 0 &&
	    !is_boolean(attribute->value))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    SCHEMA "%s: Invalid boolean\n", attribute->name);
	if (strcmp(schema->type, "Number") == 0)
		return check_number(work, attribute, schema->number);
	if (strcmp(schema->type, "String") == 0 && schema->string)
		return check_string(work, attribute, schema->string);
	return true;
}

static bool check_each(struct work *work, const struct pool *pool,
    const struct field_list *list)
{
	const struct attribute *attributes = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (!check_null(work, &attributes[i]))
			return false;
	for (size_t i = 0; i < list->count; i++)
		if (!check_known(work, pool, &attributes[i]))
			return false;
	for (size_t i = 0; i < list->count; i++)
		if (!check_format(work, &attributes[i]))
			return false;
	for (size_t i = 0; i < list->count; i++)
		if (!check_value(work, pool, &attributes[i]))
			return false;
	return true;
}

static const char *normal_value(struct work *work, const struct pool *pool,
    const struct attribute *attribute)
{
	const struct schema_attribute *schema =
	    in_schema(pool, attribute->name);

	if (strcmp(schema->type, "Boolean") != 0)
		return attribute->value;
	return utf8_fold(work->mem, attribute->value);
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

cJSON *attribute_check(struct work *work, const struct pool *pool,
    const struct field_list *list)
{
	const struct attribute *attributes = list->items;
	cJSON *object = json_object(work->mem);

	if (!check_each(work, pool, list))
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		const char *name = attributes[i].name;
		cJSON_DeleteItemFromObjectCaseSensitive(object, name);
		if (*attributes[i].value)
			json_add(object, name,
			    normal_value(work, pool, &attributes[i]));
	}
	return check_verified(work, object) ? object : NULL;
}

/* The names that the service's current text uses. */
static const char *scim_name(const char *name)
{
	if (strcmp(name, "name") == 0)
		return "name.formatted";
	return strcmp(name, "phone_number") == 0 ? "phoneNumbers" : name;
}

static void need(struct str *missing, const cJSON *attributes, const char *name)
{
	if (attribute_get(attributes, name))
		return;
	if (str_length(missing))
		str_add(missing, ", ");
	str_addf(missing, "%s: The attribute %s is required", scim_name(name),
	    scim_name(name));
}

/* A code must be able to reach the user by a factor that the pool allows. */
static void need_address(struct str *missing, const struct pool *pool,
    const cJSON *attributes)
{
	bool reachable =
	    (pool->otp_email && attribute_get(attributes, "email")) ||
	    (pool->otp_sms && attribute_get(attributes, "phone_number"));

	if (!reachable)
		need(missing, attributes,
		    pool->otp_email ? "email" : "phone_number");
}

bool attribute_check_required(struct work *work, const struct pool *pool,
    const cJSON *attributes)
{
	const struct schema_attribute *list = pool->settings->schema.items;
	struct str *missing = str_new(work->mem, 4096);

	for (size_t i = 0; i < pool->settings->schema.count; i++)
		if (list[i].required.value && strcmp(list[i].name, "sub") != 0)
			need(missing, attributes, list[i].name);
	if (!strstr(str_text(missing), "attribute email ") &&
	    !strstr(str_text(missing), "attribute phoneNumbers "))
		need_address(missing, pool, attributes);
	if (str_length(missing))
		return work_fail(work, ERR_INVALID_PARAMETER, SCHEMA "%s",
		    str_text(missing));
	return true;
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
