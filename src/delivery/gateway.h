/* SPDX-License-Identifier: MIT */
/*
 * gateway - an SMS gateway described by a JSON profile, and how to ask it.
 *
 * usher.conf(5) describes the members. Values are
 * encoded by where they stand (URL, form, JSON string, header), never by the
 * profile's author.
 */
#ifndef DELIVERY_GATEWAY_H
#define DELIVERY_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "delivery/delivery.h"
#include "delivery/http.h"

struct gateway;

/* Reads and checks a profile; ERR_CONFIG names the member and the rule. */
struct gateway *gateway_read(struct mem *mem, const char *path,
    const char *secret, struct err *err);

const char *gateway_name(const struct gateway *gateway);

/*
 * What the gateway must bring with a receipt, and is told in the address that
 * it calls: made of the password, which is not told that way.
 */
const char *gateway_token(const struct gateway *gateway);

/*
 * Asks the gateway's address for nothing and takes any HTTP answer for life;
 * no message is sent. ERR_PEER when none comes.
 */
bool gateway_reachable(struct mem *mem, const struct gateway *gateway,
    struct err *err);
int64_t gateway_concurrency(const struct gateway *gateway);

/* Messages a second that it may be given; 0: as many as can be. */
int64_t gateway_rate(const struct gateway *gateway);
int64_t gateway_total_ms(const struct gateway *gateway);
bool gateway_holds_ambiguous(const struct gateway *gateway);

/* What all requests to it have in common. */
struct http_request gateway_request(const struct gateway *gateway);

/*
 * The request that sends DELIVERY's text, in MEM. False when it may not be
 * sent: the outcome says why.
 */
bool gateway_ask(struct mem *mem, const struct gateway *gateway,
    struct delivery *delivery, struct http_request *request);

#endif
