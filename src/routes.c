/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <assert.h>
#include <linux/sched.h>
#include <linux/sched/types.h> /* some have what sched.h has, too */
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/endpoint.h"
#include "api/hash_memory.h"
#include "api/listener.h"
#include "api/throttle.h"
#include "api/workers.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "db/db.h"
#include "db/migrate.h"
#include "delivery/gateway.h"
#include "delivery/lane.h"
#include "delivery/metrics.h"
#include "delivery/receipt.h"

#define BODY_MOST        ((size_t)1024 * 1024)
#define WAIT_MOST        4096 /* requests that may wait for a thread */
#define CREATORS         2
#define CREATIONS_MOST   256 /* in one commit */
#define HASHERS_MOST     64
#define HASHERS_NICE     10
#define HASHERS_SLICE_NS 100000000 /* the longest that Linux takes */
#define READERS          1
#define READS_MOST       64 /* of users, in one question */
#define PEM_MOST         ((size_t)256 * 1024)
#define TAG              "http"

/* After a failed connection there are so many times its duration without. */
#define REST_PARTS 3

/* What all threads share. */
struct routes {
	const struct engine *engine;
	const struct config *config;
	struct board *board;
	struct mem *mem;
	const struct gateway *gateway; /* NULL: none */
	struct throttle *throttle;
	struct workers *workers;
	struct workers *creators;       /* of users, many in one commit */
	struct workers *hashers;        /* of passwords, one for each CPU */
	struct workers *readers;        /* of users, many in one question */
	_Atomic int64_t rests_until_ms; /* steady clock: no connection before */
};

/* What one thread works with. */
struct desk {
	struct routes *routes;
	struct mem *mem;
	struct db *db; /* NULL until it could be opened */
	struct endpoint *endpoint;
};

static void say(struct mem *mem, struct listener_answer *answer, int status,
    const char *message)
{
	cJSON *json = json_object(mem);

	json_add(json, "message", message);
	answer->status = status;
	answer->body = json_print(mem, json);
}

/* The database may be away when usherd starts, and later. */
static bool reach(struct desk *desk, struct work *work)
{
	struct mem *own = desk->db ? NULL : mem_new(desk->mem);

	if (own)
		desk->db = db_open(own, desk->routes->config->database,
		    "usher http", &work->err);
	if (own && !desk->db)
		mem_free(own);
	work->db = desk->db;
	return work->db && db_renew(work);
}

/* Others wait while a connection is tried: if that takes long, it is not for
 * every request. */
static bool open_work(struct desk *desk, struct mem *mem, struct work *work)
{
	int64_t now_ms = clock_steady_ms();

	*work = (struct work){ .mem = mem, .tag = TAG };
	if (now_ms < desk->routes->rests_until_ms)
		return false;
	if (reach(desk, work)) {
		desk->routes->rests_until_ms = 0;
		return true;
	}
	int64_t end_ms = clock_steady_ms();
	desk->routes->rests_until_ms = end_ms + REST_PARTS * (end_ms - now_ms);
	return false;
}

static void unavailable(const struct work *work, struct listener_answer *answer)
{
	const char *why =
	    *work->err.detail ? work->err.detail : work->err.message;

	if (*why)
		log_warning(TAG, "cannot answer", "error", why);
	say(work->mem, answer, 503, "the database cannot be reached");
}

static void answer_ready(struct desk *desk, struct listener_exchange *exchange)
{
	struct work work;

	if (!open_work(desk, exchange->mem, &work) || !migrate_check(&work))
		unavailable(&work, &exchange->answer);
	else
		say(exchange->mem, &exchange->answer, 200, "ready");
}

static void answer_metrics(struct desk *desk,
    struct listener_exchange *exchange)
{
	struct listener_answer *answer = &exchange->answer;
	struct work work;

	if (!open_work(desk, exchange->mem, &work))
		work.db = NULL;
	answer->status = 200;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	answer->body = metrics_print(&work, desk->routes->board);
	if (work.err.code)
		log_warning(TAG, "metrics lack the queue", "error",
		    work.err.detail);
}

