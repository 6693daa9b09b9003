/* SPDX-License-Identifier: MIT */
/*
 * sigv4 - AWS Signature Version 4 of a request that came: who says to have
 * signed it, and whether the signature is right.
 *
 * Only the Authorization header is read, not a signature in the query string.
 * Source: "Create a signed AWS API request" in the IAM User Guide.
 */
#ifndef API_SIGV4_H
#define API_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "api/listener.h"
#include "base/err.h"
#include "base/mem.h"

#define SIGV4_KEY_BYTES 32

/* What the Authorization header claims. */
struct sigv4_claim {
	const char *access_key;
	const char *date; /* "20261123", of the scope */
	const char *region;
	const char *service;
	const char *signed_headers; /* "content-type;host;x-amz-date" */
	const char *signature;
	const char *time; /* X-Amz-Date: "20261123T095717Z" */
};

/* What a claim must be for. */
struct sigv4_scope {
	const char *region;
	const char *service; /* "cognito-idp" */
	int64_t now_ms;
};

/*
 * The claim in REQUEST's headers. False with the service's error when there
 * is none, a part lacks, the scope is another's or the time is not now: five
 * minutes before and after are.
 */
bool sigv4_read(struct mem *mem, const struct listener_request *request,
    const struct sigv4_scope *scope, struct sigv4_claim *claim,
    struct err *err);

/* The key that SECRET gives for the claim's date, region and service. */
void sigv4_derive(const char *secret, const struct sigv4_claim *claim,
    unsigned char key[SIGV4_KEY_BYTES]);

/* ERR_INVALID_SIGNATURE when the request was not signed with KEY. */
bool sigv4_check(struct mem *mem, const struct listener_request *request,
    const struct sigv4_claim *claim, const unsigned char key[SIGV4_KEY_BYTES],
    struct err *err);

#endif
