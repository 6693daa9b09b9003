/* SPDX-License-Identifier: MIT */
#include "delivery/gateway.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "delivery/gateway_profile.h"
#include "delivery/token.h"
#include "message/gsm.h"
#include "message/html.h"

#define ANSWER_MOST 65536
#define FILL_ROOM   512 /* what a placeholder's text takes, mostly */

static const char *make_token(struct mem *mem, const char *secret)
{
	const char *seed = mem_secret(mem_printf(mem, "receipt %s", secret));

	return mem_text_n(mem, secret_digest(mem, seed), 32);
}

struct gateway *gateway_read(struct mem *mem, const char *path,
    const char *secret, struct err *err)
{
	struct gateway *gateway = mem_secret(mem_make(mem, struct gateway));

	gateway->profile = gateway_profile_read(mem, path, err);
	gateway->secret = secret;
	gateway->token = make_token(mem, secret);
	return gateway->profile ? gateway : NULL;
}

const char *gateway_name(const struct gateway *gateway)
{
	return gateway->profile->name;
}

int64_t gateway_concurrency(const struct gateway *gateway)
{
	return gateway->profile->limits->concurrency.value;
}

int64_t gateway_rate(const struct gateway *gateway)
{
	return gateway->profile->limits->rate.value;
}

int64_t gateway_total_ms(const struct gateway *gateway)
{
	return gateway->profile->limits->total_ms.value;
}

bool gateway_holds_ambiguous(const struct gateway *gateway)
{
	return strcmp(gateway->profile->ambiguous, "hold") == 0;
}

const char *gateway_token(const struct gateway *gateway)
{
	return gateway->token;
}

static void note_answer(void *context, const struct http_answer *answer)
{
	struct err *err = context;

	if (answer->answered)
		err->code = ERR_NONE;
	else
		err_set_detail(err, ERR_PEER, "the gateway does not answer",
		    answer->words);
}

static bool in_header(const struct gateway_finder *finder)
{
	return finder && finder->header;
}

struct http_request gateway_request(const struct gateway *gateway)
{
	const struct gateway_profile *profile = gateway->profile;

	return (struct http_request){
		.connect_ms = profile->limits->connect_ms.value,
		.total_ms = profile->limits->total_ms.value,
		.answer_most = ANSWER_MOST,
		.allow_private = profile->allow_private.value,
		.proxy = profile->proxy,
		.ca_file = profile->ca_file,
		.http2 = str_same(profile->http_version, "2"),
		.wants_headers = in_header(profile->message_id) ||
		                 in_header(profile->error_code) ||
		                 in_header(profile->error_text),
	};
}

/* Scheme, host and port, and nothing that could be a message. */
static const char *origin(struct mem *mem, const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return mem_printf(mem, "%.*s/",
	    (int)(host - url + (long)strcspn(host, "/?#")), url);
}

bool gateway_reachable(struct mem *mem, const struct gateway *gateway,
    struct err *err)
{
	struct http *http = http_new(mem, err);
	struct http_request request = gateway_request(gateway);

	request.method = "GET";
	request.url = origin(mem, gateway->profile->url);
	if (!http)
		return false;
	http_begin(http, &request);
	while (http_running(http))
		http_run(http, 100, note_answer, err);
	return err->code == ERR_NONE;
}

/* The values of one message for the placeholders. */
struct values {
	const struct gateway *gateway;
	const struct delivery *delivery;
	struct gsm_count count;
};

enum position { IN_TEXT, IN_URL, IN_JSON, IN_XML };

static bool is(const char *name, size_t length, const char *word)
{
	return strncmp(name, word, length) == 0 && !word[length];
}

/* A variable that the profile sets by the text's encoding. */
static const char *variable(const struct values *values, const char *name,
    size_t length)
{
	const struct field_list *list = &values->gateway->profile->variables;
	const struct gateway_variable *variables = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (is(name, length, variables[i].name))
			return values->count.encoding == GSM_7BIT
			           ? variables[i].gsm7
			           : variables[i].ucs2;
	return NULL;
}