static void refuse_receipt(struct routes *routes, const char *why)
{
	routes->board->receipts_refused++;
	log_warning(TAG, "a receipt is refused", "why", why);
}

/* One of a call's receipts; false when the database failed. */
static bool take_receipt(struct routes *routes, struct work *work,
    const struct receipt *receipt)
{
	const char *name = gateway_name(routes->gateway);
	enum receipt_result result;

	if (receipt->state == RECEIPT_IGNORED)
		return true;
	/* Our key proves itself; the gateway's id is no secret. */
	if (!receipt->message_key && !receipt_asks_secret(routes->gateway)) {
		refuse_receipt(routes,
		    "it names no key of ours, and the profile asks for no "
		    "secret");
		return true;
	}
	if (!receipt_take(work, name, receipt, &result))
		return false;
	if (result == RECEIPT_UNKNOWN) {
		refuse_receipt(routes, "it names no message of ours");
		return true;
	}
	routes->board->receipts++;
	log_info(TAG, "receipt", "gateway", name, "key", receipt->message_key,
	    "id", receipt->remote_id, "state",
	    receipt->state == RECEIPT_DELIVERED ? "delivered"
	    : receipt->state == RECEIPT_FAILED  ? "bounced"
	                                        : "delayed",
	    "code", receipt->code);
	return true;
}

static void take_receipts(struct desk *desk, struct listener_exchange *exchange,
    const struct receipt_list *list)
{
	struct work work;

	if (!open_work(desk, exchange->mem, &work)) {
		unavailable(&work, &exchange->answer);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		if (!take_receipt(desk->routes, &work, &list->items[i])) {
			unavailable(&work, &exchange->answer);
			return;
		}
	exchange->answer.status = 200;
	exchange->answer.body = "{}";
}

static void answer_receipt(struct desk *desk,
    struct listener_exchange *exchange)
{
	const struct gateway *gateway = desk->routes->gateway;
	const struct listener_request *request = &exchange->request;
	struct mem *mem = exchange->mem;
	const struct receipt_request call = { request->query, request->body,
		listener_header(request, "Content-Type"), request->headers };
	struct receipt_list list;
	struct err err = { 0 };

	if (!gateway || strcmp(request->path + strlen("/receipt/"),
	                    gateway_name(gateway)) != 0) {
		say(mem, &exchange->answer, 404, "there is no such gateway");
	} else if (!receipt_authentic(gateway, &call)) {
		refuse_receipt(desk->routes, "it lacks the profile's secret");
		say(mem, &exchange->answer, 403,
		    "the secret is missing or wrong");
	} else if (!receipt_read(mem, gateway, &call, &list, &err)) {
		refuse_receipt(desk->routes, err.message);
		say(mem, &exchange->answer, 400, err.message);
	} else {
		take_receipts(desk, exchange, &list);
	}
}

static void answer_call(struct desk *desk, struct listener_exchange *exchange)
{
	struct work work;

	if (!open_work(desk, exchange->mem, &work))
		log_warning(TAG, "cannot answer", "error", work.err.detail);
	endpoint_answer(desk->endpoint, &work, exchange);
}

static const struct route {
	const char *path; /* or its beginning, when it ends with / */
	const char *methods;
	void (*answer)(struct desk *desk, struct listener_exchange *exchange);
} table[] = {
	{ "/", "POST", answer_call },
	{ "/healthz", "GET, HEAD", NULL }, /* answered before any thread */
	{ "/readyz", "GET, HEAD", answer_ready },
	{ "/metrics", "GET, HEAD", answer_metrics },
	{ "/receipt/", "GET, HEAD, POST", answer_receipt },
};

static bool fits(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);

	return length > 1 && route->path[length - 1] == '/'
	           ? str_starts(path, route->path)
	           : strcmp(path, route->path) == 0;
}

static const struct route *route_find(const char *path)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (fits(&table[i], path))
			return &table[i];
	return NULL;
}

