/* SPDX-License-Identifier: MIT */
/* Golden cases 18 to 23 of AdminCreateUser (spec, appendix D). */
#include <criterion/criterion.h>
#include <string.h>

#include "account/attribute.h"
#include "account/invite.h"
#include "base/json.h"
#include "scratch.h"

#define POOL "\"UserPoolId\":\"us-east-1_abc\""
#define NAME "\"Username\":\"alice\""
#define MUST " failed to satisfy constraint: Member must "
#define VISIBLE \
	"satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"
#define NO_POOL                                \
	"Value 'bad id' at 'userPoolId'" MUST  \
	"satisfy regular expression pattern: " \
	"[\\w-]+_[0-9a-zA-Z]+"
#define LONG_NAME \
	"Value at 'username'" MUST "have length less than or equal to 128"

static bool read_request(struct mem *mem, const char *text,
    struct invite_request *request, struct err *err)
{
	const cJSON *json = json_read(mem, text, err);

	cr_assert_not_null(json, "%s: %s", text, err->message);
	return field_read(mem, invite_rows, json, request, err);
}

static void expect_refused(const char *text, const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct invite_request request = { 0 };
	struct err err = { 0 };

	cr_expect_not(read_request(mem, text, &request, &err), "%s", text);
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER);
	cr_expect_str_eq(err.message, message);
}

static struct invite_request taken(struct mem *mem, const char *text)
{
	struct invite_request request = { 0 };
	struct err err = { 0 };

	cr_assert(read_request(mem, text, &request, &err), "%s: %s", text,
	    err.message);
	return request;
}

Test(invite_request, case_18_pool_id_is_echoed)
{
	expect_refused("{\"UserPoolId\":\"bad id\"," NAME "}",
	    "1 validation error detected: " NO_POOL);
}

Test(invite_request, case_19_long_username_is_not_echoed)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused(mem_printf(mem, "{" POOL ",\"Username\":\"%s\"}",
	                   scratch_times(mem, "a", 129)),
	    "1 validation error detected: " LONG_NAME);
	taken(mem, mem_printf(mem, "{" POOL ",\"Username\":\"%s\"}",
	               scratch_times(mem, "\xc3\xa9", 128)));
}

Test(invite_request, case_20_username_with_a_blank)
{
	expect_refused("{" POOL ",\"Username\":\"a b\"}",
	    "1 validation error detected: Value at 'username'" MUST VISIBLE);
}

Test(invite_request, case_21_message_action)
{
	expect_refused("{" POOL "," NAME ",\"MessageAction\":\"NOPE\"}",
	    "1 validation error detected: Value 'NOPE' at 'messageAction'" MUST
	    "satisfy enum value set: [RESEND, SUPPRESS]");
}

Test(invite_request, case_22_two_at_once)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused(mem_printf(mem,
	                   "{\"UserPoolId\":\"bad id\",\"Username\":\"%s\"}",
	                   scratch_times(mem, "a", 129)),
	    "2 validation errors detected: " NO_POOL "; " LONG_NAME);
}

Test(invite_request, case_23_long_password_is_not_echoed)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused(mem_printf(mem,
	                   "{" POOL "," NAME ",\"TemporaryPassword\":\"%s\"}",
	                   scratch_times(mem, "a", 257)),
	    "1 validation error detected: Value at 'temporaryPassword'" MUST
	    "have length less than or equal to 256");
}

Test(invite_request, members_that_must_be_there)
{
	expect_refused("{}", "2 validation errors detected: Value null at "
	                     "'userPoolId'" MUST "not be null; Value null at "
	                     "'username'" MUST "not be null");
}

Test(invite_request, password_may_have_blanks_inside)
{
	MEM_AUTO mem = mem_new(NULL);
	static const char *const wrong[] = { " abc", "abc ", "a", " " };

	cr_expect_str_eq(
	    taken(mem, "{" POOL "," NAME ",\"TemporaryPassword\":\"a b\"}")
	        .password,
	    "a b");
	cr_expect_str_eq(
	    taken(mem, "{" POOL "," NAME ",\"TemporaryPassword\":\"\"}")
	        .password,
	    "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused(mem_printf(mem,
		                   "{" POOL "," NAME
		                   ",\"TemporaryPassword\":\"%s\"}",
		                   wrong[i]),
		    "1 validation error detected: Value at "
		    "'temporaryPassword'" MUST
		    "satisfy regular expression pattern: ^[\\S]+.*[\\S]+$");
}

Test(invite_request, whole_request)
{
	MEM_AUTO mem = mem_new(NULL);
	struct invite_request request = taken(mem,
	    "{" POOL "," NAME ",\"UserAttributes\":[{\"Name\":\"email\","
	    "\"Value\":\"a@b\"},{\"Name\":\"name\"}],\"ValidationData\":[],"
	    "\"ForceAliasCreation\":true,\"MessageAction\":\"RESEND\","
	    "\"DesiredDeliveryMediums\":[\"EMAIL\",\"SMS\"],"
	    "\"ClientMetadata\":{\"k\":\"v\"}}");
	const struct attribute *attributes = request.attributes.items;

	cr_assert_eq(request.attributes.count, 2);
	cr_expect_str_eq(attributes[0].value, "a@b");
	cr_expect_null(attributes[1].value);
	cr_expect(request.force_alias.value);
	cr_expect_str_eq(request.action, "RESEND");
	cr_expect_eq(request.media.count, 2);
	cr_expect_eq(request.metadata.count, 1);
	cr_expect_null(request.password);
}

Test(invite_request, attribute_path)
{
	expect_refused("{" POOL "," NAME
	               ",\"UserAttributes\":[{\"Name\":\"email\"},"
	               "{\"Name\":\"a\\u0007\"}]}",
	    "1 validation error detected: Value 'a\x07' at "
	    "'userAttributes.2.member.name'" MUST
	    "satisfy regular expression pattern: "
	    "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\t\\n\\r ]+");
}