/* Of the placeholder whose NAME is so long; NULL: there is none. */
static const char *value_of(struct mem *mem, const struct values *values,
    const char *name, size_t length)
{
	const struct delivery *delivery = values->delivery;
	const char *to = delivery->recipient;

	if (is(name, length, "to"))
		return to;
	if (is(name, length, "to_digits"))
		return *to == '+' ? to + 1 : to;
	if (is(name, length, "text"))
		return delivery->text;
	if (is(name, length, "secret"))
		return values->gateway->secret;
	if (is(name, length, "receipt_token"))
		return gateway_token(values->gateway);
	if (is(name, length, "callback_url"))
		return delivery->callback_url ? delivery->callback_url : "";
	if (is(name, length, "message_key"))
		return token_print(mem, delivery->salt, delivery->id);
	if (is(name, length, "parts"))
		return mem_printf(mem, "%d", values->count.parts);
	return variable(values, name, length);
}

static bool is_plain_json(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == '"' ||
		    *value == '\\')
			return false;
	return true;
}

static const char *json_escape(struct mem *mem, const char *value)
{
	if (is_plain_json(value))
		return value;
	cJSON *list = json_list(mem);

	cJSON_AddItemToArray(list, cJSON_CreateString(value));
	const char *quoted = json_print(mem, list);
	return mem_secret(mem_text_n(mem, quoted + 2, strlen(quoted) - 4));
}

static const char *escape(struct mem *mem, enum position position,
    const char *value)
{
	switch (position) {
	case IN_URL:
		return http_escape(mem, value);
	case IN_JSON:
		return json_escape(mem, value);
	case IN_XML:
		return mem_secret(html_escape(mem, value));
	case IN_TEXT:
		break;
	}
	return value;
}

/* FORMAT with its {placeholders} filled; unknown braces stay. */
static const char *fill(struct mem *mem, const struct values *values,
    const char *format, enum position position)
{
	struct str *text;

	if (!strchr(format, '{'))
		return format;
	text = str_new(mem, STR_LIMIT_LARGE);
	str_reserve(text, FILL_ROOM);
	str_secret(text);
	while (*format) {
		size_t plain = strcspn(format, "{");
		str_add_n(text, format, plain);
		format += plain;
		size_t length = *format ? strcspn(format, "}") : 0;
		if (!length)
			break;
		const char *value =
		    value_of(mem, values, format + 1, length - 1);
		if (!value || !format[length]) {
			str_add_char(text, *format++);
			continue;
		}
		str_add(text, escape(mem, position, value));
		format += length + 1;
	}
	return str_take(text);
}

/* What asks for receipts goes when they have no place to come to. */
static bool is_idle(const struct values *values, const char *format)
{
	return !values->delivery->callback_url &&
	       strstr(format, "{callback_url}");
}

/* Adds the pairs of a form or query; FIRST goes before the first of them. */
static void add_pairs(struct mem *mem, const struct values *values,
    const struct field_list *pairs, const char *first, struct str *text)
{
	const struct field_pair *items = pairs->items;

	for (size_t i = 0; i < pairs->count; i++) {
		const char *value = fill(mem, values, items[i].value, IN_TEXT);
		/* A conditional pair that is empty is left out. */
		if (!*value || is_idle(values, items[i].value))
			continue;
		str_addf(text, "%s%s=%s", first,
		    http_escape(mem, items[i].name), http_escape(mem, value));
		first = "&";
	}
}

static const char *form_body(struct mem *mem, const struct values *values,
    const struct field_list *pairs)
{
	struct str *body = str_new(mem, STR_LIMIT_LARGE);

	str_secret(body);
	add_pairs(mem, values, pairs, "", body);
	return str_take(body);
}

static const char *make_url(struct mem *mem, const struct values *values)
{
	const struct gateway_profile *profile = values->gateway->profile;
	const char *path = fill(mem, values, profile->url, IN_URL);

	if (!profile->query.count)
		return path;
	struct str *url = str_new(mem, STR_LIMIT_LARGE);
	str_secret(url);
	str_add(url, path);
	add_pairs(mem, values, &profile->query,
	    strchr(profile->url, '?') ? "&" : "?", url);
	return str_take(url);
}