static bool allows(const struct route *route, const char *method)
{
	size_t length = strlen(method);
	const char *at = strstr(route->methods, method);

	return at && (!at[length] || at[length] == ',');
}

/* Clients of the API read no answer without its headers. */
static void dress(struct listener_exchange *exchange)
{
	const struct route *route = route_find(exchange->request.path);

	if (route && route->answer == answer_call)
		endpoint_dress(exchange);
}

static void refuse_method(const struct route *route,
    struct listener_exchange *exchange)
{
	const char **headers = mem_array(exchange->mem, const char *, 3);

	headers[0] = "Allow";
	headers[1] = route->methods;
	say(exchange->mem, &exchange->answer, 405,
	    "the method is not allowed here");
	exchange->answer.headers = headers;
	dress(exchange);
}

static struct workers *workers_for(const struct routes *routes,
    const struct listener_request *request)
{
	if (endpoint_hashes(request))
		return routes->hashers;
	if (endpoint_creates(request))
		return routes->creators;
	return endpoint_gets(request) ? routes->readers : routes->workers;
}

/* In the listener's thread: what needs no thinking is answered here. */
static void take(void *context, struct listener_exchange *exchange)
{
	const struct routes *routes = context;
	const struct listener_request *request = &exchange->request;
	const struct route *route = route_find(request->path);
	struct listener_answer *answer = &exchange->answer;

	if (!route)
		say(exchange->mem, answer, 404, "there is nothing here");
	else if (route->answer == answer_call &&
	         strcmp(request->method, "OPTIONS") == 0)
		endpoint_answer_options(answer);
	else if (!allows(route, request->method))
		refuse_method(route, exchange);
	else if (!route->answer)
		say(exchange->mem, answer, 200, "alive");
	else if (workers_give(workers_for(routes, request), exchange))
		return;
	else
		endpoint_answer_busy(exchange);
	listener_finish(exchange);
}

static void *open_desk(struct mem *mem, void *context)
{
	struct routes *routes = context;
	struct desk *desk = mem_make(mem, struct desk);

	desk->routes = routes;
	desk->mem = mem;
	desk->endpoint = endpoint_new(mem, routes->engine, routes->throttle);
	return desk;
}

static void release_memory(void *unused)
{
	(void)unused;
	hash_memory_release();
}

/* Whoever else has something to do goes before a hash: nobody waits for the
 * threads that have nothing else to do. On Linux both calls are of the calling
 * thread alone. Since Linux 6.12 whoever has a shorter slice interrupts it. */
static void stand_back(void)
{
	struct sched_attr attributes = { .size = sizeof(attributes),
		.sched_flags = SCHED_FLAG_KEEP_POLICY,
		.sched_nice = HASHERS_NICE,
		.sched_runtime = HASHERS_SLICE_NS };

	if (syscall(SYS_sched_setattr, 0, &attributes, 0) < 0)
		setpriority(PRIO_PROCESS, 0, HASHERS_NICE);
}

static void *open_low_desk(struct mem *mem, void *context)
{
	stand_back();
	struct desk *desk = open_desk(mem, context);
	endpoint_hash(desk->endpoint);
	hash_memory_keep();
	mem_defer(mem, release_memory, NULL);
	return desk;
}

static void run(void *state, struct listener_exchange *const *exchanges,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct route *route =
		    route_find(exchanges[i]->request.path);
		assert(route && route->answer);
		route->answer(state, exchanges[i]);
		listener_finish(exchanges[i]);
	}
}

static bool open_gateway(struct routes *routes, struct err *err)
{
	const struct config *config = routes->config;

	if (!*config->gateway_file)
		return true;
	const char *secret =
	    config_secret(routes->mem, config->gateway_password_file, err);
	if (secret)
		routes->gateway = gateway_read(routes->mem,
		    config->gateway_file, secret, err);
	return routes->gateway != NULL;
}

