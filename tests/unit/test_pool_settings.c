/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/pool_settings.h"
#include "base/json.h"
#include "scratch.h"

static const struct pool_settings *read_settings(struct mem *mem,
    const char *members, struct err *err)
{
	const cJSON *json = json_read(mem,
	    mem_printf(mem, "{\"PoolName\":\"p\"%s%s}", *members ? "," : "",
	        members),
	    err);

	cr_assert_not_null(json, "%s: %s", members, err->message);
	return pool_settings_read(mem, json, err);
}

static void expect_refused(const char *members, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(read_settings(mem, members, &err), "%s", members);
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER, "%s", members);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
}

static const struct pool_settings *taken(struct mem *mem, const char *members)
{
	struct err err = { 0 };
	const struct pool_settings *settings =
	    read_settings(mem, members, &err);

	cr_assert_not_null(settings, "%s: %s", members, err.message);
	return settings;
}

Test(pool_settings, least)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct pool_settings *settings = taken(mem, "");

	cr_expect_str_eq(settings->name, "p");
	cr_expect_null(settings->policies);
	cr_expect_null(settings->admin_create);
}

Test(pool_settings, attributes_are_aliases_or_names)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("\"UsernameAttributes\":[\"email\"],"
	               "\"AliasAttributes\":[\"email\"]",
	    "Only one of the aliasAttributes or usernameAttributes");
	taken(mem, "\"UsernameAttributes\":[\"email\",\"phone_number\"]");
	taken(mem, "\"AliasAttributes\":[\"preferred_username\"]");
	expect_refused("\"UsernameAttributes\":[\"preferred_username\"]",
	    "[phone_number, email]");
}

Test(pool_settings, schema)
{
	MEM_AUTO mem = mem_new(NULL);

	taken(mem, "\"Schema\":[{\"Name\":\"x\",\"AttributeDataType\":"
	           "\"String\",\"StringAttributeConstraints\":{\"MinLength\":"
	           "\"1\",\"MaxLength\":\"9\"}},{\"Name\":\"email\","
	           "\"Required\":true}]");
	expect_refused("\"Schema\":[{\"Name\":\"email\",\"AttributeDataType\":"
	               "\"Number\"}]",
	    "standard schema attribute email");
	expect_refused("\"Schema\":[{\"Name\":\"email\","
	               "\"DeveloperOnlyAttribute\":true}]",
	    "standard schema attribute email");
	expect_refused("\"Schema\":[{\"Name\":\"x\"}]",
	    "Invalid AttributeDataType input");
	expect_refused("\"Schema\":[{\"Name\":\"x\",\"AttributeDataType\":"
	               "\"String\",\"Required\":true}]",
	    "Required custom attributes are not supported");
	expect_refused("\"Schema\":[]", "'schema'");
}

/* strtoll() would take the digits in front and leave the rest out. */
Test(pool_settings, bounds_are_numbers)
{
	static const char *const wrong[] = { "", "x", "1x", "1.5", " 1", "-",
		"1-2", "--1" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused(mem_printf(mem,
		                   "\"Schema\":[{\"Name\":\"x\","
		                   "\"AttributeDataType\":\"Number\","
		                   "\"NumberAttributeConstraints\":"
		                   "{\"MinValue\":\"%s\"}}]",
		                   wrong[i]),
		    "Invalid NumberAttributeConstraints");
	expect_refused("\"Schema\":[{\"Name\":\"x\",\"AttributeDataType\":"
	               "\"String\",\"StringAttributeConstraints\":"
	               "{\"MaxLength\":\"y\"}}]",
	    "Invalid StringAttributeConstraints");
}

Test(pool_settings, validity_has_one_place)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("\"Policies\":{\"PasswordPolicy\":"
	               "{\"TemporaryPasswordValidityDays\":7}},"
	               "\"AdminCreateUserConfig\":"
	               "{\"UnusedAccountValidityDays\":7}",
	    "Please use TemporaryPasswordValidityDays");
	taken(mem,
	    "\"AdminCreateUserConfig\":{\"UnusedAccountValidityDays\":7}");
}

Test(pool_settings, sender_is_one_line)
{
	expect_refused("\"EmailConfiguration\":{\"From\":\"a@b\\r\\nBcc: c\"}",
	    "'emailConfiguration.from'");
}

Test(pool_settings, long_mail_is_taken)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *text =
	    scratch_times(mem, "<p>\xe6\xbc\xa2 \xc3\xa9</p>", 2000);

	taken(mem, mem_printf(mem,
	               "\"AdminCreateUserConfig\":{\"InviteMessageTemplate\":"
	               "{\"EmailMessage\":\"%s\"}}",
	               text));
	expect_refused(mem_printf(mem,
	                   "\"AdminCreateUserConfig\":{\"InviteMessageTemplate"
	                   "\":{\"EmailMessage\":\"%sx\"}}",
	                   text),
	    "1 validation error detected: Value '<p>");
}

Test(pool_settings, standard_schema)
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
