/* SPDX-License-Identifier: MIT */
/* Golden cases 31 to 39 (spec, appendix D) that need no database. */
#include <criterion/criterion.h>
#include <string.h>

#include "account/attribute.h"
#include "base/json.h"
#include "scratch.h"

#define SCHEMA "Attributes did not conform to the schema: "

#define POOL                                                                 \
	"{\"PoolName\":\"p\",\"Schema\":[{\"Name\":\"n\","                   \
	"\"AttributeDataType\":\"Number\",\"NumberAttributeConstraints\":"   \
	"{\"MinValue\":\"1\",\"MaxValue\":\"9\"}},{\"Name\":\"t\","          \
	"\"AttributeDataType\":\"String\",\"Mutable\":false,"                \
	"\"StringAttributeConstraints\":{\"MinLength\":\"2\",\"MaxLength\":" \
	"\"3\"}},{\"Name\":\"d\",\"AttributeDataType\":\"String\","          \
	"\"DeveloperOnlyAttribute\":true},{\"Name\":\"name\",\"Required\":"  \
	"true}]}"

static const struct pool *a_pool(struct mem *mem)
{
	struct pool *pool = mem_make(mem, struct pool);
	struct err err = { 0 };

	pool->settings = pool_settings_read(mem, pool_settings_rows,
	    json_read(mem, POOL, &err), &err);
	cr_assert_not_null(pool->settings, "%s", err.message);
	return pool;
}

static const cJSON *checked(struct work *work, const struct attribute *items,
    size_t count)
{
	struct attribute copy[8];

	memcpy(copy, items, count * sizeof(*items));
	const struct field_list list = { count, copy };
	return attribute_check(work, a_pool(work->mem), &list);
}

static void expect_refused(const char *name, const char *value,
    const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const struct attribute attribute = { name, value };

	cr_expect_null(checked(&work, &attribute, 1), "%s=%s", name, value);
	cr_expect_eq(work.err.code, ERR_INVALID_PARAMETER);
	cr_expect_str_eq(work.err.message, message);
}

static void expect_taken(const char *name, const char *value,
    const char *stored)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const struct attribute attribute = { name, value };
	const cJSON *json = checked(&work, &attribute, 1);

	cr_assert_not_null(json, "%s=%s: %s", name, value, work.err.message);
	if (stored)
		cr_expect_str_eq(attribute_get(json, name), stored);
	else
		cr_expect_null(attribute_get(json, name));
}

Test(attribute, case_31_and_32_unknown)
{
	expect_refused("thing", "bar",
	    SCHEMA "Type for attribute {thing} could not be determined");
	expect_refused("custom:x", "1",
	    SCHEMA "Type for attribute {custom:x} could not be determined");
	expect_refused("n", "5",
	    SCHEMA "Type for attribute {n} could not be determined");
	expect_refused("custom:d", "5",
	    SCHEMA "Type for attribute {custom:d} could not be determined");
	expect_refused("custom:name", "5",
	    SCHEMA "Type for attribute {custom:name} could not be determined");
	expect_taken("dev:custom:d", "5", "5");
}

Test(attribute, case_33_immutable_may_be_set_now)
{
	expect_taken("custom:t", "abc", "abc");
}

Test(attribute, case_34_sub)
{
	expect_refused("sub", "1",
	    "Cannot modify the non-mutable attribute sub");
}

Test(attribute, case_35_null)
{
	expect_refused("email", NULL,
	    "Attribute value for email must not be null");
	expect_refused("thing", NULL,
	    "Attribute value for thing must not be null");
}

