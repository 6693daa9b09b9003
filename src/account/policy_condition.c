/* SPDX-License-Identifier: MIT */
#include "account/policy_condition.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/glob.h"

#define ADDRESS_BYTES 16
#define V4_PREFIX     96 /* bits in front of an IPv4 address in IPv6 */

/* Addresses that begin with the same bits. */
struct range {
	unsigned char bytes[ADDRESS_BYTES]; /* IPv4 as ::ffff:a.b.c.d */
	int bits;
};

static const unsigned char v4_prefix[ADDRESS_BYTES] = { [10] = 0xff, 0xff };

static bool same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
	unsigned mask = 0xff00U >> (bits % 8);
	int whole = bits / 8;

	return memcmp(a, b, (size_t)whole) == 0 &&
	       (bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask & 0xffU) == 0);
}

static bool is_v4(const struct range *range)
{
	return range->bits >= V4_PREFIX &&
	       same_bits(range->bytes, v4_prefix, V4_PREFIX);
}

/* One address, in text of its own or in front of the '/' of a range. */
static bool read_address(const char *text, size_t length, struct range *range)
{
	char copy[INET6_ADDRSTRLEN] = "";

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	memcpy(range->bytes, v4_prefix, ADDRESS_BYTES);
	range->bits = ADDRESS_BYTES * 8;
	return inet_pton(AF_INET, copy, range->bytes + V4_PREFIX / 8) == 1 ||
	       inet_pton(AF_INET6, copy, range->bytes) == 1;
}

/* "10.0.0.0/8", "2001:db8::/32", or one address. */
static bool read_range(const char *text, struct range *range)
{
	size_t length = strcspn(text, "/");
	const char *digits = text + length + 1;

	if (!read_address(text, length, range))
		return false;
	if (!text[length])
		return true;
	size_t count = strspn(digits, "0123456789");
	if (!count || count > 3 || digits[count] ||
	    (digits[0] == '0' && count > 1))
		return false;
	int bits = (int)strtol(digits, NULL, 10);
	if (!memchr(text, ':', length))
		bits += V4_PREFIX;
	range->bits = bits;
	return bits <= ADDRESS_BYTES * 8;
}

/* Unix time in seconds, as a number or in digits, or ISO 8601. */
static bool read_time(const cJSON *value, int64_t *time_ms)
{
	static const double most_s = 1e11;

	if (cJSON_IsNumber(value)) {
		double seconds = value->valuedouble;
		if (seconds < 0 || seconds >= most_s)
			return false;
		*time_ms = (int64_t)(seconds * 1000 + 0.5);
		return true;
	}
	if (!cJSON_IsString(value))
		return false;
	const char *text = value->valuestring;
	size_t length = strlen(text);
	/* Four digits are a year. */
	if (length > 4 && length < 12 && strspn(text, "0123456789") == length) {
		*time_ms = strtoll(text, NULL, 10) * 1000;
		return true;
	}
	return clock_read(text, time_ms);
}

static bool is_word(const cJSON *value, const char *word)
{
	return cJSON_IsString(value) &&
	       strcasecmp(value->valuestring, word) == 0;
}

static bool is_text(const cJSON *value)
{
	return cJSON_IsString(value) && !strstr(value->valuestring, "${");
}

static bool is_range(const cJSON *value)
{
	struct range range;

	return cJSON_IsString(value) && read_range(value->valuestring, &range);
}

static bool is_time(const cJSON *value)
{
	int64_t time_ms;

	return read_time(value, &time_ms);
}

static bool is_bool(const cJSON *value)
{
	return cJSON_IsBool(value) || is_word(value, "true") ||
	       is_word(value, "false");
}

static bool user_is(const cJSON *value, const struct policy_question *question)
{
	return question->user_name &&
	       strcmp(value->valuestring, question->user_name) == 0;
}

static bool user_is_like(const cJSON *value,
    const struct policy_question *question)
{
	return question->user_name &&
	       glob_matches(value->valuestring, question->user_name, false);
}

/* A range of IPv6, be it all of it, has no address of IPv4. */
static bool source_is_in(const cJSON *value,
    const struct policy_question *question)
{
	const char *source = question->source_ip;
	struct range range;
	struct range from;

	return source && read_address(source, strlen(source), &from) &&
	       read_range(value->valuestring, &range) &&
	       is_v4(&from) == is_v4(&range) &&
	       same_bits(from.bytes, range.bytes, range.bits);
}

/* Below, at or above 0 when it is now before, at or after VALUE. */
static int64_t since(const cJSON *value, const struct policy_question *question)
{
	int64_t time_ms = 0;

	read_time(value, &time_ms);
	return question->now_ms - time_ms;
}

static bool is_before(const cJSON *value,
    const struct policy_question *question)
{
	return since(value, question) < 0;
}

static bool is_not_after(const cJSON *value,
    const struct policy_question *question)
{
	return since(value, question) <= 0;
}

static bool is_after(const cJSON *value, const struct policy_question *question)
{
	return since(value, question) > 0;
}

static bool is_not_before(const cJSON *value,
    const struct policy_question *question)
{
	return since(value, question) >= 0;
}

