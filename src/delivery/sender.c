/* SPDX-License-Identifier: MIT */
#include "delivery/sender.h"

#include <string.h>

#include "account/hook.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "delivery/http.h"
#include "message/html.h"

#define AT_A_TIME   8
#define WAIT_MS     100
#define ANSWER_MOST ((size_t)1024 * 1024)

/* Who did not answer is not asked for so long: others of the lane wait. */
#define SILENCE_MS 10000

struct sender {
	const struct hooks *hooks;
	struct http *http;
	int64_t *silent_until_ms; /* of each hook; steady clock */
};

/* One batch on its way. */
struct batch {
	struct sender *sender;
	struct carrier_sink *sink;
	struct mem *mem;
	bool ended; /* nothing more is begun */
};

struct sender *sender_new(struct mem *mem, const struct engine *engine,
    struct err *err)
{
	struct sender *sender = mem_make(mem, struct sender);

	sender->hooks = engine->hooks;
	sender->silent_until_ms = mem_array(mem, int64_t,
	    engine->hooks ? engine->hooks->list.count : 0);
	sender->http = http_new(mem, err);
	return sender->http ? sender : NULL;
}

char *sender_body(struct mem *mem, struct delivery *delivery, struct err *err)
{
	cJSON *json = json_read(mem, delivery->event, err);

	if (!json)
		return NULL;
	if (delivery->password) {
		const char *code =
		    secret_base64(mem, html_escape(mem, delivery->password));
		cJSON_ReplaceItemInObjectCaseSensitive(
		    cJSON_GetObjectItemCaseSensitive(json, "request"), "code",
		    cJSON_CreateString(code));
		delivery->carrier_secret = code;
	}
	return mem_secret(json_print(mem, json));
}

static void tell(struct batch *batch, struct delivery *delivery)
{
	if (!batch->sink->told(batch->sink, delivery))
		batch->ended = true;
}

static void retry(struct batch *batch, struct delivery *delivery, int status,
    const char *words)
{
	delivery_tell(delivery, DELIVERY_RETRY, status, NULL, words);
	tell(batch, delivery);
}

/* Until when HOOK is not asked. */
static int64_t *silence(const struct sender *sender, const struct hook *hook)
{
	const struct hook *first = sender->hooks->list.items;

	return &sender->silent_until_ms[hook - first];
}

/* Why it may not go to HOOK, or NULL. */
static const char *why_not(const struct batch *batch, const struct hook *hook)
{
	if (!hook)
		return "trigger_file does not name the custom sender";
	if (!hook_keeps_secrets(hook))
		return "a custom sender's url must be https, or this host";
	if (clock_steady_ms() < *silence(batch->sender, hook))
		return "the custom sender did not answer for another message";
	return NULL;
}

static void begin(struct batch *batch, struct delivery *delivery)
{
	struct mem *mem = batch->mem;
	const struct hook *hook =
	    hook_find(batch->sender->hooks, delivery->template.sender);
	const char *why = why_not(batch, hook);
	struct err err = { 0 };

	if (why) {
		retry(batch, delivery, 0, why);
		return;
	}
	char *body = sender_body(mem, delivery, &err);
	if (!body) {
		delivery_tell(delivery, DELIVERY_REFUSED, 0, NULL, err.message);
		tell(batch, delivery);
		return;
	}
	const char **headers = mem_array(mem, const char *, 3);
	headers[0] = "Content-Type: application/json";
	headers[1] = hook_signature(mem, hook, body, clock_now_ms() / 1000);
	const struct http_request request = { .method = "POST",
		.url = hook->url,
		.headers = headers,
		.wants_headers = true,
		.body = body,
		.ca_file = hook->ca_file,
		.connect_ms = HOOK_TRY_MS,
		.total_ms = HOOK_TRY_MS,
		.answer_most = ANSWER_MOST,
		.allow_private = hook->allow_private.value,
		.owner = delivery };
	http_begin(batch->sender->http, &request);
}

static void done(void *context, const struct http_answer *answer)
{
	struct batch *batch = context;
	struct delivery *delivery = answer->owner;
	struct mem *mem = batch->mem;
	struct err err = { 0 };
	const cJSON *json = json_read(mem, answer->body, &err);
	/* As in trigger_judge(): emulators of Lambda lack the header. */
	const char *error = json_text(json, "/errorMessage");
	bool good = answer->status / 100 == 2 && !error &&
	            !http_header(answer->headers, "X-Amz-Function-Error");

	delivery->outcome.took_ms = answer->took_ms;
	if (!answer->answered) {
		const struct hook *hook =
		    hook_find(batch->sender->hooks, delivery->template.sender);
		*silence(batch->sender, hook) = clock_steady_ms() + SILENCE_MS;
		retry(batch, delivery, answer->status, answer->words);
		return;
	}
	const char *words = mem_printf(mem, "HTTP %d%s%s", answer->status,
	    error ? ": " : "", error ? error : "");
	if (good) {
		delivery_tell(delivery, DELIVERY_ACCEPTED, answer->status, NULL,
		    words);
		tell(batch, delivery);
		return;
	}
	delivery->outcome.retry_after_ms = answer->retry_after_s * 1000;
	retry(batch, delivery, answer->status, words);
}

void sender_send(struct sender *sender, struct delivery *const *deliveries,
    size_t count, struct carrier_sink *sink, int64_t end_ms)
{
	MEM_AUTO mem = mem_new(NULL);
	struct batch batch = { .sender = sender, .sink = sink, .mem = mem };
	size_t next = 0;

	while (http_running(sender->http) || (next < count && !batch.ended)) {
		if (clock_steady_ms() > end_ms)
			batch.ended = true;
		while (next < count && !batch.ended &&
		       http_running(sender->http) < AT_A_TIME)
			begin(&batch, deliveries[next++]);
		if (http_running(sender->http))
			http_run(sender->http, WAIT_MS, done, &batch);
		if (!sink->idle(sink))
			batch.ended = true;
	}
}
