/* SPDX-License-Identifier: MIT */
/* The calls that the gateways of contrib document, by their profiles. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "delivery/gateway.h"
#include "delivery/receipt_read.h"

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"
#define KEY  "7-00112233445566778899"

struct call {
	char profile[16];
	char query[320];
	char type[48];
	char body[480];
	char key[32];
	char id[32];
	char code[16];
	enum receipt_state state;
};

static struct call calls[] = {
	{ "kannel", "key=" KEY "&status=8&id=c-1", "", "", KEY, "c-1", "",
	    RECEIPT_IGNORED },
	{ "kannel", "key=" KEY "&status=1&id=", "", "", KEY, "", "",
	    RECEIPT_DELIVERED },
	{ "kannel", "key=" KEY "&status=16&id=", "", "", KEY, "", "",
	    RECEIPT_FAILED },
	{ "twilio", "key=" KEY, FORM,
	    "SmsSid=SM1&SmsStatus=sent&MessageStatus=sent&To=%2B4915112345678"
	    "&MessageSid=SM1&AccountSid=AC1&From=%2B15555550100&"
	    "ApiVersion=2010-04-01",
	    KEY, "SM1", "", RECEIPT_IGNORED },
	{ "twilio", "key=" KEY, FORM,
	    "ErrorCode=30003&SmsSid=SM1&MessageStatus=undelivered&MessageSid="
	    "SM1",
	    KEY, "SM1", "30003", RECEIPT_FAILED },
	{ "vonage",
	    "key=" KEY "&msisdn=4915112345678&to=Example&network-code=26201&"
	    "messageId=0A01&price=0.0333&status=delivered&scts=2611230807&"
	    "err-code=0&api-key=00000000&client-ref=" KEY,
	    "", "", KEY, "0A01", "0", RECEIPT_DELIVERED },
	{ "vonage", "key=" KEY, JSON,
	    "{\"msisdn\":\"4915112345678\",\"to\":\"Example\",\"messageId\":"
	    "\"0A01\",\"status\":\"rejected\",\"err-code\":\"6\","
	    "\"client-ref\":\"" KEY "\"}",
	    KEY, "0A01", "6", RECEIPT_FAILED },
	{ "plivo", "key=" KEY, FORM,
	    "From=Example&To=4915112345678&Status=delivered&MessageUUID=p-1&"
	    "ParentMessageUUID=p-1&PartInfo=1+of+1&ErrorCode=000",
	    KEY, "p-1", "000", RECEIPT_DELIVERED },
	{ "messagebird",
	    "key=" KEY "&id=mb-1&reference=" KEY "&recipient=4915112345678&"
	    "status=delivery_failed&statusReason=unknown+subscriber&"
	    "statusErrorCode=1&statusDatetime=2026-11-23T08%3A07%3A17%2B00%3A00",
	    "", "", KEY, "mb-1", "1", RECEIPT_FAILED },
	{ "infobip", "key=" KEY, JSON,
	    "{\"results\":[{\"messageId\":\"" KEY "\",\"to\":\"4915112345678\","
	    "\"doneAt\":\"2026-11-23T08:07:17.000+0000\",\"smsCount\":1,"
	    "\"status\":{\"id\":5,\"groupId\":3,\"groupName\":\"DELIVERED\"},"
	    "\"error\":{\"groupId\":0,\"id\":0,\"name\":\"NO_ERROR\","
	    "\"permanent\":false}}]}",
	    KEY, "", "0", RECEIPT_DELIVERED },
};

ParameterizedTestParameters(receipt_presets, call)
{
	return cr_make_param_array(struct call, calls,
	    sizeof(calls) / sizeof(*calls));
}

static const char *shown(const char *text)
{
	return text ? text : "";
}

ParameterizedTest(struct call *call, receipt_presets, call)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct receipt_list list;
	const struct gateway *gateway = gateway_read(mem,
	    mem_printf(mem, "%s/contrib/gateways/%s.json", getenv("SRCDIR"),
	        call->profile),
	    "pw", &err);

	cr_assert_not_null(gateway, "%s", err.message);
	const struct receipt_request request = {
		.query = mem_printf(mem, "%s&token=%s", call->query,
		    gateway_token(gateway)),
		.content_type = call->type,
		.body = call->body,
	};
	const struct receipt_request forged = { .query = call->query,
		.content_type = call->type,
		.body = call->body };
	cr_assert(receipt_read(mem, gateway, &request, &list, &err), "%s: %s",
	    call->profile, err.message);
	cr_assert_eq(list.count, 1);
	cr_expect_str_eq(shown(list.items[0].message_key), call->key);
	cr_expect_str_eq(shown(list.items[0].remote_id), call->id);
	cr_expect_str_eq(shown(list.items[0].code), call->code);
	cr_expect_eq(list.items[0].state, call->state, "%s: %d", call->profile,
	    (int)list.items[0].state);
	cr_expect(receipt_authentic(gateway, &request));
	cr_expect_not(receipt_authentic(gateway, &forged));
}