/* Into SLOW, which has room for all, what is not done yet; how many. */
static size_t create_together(struct desk *desk, struct mem *mem,
    struct listener_exchange *const *exchanges, size_t count,
    struct listener_exchange **slow)
{
	struct work work;

	if (!open_work(desk, mem, &work))
		log_warning(TAG, "cannot answer", "error", work.err.detail);
	return endpoint_create(desk->endpoint, &work, exchanges, count, slow);
}

/* One at a time: a creation is a transaction of one round trip here, too. */
static void run_hash(void *state, struct listener_exchange *const *exchanges,
    size_t count)
{
	MEM_AUTO mem = mem_new(NULL);
	struct listener_exchange *slow = NULL;

	if (!endpoint_creates(&exchanges[0]->request))
		run(state, exchanges, count);
	else if (create_together(state, mem, exchanges, 1, &slow))
		run(state, &slow, 1);
}

static void run_creations(void *state,
    struct listener_exchange *const *exchanges, size_t count)
{
	MEM_AUTO mem = mem_new(NULL);
	struct desk *desk = state;
	struct listener_exchange **slow =
	    mem_array(mem, struct listener_exchange *, count);
	size_t left = create_together(desk, mem, exchanges, count, slow);

	for (size_t i = 0; i < left; i++) {
		if (workers_give(desk->routes->workers, slow[i]))
			continue;
		endpoint_answer_busy(slow[i]);
		listener_finish(slow[i]);
	}
}

static void run_reads(void *state, struct listener_exchange *const *exchanges,
    size_t count)
{
	MEM_AUTO mem = mem_new(NULL);
	struct desk *desk = state;
	struct work work;

	if (!open_work(desk, mem, &work))
		log_warning(TAG, "cannot answer", "error", work.err.detail);
	endpoint_get(desk->endpoint, &work, exchanges, count);
}

static size_t count_hashers(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < HASHERS_MOST ? (size_t)processors : HASHERS_MOST;
}

static void start_workers(struct routes *routes, struct mem *mem)
{
	struct workers_plan plan = { .threads =
		                         (size_t)routes->config->db_connections,
		.together = 1,
		.waiting = WAIT_MOST,
		.open = open_desk,
		.run = run,
		.context = routes };

	routes->workers = workers_start(mem, &plan);
	plan.threads = count_hashers();
	plan.open = open_low_desk;
	plan.rest = release_memory;
	plan.run = run_hash;
	routes->hashers = workers_start(mem, &plan);
	plan.open = open_desk;
	plan.rest = NULL;
	plan.threads = CREATORS;
	plan.together = CREATIONS_MOST;
	plan.run = run_creations;
	routes->creators = workers_start(mem, &plan);
	plan.threads = READERS;
	plan.together = READS_MOST;
	plan.run = run_reads;
	routes->readers = workers_start(mem, &plan);
}

int routes_run(const struct engine *engine, struct board *board)
{
	struct routes routes;
	MEM_AUTO mem = mem_new(NULL); /* with it end threads that use routes */
	const struct config *config = engine->config;
	struct listener listener = { .address = config->listen,
		.body_most = BODY_MOST,
		.connections_most = (unsigned)config->listen_connections,
		.per_address_most = (unsigned)config->listen_per_address,
		.timeout_ms = config->listen_timeout * 1000,
		.take = take,
		.refused = dress,
		.context = &routes,
		.stopping = lane_stopping };
	struct certificate certificate;
	struct err err = { 0 };

	routes = (struct routes){ .engine = engine,
		.config = config,
		.board = board,
		.mem = mem };
	lane_catch_signals();
	routes.throttle = throttle_new(mem, config->api_rates, &err);
	if (routes.throttle && open_gateway(&routes, &err) &&
	    certificate_read(mem, config, &certificate, &err)) {
		listener.tls_cert = certificate.chain;
		listener.tls_key = certificate.key;
		start_workers(&routes, mem);
		if (listener_run(&listener, &err))
			return 0;
	}
	log_error(TAG, err.message, "detail", *err.detail ? err.detail : NULL);
	return err_exit_status(err.code);
}