Test(attribute, case_36_email)
{
	static const char *const wrong[] = { "foo", "@b", "a@", "a@b@c",
		"a b@c", "a@.b", "a@b.", "<a@b>", "a@b,c@d", "a\"@b", "a\n@b" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused("email", wrong[i],
		    "Invalid email address format.");
	/* The longest path of SMTP has 254 bytes without its brackets. */
	char address[256] = "a@";
	memset(address + 2, 'b', 252);
	expect_taken("email", address, address);
	address[254] = 'b';
	expect_refused("email", address, "Invalid email address format.");
	expect_taken("email", "a@b", "a@b");
	expect_taken("email", "a+b@m\xc3\xbcnchen.example",
	    "a+b@m\xc3\xbcnchen.example");
}

Test(attribute, case_37_phone)
{
	static const char *const wrong[] = { "555", "+", "+1a", "+1 2",
		"+1234567890123456", "1+" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused("phone_number", wrong[i],
		    "Invalid phone number format.");
	expect_taken("phone_number", "+123456789012345", "+123456789012345");
}

Test(attribute, case_38_verified_needs_its_attribute)
{
	expect_refused("email_verified", "true",
	    "Email is required to verify/un-verify an email");
	expect_refused("phone_number_verified", "false",
	    "Phone Number is required to verify/un-verify a phone number");
}

Test(attribute, case_39_true_is_stored_in_lower_case)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const struct attribute items[] = { { "email_verified", "True" },
		{ "email", "a@b" } };
	const cJSON *json = checked(&work, items, 2);

	cr_assert_not_null(json, "%s", work.err.message);
	cr_expect_str_eq(attribute_get(json, "email_verified"), "true");
	cr_expect(attribute_is_true(json, "email_verified"));
	cr_expect_not(attribute_is_true(json, "email"));
	expect_refused("email_verified", "yes",
	    SCHEMA "email_verified: Invalid boolean\n");
}

Test(attribute, strings_have_bounds)
{
	expect_refused("custom:t", "a",
	    SCHEMA "custom:t: String must be no shorter than 2 characters\n");
	expect_refused("custom:t", "abcd",
	    SCHEMA "custom:t: String must be no longer than 3 characters\n");
	expect_taken("custom:t", "\xc3\xa9\xc3\xa9\xc3\xa9",
	    "\xc3\xa9\xc3\xa9\xc3\xa9");
	expect_refused("birthdate", "2000-1-1",
	    SCHEMA "birthdate: String must be no shorter than 10 characters\n");
}

Test(attribute, numbers_have_bounds)
{
	expect_taken("custom:n", "1", "1");
	expect_taken("custom:n", "9", "9");
	expect_refused("custom:n", "0",
	    SCHEMA "custom:n: Number must be no less than 1\n");
	expect_refused("custom:n", "10",
	    SCHEMA "custom:n: Number must be no greater than 9\n");
	expect_refused("custom:n", "1x", SCHEMA "custom:n: Invalid number\n");
	expect_refused("custom:n", " 1", SCHEMA "custom:n: Invalid number\n");
	expect_refused("custom:n", " ", SCHEMA "custom:n: Invalid number\n");
}

Test(attribute, empty_is_left_out)
{
	expect_taken("custom:t", "", NULL);
	expect_taken("email", "", NULL);
}

Test(attribute, the_last_of_equal_names_wins)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const struct attribute items[] = { { "name", "one" },
		{ "name", "two" } };
	const struct attribute gone[] = { { "name", "one" }, { "name", "" } };

	cr_expect_str_eq(attribute_get(checked(&work, items, 2), "name"),
	    "two");
	cr_expect_null(attribute_get(checked(&work, gone, 2), "name"));
}

Test(attribute, required_in_the_services_names)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	struct pool pool = *a_pool(mem);
	cJSON *attributes = json_object(mem);

	pool.otp_email = true;
	cr_expect_not(attribute_check_required(&work, &pool, attributes));
	cr_expect_str_eq(work.err.message,
	    SCHEMA "name.formatted: The attribute name.formatted is required, "
	           "email: The attribute email is required");
	json_add(attributes, "name", "A");
	json_add(attributes, "email", "a@b");
	cr_expect(attribute_check_required(&work, &pool, attributes));
	pool.otp_email = false;
	pool.otp_sms = true;
	cr_expect_not(attribute_check_required(&work, &pool, attributes));
	cr_expect_str_eq(work.err.message,
	    SCHEMA "phoneNumbers: The attribute phoneNumbers is required");
}
