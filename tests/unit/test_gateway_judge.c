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
	const struct gateway *gateway =
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
	expect(TWILIO, 429, "{\"code\":20429}", DELIVERY_LANE_FAULT);
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

Test(gateway_judge, vonage_says_200_always)
{
	expect_sent(VONAGE, 200,
	    "{\"messages\":[{\"status\":\"0\",\"message-id\":\"0A\"}]}", "0A");
	expect(VONAGE, 200, "{\"messages\":[{\"status\":\"1\"}]}",
	    DELIVERY_LANE_FAULT);
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
	expect(KANNEL, 503, "temporal failure", DELIVERY_LANE_FAULT);
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
		{ 425, DELIVERY_RETRY }, { 429, DELIVERY_LANE_FAULT },
		{ 500, DELIVERY_RETRY }, { 502, DELIVERY_RETRY },
		{ 503, DELIVERY_LANE_FAULT }, { 504, DELIVERY_RETRY },
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

	cr_expect_eq(delivery.outcome.retry_after_ms, 17000);
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
