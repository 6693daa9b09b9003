/* SPDX-License-Identifier: MIT */
#include "delivery/text.h"

#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/str.h"
#include "delivery/gateway.h"
#include "delivery/gateway_judge.h"
#include "delivery/gateway_login.h"
#include "delivery/http.h"
#include "delivery/token.h"

#define BATCH_MOST 200
#define WAIT_MS    100

#define ERRAND_ROOM ((size_t)6 * 1024) /* for what a request is made of */

struct text_lane {
	struct http *http;
	const struct config *config;
	struct gateway *gateway;
	int64_t concurrency;
	int64_t starting_ms; /* of a batch, in which requests may begin */
};

/* One batch on its way. */
struct batch {
	struct text_lane *lane;
	struct carrier_sink *sink;
	struct mem *mem;
	bool ended; /* nothing more is begun */
};

static struct gateway *read_gateway(struct mem *mem,
    const struct config *config, struct err *err)
{
	const char *secret =
	    config_secret(mem, config->gateway_password_file, err);

	if (!secret)
		return NULL;
	if (!*config->gateway_file) {
		err_set(err, ERR_CONFIG,
		    "gateway_file: not set; without a gateway no SMS can go");
		return NULL;
	}
	return gateway_read(mem, config->gateway_file, secret, err);
}

bool text_check_public_url(const char *url, struct err *err)
{
	size_t scheme = str_starts(url, "https://")  ? strlen("https://")
	                : str_starts(url, "http://") ? strlen("http://")
	                                             : 0;
	size_t length = strlen(url);

	if (!*url || (scheme && length > scheme && url[scheme] != '/' &&
	                 url[length - 1] != '/' &&
	                 strcspn(url, " \"#<>?\\{}\t\r\n") == length))
		return true;
	return err_set(err, ERR_CONFIG,
	    "public_url: '%.100s' is not an address as "
	    "https://usher.example.org, without a slash at its end",
	    url);
}

static void *text_open(struct mem *mem, const struct engine *engine,
    struct err *err)
{
	struct text_lane *lane = mem_make(mem, struct text_lane);
	const struct config *config = engine->config;

	if (!text_check_public_url(config->public_url, err))
		return NULL;
	lane->config = config;
	lane->gateway = read_gateway(mem, config, err);
	lane->http = lane->gateway ? http_new(mem, err) : NULL;
	if (!lane->http)
		return NULL;
	/* The last request must end while its message is still ours. */
	lane->starting_ms =
	    config->lease_seconds * 850 - gateway_total_ms(lane->gateway);
	if (lane->starting_ms <= 0) {
		err_set(err, ERR_CONFIG,
		    "lease_seconds: must be longer than the gateway's "
		    "limits.total_ms");
		return NULL;
	}
	lane->concurrency = gateway_concurrency(lane->gateway);
	if (lane->concurrency > config->text_concurrency)
		lane->concurrency = config->text_concurrency;
	return lane;
}

/* A message on its way: what its request is made of goes when it is told. */
struct errand {
	struct mem *mem;
	struct delivery *delivery;
};

static void tell(struct batch *batch, struct delivery *delivery)
{
	if (delivery_ends_batch(delivery->outcome.class))
		batch->ended = true;
	if (!batch->sink->told(batch->sink, delivery))
		batch->ended = true;
}

static void done(void *context, const struct http_answer *answer)
{
	struct batch *batch = context;
	struct errand *errand = answer->owner;

	gateway_judge(errand->mem, batch->lane->gateway, answer,
	    errand->delivery);
	tell(batch, errand->delivery);
	errand->delivery->callback_url = NULL;
	mem_free(errand->mem);
}

static void begin(struct batch *batch, struct delivery *delivery)
{
	struct mem *mem = mem_new_room(batch->mem, ERRAND_ROOM);
	struct errand *errand = mem_make(mem, struct errand);
	struct http_request request;
	const char *public_url = batch->lane->config->public_url;

	*errand = (struct errand){ mem, delivery };
	if (*public_url)
		delivery->callback_url = mem_printf(mem, "%s/receipt/%s?key=%s",
		    public_url, gateway_name(batch->lane->gateway),
		    token_print(mem, delivery->salt, delivery->id));
	if (gateway_ask(mem, batch->lane->gateway, delivery, &request)) {
		request.owner = errand;
		http_begin(batch->lane->http, &request);
		return;
	}
	tell(batch, delivery);
	delivery->callback_url = NULL;
	mem_free(mem);
}

/* Without what the gateway wants to see, nothing can go. */
static bool login(struct batch *batch, struct delivery *first)
{
	struct err err = { 0 };

	if (gateway_login(batch->mem, batch->lane->gateway, &err))
		return true;
	delivery_tell(first, DELIVERY_LANE_FAULT, 0, NULL, err.message);
	tell(batch, first);
	return false;
}

/* libcurl's time-outs count from when it gets a request, so it is never
 * given more than it may start. */
static void text_send(void *state, struct delivery *const *deliveries,
    size_t count, struct carrier_sink *sink)
{
	MEM_AUTO mem = mem_new(NULL);
	struct text_lane *lane = state;
	struct batch batch = { .lane = lane, .sink = sink, .mem = mem };
	int64_t end_ms = clock_steady_ms() + lane->starting_ms;
	size_t next = 0;

	if (!login(&batch, deliveries[0]) || clock_steady_ms() > end_ms)
		return;
	while (http_running(lane->http) || (next < count && !batch.ended)) {
		while (next < count && !batch.ended &&
		       http_running(lane->http) < sink->sessions)
			begin(&batch, deliveries[next++]);
		if (http_running(lane->http))
			http_run(lane->http, WAIT_MS, done, &batch);
		if (!sink->idle(sink) || clock_steady_ms() > end_ms)
			batch.ended = true;
	}
}

static struct gate_limits text_limits(const void *state)
{
	const struct text_lane *lane = state;

	return (struct gate_limits){ (int)lane->concurrency, BATCH_MOST,
		gateway_rate(lane->gateway) };
}

static bool text_holds_ambiguous(const void *state)
{
	const struct text_lane *lane = state;

	return gateway_holds_ambiguous(lane->gateway);
}

const struct carrier text_carrier = {
	.name = "http",
	.medium = "SMS",
	.open = text_open,
	.limits = text_limits,
	.holds_ambiguous = text_holds_ambiguous,
	.send = text_send,
};
