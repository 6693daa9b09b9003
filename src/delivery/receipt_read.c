/* SPDX-License-Identifier: MIT */
#include "delivery/receipt_read.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/pattern.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/utf8.h"
#include "delivery/gateway.h"
#include "delivery/gateway_profile.h"

#define LIST_MOST  1000
#define NAME_MOST  128
#define WORDS_MOST 255
#define FORM       "application/x-www-form-urlencoded"

/* One call. */
struct reading {
	struct mem *mem;
	const struct gateway_receipt *receipt;
	const struct receipt_request *request;
	const cJSON *json; /* NULL: the body is none */
};

/* The LENGTH bytes of an encoded TEXT up to a NUL, which ends it. */
static const char *decode(struct mem *mem, const char *text, size_t length)
{
	char *plain = mem_alloc(mem, length + 1);
	char *end = plain;

	for (size_t i = 0; i < length; i++, end++) {
		int high = text[i] == '%' ? str_hex_digit(text[i + 1]) : -1;
		int low = high < 0 ? -1 : str_hex_digit(text[i + 2]);
		*end = text[i];
		if (*end == '+')
			*end = ' ';
		if (low < 0)
			continue;
		*end = (char)(high * 16 + low);
		i += 2;
	}
	return plain;
}

/* The value of the first field NAME of a query or form, or NULL. */
static const char *field_of(struct mem *mem, const char *form, const char *name)
{
	while (form && *form) {
		size_t length = strcspn(form, "&");
		size_t key = strcspn(form, "=&");
		if (form[key] == '=' &&
		    strcmp(decode(mem, form, key), name) == 0)
			return decode(mem, form + key + 1, length - key - 1);
		form += length + (form[length] == '&');
	}
	return NULL;
}

static bool has_form(const struct receipt_request *request)
{
	return request->content_type &&
	       strncasecmp(request->content_type, FORM, strlen(FORM)) == 0;
}

static const char *query_of(struct mem *mem,
    const struct receipt_request *request, const char *name)
{
	const char *value = field_of(mem, request->query, name);

	return value || !has_form(request) ? value
	                                   : field_of(mem, request->body, name);
}

/* The first way of the finder that finds something; NULL: none, or empty. */
static const char *find(const struct reading *reading,
    const struct gateway_finder *finder, const cJSON *item, size_t most)
{
	const struct receipt_request *request = reading->request;
	struct err err = { 0 };
	const char *found = NULL;

	if (!finder)
		return NULL;
	if (finder->query)
		found = query_of(reading->mem, request, finder->query);
	if (!found && finder->pointer && item)
		found = json_word(reading->mem, item, finder->pointer);
	if (!found && finder->match && request->body)
		found = pattern_capture(reading->mem, finder->match,
		    request->body, &err);
	return found && *found ? utf8_clean(reading->mem, found, most) : NULL;
}

static enum receipt_state state_of(const struct gateway_receipt *receipt,
    const char *status)
{
	static const char *const names[] = { "delivered", "failed", "delayed" };
	const struct field_pair *pairs = receipt->statuses.items;

	for (size_t i = 0; i < receipt->statuses.count; i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++)
			if (strcmp(pairs[i].name, status) == 0 &&
			    strcmp(pairs[i].value, names[j]) == 0)
				return (enum receipt_state)j;
	return RECEIPT_IGNORED;
}

/* Adds the report ITEM, unless it lacks what a report must have. */
static void take(const struct reading *reading, const cJSON *item,
    struct receipt_list *out)
{
	const struct gateway_receipt *receipt = reading->receipt;
	const char *status = find(reading, receipt->status, item, NAME_MOST);
	const char *text = find(reading, receipt->text, item, WORDS_MOST);
	struct receipt report = {
		.message_key = find(reading, receipt->key, item, NAME_MOST),
		.remote_id = find(reading, receipt->id, item, NAME_MOST),
		.code = find(reading, receipt->code, item, NAME_MOST),
		.words = text ? text : status,
	};

	if (!status || (!report.message_key && !report.remote_id))
		return;
	report.state = state_of(receipt, status);
	out->items[out->count++] = report;
}

static void take_all(const struct reading *reading, const cJSON *list,
    struct receipt_list *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (out->count < LIST_MOST)
			take(reading, item, out);
	}
}

bool receipt_read(struct mem *mem, const struct gateway *gateway,
    const struct receipt_request *request, struct receipt_list *out,
    struct err *err)
{
	const struct gateway_receipt *receipt = gateway->profile->receipt;
	struct reading reading = { mem, receipt, request, NULL };
	struct err unread = { 0 };

	*out = (struct receipt_list){ 0 };
	if (!receipt)
		return err_set(err, ERR_INVALID_PARAMETER,
		    "the gateway's profile has no receipt");
	if (request->body && !has_form(request))
		reading.json = json_read(mem, request->body, &unread);
	out->items = mem_array(mem, struct receipt, LIST_MOST);
	if (!receipt->list)
		take(&reading, reading.json, out);
	else if (reading.json)
		take_all(&reading, json_at(reading.json, receipt->list), out);
	return out->count || err_set(err, ERR_INVALID_PARAMETER,
	                         "no receipt that names its message and its "
	                         "status");
}

bool receipt_asks_secret(const struct gateway *gateway)
{
	const struct gateway_receipt *receipt = gateway->profile->receipt;

	return receipt && receipt->secret;
}

bool receipt_authentic(const struct gateway *gateway,
    const struct receipt_request *request)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct gateway_receipt *receipt = gateway->profile->receipt;
	const struct gateway_finder *secret = receipt ? receipt->secret : NULL;
	const char *given = NULL;

	if (!secret)
		return true;
	if (secret->query)
		given = query_of(mem, request, secret->query);
	if (!given && secret->header)
		given = http_header(request->headers, secret->header);
	/* Without a password the token could be made by anyone. */
	return given && *gateway->secret &&
	       secret_same(given, gateway_token(gateway));
}
