/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <stddef.h>
#include <string.h>

#include "api/listener.h"
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

#define BODY_MOST ((size_t)256 * 1024)
#define TAG       "http"

/* After a failed connection there are so many times its duration without. */
#define REST_PARTS 3

struct routes {
	const struct config *config;
	struct board *board;
	struct mem *mem;
	struct db *db;                 /* NULL until it could be opened */
	int64_t rests_until_ms;        /* steady clock: no connection before */
	const struct gateway *gateway; /* NULL: none */
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
static bool reach(struct routes *routes, struct work *work)
{
	struct mem *own = routes->db ? NULL : mem_new(routes->mem);

	if (own)
		routes->db = db_open(own, routes->config->database,
		    "usher http", &work->err);
	if (own && !routes->db)
		mem_free(own);
	work->db = routes->db;
	return work->db && db_renew(work);
}

/* Nothing is answered while a connection is tried: if that takes long, it is
 * not for every request. */
static bool open_work(struct routes *routes, struct mem *mem, struct work *work)
{
	int64_t now_ms = clock_steady_ms();

	*work = (struct work){ .mem = mem, .tag = TAG };
	if (now_ms < routes->rests_until_ms)
		return false;
	if (reach(routes, work))
		return true;
	int64_t end_ms = clock_steady_ms();
	routes->rests_until_ms = end_ms + REST_PARTS * (end_ms - now_ms);
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

static void answer_health(struct routes *routes, struct mem *mem,
    const struct listener_request *request, struct listener_answer *answer)
{
	(void)routes;
	(void)request;
	say(mem, answer, 200, "alive");
}

static void answer_ready(struct routes *routes, struct mem *mem,
    const struct listener_request *request, struct listener_answer *answer)
{
	struct work work;

	(void)request;
	if (!open_work(routes, mem, &work) || !migrate_check(&work))
		unavailable(&work, answer);
	else
		say(mem, answer, 200, "ready");
}

static void answer_metrics(struct routes *routes, struct mem *mem,
    const struct listener_request *request, struct listener_answer *answer)
{
	struct work work;

	(void)request;
	if (!open_work(routes, mem, &work))
		work.db = NULL;
	answer->status = 200;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	answer->body = metrics_print(&work, routes->board);
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

static void take_receipts(struct routes *routes, struct mem *mem,
    const struct receipt_list *list, struct listener_answer *answer)
{
	struct work work;

	if (!open_work(routes, mem, &work)) {
		unavailable(&work, answer);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		if (!take_receipt(routes, &work, &list->items[i])) {
			unavailable(&work, answer);
			return;
		}
	answer->status = 200;
	answer->body = "{}";
}

static void answer_receipt(struct routes *routes, struct mem *mem,
    const struct listener_request *request, struct listener_answer *answer)
{
	const char *name = request->path + strlen("/receipt/");
	const struct receipt_request call = { request->query, request->body,
		request->content_type, request->headers };
	struct receipt_list list;
	struct err err = { 0 };

	if (!routes->gateway ||
	    strcmp(name, gateway_name(routes->gateway)) != 0) {
		say(mem, answer, 404, "there is no such gateway");
	} else if (!receipt_authentic(routes->gateway, &call)) {
		refuse_receipt(routes, "it lacks the profile's secret");
		say(mem, answer, 403, "the secret is missing or wrong");
	} else if (!receipt_read(mem, routes->gateway, &call, &list, &err)) {
		refuse_receipt(routes, err.message);
		say(mem, answer, 400, err.message);
	} else {
		take_receipts(routes, mem, &list, answer);
	}
}

static const struct route {
	const char *path; /* or its beginning, when it ends with / */
	bool posts;       /* else GET alone */
	void (*answer)(struct routes *routes, struct mem *mem,
	    const struct listener_request *request,
	    struct listener_answer *answer);
} table[] = {
	{ "/healthz", false, answer_health },
	{ "/readyz", false, answer_ready },
	{ "/metrics", false, answer_metrics },
	{ "/receipt/", true, answer_receipt },
};

static bool fits(const struct route *route, const char *path)
{
	return route->path[strlen(route->path) - 1] == '/'
	           ? str_starts(path, route->path)
	           : strcmp(path, route->path) == 0;
}

static void answer(void *context, struct mem *mem,
    const struct listener_request *request, struct listener_answer *answer)
{
	bool get = strcmp(request->method, "GET") == 0 ||
	           strcmp(request->method, "HEAD") == 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (!fits(&table[i], request->path))
			continue;
		if (get ||
		    (table[i].posts && strcmp(request->method, "POST") == 0)) {
			table[i].answer(context, mem, request, answer);
			return;
		}
		say(mem, answer, 405, "the method is not allowed here");
		answer->allow =
		    table[i].posts ? "GET, HEAD, POST" : "GET, HEAD";
		return;
	}
	say(mem, answer, 404, "there is nothing here");
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

int routes_run(const struct engine *engine, struct board *board)
{
	MEM_AUTO mem = mem_new(NULL);
	struct routes routes = { .config = engine->config,
		.board = board,
		.mem = mem };
	const struct listener listener = { .address = engine->config->listen,
		.body_most = BODY_MOST,
		.answer = answer,
		.context = &routes,
		.stopping = lane_stopping };
	struct err err = { 0 };

	lane_catch_signals();
	if (open_gateway(&routes, &err) && listener_run(&listener, &err))
		return 0;
	log_error(TAG, err.message, "detail", *err.detail ? err.detail : NULL);
	return err_exit_status(err.code);
}
