/* SPDX-License-Identifier: MIT */
/* The calls of real gateways (delivery dossier, 3.1). */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/gateway.h"
#include "delivery/receipt_read.h"
#include "scratch.h"

#define FORM "application/x-www-form-urlencoded"
#define HEAD                                                          \
	"{\"name\":\"t\",\"method\":\"POST\",\"success\":{},\"url\":" \
	"\"https://g.example/\""
#define KANNEL                                                              \
	HEAD ",\"receipt\":{\"key\":{\"query\":\"key\"},\"id\":{\"query\":" \
	     "\"id\"},\"status\":{\"query\":\"status\"},\"statuses\":"      \
	     "{\"1\":\"delivered\",\"2\":\"failed\",\"4\":\"delayed\","     \
	     "\"8\":\"ignored\"},\"secret\":{\"query\":\"token\"}}}"
#define TWILIO                                                             \
	HEAD ",\"receipt\":{\"id\":{\"query\":\"MessageSid\"},\"status\":" \
	     "{\"query\":\"MessageStatus\"},\"code\":{\"query\":"          \
	     "\"ErrorCode\"},\"text\":{\"query\":\"ErrorMessage\"},"       \
	     "\"statuses\":{\"delivered\":\"delivered\",\"undelivered\":"  \
	     "\"failed\"},\"secret\":{\"header\":\"X-Token\"}}}"
#define INFOBIP                                                              \
	HEAD ",\"receipt\":{\"list\":\"/results\",\"key\":{\"pointer\":"     \
	     "\"/messageId\"},\"status\":{\"pointer\":\"/status/groupId\"}," \
	     "\"code\":{\"pointer\":\"/error/id\"},\"text\":{\"pointer\":"   \
	     "\"/error/description\"},\"statuses\":{\"3\":\"delivered\","    \
	     "\"5\":\"failed\"}}}"

static const struct gateway *profile(struct mem *mem, const char *text,
    const char *secret)
{
	struct err err = { 0 };
	const struct gateway *gateway =
	    gateway_read(mem, scratch_file(mem, text), secret, &err);

	cr_assert_not_null(gateway, "%s: %s", text, err.message);
	return gateway;
}

static struct receipt_list all(struct mem *mem, const char *text,
    struct receipt_request request)
{
	struct receipt_list list;
	struct err err = { 0 };

	cr_assert(
	    receipt_read(mem, profile(mem, text, "s"), &request, &list, &err),
	    "%s", err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return list;
}

static struct receipt one(struct mem *mem, const char *text,
    struct receipt_request request)
{
	struct receipt_list list = all(mem, text, request);

	cr_assert_eq(list.count, 1);
	return list.items[0];
}

static void refused(const char *text, struct receipt_request request)
{
	MEM_AUTO mem = mem_new(NULL);
	struct receipt_list list;
	struct err err = { 0 };

	cr_expect_not(
	    receipt_read(mem, profile(mem, text, "s"), &request, &list, &err));
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER);
	cr_expect_eq(list.count, 0);
}

Test(receipt_read, query_of_a_get)
{
	MEM_AUTO mem = mem_new(NULL);
	struct receipt receipt = one(mem, KANNEL,
	    (struct receipt_request){
	        .query = "key=usher-7-ab%2Bc&status=1&id=a+b" });

	cr_expect_str_eq(receipt.message_key, "usher-7-ab+c");
	cr_expect_str_eq(receipt.remote_id, "a b");
	cr_expect_eq(receipt.state, RECEIPT_DELIVERED);
	cr_expect_null(receipt.code);
	cr_expect_str_eq(receipt.words, "1");
}

Test(receipt_read, each_state)
{
	static const struct {
		const char *query;
		enum receipt_state state;
	} cases[] = { { "key=k&status=1", RECEIPT_DELIVERED },
		{ "key=k&status=2", RECEIPT_FAILED },
		{ "key=k&status=4", RECEIPT_DELAYED },
		{ "key=k&status=8", RECEIPT_IGNORED },
		{ "key=k&status=11", RECEIPT_IGNORED } };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(
		    one(mem, KANNEL,
		        (struct receipt_request){ .query = cases[i].query })
		        .state,
		    cases[i].state, "%s", cases[i].query);
}