/* TYPE gets the header that tells of it. */
static const char *make_body(struct mem *mem, const struct values *values,
    const char **type)
{
	const struct gateway_profile *profile = values->gateway->profile;

	if (profile->form.count) {
		*type = "Content-Type: application/x-www-form-urlencoded";
		return form_body(mem, values, &profile->form);
	}
	if (profile->json) {
		*type = "Content-Type: application/json";
		return fill(mem, values,
		    values->delivery->callback_url ? profile->json
		                                   : profile->json_idle,
		    IN_JSON);
	}
	*type = profile->content_type
	            ? mem_printf(mem, "Content-Type: %s", profile->content_type)
	            : "Content-Type: text/plain; charset=UTF-8";
	return fill(mem, values, profile->raw ? profile->raw : "",
	    str_same(profile->raw_escape, "json")  ? IN_JSON
	    : str_same(profile->raw_escape, "xml") ? IN_XML
	                                           : IN_TEXT);
}

static const char *const *make_headers(struct mem *mem,
    const struct values *values, const char *type)
{
	const struct field_list *list = &values->gateway->profile->headers;
	const struct field_pair *pairs = list->items;
	const struct gateway_idempotency *idempotency =
	    values->gateway->profile->idempotency;
	const struct gateway *gateway = values->gateway;
	const char **headers = mem_array(mem, const char *, list->count + 4);
	size_t count = 0;

	if (type)
		headers[count++] = type;
	if (*gateway->access_token)
		headers[count++] = mem_secret(mem_printf(mem,
		    "Authorization: Bearer %s", gateway->access_token));
	if (idempotency && idempotency->header)
		headers[count++] =
		    mem_printf(mem, "%s: %s", idempotency->header,
		        token_print(mem, values->delivery->salt,
		            values->delivery->id));
	for (size_t i = 0; i < list->count; i++) {
		char *value = mem_secret(
		    mem_text(mem, fill(mem, values, pairs[i].value, IN_TEXT)));
		for (char *at = value; (at = strpbrk(at, "\r\n")); at++)
			*at = ' ';
		headers[count++] =
		    mem_secret(mem_printf(mem, "%s: %s", pairs[i].name, value));
	}
	return headers;
}

static bool fits(const struct gateway *gateway, const struct gsm_count *count,
    struct delivery *delivery)
{
	const struct gateway_profile *profile = gateway->profile;
	char words[96];

	if (count->encoding != GSM_7BIT &&
	    str_same(profile->not_gsm, "refuse")) {
		delivery_tell(delivery, DELIVERY_REFUSED, 0, NULL,
		    "not in the GSM 7-bit alphabet, which the gateway's "
		    "profile demands");
		return false;
	}
	if (count->parts <= profile->limits->parts.value)
		return true;
	snprintf(words, sizeof(words),
	    "%d parts; the gateway's profile allows %" PRId64, count->parts,
	    profile->limits->parts.value);
	delivery_tell(delivery, DELIVERY_REFUSED, 0, NULL, words);
	return false;
}

static void sign(struct mem *mem, const struct gateway_auth *auth,
    struct http_request *request)
{
	if (!auth || !auth->aws_sigv4)
		return;
	request->user = auth->aws_sigv4->access_key;
	request->sigv4 = mem_printf(mem, "aws:amz:%s:%s",
	    auth->aws_sigv4->region, auth->aws_sigv4->service);
}

bool gateway_ask(struct mem *mem, const struct gateway *gateway,
    struct delivery *delivery, struct http_request *request)
{
	const struct gateway_profile *profile = gateway->profile;
	struct values values = { .gateway = gateway, .delivery = delivery };
	bool post = strcmp(profile->method, "POST") == 0;
	const char *type = NULL;

	gsm_count(delivery->text, &values.count);
	if (!fits(gateway, &values.count, delivery))
		return false;
	*request = gateway_request(gateway);
	request->method = profile->method;
	request->url = make_url(mem, &values);
	request->body = post ? make_body(mem, &values, &type) : NULL;
	request->headers = make_headers(mem, &values, type);
	request->user = profile->user;
	request->password = gateway->secret;
	sign(mem, profile->auth, request);
	return true;
}
