/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/pool_settings.h"
#include "base/json.h"
#include "scratch.h"

/* Whether CreateUserPool takes this Schema. */
static const struct pool_settings *read_schema(struct mem *mem,
    const char *attributes, struct err *err)
{
	const cJSON *json = json_read(mem,
	    mem_printf(mem, "{\"PoolName\":\"p\",\"Schema\":[%s]}", attributes),
	    err);

	cr_assert_not_null(json, "%s: %s", attributes, err->message);
	return pool_settings_read(mem, pool_settings_rows, json, err);
}

static void refuse(const char *attributes, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(read_schema(mem, attributes, &err), "%s", attributes);
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER);
	cr_expect_str_eq(err.message, words, "%s: %s", attributes, err.message);
}

static const struct schema_attribute *take(struct mem *mem,
    const char *attributes)
{
	struct err err = { 0 };
	const struct pool_settings *settings =
	    read_schema(mem, attributes, &err);

	cr_assert_not_null(settings, "%s: %s", attributes, err.message);
	return settings->schema.items;
}

#define X      "\"Name\":\"x\",\"AttributeDataType\":"
#define EMAIL  "\"Name\":\"email\""
#define STRING "\"StringAttributeConstraints\":"
#define NUMBER "\"NumberAttributeConstraints\":"

Test(schema, what_may_be)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct schema_attribute *list = take(mem,
	    "{" X "\"String\"," STRING
	    "{\"MinLength\":\"1\",\"MaxLength\":\"2048\"}},"
	    "{" EMAIL ",\"Required\":true},"
	    "{" X "\"Number\",\"DeveloperOnlyAttribute\":true," NUMBER
	    "{\"MinValue\":\"-5\",\"MaxValue\":\"-5\"}},"
	    "{\"Name\":\"custom:x\",\"AttributeDataType\":\"Boolean\"}");

	cr_expect_str_eq(schema_name(mem, &list[0]), "custom:x");
	cr_expect_str_eq(schema_name(mem, &list[1]), "email");
	cr_expect_str_eq(schema_name(mem, &list[2]), "dev:custom:x");
	cr_expect_str_eq(schema_name(mem, &list[3]), "custom:custom:x");
}

Test(schema, standard_attributes_keep_their_type)
{
	refuse("{" EMAIL ",\"AttributeDataType\":\"Number\"}",
	    "You can not change AttributeDataType or set "
	    "developerOnlyAttribute for standard schema attribute email");
	refuse("{" EMAIL ",\"DeveloperOnlyAttribute\":true}",
	    "You can not change AttributeDataType or set "
	    "developerOnlyAttribute for standard schema attribute email");
}

Test(schema, custom_attributes)
{
	refuse("{\"Name\":\"x\"}",
	    "Invalid AttributeDataType input, consider using the provided "
	    "AttributeDataType enum.");
	refuse("{" X "\"String\",\"Required\":true}",
	    "Required custom attributes are not supported currently.");
	refuse("{" X "\"String\"},{" X "\"Number\"}",
	    "custom:x: Existing attribute already has name custom:x.");
	refuse("{" X "\"String\",\"DeveloperOnlyAttribute\":true},{" X
	       "\"Number\",\"DeveloperOnlyAttribute\":true}",
	    "custom:x: Existing attribute already has name dev:custom:x.");
}

