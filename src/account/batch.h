/* SPDX-License-Identifier: MIT */
/*
 * batch - plain creations of users that came together, committed together:
 * one round trip and one wait for the disk for all.
 *
 * What is not plain, whose name is taken, or whose company made the
 * transaction fail, is left for invite(), which tells why or tries alone. A
 * connection that broke is made anew for it. What was committed nevertheless,
 * invite() finds by the fingerprint of the call, which each request must have.
 */
#ifndef ACCOUNT_BATCH_H
#define ACCOUNT_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "account/engine.h"
#include "account/invite.h"
#include "account/pool_cache.h"
#include "account/user.h"
#include "db/work.h"

struct batch;

struct batch_item {
	const struct invite_request *request;
	struct work work;  /* of this one; its db is not used */
	struct user *user; /* when it was created, even if its work has the
	                    * error that it cannot be delivered to */
	bool singly;       /* nothing came of it here: it wants invite() */
	bool slow;         /* and that will take its time */
};

/* For one connection, with the pools that its thread knows. */
struct batch *batch_new(struct mem *mem, const struct engine *engine,
    struct pool_cache *pools);

/* From now on it takes items whose password is to be hashed, too. */
void batch_hash(struct batch *batch);

/*
 * Of each item afterwards one is true: it has its user, it is to go singly, or
 * its work has an error. WORK is of all together. Refreshes the pools.
 */
void batch_run(struct batch *batch, struct work *work, struct batch_item *items,
    size_t count);

/* Tells lanes that wait of what the last batch_run() queued; behind the
 * answers, which need not wait for it. */
void batch_wake(struct batch *batch, struct work *work);

#endif
