/* SPDX-License-Identifier: MIT */
/*
 * listener - HTTP in: bytes to a function and back.
 *
 * The only file that knows libmicrohttpd, which is driven by our own loop: its
 * own epoll thread stands still at exactly 128 ready connections. One thread;
 * the function that answers must not wait long.
 */
#ifndef API_LISTENER_H
#define API_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct listener_request {
	const char *method;
	const char *path;           /* "/metrics", percent signs as they came */
	const char *query;          /* behind the '?', or NULL */
	const char *const *headers; /* "Name: value", NULL at the end */
	const char *content_type;   /* or NULL */
	const char *body;           /* NUL-terminated, without NULs inside */
};

struct listener_answer {
	int status;
	const char *type;  /* of the body; NULL: application/json */
	const char *allow; /* the methods, with 405; else NULL */
	const char *body;
};

struct listener {
	const char *address; /* "127.0.0.1:9229", "[::1]:9229" */
	size_t body_most;    /* bytes; more is answered with 413 */
	/* Fills the answer from MEM, which goes when it was sent. */
	void (*answer)(void *context, struct mem *mem,
	    const struct listener_request *request,
	    struct listener_answer *answer);
	void *context;
	bool (*stopping)(void); /* asked several times a second */
};

/* Whether ADDRESS has the form; ERR_CONFIG names the setting 'listen'. */
bool listener_check(const char *address, struct err *err);

/* Serves until stopping() says so. False when it cannot listen. */
bool listener_run(const struct listener *listener, struct err *err);

#endif