static bool is_as_secure(const cJSON *value,
    const struct policy_question *question)
{
	return (cJSON_IsTrue(value) || is_word(value, "true")) ==
	       question->secure;
}

/* What a value must be. */
static const struct kind {
	const char *words;
	bool (*check)(const cJSON *value);
} text_kind = { "a text without policy variables", is_text },
  range_kind = { "an address or a range of them, as 10.0.0.0/8", is_range },
  time_kind = { "a time, as 2026-11-23T09:57:17Z", is_time },
  bool_kind = { "true or false", is_bool };

static const struct operator
{
	const char *name;
	const char *key; /* that it compares; in any case */
	const struct kind *kind;
	bool negated; /* holds when no value matches */
	bool (*matches)(const cJSON *value,
	    const struct policy_question *question);
}
operators[] = {
	{ "StringEquals", "aws:username", &text_kind, false, user_is },
	{ "StringNotEquals", "aws:username", &text_kind, true, user_is },
	{ "StringLike", "aws:username", &text_kind, false, user_is_like },
	{ "StringNotLike", "aws:username", &text_kind, true, user_is_like },
	{ "IpAddress", "aws:SourceIp", &range_kind, false, source_is_in },
	{ "NotIpAddress", "aws:SourceIp", &range_kind, true, source_is_in },
	{ "DateLessThan", "aws:CurrentTime", &time_kind, false, is_before },
	{ "DateLessThanEquals", "aws:CurrentTime", &time_kind, false,
	    is_not_after },
	{ "DateGreaterThan", "aws:CurrentTime", &time_kind, false, is_after },
	{ "DateGreaterThanEquals", "aws:CurrentTime", &time_kind, false,
	    is_not_before },
	{ "Bool", "aws:SecureTransport", &bool_kind, false, is_as_secure },
};

#define OPERATORS (sizeof(operators) / sizeof(*operators))

static const struct operator* find(const char *name)
{
	for (size_t i = 0; i < OPERATORS; i++)
		if (strcmp(operators[i].name, name) == 0)
			return &operators[i];
	return NULL;
}

static bool is_key(const char *name)
{
	for (size_t i = 0; i < OPERATORS; i++)
		if (strcasecmp(operators[i].key, name) == 0)
			return true;
	return false;
}

static bool refuse(struct err *err, const char *place, const char *rule)
{
	return err_set(err, ERR_INVALID_PARAMETER, "policy: %s %s", place,
	    rule);
}

static bool check_values(const struct operator* operator, const cJSON * values,
    const char *place, struct err *err)
{
	const cJSON *value = cJSON_IsArray(values) ? values->child : values;

	if (!value)
		return refuse(err, place, "has no value");
	for (; value; value = cJSON_IsArray(values) ? value->next : NULL)
		if (!operator->kind->check(value))
			return err_set(err, ERR_INVALID_PARAMETER,
			    "policy: %s must be %s",
			    place, operator->kind->words);
	return true;
}

static bool check_key(struct mem *mem, const struct operator* operator,
    const cJSON * values, const char *place, struct err *err)
{
	if (!is_key(values->string))
		return refuse(err, place,
		    mem_printf(mem,
		        "has the key '%.60s', which is not known "
		        "here",
		        values->string));
	if (strcasecmp(operator->key, values->string) != 0)
		return refuse(err, place,
		    mem_printf(mem, "compares %s, not %.60s", operator->key,
		        values->string));
	return check_values(operator, values,
	    mem_printf(mem, "%s, %s", place, operator->key), err);
}

static bool check_operator(struct mem *mem, const cJSON *block,
    const char *place, struct err *err)
{
	const struct operator* operator= find(block->string);
	const cJSON *values;

	if (!operator)
		return refuse(err, place,
		    mem_printf(mem,
		        "has the operator '%.60s', which is not "
		        "known here",
		        block->string));
	place = mem_printf(mem, "%s, %s", place, operator->name);
	if (!cJSON_IsObject(block))
		return refuse(err, place, "is not an object of keys");
	cJSON_ArrayForEach(values, block)
	{
		if (!check_key(mem, operator, values, place, err))
			return false;
	}
	return true;
}

bool policy_condition_check(struct mem *mem, const cJSON *condition,
    const char *place, struct err *err)
{
	const cJSON *block;

	place = mem_printf(mem, "%s, Condition", place);
	if (!cJSON_IsObject(condition))
		return refuse(err, place, "is not an object of operators");
	cJSON_ArrayForEach(block, condition)
	{
		if (!check_operator(mem, block, place, err))
			return false;
	}
	return true;
}

static bool any_matches(const struct operator* operator, const cJSON * values,
    const struct policy_question *question)
{
	const cJSON *value = cJSON_IsArray(values) ? values->child : values;

	for (; value; value = cJSON_IsArray(values) ? value->next : NULL)
		if (operator->matches(value, question))
			return true;
	return false;
}

bool policy_condition_holds(const cJSON *condition,
    const struct policy_question *question)
{
	const cJSON *block;
	const cJSON *values;

	cJSON_ArrayForEach(block, condition)
	{
		const struct operator* operator= find(block->string);
		cJSON_ArrayForEach(values, block)
		{
			if (any_matches(operator, values, question) ==
			    operator->negated)
				return false;
		}
	}
	return true;
}
