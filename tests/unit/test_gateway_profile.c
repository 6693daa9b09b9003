/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/gateway_profile.h"
#include "scratch.h"

#define NAME    "\"name\":\"test\","
#define METHOD  "\"method\":\"POST\","
#define URL     "\"url\":\"https://g.example/\","
#define SUCCESS "\"success\":{}"
#define GOOD    NAME METHOD URL SUCCESS

static void expect_refused(const char *text, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *path = scratch_file(mem, text);

	cr_expect_null(gateway_profile_read(mem, path, &err), "%s", text);
	cr_expect_eq(err.code, ERR_CONFIG, "%s", text);
	cr_expect_not_null(strstr(err.message, words), "%s: %s", text,
	    err.message);
	cr_expect_not_null(strstr(err.message, path), "%s", err.message);
}

static void expect_member(const char *members, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused(mem_printf(mem, "{" GOOD ",%s}", members), words);
}

static const struct gateway_profile *taken(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	const struct gateway_profile *profile =
	    gateway_profile_read(mem, scratch_file(mem, text), &err);

	cr_assert_not_null(profile, "%s: %s", text, err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return profile;
}

Test(gateway_profile, defaults)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway_profile *profile = taken(mem, "{" GOOD "}");

	cr_expect_str_eq(profile->name, "test");
	cr_expect_str_eq(profile->ambiguous, "hold");
	cr_expect_eq(profile->limits->concurrency.value, 200);
	cr_expect_eq(profile->limits->connect_ms.value, 10000);
	cr_expect_eq(profile->limits->total_ms.value, 30000);
	cr_expect_eq(profile->limits->parts.value, 4);
	cr_expect_not(profile->allow_private.value);
	cr_expect_null(profile->json);
	cr_expect_eq(profile->limits->rate.value, 0);
	cr_expect_str_eq(profile->raw_escape, "none");
}

Test(gateway_profile, members_that_must_be_there)
{
	expect_refused("{" METHOD URL SUCCESS "}", "'name'");
	expect_refused("{" NAME URL SUCCESS "}", "'method'");
	expect_refused("{" NAME METHOD SUCCESS "}", "'url'");
	expect_refused("{" NAME METHOD "\"url\":\"https://g.example/\"}",
	    "'success'");
	expect_refused("[]", "not a JSON object");
	expect_refused("{" GOOD, "cannot be read");
	expect_refused("", "cannot be read");
}

Test(gateway_profile, unknown_member_is_named)
{
	expect_member("\"limts\":{}", "'limts'");
	expect_member("\"limits\":{\"part\":2}", "'limits.part'");
	expect_member("\"json\":{\"a\":1},\"limts\":{}", "'limts'");
	expect_member("\"jsons\":{}", "'jsons'");
}

Test(gateway_profile, wrong_values)
{
	expect_refused("{\"name\":\"A b\"," METHOD URL SUCCESS "}", "'name'");
	expect_refused("{" NAME "\"method\":\"PUT\"," URL SUCCESS "}",
	    "[GET, POST]");
	expect_member("\"ambiguous\":\"drop\"", "[retry, hold]");
	expect_member("\"limits\":{\"parts\":0}", "'limits.parts'");
	expect_member("\"limits\":{\"parts\":21}", "'limits.parts'");
	expect_member("\"limits\":{\"concurrency\":201}",
	    "'limits.concurrency'");
	expect_member("\"limits\":{\"total_ms\":99}", "'limits.total_ms'");
	expect_member("\"headers\":{\"X\":1}", "'headers'");
	expect_member("\"form\":[]", "'form'");
	expect_member("\"content_type\":\"a/b\\r\\nX: 1\"", "'content_type'");
	expect_member("\"variables\":[{\"name\":\"x\"}]", "gsm7");
	expect_member("\"http_version\":\"3\"", "[1.1, 2]");
	expect_member("\"raw_escape\":\"html\"", "[none, xml, json]");
	expect_member("\"not_gsm\":\"drop\"", "[ucs2, refuse]");
	expect_member("\"limits\":{\"rate\":-1}", "'limits.rate'");
	expect_member("\"query\":\"a=b\"", "'query'");
	expect_member("\"proxy\":\"ftp://p.example\"", "'proxy'");
	expect_member("\"proxy\":\"http://user:pw@p.example\"", "'proxy'");
	expect_member("\"ca_file\":\"/nonexistent/ca.pem\"",
	    "ca_file: '/nonexistent/ca.pem': No such file");
	expect_member("\"message_id\":{\"pointer\":\"sid\"}",
	    "'message_id.pointer'");
}

