/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/policy_condition.h"
#include "base/json.h"

#define NOW_MS 1795427837412 /* 2026-11-23 09:57:17.412 UTC */

static const cJSON *parse(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	char *copy = mem_text(mem, text);

	for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
		*at = '"';
	const cJSON *json = json_read(mem, copy, &err);
	cr_assert(json, "%s: %s", text, err.message);
	return json;
}

static bool holds(const char *text, const char *source_ip, bool secure)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const cJSON *json = parse(mem, text);
	const struct policy_question question = { .user_name = "alice",
		.source_ip = source_ip,
		.secure = secure,
		.now_ms = NOW_MS };

	cr_assert(policy_condition_check(mem, json, "Statement", &err),
	    "%s: %s", text, err.message);
	return policy_condition_holds(json, &question);
}

Test(policy_condition, texts)
{
	static const struct {
		const char *operator, * value;
		bool holds;
	} rows[] = {
		{ "StringEquals", "'alice'", true },
		{ "StringEquals", "'Alice'", false },
		{ "StringEquals", "'al*'", false },
		{ "StringEquals", "['bob','alice']", true },
		{ "StringEquals", "['bob','carol']", false },
		{ "StringNotEquals", "'alice'", false },
		{ "StringNotEquals", "'al*'", true },
		{ "StringNotEquals", "['bob','alice']", false },
		{ "StringNotEquals", "['bob','carol']", true },
		{ "StringLike", "'al*'", true },
		{ "StringLike", "'AL*'", false },
		{ "StringLike", "'a?ice'", true },
		{ "StringLike", "['b*','*e']", true },
		{ "StringLike", "'b*'", false },
		{ "StringNotLike", "'al*'", false },
		{ "StringNotLike", "['b*','*e']", false },
		{ "StringNotLike", "['b*','c*']", true },
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = mem_printf(mem, "{'%s':{'aws:username':%s}}",
		    rows[i].operator, rows[i].value);
		cr_expect_eq(holds(text, NULL, false), rows[i].holds, "%s",
		    text);
	}
}

Test(policy_condition, addresses)
{
	static const struct {
		const char *value, *source;
		bool within;
	} rows[] = {
		{ "'10.1.2.3'", "10.1.2.3", true },
		{ "'10.1.2.3'", "10.1.2.4", false },
		{ "'10.0.0.0/8'", "10.255.0.1", true },
		{ "'10.0.0.0/8'", "11.0.0.1", false },
		{ "'10.9.9.9/8'", "10.1.2.3", true },
		{ "'192.0.2.128/25'", "192.0.2.128", true },
		{ "'192.0.2.128/25'", "192.0.2.127", false },
		{ "'192.0.2.4/30'", "192.0.2.7", true },
		{ "'192.0.2.4/30'", "192.0.2.8", false },
		{ "'192.0.2.4/31'", "192.0.2.6", false },
		{ "'192.0.2.4/32'", "192.0.2.4", true },
		{ "'192.0.2.4/32'", "192.0.2.5", false },
		{ "'0.0.0.0/0'", "203.0.113.9", true },
		{ "'0.0.0.0/0'", "2001:db8::1", false },
		{ "'::/0'", "2001:db8::1", true },
		{ "'::/0'", "203.0.113.9", false },
		{ "'2001:db8::/32'", "2001:db8:ffff::1", true },
		{ "'2001:db8::/32'", "2001:db9::1", false },
		{ "'2001:db8::/33'", "2001:db8:8000::1", false },
		{ "'2001:db8::1'", "2001:0DB8:0:0::0001", true },
		{ "'2001:db8::1/128'", "2001:db8::2", false },
		{ "'2001:db8::2/127'", "2001:db8::3", true },
		/* Who comes by IPv4 to a listener of IPv6. */
		{ "'10.0.0.0/8'", "::ffff:10.1.2.3", true },
		{ "'::/0'", "::ffff:10.1.2.3", false },
		{ "'::ffff:10.0.0.0/104'", "10.1.2.3", true },
		{ "['10.0.0.0/8','::1']", "::1", true },
		{ "['10.0.0.0/8','::1']", "::2", false },
		/* The address is not known. */
		{ "['0.0.0.0/0','::/0']", NULL, false },
		{ "['0.0.0.0/0','::/0']", "", false },
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = mem_printf(mem,
		    "{'IpAddress':{'aws:SourceIp':%s}}", rows[i].value);
		cr_expect_eq(holds(text, rows[i].source, false), rows[i].within,
		    "%s, %s", text, rows[i].source);
		text = mem_printf(mem, "{'NotIpAddress':{'aws:SourceIp':%s}}",
		    rows[i].value);
		cr_expect_neq(holds(text, rows[i].source, false),
		    rows[i].within, "%s, %s", text, rows[i].source);
	}
}

