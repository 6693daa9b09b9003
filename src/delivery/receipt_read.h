/* SPDX-License-Identifier: MIT */
/*
 * receipt_read - what a gateway tells later of the messages that it took, read
 * from its call by the gateway's profile. No network and no database here.
 */
#ifndef DELIVERY_RECEIPT_READ_H
#define DELIVERY_RECEIPT_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct gateway;

/* The call; each member may be NULL. */
struct receipt_request {
	const char *query; /* what stood behind the '?' */
	const char *body;
	const char *content_type;
	const char *const *headers; /* "Name: value", NULL at the end */
};

enum receipt_state {
	RECEIPT_DELIVERED,
	RECEIPT_FAILED,
	RECEIPT_DELAYED, /* the gateway still tries */
	RECEIPT_IGNORED  /* says nothing that matters, or is not known */
};

/* Texts are UTF-8 without controls, cut to what is sensible. */
struct receipt {
	const char *message_key; /* {message_key}; NULL: not told */
	const char *remote_id;   /* the gateway's own; NULL: not told */
	enum receipt_state state;
	const char *code; /* the gateway's; NULL: none */
	const char *words;
};

struct receipt_list {
	size_t count;
	struct receipt *items;
};

/*
 * False with ERR_INVALID_PARAMETER when the profile has no receipts or the
 * call has none that names its message and its status. In a list those that
 * do not are left out.
 */
bool receipt_read(struct mem *mem, const struct gateway *gateway,
    const struct receipt_request *request, struct receipt_list *out,
    struct err *err);

/* Whether the profile asks for a secret in each call. */
bool receipt_asks_secret(const struct gateway *gateway);

/*
 * Whether the call carries the profile's secret (gateway_token()). True when
 * the profile asks for none: then only the address was a secret.
 */
bool receipt_authentic(const struct gateway *gateway,
    const struct receipt_request *request);

#endif
