/* SPDX-License-Identifier: MIT */
/*
 * gateway_profile - the members of a gateway's JSON profile, read by table.
 */
#ifndef DELIVERY_GATEWAY_PROFILE_H
#define DELIVERY_GATEWAY_PROFILE_H

#include <stdint.h>

#include "base/field.h"

/* Where something is in an answer, or in a call of a receipt: RFC 6901
 * pointer, PCRE2 expression, header's name, field of the query or form. */
struct gateway_finder {
	const char *pointer;
	const char *match;
	const char *header; /* of an answer, or a receipt's secret */
	const char *query;  /* of a receipt only */
};

struct gateway_status {
	struct field_int status;
};

struct gateway_success {
	struct field_list statuses; /* of struct gateway_status; none: 2xx */
	const char *pointer;
	const char *match;
	const char *equals; /* what was found must be this */
};

struct gateway_variable {
	const char *name;
	const char *gsm7; /* its value when the text fits GSM 7-bit */
	const char *ucs2; /* and when it does not */
};

/* Requests signed by AWS Signature Version 4 with the secret. */
struct gateway_sigv4 {
	const char *access_key;
	const char *region;
	const char *service;
};

/* A token got for the secret by OAuth 2 (RFC 6749, 4.4). */
struct gateway_oauth2 {
	const char *token_url;
	const char *client_id;
	const char *scope; /* NULL: none */
};

/* One of them. */
struct gateway_auth {
	const struct gateway_sigv4 *aws_sigv4;
	const struct gateway_oauth2 *oauth2;
};

struct gateway_limits {
	struct field_int concurrency;
	struct field_int connect_ms;
	struct field_int total_ms;
	struct field_int parts;
	struct field_int rate; /* messages a second; 0: as many as can be */
};

/* How the gateway knows a message that comes twice by our message_key. */
struct gateway_idempotency {
	const char *header;     /* that carries it */
	struct field_bool body; /* or the body, URL or headers do */
};

/* How the gateway tells what became of a message. */
struct gateway_receipt {
	const struct gateway_finder *key; /* our message_key */
	const struct gateway_finder *id;  /* the gateway's own */
	const struct gateway_finder *status;
	const struct gateway_finder *code;
	const struct gateway_finder *text;
	struct field_list statuses; /* of struct field_pair: status, state */
	const char *list;           /* pointer to several in one call */
	const struct gateway_finder *secret; /* by query or header */
};

struct gateway_profile {
	const char *name;
	const char *url;
	const char *method;
	const char *user; /* basic authentication with {secret} */
	const struct gateway_auth *auth;
	const char *proxy;
	const char *ca_file;
	const char *http_version;
	struct field_list query;   /* of struct field_pair */
	struct field_list headers; /* of struct field_pair */
	struct field_list form;    /* of struct field_pair */
	const char *json;          /* printed */
	const char *json_idle;     /* the same without what asks for receipts */
	const char *raw;
	const char *raw_escape; /* none, xml or json */
	const char *content_type;
	const char *not_gsm;         /* ucs2 or refuse */
	struct field_list variables; /* of struct gateway_variable */
	const struct gateway_success *success;
	const struct gateway_finder *message_id;
	const struct gateway_finder *error_code;
	const struct gateway_finder *error_text;
	struct field_list classes; /* of struct field_pair: code, class */
	struct field_list classes_by_status; /* the same by HTTP status */
	const struct gateway_idempotency *idempotency;
	const struct gateway_receipt *receipt;
	const char *ambiguous; /* retry or hold */
	struct field_bool allow_private;
	struct gateway_limits *limits;
};

struct gateway {
	const struct gateway_profile *profile;
	const char *secret;
	const char *token; /* see gateway_token() */
	int refusals;      /* in a row, of gateway_judge() */
	char access_token[8192];
	int64_t access_until_ms; /* steady clock; 0: there is no token */
};

/* ERR_CONFIG naming the file, the member and the rule. */
const struct gateway_profile *gateway_profile_read(struct mem *mem,
    const char *path, struct err *err);

#endif