/* strtoll() would take the digits in front and leave the rest out. */
Test(schema, bounds_are_numbers)
{
	static const char *const wrong[] = { "", "x", "1x", "1.5", " 1", "-",
		"1-2", "--1" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refuse(mem_printf(mem,
		           "{" X "\"Number\"," NUMBER "{\"MinValue\":\"%s\"}}",
		           wrong[i]),
		    "Invalid NumberAttributeConstraints for schema attribute "
		    "custom:x");
	refuse("{" X "\"String\"," STRING "{\"MaxLength\":\"y\"}}",
	    "Invalid StringAttributeConstraints for schema attribute custom:x");
	refuse("{" EMAIL "," STRING "{\"MinLength\":\"-1\"}}",
	    "Invalid StringAttributeConstraints for schema attribute email");
}

Test(schema, bounds_in_order)
{
	refuse("{" EMAIL "," STRING "{\"MinLength\":\"2049\"}}",
	    "user.email: String attributes cannot have a length of more than "
	    "2048");
	refuse("{" X "\"String\"," STRING
	       "{\"MaxLength\":\"99999999999999999999\"}}",
	    "user.custom:x: String attributes cannot have a length of more "
	    "than 2048");
	refuse("{" EMAIL "," STRING
	       "{\"MinLength\":\"2\",\"MaxLength\":\"1\"}}",
	    "user.email: Max length cannot be less than min length.");
	refuse("{" X "\"Number\"," NUMBER
	       "{\"MinValue\":\"2\",\"MaxValue\":\"1\"}}",
	    "user.custom:x: Max value cannot be less than min value.");
}

/* Who adds "email" to a user pool gets custom:email. */
Test(schema, what_is_stored_tells_what_is_custom)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	cJSON *json = json_read(mem,
	    "{\"Schema\":[{\"Name\":\"email\"},{\"Name\":\"email\"},"
	    "{\"Name\":\"x\"}]}",
	    &err);
	cJSON *list = cJSON_GetObjectItem(json, "Schema");

	schema_mark_custom(cJSON_GetArrayItem(list, 1));
	const struct schema_attribute *schema =
	    pool_settings_take(mem, json)->schema.items;
	cr_expect_str_eq(schema_name(mem, &schema[0]), "email");
	cr_expect_str_eq(schema_name(mem, &schema[1]), "custom:email");
	cr_expect_str_eq(schema_name(mem, &schema[2]), "custom:x");
}

Test(schema, a_pool_modifies_what_it_names)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const struct field_list *schema = &read_schema(mem,
	    "{" EMAIL ",\"Required\":true," STRING "{\"MaxLength\":\"9\"}},"
	    "{" X "\"Number\",\"Mutable\":true},"
	    "{\"Name\":\"birthdate\",\"Mutable\":true}",
	    &err)
	                                       ->schema;
	struct schema_attribute found;

	cr_assert(schema_find(schema, "email", &found));
	cr_expect_str_eq(found.type, "String");
	cr_expect_str_eq(found.string->most, "9");
	cr_expect_null(found.string->least);
	cr_expect(found.required.value && !found.mutable.value);
	cr_assert(schema_find(schema, "birthdate", &found));
	cr_expect_str_eq(found.string->least, "10");
	cr_expect(!found.required.value && found.mutable.value);
	cr_assert(schema_find(schema, "name", &found));
	cr_expect_str_eq(found.string->most, "2048");
	cr_assert(schema_find(schema, "custom:x", &found));
	cr_expect_str_eq(found.type, "Number");
	cr_expect_not(schema_find(schema, "x", &found));
	cr_expect_not(schema_find(schema, "custom:email", &found));
	cr_expect_not(schema_find(schema, "dev:custom:x", &found));
}

static bool fits(int count)
{
	MEM_AUTO mem = mem_new(NULL);
	struct schema_attribute *list =
	    mem_array(mem, struct schema_attribute, (size_t)count);
	const struct field_list schema = { (size_t)count, list };
	struct err err = { 0 };

	for (int i = 0; i < count; i++)
		list[i] = (struct schema_attribute){ .custom = true,
			.type = "String",
			.name = mem_printf(mem, "x%d", i) };
	return schema_check(mem, &schema, &err);
}

Test(schema, fifty_at_most)
{
	cr_expect(fits(50));
	cr_expect_not(fits(51));
}

Test(schema, standard)
{
	cr_expect_eq(schema_standard_count(), 20);
	cr_expect_str_eq(schema_standard_at(0)->name, "sub");
	cr_expect_not(schema_standard("sub")->mutable.value);
	cr_expect(schema_standard("sub")->required.value);
	cr_expect_str_eq(schema_standard("birthdate")->string->most, "10");
	cr_expect_str_eq(schema_standard("updated_at")->type, "Number");
	cr_expect_str_eq(schema_standard("email_verified")->type, "Boolean");
	cr_expect_null(schema_standard("identities"));
	cr_expect_null(schema_standard("Email"));
}
