/* SPDX-License-Identifier: MIT */
/*
 * listener - HTTP in: bytes to a function and back.
 *
 * The only file that knows libmicrohttpd, which is driven by our own loop: its
 * own epoll thread stands still at exactly 128 ready connections. One thread
 * reads and writes; what takes long is answered later by another.
 */
#ifndef API_LISTENER_H
#define API_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct listener_request {
	const char *method;
	const char *path;           /* "/metrics", percent signs as they came */
	const char *query;          /* behind the '?', or NULL */
	const char *const *headers; /* "Name: value", NULL at the end */
	const char *body;           /* NUL-terminated, without NULs inside */
	const char *peer;           /* the client's address, without port */
	bool secure;                /* it came by TLS */
};

struct listener_answer {
	int status;
	const char *type;           /* of the body; NULL: application/json */
	const char *const *headers; /* name, value, ..., NULL; or NULL */
	const char *body;
};

/* A request and its answer on their way; they and MEM live until it is sent. */
struct listener_exchange {
	struct mem *mem;
	struct listener_request request;
	struct listener_answer answer; /* 500 until it is filled */
	bool counted; /* among those of its category; see throttle.h */
};

/* The value of a header field, or NULL; NAME in any case. */
const char *listener_header(const struct listener_request *request,
    const char *name);

struct listener {
	const char *address;  /* "127.0.0.1:9229", "[::1]:9229" */
	const char *tls_cert; /* PEM texts, or NULL */
	const char *tls_key;
	size_t body_most; /* bytes; more is answered with 413 */
	unsigned connections_most;
	unsigned per_address_most; /* 0: no bound of its own */
	/* For a request to come whole, its answer to go, the next to begin. */
	int64_t timeout_ms;
	/*
	 * Must have listener_finish() called for the exchange, now or later,
	 * by any thread; until then the connection waits.
	 */
	void (*take)(void *context, struct listener_exchange *exchange);
	void *context;
	/* What cannot be taken has its answer, to which this may add; or
	 * NULL. */
	void (*refused)(struct listener_exchange *exchange);
	bool (*stopping)(void); /* asked several times a second */
};

/* Whether ADDRESS has the form; ERR_CONFIG names the setting 'listen'. */
bool listener_check(const char *address, struct err *err);

/*
 * Serves until stopping() says so, then finishes what was taken. False when
 * it cannot listen.
 */
bool listener_run(const struct listener *listener, struct err *err);

/* The answer is filled: it is sent, and the exchange is gone. */
void listener_finish(struct listener_exchange *exchange);

#endif
