/* SPDX-License-Identifier: MIT */
/*
 * relay_curl - what libcurl is told of the relay: where it is, TLS, AUTH. The
 * same for the mail lane and for usher doctor.
 */
#ifndef DELIVERY_RELAY_CURL_H
#define DELIVERY_RELAY_CURL_H

#include "base/config.h"
#include "base/mem.h"

/* EASY is a CURL handle that ends with MEM, SECRET the password or token. */
void relay_curl_set(struct mem *mem, void *easy, const struct config *config,
    const char *secret);

#endif