Test(receipt_read, form_of_a_post)
{
	MEM_AUTO mem = mem_new(NULL);
	struct receipt receipt = one(mem, TWILIO,
	    (struct receipt_request){ .query = "MessageSidX=1",
	        .content_type = FORM "; charset=UTF-8",
	        .body = "To=%2B1&MessageSid=SM1&MessageStatus=undelivered&"
	                "ErrorCode=30003&ErrorMessage=not+there%0D%0Aat+all" });

	cr_expect_null(receipt.message_key);
	cr_expect_str_eq(receipt.remote_id, "SM1");
	cr_expect_eq(receipt.state, RECEIPT_FAILED);
	cr_expect_str_eq(receipt.code, "30003");
	cr_expect_str_eq(receipt.words, "not there  at all");
}

Test(receipt_read, a_form_must_say_that_it_is_one)
{
	refused(TWILIO, (struct receipt_request){ .content_type = "text/plain",
	                    .body = "MessageSid=SM1&MessageStatus=delivered" });
}

Test(receipt_read, several_in_one_call)
{
	MEM_AUTO mem = mem_new(NULL);
	struct receipt_list list = all(mem, INFOBIP,
	    (struct receipt_request){ .content_type = "application/json",
	        .body = "{\"results\":[{\"messageId\":\"usher-1-a\",\"status\":"
	                "{\"groupId\":3}},{\"messageId\":\"usher-2-b\"},"
	                "{\"status\":{\"groupId\":3}},17,{\"messageId\":"
	                "\"usher-3-c\",\"status\":{\"groupId\":5},\"error\":"
	                "{\"id\":27,\"description\":\"Absent\"}}]}" });

	cr_assert_eq(list.count, 2, "those that name no message are left out");
	cr_expect_str_eq(list.items[0].message_key, "usher-1-a");
	cr_expect_eq(list.items[0].state, RECEIPT_DELIVERED);
	cr_expect_str_eq(list.items[1].message_key, "usher-3-c");
	cr_expect_eq(list.items[1].state, RECEIPT_FAILED);
	cr_expect_str_eq(list.items[1].code, "27");
	cr_expect_str_eq(list.items[1].words, "Absent");
}

Test(receipt_read, a_list_has_an_end)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *items = scratch_times(mem,
	    "{\"messageId\":\"k\",\"status\":{\"groupId\":3}},", 1500);

	cr_expect_eq(
	    all(mem, INFOBIP,
	        (struct receipt_request){
	            .body = mem_printf(mem, "{\"results\":[%s0]}", items) })
	        .count,
	    1000);
}

/* GET, form or JSON, as the account's owner chose. */
Test(receipt_read, the_first_way_that_finds)
{
	static const char text[] =
	    HEAD ",\"receipt\":{\"id\":{\"query\":\"id\",\"pointer\":\"/id\"},"
	         "\"status\":{\"query\":\"s\",\"pointer\":\"/s\",\"match\":"
	         "\"<s>(.*?)</s>\"},\"statuses\":{\"ok\":\"delivered\"}}}";
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(
	    one(mem, text, (struct receipt_request){ .query = "id=1&s=ok" })
	        .remote_id,
	    "1");
	cr_expect_str_eq(
	    one(mem, text,
	        (struct receipt_request){ .body = "{\"id\":2,\"s\":\"ok\"}" })
	        .remote_id,
	    "2");
	struct receipt receipt = one(mem, text,
	    (struct receipt_request){ .query = "id=3",
	        .body = "<r><s>ok</s></r>" });
	cr_expect_eq(receipt.state, RECEIPT_DELIVERED);
}

