/* SPDX-License-Identifier: MIT */
/*
 * queue_help - messages, claims and settles in a line each.
 */
#ifndef TESTS_QUEUE_HELP_H
#define TESTS_QUEUE_HELP_H

#include "delivery/queue.h"
#include "harness.h"

/* Mail to a new user; the message's id. */
int64_t help_mail(struct harness *harness, const struct pool *pool,
    const char *username);

/* MANY mails of POOL, without users of their own: by SQL, quickly. */
void help_bulk(struct harness *harness, const struct pool *pool, int many);

/* SMS to a new user, out of the sandbox; the message's id. */
int64_t help_text(struct harness *harness, const struct pool *pool,
    const char *username);

struct queue_claim help_claim_of(struct work *work, const char *medium,
    int most);
struct queue_claim help_claim(struct work *work, int most, const char *after);

/* Settles one delivery; how many leases were still ours. */
int help_settle(struct work *work, struct delivery *delivery,
    enum delivery_class class, const char *words);

/* All states that people see; the last has a NULL behind it. */
extern const char *const help_states[];

/* One mail of POOL in each of these, in their order. */
void help_every_state(struct harness *harness, const struct pool *pool);

/* "outcome|reason|sealed or not|where it stands" of a message. */
const char *help_state(struct harness *harness, int64_t id);

#endif
