/* SPDX-License-Identifier: MIT */
/*
 * gateway_profile - the members of a gateway's JSON profile, read by table.
 */
#ifndef DELIVERY_GATEWAY_PROFILE_H
#define DELIVERY_GATEWAY_PROFILE_H

#include "base/field.h"

/* Where something is in an answer: RFC 6901 pointer or PCRE2 expression. */
struct gateway_finder {
	const char *pointer;
	const char *match;
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

struct gateway_limits {
	struct field_int concurrency;
	struct field_int connect_ms;
	struct field_int total_ms;
	struct field_int parts;
};

struct gateway_profile {
	const char *name;
	const char *url;
	const char *method;
	const char *user;          /* basic authentication with {secret} */
	struct field_list headers; /* of struct field_pair */
	struct field_list form;    /* of struct field_pair */
	const cJSON *json;
	const char *raw;
	const char *content_type;
	struct field_list variables; /* of struct gateway_variable */
	const struct gateway_success *success;
	const struct gateway_finder *message_id;
	const struct gateway_finder *error_code;
	const struct gateway_finder *error_text;
	struct field_list classes; /* of struct field_pair: code, class */
	const char *ambiguous;     /* retry or hold */
	struct field_bool allow_private;
	struct gateway_limits *limits;
};

struct gateway {
	const struct gateway_profile *profile;
	const char *secret;
};

/* ERR_CONFIG naming the file, the member and the rule. */
const struct gateway_profile *gateway_profile_read(struct mem *mem,
    const char *path, struct err *err);

#endif