Test(policy_condition, times)
{
	/* Whether it is so at a value before, at and after now. */
	static const struct {
		const char *operator;
		bool before, at, after;
	} rows[] = {
		{ "DateLessThan", false, false, true },
		{ "DateLessThanEquals", false, true, true },
		{ "DateGreaterThan", true, false, false },
		{ "DateGreaterThanEquals", true, true, false },
	};
	static const char *const before[] = { "'2026-11-23T09:57:17.411Z'",
		"'2026-11-23T09:57Z'", "'2026-11-23'", "'2026-11'", "'2026'",
		"'1795427837'", "1795427837", "1795427837.411",
		"'2026-11-23T10:57:17+01:00'", "['2026','2025']" };
	static const char *const at[] = { "'2026-11-23T09:57:17.412Z'",
		"'2026-11-23T10:57:17.412+01:00'", "1795427837.412" };
	static const char *const after[] = { "'2026-11-23T09:57:17.413Z'",
		"'2026-11-24'", "'2027'", "'1795427838'", "1795427838" };
	const struct {
		const char *const *texts;
		size_t count;
	} values[] = { { before, sizeof(before) / sizeof(*before) },
		{ at, sizeof(at) / sizeof(*at) },
		{ after, sizeof(after) / sizeof(*after) } };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const bool expected[] = { rows[i].before, rows[i].at,
			rows[i].after };
		for (size_t k = 0; k < 3; k++)
			for (size_t n = 0; n < values[k].count; n++) {
				const char *text = mem_printf(mem,
				    "{'%s':{'aws:CurrentTime':%s}}",
				    rows[i].operator, values[k].texts[n]);
				cr_expect_eq(holds(text, NULL, false),
				    expected[k], "%s", text);
			}
	}
}

Test(policy_condition, transport)
{
	static const struct {
		const char *value;
		bool plain, tls;
	} rows[] = {
		{ "'true'", false, true },
		{ "'false'", true, false },
		{ "'True'", false, true },
		{ "true", false, true },
		{ "false", true, false },
		{ "['true',false]", true, true },
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = mem_printf(mem,
		    "{'Bool':{'aws:SecureTransport':%s}}", rows[i].value);
		cr_expect_eq(holds(text, NULL, false), rows[i].plain, "%s",
		    text);
		cr_expect_eq(holds(text, NULL, true), rows[i].tls, "%s", text);
	}
}

Test(policy_condition, all_must_hold)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "{}", true },
		{ "{'StringEquals':{}}", true },
		{ "{'StringEquals':{'AWS:UserName':'alice'}}", true },
		{ "{'StringLike':{'aws:username':'a*'},'StringNotEquals':"
		  "{'aws:username':'adam'}}",
		    true },
		{ "{'StringLike':{'aws:username':'a*'},'StringNotEquals':"
		  "{'aws:username':'alice'}}",
		    false },
		{ "{'IpAddress':{'aws:SourceIp':'10.0.0.0/8'},'Bool':"
		  "{'aws:SecureTransport':'true'}}",
		    false },
		{ "{'IpAddress':{'aws:SourceIp':'10.0.0.0/8'},'Bool':"
		  "{'aws:SecureTransport':'false'}}",
		    true },
		{ "{'IpAddress':{'aws:SourceIp':'10.0.0.0/8','aws:sourceip':"
		  "'10.1.2.0/24'}}",
		    true },
		{ "{'IpAddress':{'aws:SourceIp':'10.0.0.0/8','aws:sourceip':"
		  "'10.1.3.0/24'}}",
		    false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(holds(rows[i].text, "10.1.2.3", false),
		    rows[i].holds, "%s", rows[i].text);
	const struct policy_question question = { .action = "" };
	cr_assert(policy_condition_holds(NULL, &question));
}

