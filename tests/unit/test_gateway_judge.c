/* SPDX-License-Identifier: MIT */
/* The answers of real gateways (delivery dossier, 3.1 and 3.2). */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/gateway_judge.h"
#include "scratch.h"

#define HEAD                                      \
	"{\"name\":\"test\",\"method\":\"POST\"," \
	"\"url\":\"https://g.example/send\","

#define TWILIO                                                                 \
	HEAD "\"success\":{\"statuses\":[{\"status\":201}],\"pointer\":"       \
	     "\"/sid\"},\"message_id\":{\"pointer\":\"/sid\"},\"error_code\":" \
	     "{\"pointer\":\"/code\"},\"error_text\":{\"pointer\":"            \
	     "\"/message\"},\"classes\":{\"20429\":\"throttle\",\"21211\":"    \
	     "\"permanent\",\"20003\":\"lane_fault\"}}"
#define VONAGE                                                                 \
	HEAD "\"success\":{\"pointer\":\"/messages/0/status\",\"equals\":"     \
	     "\"0\"},\"message_id\":{\"pointer\":\"/messages/0/message-id\"}," \
	     "\"error_code\":{\"pointer\":\"/messages/0/status\"},"            \
	     "\"error_text\":{\"pointer\":\"/messages/0/error-text\"},"        \
	     "\"classes\":{\"1\":\"throttle\",\"5\":\"retry\",\"6\":"          \
	     "\"permanent\",\"9\":\"lane_fault\"}}"
#define KANNEL                                                         \
	HEAD "\"success\":{\"statuses\":[{\"status\":202}],\"match\":" \
	     "\"^[03]: \"}}"
#define SNS                                                                 \
	HEAD "\"success\":{\"match\":\"<MessageId>(.+?)</MessageId>\"},"    \
	     "\"message_id\":{\"match\":\"<MessageId>(.+?)</MessageId>\"}," \
	     "\"error_code\":{\"match\":\"<Code>(.+?)</Code>\"},"           \
	     "\"classes\":{\"OptedOut\":\"permanent\",\"InternalError\":"   \
	     "\"retry\"}}"
#define INFOBIP                                                         \
	HEAD "\"success\":{\"pointer\":\"/messages/0/status/groupId\"," \
	     "\"equals\":\"1\"},\"error_code\":{\"pointer\":"           \
	     "\"/messages/0/status/groupId\"},\"classes\":{\"0\":"      \
	     "\"accepted\",\"2\":\"permanent\",\"5\":\"permanent\"}}"
#define PLAIN HEAD "\"success\":{}}"

static struct delivery judged_answer(const char *profile,
    const struct http_answer *answer)
{
	MEM_AUTO mem = mem_new(NULL);
	struct delivery delivery = { .password = "pW-12345" };
	struct err err = { 0 };
	struct gateway *gateway =
	    gateway_read(mem, scratch_file(mem, profile), "s3cr3t", &err);

	cr_assert_not_null(gateway, "%s", err.message);
	gateway_judge(mem, gateway, answer, &delivery);
	delivery.password = delivery.carrier_secret = NULL;
	return delivery;
}

static struct delivery judged(const char *profile, int status, const char *body)
{
	const struct http_answer answer = { .answered = true,
		.offered = true,
		.status = status,
		.body = body,
		.took_ms = 12 };

	return judged_answer(profile, &answer);
}

static void expect(const char *profile, int status, const char *body,
    enum delivery_class class)
{
	struct delivery delivery = judged(profile, status, body);

	cr_expect_eq(delivery.outcome.class, class, "%d %s: %s", status, body,
	    delivery_class_name(delivery.outcome.class));
	cr_expect_eq(delivery.outcome.code, status);
	cr_expect_eq(delivery.outcome.took_ms, 12);
}

static void expect_sent(const char *profile, int status, const char *body,
    const char *id)
{
	struct delivery delivery = judged(profile, status, body);

	cr_expect_eq(delivery.outcome.class, DELIVERY_ACCEPTED, "%s: %s", body,
	    delivery.outcome.words);
	cr_expect_str_eq(delivery.outcome.remote_id, id);
}

