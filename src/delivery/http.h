/* SPDX-License-Identifier: MIT */
/*
 * http - requests to gateways by libcurl, many at a time, none sent twice.
 *
 * libcurl repeats a POST by itself when a kept connection closes without an
 * answer; here the body cannot be read again, so that it fails instead and is
 * told as offered. No redirects, no proxy from the environment, answers cut
 * at a limit, private addresses refused after resolution unless allowed (by a
 * proxy that is set, it is the proxy that resolves).
 */
#ifndef DELIVERY_HTTP_H
#define DELIVERY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct http;

struct http_request {
	const char *method; /* GET or POST */
	const char *url;
	const char *const *headers; /* "Name: value", NULL at the end */
	const char *body;           /* of a POST */
	const char *user;           /* basic authentication; NULL: none */
	const char *password;
	const char *sigv4; /* "aws:amz:REGION:SERVICE": USER is the key's id */
	const char *proxy; /* NULL: none */
	const char *ca_file; /* NULL: the system's */
	bool http2;          /* where the server can, by TLS */
	int64_t connect_ms;
	int64_t total_ms;
	size_t answer_most; /* bytes */
	bool allow_private;
	bool wants_headers; /* the answer's are looked at */
	void *owner;        /* comes back with the answer */
};

struct http_answer {
	void *owner;
	bool answered;              /* a status came and the body was whole */
	bool offered;               /* the remote may have got the request */
	int status;                 /* HTTP status, 0 for none */
	const char *body;           /* NUL-terminated, without NULs inside */
	const char *const *headers; /* "Name: value", NULL at the end; NULL
	                             * unless wanted */
	const char *words;          /* libcurl's, when there was no answer */
	int64_t retry_after_s;      /* http_retry_after_s() of its header */
	int64_t took_ms;
};

struct http *http_new(struct mem *mem, struct err *err);

/* Begins a request; what it points to must live until its answer, and method,
 * proxy and ca_file as long as HTTP: the next one is compared with them. */
void http_begin(struct http *http, const struct http_request *request);

/* How many are under way. */
int http_running(const struct http *http);

/*
 * Waits up to WAIT_MS for something to happen, then calls DONE for each that
 * ended. The answer lives until DONE returns.
 */
void http_run(struct http *http, int wait_ms,
    void (*done)(void *context, const struct http_answer *answer),
    void *context);

/*
 * What a Retry-After (RFC 9110, 10.2.3) of VALUE asks for at NOW_S, clamped to
 * 1 s - 1 h; 0 when it is NULL or neither seconds nor a date.
 */
int64_t http_retry_after_s(const char *value, int64_t now_s);

/* The value of the first of HEADERS (may be NULL) called NAME, or NULL. */
const char *http_header(const char *const *headers, const char *name);

/* TEXT percent-encoded for a URL or a form (RFC 3986). */
char *http_escape(struct mem *mem, const char *text);

#endif