Test(receipt_read, what_is_no_receipt)
{
	refused(HEAD "}",
	    (struct receipt_request){ .query = "key=k&status=1" });
	refused(KANNEL, (struct receipt_request){ 0 });
	refused(KANNEL, (struct receipt_request){ .query = "" });
	refused(KANNEL, (struct receipt_request){ .query = "&&=&key&status" });
	refused(KANNEL, (struct receipt_request){ .query = "key=k" });
	refused(KANNEL, (struct receipt_request){ .query = "status=1" });
	refused(KANNEL, (struct receipt_request){ .query = "key=&status=1" });
	refused(KANNEL,
	    (struct receipt_request){ .query = "key=%00k&status=1" });
	refused(INFOBIP, (struct receipt_request){ .body = "" });
	refused(INFOBIP, (struct receipt_request){ .body = "{\"results\":[" });
	refused(INFOBIP, (struct receipt_request){ .body = "{\"results\":7}" });
	refused(INFOBIP,
	    (struct receipt_request){ .body = "{\"results\":[]}" });
	refused(INFOBIP, (struct receipt_request){ .body = "[\xff]" });
}

Test(receipt_read, odd_percents)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(
	    one(mem, KANNEL,
	        (struct receipt_request){ .query = "key=%4&status=1" })
	        .message_key,
	    "%4");
	cr_expect_str_eq(
	    one(mem, KANNEL,
	        (struct receipt_request){ .query = "status=1&key=%zz%4B%4b%" })
	        .message_key,
	    "%zzKK%");
}

Test(receipt_read, what_a_stranger_says_is_made_fit)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *query = mem_printf(mem, "status=%%ff%%01%%c3%%a9&key=%s",
	    scratch_times(mem, "%C3%A9", 100));
	struct receipt receipt =
	    one(mem, KANNEL, (struct receipt_request){ .query = query });

	cr_expect_str_eq(receipt.words, "? \xc3\xa9");
	cr_expect_eq(strlen(receipt.message_key), 128);
}

static bool authentic(struct mem *mem, const char *text, const char *secret,
    struct receipt_request request)
{
	return receipt_authentic(profile(mem, text, secret), &request);
}

Test(receipt_read, secret_in_the_query)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *token = gateway_token(profile(mem, KANNEL, "pw"));
	const char *good = mem_printf(mem, "key=k&token=%s", token);

	cr_expect_eq(strlen(token), 32);
	cr_expect_null(strstr(token, "pw"));
	cr_expect(authentic(mem, KANNEL, "pw",
	    (struct receipt_request){ .query = good }));
	cr_expect_not(authentic(mem, KANNEL, "other",
	    (struct receipt_request){ .query = good }));
	cr_expect_not(authentic(mem, KANNEL, "pw",
	    (struct receipt_request){ .query = "key=k&token=" }));
	cr_expect_not(authentic(mem, KANNEL, "pw",
	    (struct receipt_request){ .query = "key=k&token=pw" }));
	cr_expect_not(authentic(mem, KANNEL, "pw",
	    (struct receipt_request){ .query = "key=k" }));
}

Test(receipt_read, secret_in_a_header)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *token = gateway_token(profile(mem, TWILIO, "pw"));
	const char *headers[] = { "Host: us",
		mem_printf(mem, "x-token: %s", token), NULL };

	cr_expect(authentic(mem, TWILIO, "pw",
	    (struct receipt_request){ .headers = headers }));
	headers[1] = mem_printf(mem, "x-tokens: %s", token);
	cr_expect_not(authentic(mem, TWILIO, "pw",
	    (struct receipt_request){ .headers = headers }));
	cr_expect_not(
	    authentic(mem, TWILIO, "pw", (struct receipt_request){ 0 }));
}

/* Without a password anybody could make the token. */
Test(receipt_read, no_password_no_secret)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *token = gateway_token(profile(mem, KANNEL, ""));

	cr_expect_not(authentic(mem, KANNEL, "",
	    (struct receipt_request){
	        .query = mem_printf(mem, "token=%s", token) }));
	cr_expect(authentic(mem, INFOBIP, "pw", (struct receipt_request){ 0 }),
	    "the profile asks for none");
}