Test(gateway_judge, twilio)
{
	expect_sent(TWILIO, 201, "{\"sid\":\"SM1\",\"status\":\"queued\"}",
	    "SM1");
	expect(TWILIO, 429, "{\"code\":20429}", DELIVERY_THROTTLED);
	expect(TWILIO, 400, "{\"code\":21211,\"message\":\"bad To\"}",
	    DELIVERY_REFUSED);
	expect(TWILIO, 400, "{\"code\":20003}", DELIVERY_LANE_FAULT);
	expect(TWILIO, 401, "{}", DELIVERY_LANE_FAULT);
	expect(TWILIO, 200, "{\"sid\":\"SM1\"}", DELIVERY_AMBIGUOUS);
}

Test(gateway_judge, credentials_are_not_kept)
{
	struct delivery delivery =
	    judged(PLAIN, 404, "nothing at /send?key=s3cr3t&to=1");

	cr_expect_str_eq(delivery.outcome.words,
	    "HTTP 404: nothing at /send?key=****&to=1");
}

Test(gateway_judge, the_receipts_token_is_not_kept)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *token = gateway_token(
	    gateway_read(mem, scratch_file(mem, PLAIN), "s3cr3t", &err));
	const char *body =
	    mem_printf(mem, "url=a%%3Ftoken%%3D%s&u=?token=%s.", token, token);

	for (int status = 200; status <= 400; status += 200) {
		struct delivery delivery = judged(PLAIN, status, body);
		cr_expect_null(strstr(delivery.outcome.words, token));
		cr_expect_not_null(
		    strstr(delivery.outcome.words, "**&u=?token=**"), "%s",
		    delivery.outcome.words);
	}
}

Test(gateway_judge, vonage_says_200_always)
{
	expect_sent(VONAGE, 200,
	    "{\"messages\":[{\"status\":\"0\",\"message-id\":\"0A\"}]}", "0A");
	expect(VONAGE, 200, "{\"messages\":[{\"status\":\"1\"}]}",
	    DELIVERY_THROTTLED);
	expect(VONAGE, 200, "{\"messages\":[{\"status\":\"5\"}]}",
	    DELIVERY_RETRY);
	expect(VONAGE, 200, "{\"messages\":[{\"status\":\"6\"}]}",
	    DELIVERY_REFUSED);
	expect(VONAGE, 200, "{\"messages\":[{\"status\":\"9\"}]}",
	    DELIVERY_LANE_FAULT);
	expect(VONAGE, 200, "{\"messages\":[{\"status\":\"99\"}]}",
	    DELIVERY_AMBIGUOUS);
}

Test(gateway_judge, kannel)
{
	expect_sent(KANNEL, 202, "0: Accepted for delivery", "");
	expect_sent(KANNEL, 202, "3: Queued for later delivery", "");
	expect(KANNEL, 202, "Sent.", DELIVERY_AMBIGUOUS);
	expect(KANNEL, 403, "Authorization failed for sendsms",
	    DELIVERY_LANE_FAULT);
	expect(KANNEL, 400, "Missing receiver number, rejected",
	    DELIVERY_REFUSED);
	expect(KANNEL, 503, "temporal failure", DELIVERY_RETRY);
}

Test(gateway_judge, sns_speaks_xml)
{
	expect_sent(SNS, 200, "<r><MessageId>567-a</MessageId></r>", "567-a");
	expect(SNS, 400, "<Error><Code>OptedOut</Code></Error>",
	    DELIVERY_REFUSED);
	expect(SNS, 500, "<Error><Code>InternalError</Code></Error>",
	    DELIVERY_RETRY);
	expect(SNS, 403, "<Error><Code>AuthorizationError</Code></Error>",
	    DELIVERY_LANE_FAULT);
}

