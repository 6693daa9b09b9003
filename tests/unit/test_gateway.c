/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"
#include "delivery/gateway.h"
#include "scratch.h"

#define HEAD                                      \
	"{\"name\":\"test\",\"method\":\"POST\"," \
	"\"success\":{},\"url\":\"https://g.example/send\","

static const struct gateway *profile(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	const struct gateway *gateway =
	    gateway_read(mem, scratch_file(mem, text), "s&c \"r\"", &err);

	cr_assert_not_null(gateway, "%s: %s", text, err.message);
	return gateway;
}

static struct http_request asked_with(struct mem *mem, const char *text,
    const char *sms)
{
	struct delivery *delivery = mem_make(mem, struct delivery);
	struct http_request request = { 0 };

	delivery->id = 42;
	delivery->salt = "salt";
	delivery->text = sms;
	delivery->recipient = "+4915112345678";
	cr_assert(gateway_ask(mem, profile(mem, text), delivery, &request),
	    "%s", delivery->outcome.words);
	return request;
}

static struct http_request asked(struct mem *mem, const char *text)
{
	return asked_with(mem, text, "a&b \"c\"\n\xc3\xa9");
}

static bool has_header(const struct http_request *request, const char *header)
{
	for (size_t i = 0; request->headers[i]; i++)
		if (strcmp(request->headers[i], header) == 0)
			return true;
	return false;
}

/* "salt message 42" by b2sum -l 256 */
#define KEY     "42-12542ab5f2bd352de4c0"
#define ESCAPED "a%26b%20%22c%22%0A%C3%A9"

Test(gateway, url_is_percent_encoded)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request = asked(mem,
	    "{\"name\":\"t\",\"method\":\"GET\",\"success\":{},"
	    "\"url\":\"https://g.example/{to}?d={to_digits}&t={text}&"
	    "k={message_key}&p={parts}&s={secret}&u={unknown}\"}");

	cr_expect_str_eq(request.method, "GET");
	cr_expect_str_eq(request.url,
	    "https://g.example/%2B4915112345678?d=4915112345678&t=" ESCAPED
	    "&k=" KEY "&p=1&s=s%26c%20%22r%22&u={unknown}");
	cr_expect_null(request.body);
	cr_expect_null(request.headers[0]);
}

Test(gateway, form_is_percent_encoded)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request =
	    asked(mem, HEAD "\"form\":{\"To\":\"{to}\",\"B&d\":\"{text}\"}}");

	cr_expect_str_eq(request.body, "To=%2B4915112345678&B%26d=" ESCAPED);
	cr_expect(has_header(&request,
	    "Content-Type: application/x-www-form-urlencoded"));
}

Test(gateway, json_is_quoted)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct http_request request = asked(mem,
	    HEAD "\"json\":{\"m\":[{\"to\":\"{to}\",\"t\":\"{text}\"}],"
	         "\"n\":1,\"o\":\"{x} {\"}}");
	const cJSON *json = json_read(mem, request.body, &err);

	cr_assert_not_null(json, "%s", err.message);
	cr_expect_str_eq(json_text(json, "/m/0/to"), "+4915112345678");
	cr_expect_str_eq(json_text(json, "/m/0/t"), "a&b \"c\"\n\xc3\xa9");
	cr_expect_str_eq(json_text(json, "/o"), "{x} {");
	cr_expect(has_header(&request, "Content-Type: application/json"));
}

Test(gateway, raw_is_as_it_is)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request =
	    asked(mem, HEAD "\"raw\":\"{to} {text}\"}");

	cr_expect_str_eq(request.body, "+4915112345678 a&b \"c\"\n\xc3\xa9");
	cr_expect(has_header(&request, "Content-Type: text/plain; "
	                               "charset=UTF-8"));
	request =
	    asked(mem, HEAD "\"raw\":\"{text}\",\"content_type\":\"text/x\"}");
	cr_expect(has_header(&request, "Content-Type: text/x"));
}

Test(gateway, a_post_without_body_is_empty)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(asked(mem, HEAD "\"form\":{}}").body, "");
}

Test(gateway, headers_cannot_be_split)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request = asked_with(mem,
	    HEAD "\"headers\":{\"X-Text\":\"<{text}>\",\"Authorization\":"
	         "\"App {secret}\"}}",
	    "a\r\nX-Evil: 1\n");

	cr_expect(has_header(&request, "X-Text: <a  X-Evil: 1 >"));
	cr_expect(has_header(&request, "Authorization: App s&c \"r\""));
	for (size_t i = 0; request.headers[i]; i++)
		cr_expect_null(strpbrk(request.headers[i], "\r\n"));
}

Test(gateway, values_are_not_looked_at_again)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(
	    asked_with(mem, HEAD "\"raw\":\"{text}\"}", "{secret}{to}").body,
	    "{secret}{to}");
	cr_expect_str_eq(
	    asked_with(mem, HEAD "\"raw\":\"{a{text}} {} { {text\"}", "x").body,
	    "{ax} {} { {text");
}

