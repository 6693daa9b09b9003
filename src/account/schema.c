/* SPDX-License-Identifier: MIT */
#include "account/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/pattern.h"
#include "base/str.h"

#define LENGTH_MOST 2048
#define MARK        "Custom"
#define VISIBLE     "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"

static const char *const types[] = { "String", "Number", "DateTime", "Boolean",
	NULL };

static const struct field number_rows[] = {
	ROW_TEXT(struct attribute_bounds, most, "MaxValue", 0, 0, 131072, NULL),
	ROW_TEXT(struct attribute_bounds, least, "MinValue", 0, 0, 131072,
	    NULL),
	ROW_END
};

static const struct field string_rows[] = { ROW_TEXT(struct attribute_bounds,
	                                        most, "MaxLength", 0, 0, 131072,
	                                        NULL),
	ROW_TEXT(struct attribute_bounds, least, "MinLength", 0, 0, 131072,
	    NULL),
	ROW_END };

const struct field schema_rows[] = { ROW_TEXT(struct schema_attribute, name,
	                                 "Name", FIELD_REQUIRED, 1, 20,
	                                 VISIBLE),
	ROW_ENUM(struct schema_attribute, type, "AttributeDataType", 0, types),
	ROW_BOOL(struct schema_attribute, developer_only,
	    "DeveloperOnlyAttribute"),
	ROW_BOOL(struct schema_attribute, mutable, "Mutable"),
	ROW_BOOL(struct schema_attribute, required, "Required"),
	ROW_OBJECT(struct schema_attribute, number,
	    "NumberAttributeConstraints", 0, number_rows,
	    struct attribute_bounds),
	ROW_OBJECT(struct schema_attribute, string,
	    "StringAttributeConstraints", 0, string_rows,
	    struct attribute_bounds),
	ROW_END };

#define YES                                  \
	{                                    \
		.given = true, .value = true \
	}
#define NO                                    \
	{                                     \
		.given = true, .value = false \
	}
#define TEXT(attribute)                                                \
	{                                                              \
		.name = (attribute), .type = "String", .mutable = YES, \
		.required = NO, .string = &text_bounds                 \
	}

static const struct attribute_bounds text_bounds = { "0", "2048" };
static const struct attribute_bounds sub_bounds = { "1", "2048" };
static const struct attribute_bounds date_bounds = { "10", "10" };
static const struct attribute_bounds time_bounds = { "0", NULL };

static const struct schema_attribute standard[] = {
	{ .name = "sub",
	    .type = "String",
	    .mutable = NO,
	    .required = YES,
	    .string = &sub_bounds },
	TEXT("name"),
	TEXT("given_name"),
	TEXT("family_name"),
	TEXT("middle_name"),
	TEXT("nickname"),
	TEXT("preferred_username"),
	TEXT("profile"),
	TEXT("picture"),
	TEXT("website"),
	TEXT("email"),
	{ .name = "email_verified",
	    .type = "Boolean",
	    .mutable = YES,
	    .required = NO },
	TEXT("gender"),
	{ .name = "birthdate",
	    .type = "String",
	    .mutable = YES,
	    .required = NO,
	    .string = &date_bounds },
	TEXT("zoneinfo"),
	TEXT("locale"),
	TEXT("phone_number"),
	{ .name = "phone_number_verified",
	    .type = "Boolean",
	    .mutable = YES,
	    .required = NO },
	TEXT("address"),
	{ .name = "updated_at",
	    .type = "Number",
	    .mutable = YES,
	    .required = NO,
	    .number = &time_bounds },
};

size_t schema_standard_count(void)
{
	return sizeof(standard) / sizeof(*standard);
}

const struct schema_attribute *schema_standard_at(size_t index)
{
	return &standard[index];
}

const struct schema_attribute *schema_standard(const char *name)
{
	for (size_t i = 0; i < schema_standard_count(); i++)
		if (strcmp(standard[i].name, name) == 0)
			return &standard[i];
	return NULL;
}

/* "custom:x" and "dev:custom:x" are declared as x. */
static const char *declared_name(const char *name, bool *developer)
{
	*developer = str_starts(name, "dev:custom:");
	if (*developer)
		return name + strlen("dev:custom:");
	return str_starts(name, "custom:") ? name + strlen("custom:") : NULL;
}

static const struct schema_attribute *find_custom(
    const struct field_list *schema, const char *declared, bool developer)
{
	const struct schema_attribute *list = schema->items;

	for (size_t i = 0; i < schema->count; i++)
		if (list[i].custom && strcmp(list[i].name, declared) == 0 &&
		    list[i].developer_only.value == developer)
			return &list[i];
	return NULL;
}

/* FOUND is of a new pool; SCHEMA modifies it. */
static void modify(const struct field_list *schema,
    struct schema_attribute *found)
{
	const struct schema_attribute *list = schema->items;

	for (size_t i = 0; i < schema->count; i++) {
		if (list[i].custom || strcmp(list[i].name, found->name) != 0)
			continue;
		found->mutable = list[i].mutable;
		found->required = list[i].required;
		if (list[i].number)
			found->number = list[i].number;
		if (list[i].string)
			found->string = list[i].string;
	}
}

