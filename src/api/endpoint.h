/* SPDX-License-Identifier: MIT */
/*
 * endpoint - a request of the API (JSON 1.1) from its bytes to its answer:
 * which operation, who asks, may they, is it well formed.
 *
 * Source: "AWS JSON 1.1 protocol" of Smithy; the errors are the service's.
 */
#ifndef API_ENDPOINT_H
#define API_ENDPOINT_H

#include <stdbool.h>

#include "account/engine.h"
#include "api/listener.h"
#include "db/work.h"

struct endpoint;
struct throttle;

/* For one thread; access keys and user pools that it knows are a second old at
 * most. */
struct endpoint *endpoint_new(struct mem *mem, const struct engine *engine,
    struct throttle *throttle);

/* Passwords that callers chose are hashed where endpoint_create() runs; else
 * such a creation is slow. */
void endpoint_hash(struct endpoint *endpoint);

/* Fills the exchange's answer. WORK is without db when the database cannot be
 * reached; its memory is the exchange's. */
void endpoint_answer(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *exchange);

/* The same for several that endpoint_gets(), with one question to the database;
 * finishes each. */
void endpoint_get(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *const *exchanges, size_t count);

/*
 * The same for several that endpoint_creates(): they are committed together.
 * Finishes each as soon as it has its answer, but for those in SLOW (which has
 * room for all), whose count it returns: they are for endpoint_answer(), where
 * nobody else waits for what they wait for.
 */
size_t endpoint_create(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *const *exchanges, size_t count,
    struct listener_exchange **slow);

/* What a browser asks before it sends a request (CORS). */
void endpoint_answer_options(struct listener_answer *out);

/* Too many requests wait. */
void endpoint_answer_busy(struct listener_exchange *exchange);

/* Adds what every answer of the API has to one that was made elsewhere. */
void endpoint_dress(struct listener_exchange *exchange);

/* Whether it creates a user in the plain way, which goes together with
 * others: nothing to send again. */
bool endpoint_creates(const struct listener_request *request);

/* Whether a password that the caller chose is to be hashed, which takes a CPU
 * for some time. */
bool endpoint_hashes(const struct listener_request *request);

/* Whether it reads a user, as many do at a time. */
bool endpoint_gets(const struct listener_request *request);

#endif