#define VARIABLES                                                       \
	"\"variables\":[{\"name\":\"type\",\"gsm7\":\"\",\"ucs2\":"     \
	"\"unicode\"}],\"form\":{\"type\":\"{type}\",\"t\":\"{text}\"," \
	"\"p\":\"{parts}\"}}"

Test(gateway, variables_follow_the_encoding)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(asked_with(mem, HEAD VARIABLES, "a").body, "t=a&p=1");
	cr_expect_str_eq(asked_with(mem, HEAD VARIABLES, "\xd0\x96").body,
	    "type=unicode&t=%D0%96&p=1");
	cr_expect_not_null(strstr(
	    asked_with(mem, HEAD VARIABLES, scratch_times(mem, "a", 161)).body,
	    "&p=2"));
}

Test(gateway, too_many_parts_are_refused)
{
	MEM_AUTO mem = mem_new(NULL);
	struct delivery delivery = { .recipient = "+4915112345678" };
	struct http_request request;
	const struct gateway *gateway =
	    profile(mem, HEAD "\"limits\":{\"parts\":1}}");

	delivery.text = scratch_times(mem, "a", 160);
	cr_expect(gateway_ask(mem, gateway, &delivery, &request));
	delivery.text = scratch_times(mem, "a", 161);
	cr_expect_not(gateway_ask(mem, gateway, &delivery, &request));
	cr_expect_eq(delivery.outcome.class, DELIVERY_REFUSED);
	cr_expect_str_eq(delivery.outcome.words,
	    "2 parts; the gateway's profile allows 1");
}

Test(gateway, limits_and_user)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request = asked(mem, HEAD "\"user\":\"sid\"}");

	cr_expect_str_eq(request.user, "sid");
	cr_expect_str_eq(request.password, "s&c \"r\"");
	cr_expect_eq(request.connect_ms, 10000);
	cr_expect_eq(request.total_ms, 30000);
	cr_expect_eq(request.answer_most, 65536);
	cr_expect_not(request.allow_private);
	cr_expect_not(request.http2);
	cr_expect_null(request.proxy);
	cr_expect_null(request.ca_file);
	cr_expect_null(request.sigv4);
	request = asked(mem, HEAD "\"allow_private_addresses\":true,\"limits\":"
	                          "{\"connect_ms\":100,\"total_ms\":200}}");
	cr_expect_eq(request.connect_ms, 100);
	cr_expect_eq(request.total_ms, 200);
	cr_expect(request.allow_private);
}

Test(gateway, tells_of_itself)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway *gateway = profile(mem, HEAD
	    "\"ambiguous\":\"retry\",\"limits\":{\"concurrency\":3,\"rate\":20}}");

	cr_expect_str_eq(gateway_name(gateway), "test");
	cr_expect_eq(gateway_concurrency(gateway), 3);
	cr_expect_eq(gateway_rate(gateway), 20);
	cr_expect_eq(gateway_total_ms(gateway), 30000);
	cr_expect_not(gateway_holds_ambiguous(gateway));
	gateway = profile(mem, HEAD "\"form\":{}}");
	cr_expect_eq(gateway_concurrency(gateway), 200);
	cr_expect_eq(gateway_rate(gateway), 0);
	cr_expect(gateway_holds_ambiguous(gateway), "held unless it says so");
}

Test(gateway, idempotency_header)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request =
	    asked(mem, HEAD "\"idempotency\":{\"header\":\"X-Key\"}}");

	cr_expect(has_header(&request, "X-Key: " KEY));
}

Test(gateway, way_to_it)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *ca_file = scratch_file(mem, "");
	struct http_request request = asked(mem,
	    mem_printf(mem,
	        HEAD "\"proxy\":\"http://proxy.example:3128\",\"ca_file\":"
	             "\"%s\",\"http_version\":\"2\"}",
	        ca_file));

	cr_expect_str_eq(request.proxy, "http://proxy.example:3128");
	cr_expect_str_eq(request.ca_file, ca_file);
	cr_expect(request.http2);
}

Test(gateway, signed_by_aws)
{
	MEM_AUTO mem = mem_new(NULL);
	struct http_request request =
	    asked(mem, HEAD "\"auth\":{\"aws_sigv4\":{\"access_key\":\"AKIA1\","
	                    "\"region\":\"eu-west-1\",\"service\":\"sns\"}}}");

	cr_expect_str_eq(request.sigv4, "aws:amz:eu-west-1:sns");
	cr_expect_str_eq(request.user, "AKIA1");
	cr_expect_str_eq(request.password, "s&c \"r\"");
}