bool schema_find(const struct field_list *schema, const char *name,
    struct schema_attribute *found)
{
	bool developer;
	const char *declared = declared_name(name, &developer);
	const struct schema_attribute *at =
	    declared ? find_custom(schema, declared, developer)
	             : schema_standard(name);

	if (!at)
		return false;
	*found = *at;
	if (!declared)
		modify(schema, found);
	return true;
}

void schema_note_custom(const struct field_list *schema, const cJSON *json)
{
	struct schema_attribute *list = schema->items;

	const cJSON *item = json ? json->child : NULL;

	for (size_t i = 0; i < schema->count;
	     i++, item = item ? item->next : NULL)
		list[i].custom = !schema_standard(list[i].name) ||
		                 cJSON_GetObjectItemCaseSensitive(item, MARK);
}

void schema_mark_custom(cJSON *attribute)
{
	cJSON_AddTrueToObject(attribute, MARK);
}

const char *schema_name(struct mem *mem,
    const struct schema_attribute *attribute)
{
	if (!attribute->custom)
		return attribute->name;
	return mem_printf(mem, "%scustom:%s",
	    attribute->developer_only.value ? "dev:" : "", attribute->name);
}

static bool check_standard(const struct schema_attribute *attribute,
    struct err *err)
{
	const struct schema_attribute *known = schema_standard(attribute->name);

	if ((!attribute->type || strcmp(attribute->type, known->type) == 0) &&
	    !attribute->developer_only.value)
		return true;
	return err_set(err, ERR_INVALID_PARAMETER,
	    "You can not change AttributeDataType or set "
	    "developerOnlyAttribute for standard schema attribute %s",
	    attribute->name);
}

static bool check_custom(const struct schema_attribute *attribute,
    struct err *err)
{
	if (!attribute->type)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Invalid AttributeDataType input, consider using the "
		    "provided AttributeDataType enum.");
	if (attribute->required.value)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Required custom attributes are not supported currently.");
	return true;
}

static bool are_numbers(const struct attribute_bounds *bounds,
    const char *pattern)
{
	return (!bounds->least || pattern_whole(pattern, bounds->least)) &&
	       (!bounds->most || pattern_whole(pattern, bounds->most));
}

/* In this order or not both there. */
static bool in_order(const struct attribute_bounds *bounds)
{
	return !bounds->least || !bounds->most ||
	       strtoll(bounds->least, NULL, 10) <=
	           strtoll(bounds->most, NULL, 10);
}

static bool too_long(const char *bound)
{
	return bound && strtoll(bound, NULL, 10) > LENGTH_MOST;
}

static bool check_string(const char *name,
    const struct attribute_bounds *bounds, struct err *err)
{
	if (!are_numbers(bounds, "[0-9]+"))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Invalid StringAttributeConstraints for schema attribute "
		    "%s",
		    name);
	if (too_long(bounds->least) || too_long(bounds->most))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "user.%s: String attributes cannot have a length of more "
		    "than 2048",
		    name);
	if (!in_order(bounds))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "user.%s: Max length cannot be less than min length.",
		    name);
	return true;
}

static bool check_number(const char *name,
    const struct attribute_bounds *bounds, struct err *err)
{
	if (!are_numbers(bounds, "-?[0-9]+"))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "Invalid NumberAttributeConstraints for schema attribute "
		    "%s",
		    name);
	if (!in_order(bounds))
		return err_set(err, ERR_INVALID_PARAMETER,
		    "user.%s: Max value cannot be less than min value.", name);
	return true;
}

static bool check_attribute(struct mem *mem,
    const struct schema_attribute *attribute, struct err *err)
{
	const char *name = schema_name(mem, attribute);

	if (!(attribute->custom ? check_custom(attribute, err)
	                        : check_standard(attribute, err)))
		return false;
	return (!attribute->string ||
	           check_string(name, attribute->string, err)) &&
	       (!attribute->number ||
	           check_number(name, attribute->number, err));
}

static bool same_name(const struct schema_attribute *a,
    const struct schema_attribute *b)
{
	return a->custom == b->custom &&
	       a->developer_only.value == b->developer_only.value &&
	       strcmp(a->name, b->name) == 0;
}

static bool check_new(struct mem *mem, const struct field_list *schema,
    size_t index, struct err *err)
{
	const struct schema_attribute *list = schema->items;

	for (size_t i = 0; i < index; i++)
		if (same_name(&list[i], &list[index]))
			return err_set(err, ERR_INVALID_PARAMETER,
			    "%s%s: Existing attribute already has name %s.",
			    list[i].custom ? "custom:" : "", list[i].name,
			    schema_name(mem, &list[i]));
	return true;
}

bool schema_check(struct mem *mem, const struct field_list *schema,
    struct err *err)
{
	const struct schema_attribute *list = schema->items;
	int custom = 0;

	for (size_t i = 0; i < schema->count; i++) {
		if (!check_attribute(mem, &list[i], err) ||
		    !check_new(mem, schema, i, err))
			return false;
		custom += list[i].custom;
	}
	return custom <= SCHEMA_CUSTOM_MOST ||
	       err_set(err, ERR_INVALID_PARAMETER,
	           "A user pool can have %d custom attributes at most.",
	           SCHEMA_CUSTOM_MOST);
}