#define AT "policy: Statement 2, Condition"
#define NO_RANGE                                                   \
	", IpAddress, aws:SourceIp must be an address or a range " \
	"of them, as 10.0.0.0/8"
#define NO_TIME                                               \
	", DateLessThan, aws:CurrentTime must be a time, as " \
	"2026-11-23T09:57:17Z"
#define NO_TEXT                                                     \
	", StringLike, aws:username must be a text without policy " \
	"variables"
#define NO_BOOL ", Bool, aws:SecureTransport must be true or false"

static void refuse(const char *text, const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_not(
	    policy_condition_check(mem, parse(mem, text), "Statement 2", &err),
	    "%s", text);
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER, "%s", text);
	cr_expect_str_eq(err.message, message, "%s: %s", text, err.message);
}

Test(policy_condition, refused)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "[]", AT " is not an object of operators" },
		{ "'x'", AT " is not an object of operators" },
		{ "{'StringEquals':'x'}",
		    AT ", StringEquals is not an object of keys" },
		{ "{'StringEqualsIfExists':{'aws:username':'x'}}",
		    AT " has the operator 'StringEqualsIfExists', which is not "
		       "known here" },
		{ "{'stringequals':{'aws:username':'x'}}",
		    AT " has the operator 'stringequals', which is not known "
		       "here" },
		{ "{'ForAnyValue:StringLike':{'aws:username':'x'}}",
		    AT " has the operator 'ForAnyValue:StringLike', which is "
		       "not known here" },
		{ "{'Null':{'aws:username':'true'}}",
		    AT " has the operator 'Null', which is not known here" },
		{ "{'StringEquals':{'aws:PrincipalTag/x':'y'}}",
		    AT ", StringEquals has the key 'aws:PrincipalTag/x', which "
		       "is not known here" },
		{ "{'StringLike':{'aws:SourceIp':'10.*'}}",
		    AT ", StringLike compares aws:username, not "
		       "aws:SourceIp" },
		{ "{'IpAddress':{'aws:username':'10.0.0.0/8'}}",
		    AT ", IpAddress compares aws:SourceIp, not "
		       "aws:username" },
		{ "{'StringLike':{'aws:username':[]}}",
		    AT ", StringLike, aws:username has no value" },
		{ "{'StringLike':{'aws:username':['a',null]}}", AT NO_TEXT },
		{ "{'StringLike':{'aws:username':1}}", AT NO_TEXT },
		{ "{'StringLike':{'aws:username':'${aws:username}'}}",
		    AT NO_TEXT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refuse(rows[i].text, rows[i].message);
}

Test(policy_condition, malformed_values)
{
	static const char *const ranges[] = { "''", "'x'", "'10.0.0'",
		"'10.0.0.256'", "'010.0.0.1'", "'10.0.0.0/'", "'10.0.0.0/33'",
		"'10.0.0.0/08'", "'10.0.0.0/-1'", "'10.0.0.0/8 '",
		"'10.0.0.0/8/8'", "' 10.0.0.0/8'", "'10.0.0.0/255.0.0.0'",
		"'2001:db8::/129'", "'2001:db8::/1000'", "'2001:db8'",
		"'fe80::1%eth0'", "'[::1]'", "10", "['10.0.0.0/8','x']",
		"'1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb'" };
	static const char *const times[] = { "''", "'tomorrow'", "'2026-02-30'",
		"'2026-11-23T09:57:17'", "'2026-13'", "'12'", "-1", "1e300",
		"true", "'123456789012'", "'-1795427837'", "['2026','x']" };
	static const char *const bools[] = { "''", "'yes'", "1", "null", "{}",
		"['true','maybe']" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		refuse(mem_printf(mem, "{'IpAddress':{'aws:SourceIp':%s}}",
		           ranges[i]),
		    AT NO_RANGE);
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		refuse(mem_printf(mem,
		           "{'DateLessThan':{'aws:currenttime':%s}}", times[i]),
		    AT NO_TIME);
	for (size_t i = 0; i < sizeof(bools) / sizeof(*bools); i++)
		refuse(mem_printf(mem, "{'Bool':{'aws:SecureTransport':%s}}",
		           bools[i]),
		    AT NO_BOOL);
}