Test(gateway_judge, infobip_rejects_with_200)
{
	expect_sent(INFOBIP, 200,
	    "{\"messages\":[{\"status\":{\"groupId\":1}}]}", "");
	expect(INFOBIP, 200, "{\"messages\":[{\"status\":{\"groupId\":0}}]}",
	    DELIVERY_ACCEPTED);
	expect(INFOBIP, 200, "{\"messages\":[{\"status\":{\"groupId\":5}}]}",
	    DELIVERY_REFUSED);
}

/* Half a JSON, a wrong type, a missing member: neither sent nor refused. */
Test(gateway_judge, success_without_its_proof_is_ambiguous)
{
	static const char *const bodies[] = { "", "{}", "{\"messages\":[",
		"{\"messages\":[]}", "{\"messages\":{\"0\":1}}",
		"{\"messages\":[{\"status\":true}]}",
		"{\"messages\":[{\"status\":null}]}", "<html></html>",
		"\xff\xfe", "{\"messages\":[{\"status\":\"0\"}]} x" };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		expect(VONAGE, 200, bodies[i], DELIVERY_AMBIGUOUS);
}

Test(gateway_judge, status_alone)
{
	static const struct {
		int status;
		enum delivery_class class;
	} cases[] = { { 200, DELIVERY_ACCEPTED }, { 299, DELIVERY_ACCEPTED },
		{ 301, DELIVERY_LANE_FAULT }, { 302, DELIVERY_LANE_FAULT },
		{ 400, DELIVERY_REFUSED }, { 401, DELIVERY_LANE_FAULT },
		{ 402, DELIVERY_LANE_FAULT }, { 403, DELIVERY_LANE_FAULT },
		{ 404, DELIVERY_REFUSED }, { 407, DELIVERY_LANE_FAULT },
		{ 408, DELIVERY_RETRY }, { 422, DELIVERY_REFUSED },
		{ 425, DELIVERY_RETRY }, { 429, DELIVERY_THROTTLED },
		{ 500, DELIVERY_RETRY }, { 502, DELIVERY_RETRY },
		{ 503, DELIVERY_RETRY }, { 504, DELIVERY_RETRY },
		{ 100, DELIVERY_AMBIGUOUS }, { 600, DELIVERY_RETRY } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect(PLAIN, cases[i].status, "x", cases[i].class);
}

Test(gateway_judge, silence)
{
	struct http_answer answer = { .words = "timed out", .took_ms = 9 };
	struct delivery delivery = judged_answer(PLAIN, &answer);

	cr_expect_eq(delivery.outcome.class, DELIVERY_LANE_FAULT);
	cr_expect_str_eq(delivery.outcome.words, "timed out");
	answer.offered = true;
	delivery = judged_answer(PLAIN, &answer);
	cr_expect_eq(delivery.outcome.class, DELIVERY_AMBIGUOUS);
	cr_expect_eq(delivery.outcome.took_ms, 9);
}

Test(gateway_judge, retry_after)
{
	const struct http_answer answer = { .answered = true,
		.status = 429,
		.body = "",
		.retry_after_s = 17 };
	struct delivery delivery = judged_answer(PLAIN, &answer);

	cr_expect_eq(delivery.outcome.rest_ms, 17000);
}

Test(gateway_judge, words_name_code_and_text)
{
	struct delivery delivery =
	    judged(TWILIO, 400, "{\"code\":21211,\"message\":\"bad To\"}");

	cr_expect_str_eq(delivery.outcome.words,
	    "HTTP 400, code 21211: bad To");
	delivery = judged(PLAIN, 404, "not here");
	cr_expect_str_eq(delivery.outcome.words, "HTTP 404: not here");
}

/* Gateways echo the text, and the text has the password. */
Test(gateway_judge, words_lack_the_password)
{
	MEM_AUTO mem = mem_new(NULL);
	struct delivery delivery =
	    judged(TWILIO, 201, "{\"sid\":\"1\",\"body\":\"Use pW-12345\"}");

	cr_expect_null(strstr(delivery.outcome.words, "pW-12"), "%s",
	    delivery.outcome.words);
	for (int shift = 95; shift < 250; shift++) {
		const char *body = mem_printf(mem, "%s pW-12345 x",
		    scratch_times(mem, "a", shift));
		delivery = judged(PLAIN, 400, body);
		cr_expect_null(strstr(delivery.outcome.words, "pW"), "%s",
		    delivery.outcome.words);
	}
}

#define BY_STATUS                                                       \
	HEAD "\"success\":{},\"error_code\":{\"pointer\":\"/code\"},"   \
	     "\"classes\":{\"7\":\"permanent\"},\"classes_by_status\":" \
	     "{\"400\":\"retry\",\"409\":\"lane_fault\",\"500\":"       \
	     "\"permanent\"},\"idempotency\":{\"header\":\"X\"}}"

Test(gateway_judge, the_profile_says_what_a_status_means)
{
	expect(BY_STATUS, 400, "", DELIVERY_RETRY);
	expect(BY_STATUS, 500, "", DELIVERY_REFUSED);
	expect(BY_STATUS, 409, "", DELIVERY_LANE_FAULT);
	expect(BY_STATUS, 502, "", DELIVERY_RETRY);
	expect(BY_STATUS, 400, "{\"code\":7}", DELIVERY_REFUSED);
	expect(BY_STATUS, 400, "{\"code\":8}", DELIVERY_RETRY);
}

Test(gateway_judge, conflict_of_our_key_is_accepted)
{
	static const char text[] =
	    HEAD "\"success\":{},\"message_id\":{\"pointer\":\"/id\"},"
	         "\"idempotency\":{\"header\":\"X\"}}";

	expect_sent(text, 409, "{\"id\":\"first\"}", "first");
	expect_sent(text, 409, "", "");
	expect(PLAIN, 409, "", DELIVERY_REFUSED);
}

Test(gateway_judge, an_id_comes_with_a_code_that_is_accepted)
{
	expect_sent(HEAD "\"success\":{\"pointer\":\"/s\",\"equals\":\"1\"},"
	                 "\"error_code\":{\"pointer\":\"/s\"},\"message_id\":"
	                 "{\"pointer\":\"/id\"},\"classes\":{\"0\":"
	                 "\"accepted\"}}",
	    200, "{\"s\":0,\"id\":\"i\"}", "i");
}

Test(gateway_judge, id_in_a_header)
{
	static const char *const headers[] = { "Server: x", "x-message-id: m-7",
		NULL };
	const struct http_answer answer = { .answered = true,
		.status = 202,
		.body = "",
		.headers = headers };
	struct delivery delivery = judged_answer(HEAD
	    "\"success\":{},\"message_id\":{\"header\":\"X-Message-Id\"}}",
	    &answer);

	cr_expect_eq(delivery.outcome.class, DELIVERY_ACCEPTED);
	cr_expect_str_eq(delivery.outcome.remote_id, "m-7");
}

static enum delivery_class judged_by(struct gateway *gateway, int status,
    const char *body)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct http_answer answer = { .answered = true,
		.status = status,
		.body = body };
	struct delivery delivery = { 0 };

	gateway_judge(mem, gateway, &answer, &delivery);
	return delivery.outcome.class;
}

static void expect_refused(struct gateway *gateway, int times, const char *body)
{
	for (int i = 0; i < times; i++)
		cr_expect_eq(judged_by(gateway, 400, body), DELIVERY_REFUSED);
}

/* One is a wrong number; all are a wrong profile or template. */
Test(gateway_judge, all_refused_alike_is_a_fault_of_the_lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct gateway *gateway =
	    gateway_read(mem, scratch_file(mem, TWILIO), "", &err);

	expect_refused(gateway, 4, "");
	cr_expect_eq(judged_by(gateway, 400, ""), DELIVERY_LANE_FAULT);
	expect_refused(gateway, 4, "");
	cr_expect_eq(judged_by(gateway, 201, "{\"sid\":\"1\"}"),
	    DELIVERY_ACCEPTED);
	expect_refused(gateway, 4, "");
	cr_expect_eq(judged_by(gateway, 500, ""), DELIVERY_RETRY);
	expect_refused(gateway, 4, "");
	expect_refused(gateway, 20, "{\"code\":21211}");
}