Test(gateway_profile, wrong_addresses)
{
	static const char *const urls[] = { "ftp://g.example/",
		"g.example/send", "https:///send", "https://user:pw@g.example/",
		"file:///etc/passwd" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		expect_refused(
		    mem_printf(mem,
		        "{" NAME METHOD "\"url\":\"%s\"," SUCCESS "}", urls[i]),
		    "'url'");
}

Test(gateway_profile, one_body)
{
	expect_member("\"form\":{\"a\":\"b\"},\"json\":{}",
	    "only one of form, json and raw");
	expect_member("\"json\":[{\"a\":{\"{to}\":1}}]",
	    "json: the name '{to}' has a brace; placeholders stand in values");
	expect_member("\"json\":{},\"raw\":\"x\"", "only one of form");
	expect_member("\"form\":{\"a\":\"b\"},\"raw\":\"x\"", "only one");
}

Test(gateway_profile, classes)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_member("\"classes\":{\"7\":\"never\"}",
	    "classes: 'never' of '7' is not accepted, retry, throttle, "
	    "permanent or lane_fault");
	expect_member("\"classes_by_status\":{\"409\":\"never\"}",
	    "classes_by_status: 'never' of '409' is not accepted");
	expect_member("\"classes_by_status\":{\"4xx\":\"retry\"}",
	    "'4xx' is not an HTTP status");
	taken(mem, "{" GOOD ",\"classes_by_status\":{\"409\":\"retry\"}}");
	taken(mem,
	    "{" GOOD ",\"classes\":{\"1\":\"accepted\",\"2\":\"retry\",\"3\":"
	    "\"throttle\",\"4\":\"permanent\",\"5\":\"lane_fault\"}}");
}

Test(gateway_profile, expressions)
{
	expect_member("\"message_id\":{\"match\":\"(\"}",
	    "the expression '(' cannot be used");
	expect_member("\"error_code\":{\"match\":\"[\"}", "expression '['");
	expect_member("\"error_text\":{\"match\":\"*\"}", "expression '*'");
	expect_refused("{" NAME METHOD URL
	               "\"success\":{\"match\":\"a{2,1}\"}}",
	    "expression 'a{2,1}'");
}

Test(gateway_profile, finders_must_find_something)
{
	expect_member("\"message_id\":{}", "message_id: says not where");
	expect_member("\"error_code\":{}", "error_code: says not where");
	expect_member("\"error_text\":{}", "error_text: says not where");
	expect_refused("{" NAME METHOD URL "\"success\":{\"equals\":\"0\"}}",
	    "success: equals needs a pointer or a match");
}