#define GET(url)                                             \
	"{\"name\":\"t\",\"method\":\"GET\",\"success\":{}," \
	"\"url\":\"https://g.example/" url "\","
#define QUERY "\"query\":{\"a b\":\"{text}\",\"e\":\"{parts}\",\"u\":\"\"}}"

Test(gateway, query_is_added_to_the_url)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(asked_with(mem, GET("s") QUERY, "x&y").url,
	    "https://g.example/s?a%20b=x%26y&e=1");
	cr_expect_str_eq(asked_with(mem, GET("s?k={to_digits}") QUERY, "x").url,
	    "https://g.example/s?k=4915112345678&a%20b=x&e=1");
}

Test(gateway, raw_is_escaped_by_its_type)
{
	static const char sms[] = "<\"a\\ & b\">\n";
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(asked_with(mem,
	                     HEAD
	                     "\"raw\":\"[\\\"{text}\\\"]\",\"content_type\":"
	                     "\"application/json\"}",
	                     sms)
	                     .body,
	    "[\"<\\\"a\\\\ & b\\\">\\n\"]");
	cr_expect_str_eq(asked_with(mem,
	                     HEAD "\"raw\":\"<t>{text}</t>\","
	                          "\"content_type\":\"text/XML\"}",
	                     sms)
	                     .body,
	    "<t>&lt;&quot;a\\ &amp; b&quot;&gt;\n</t>");
	cr_expect_str_eq(asked_with(mem,
	                     HEAD "\"raw\":\"{text}\",\"raw_escape\":"
	                          "\"none\",\"content_type\":\"text/xml\"}",
	                     sms)
	                     .body,
	    sms);
	cr_expect_str_eq(asked_with(mem,
	                     HEAD "\"raw\":\"{text}\",\"raw_escape\":\"xml\"}",
	                     "<")
	                     .body,
	    "&lt;");
}

Test(gateway, what_is_not_gsm_can_be_refused)
{
	MEM_AUTO mem = mem_new(NULL);
	struct delivery delivery = { .recipient = "+49", .text = "\xd0\x96" };
	struct http_request request;

	cr_expect(gateway_ask(mem, profile(mem, HEAD "\"not_gsm\":\"ucs2\"}"),
	    &delivery, &request));
	cr_expect_not(gateway_ask(mem,
	    profile(mem, HEAD "\"not_gsm\":\"refuse\"}"), &delivery, &request));
	cr_expect_eq(delivery.outcome.class, DELIVERY_REFUSED);
	cr_expect_not_null(strstr(delivery.outcome.words, "GSM 7-bit"));
}

static struct http_request asked_back(struct mem *mem, const char *text,
    const char *callback_url)
{
	struct delivery delivery = { .text = "x",
		.recipient = "+49",
		.callback_url = callback_url };
	struct http_request request;

	cr_assert(gateway_ask(mem, profile(mem, text), &delivery, &request));
	return request;
}

#define CALLBACK "https://u.example/r?key=1&b=2"

Test(gateway, callback)
{
	/* "receipt s&c "r"" by b2sum -l 256 */
	static const char token[] = "65b5cce3d155af182cf5367c633c11aa";
	static const char query[] =
	    GET("") "\"query\":{\"m\":\"31\",\"d\":\"{callback_url}&s=%d\"}}";
	static const char form[] =
	    HEAD "\"form\":{\"m\":\"31\",\"d\":\"{callback_url}\"}}";
	static const char raw[] =
	    HEAD "\"raw\":\"<{callback_url}> {receipt_token}\"}";
	static const char json[] =
	    HEAD "\"json\":[{\"m\":1,\"d\":\"{callback_url}\",\"e\":\"\"}]}";
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(asked_back(mem, query, CALLBACK).url,
	    "https://g.example/?m=31&d=https%3A%2F%2Fu.example%2Fr%3Fkey%3D1"
	    "%26b%3D2%26s%3D%25d");
	cr_expect_str_eq(asked_back(mem, query, NULL).url,
	    "https://g.example/?m=31");
	cr_expect_str_eq(asked_back(mem, form, CALLBACK).body,
	    "m=31&d=https%3A%2F%2Fu.example%2Fr%3Fkey%3D1%26b%3D2");
	cr_expect_str_eq(asked_back(mem, form, NULL).body, "m=31");
	cr_expect_str_eq(asked_back(mem, raw, CALLBACK).body,
	    mem_printf(mem, "<" CALLBACK "> %s", token));
	cr_expect_str_eq(asked_back(mem, raw, NULL).body,
	    mem_printf(mem, "<> %s", token));
	cr_expect_str_eq(asked_back(mem, json, CALLBACK).body,
	    "[{\"m\":1,\"d\":\"" CALLBACK "\",\"e\":\"\"}]");
	cr_expect_str_eq(asked_back(mem, json, NULL).body,
	    "[{\"m\":1,\"e\":\"\"}]");
}