Test(gateway_profile, header_names)
{
	static const char *const names[] = { "", "a b", "a:", "a\\r\\nb",
		"\xc3\xa9" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		expect_member(
		    mem_printf(mem, "\"headers\":{\"%s\":\"v\"}", names[i]),
		    "is not a header's name");
	taken(mem, "{" GOOD ",\"headers\":{\"X-Key_1\":\"v\"}}");
}

Test(gateway_profile, missing_file)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(gateway_profile_read(mem, "/nonexistent/p.json", &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	cr_expect_not_null(strstr(err.message, "/nonexistent/p.json"));
}

Test(gateway_profile, idempotency)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway_profile *profile = taken(mem,
	    "{" GOOD ",\"idempotency\":{\"header\":\"Idempotency-Key\"}}");

	cr_expect_str_eq(profile->idempotency->header, "Idempotency-Key");
	cr_expect_str_eq(profile->ambiguous, "retry", "safe to repeat");
	profile = taken(mem,
	    "{" GOOD ",\"idempotency\":{\"header\":\"X\"},\"ambiguous\":"
	    "\"hold\"}");
	cr_expect_str_eq(profile->ambiguous, "hold", "what it says counts");
	profile = taken(mem,
	    "{" GOOD ",\"idempotency\":{\"body\":true},\"json\":{\"k\":"
	    "\"{message_key}\"}}");
	cr_expect_str_eq(profile->ambiguous, "retry");
	expect_member("\"idempotency\":{}", "idempotency: needs a header");
	expect_member("\"idempotency\":{\"body\":true}",
	    "{message_key} somewhere");
	expect_member("\"idempotency\":{\"header\":\"a b\"}",
	    "'idempotency.header'");
}

#define RECEIPT "\"receipt\":{\"key\":{\"query\":\"k\"}"

Test(gateway_profile, receipt)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway_profile *profile = taken(mem,
	    "{" GOOD "," RECEIPT ",\"status\":{\"pointer\":\"/s\"},\"list\":"
	    "\"\",\"secret\":{\"header\":\"X-Token\"}}}");

	cr_expect_str_eq(profile->receipt->key->query, "k");
	cr_expect_str_eq(profile->receipt->status->pointer, "/s");
	cr_expect_str_eq(profile->receipt->list, "");
	cr_expect_str_eq(profile->receipt->secret->header, "X-Token");
	expect_member(RECEIPT "}", "'receipt.status'");
	expect_member("\"receipt\":{\"status\":{\"query\":\"s\"}}",
	    "receipt: needs a key or an id");
	expect_member(RECEIPT ",\"status\":{}}",
	    "receipt.status: says not where");
	expect_member(RECEIPT ",\"status\":{\"match\":\"(\"}}",
	    "expression '('");
	expect_member(RECEIPT ",\"status\":{\"header\":\"X\"}}",
	    "'receipt.status.header'");
	expect_member(RECEIPT ",\"status\":{\"query\":\"s\"},\"statuses\":"
	                      "{\"1\":\"sent\"}}",
	    "receipt.statuses: 'sent' of '1' is not delivered, failed, delayed "
	    "or ignored");
	expect_member(RECEIPT ",\"status\":{\"query\":\"s\"},\"secret\":{}}",
	    "receipt.secret: says not where");
}

#define SIGV4                                                         \
	"\"auth\":{\"aws_sigv4\":{\"access_key\":\"AK1\",\"region\":" \
	"\"us-east-1\",\"service\":\"sns\"}}"

Test(gateway_profile, signed_by_aws)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway_profile *profile =
	    taken(mem, "{" GOOD "," SIGV4 "}");

	cr_expect_str_eq(profile->auth->aws_sigv4->region, "us-east-1");
	expect_member("\"auth\":{}", "one of user, auth.aws_sigv4 and");
	expect_member("\"auth\":{\"aws_sigv4\":{}}", "'auth.aws_sigv4.region'");
	expect_member(SIGV4 ",\"user\":\"x\"", "one of user, auth.aws_sigv4");
	expect_member(SIGV4 ",\"query\":{\"a\":\"b\"}", "cannot have a query");
	expect_refused("{" NAME METHOD
	               "\"url\":\"https://g.example/?a=b\"," SUCCESS "," SIGV4
	               "}",
	    "cannot have a query");
}

#define OAUTH2                                                              \
	"\"oauth2\":{\"token_url\":\"https://id.example/t\",\"client_id\":" \
	"\"me\"}"

Test(gateway_profile, token_by_oauth2)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway_profile *profile = taken(mem,
	    "{" GOOD ",\"query\":{\"a\":\"b\"},\"auth\":{" OAUTH2 "}}");

	cr_expect_str_eq(profile->auth->oauth2->token_url,
	    "https://id.example/t");
	cr_expect_null(profile->auth->oauth2->scope);
	expect_member("\"auth\":{" OAUTH2 "},\"user\":\"x\"", "one of user");
	expect_member("\"auth\":{" OAUTH2 ",\"aws_sigv4\":{\"access_key\":"
	              "\"a\",\"region\":\"b\",\"service\":\"c\"}}",
	    "one of user");
	expect_member("\"auth\":{\"oauth2\":{}}", "'auth.oauth2.client_id'");
	expect_member("\"auth\":{\"oauth2\":{\"client_id\":\"a\",\"token_url\":"
	              "\"https://u:p@x.example/\"}}",
	    "'auth.oauth2.token_url'");
}
