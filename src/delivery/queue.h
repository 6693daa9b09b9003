/* SPDX-License-Identifier: MIT */
/*
 * queue - claims messages, settles them, and tells people where they stand.
 *
 * A claim moves messages into a lease; the lease has an epoch, and a settle
 * whose epoch is not the lease's any more changes nothing.
 */
#ifndef DELIVERY_QUEUE_H
#define DELIVERY_QUEUE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/work.h"
#include "delivery/delivery.h"
#include "delivery/template_cache.h"

struct queue_claim {
	const char *medium;
	int most; /* messages */
	int64_t lease_ms;
	const char *owner;
	const char
	    *after; /* pool that the last claim ended with, "" at first */
	struct template_cache *templates; /* the lane's; NULL: none is kept */

	size_t count; /* what was claimed */
	struct delivery *deliveries;
};

/* What is settled, how: from an outcome by queue_decide(). */
struct queue_decision {
	const char
	    *outcome; /* sent, refused, cancelled, held, retry, blocked */
	const char *reason;
	int64_t delay_ms;
	bool spent;    /* whether the attempt counts */
	bool evidence; /* whether there was an attempt to tell of */
};

struct queue_policy {
	int64_t retry_first_ms;
	int64_t give_up_after_ms; /* from the message's creation */
	bool hold_ambiguous;      /* else an ambiguous one is tried again */
};

/* Claims for an owner, fair between user pools; fills the claim's last two.
 * In two steps the caller works on while the database does, as below. */
bool queue_claim_send(struct work *work, const struct queue_claim *claim);
bool queue_claim_answer(struct work *work, struct queue_claim *claim);

/* A pure function; CHANCE spreads the retries. */
struct queue_decision queue_decide(const struct delivery *delivery,
    const struct queue_policy *policy, int64_t now_ms, uint32_t chance);

/*
 * Settles COUNT deliveries in one statement; *OURS is how many leases were
 * still ours. The others are left as whoever has them now says.
 *
 * In two steps the caller works on while the database does; nothing else may
 * use the connection between them.
 */
bool queue_settle_send(struct work *work, const char *owner,
    const struct queue_policy *policy, struct delivery *const *deliveries,
    size_t count);
bool queue_settle_answer(struct work *work, int *ours);
bool queue_settle(struct work *work, const char *owner,
    const struct queue_policy *policy, struct delivery *const *deliveries,
    size_t count, int *ours);

/* Chores of the keeper; *COUNT is how many messages moved. */
bool queue_reap(struct work *work, int *count);
bool queue_expire(struct work *work, int *count);
bool queue_release(struct work *work, int *count);

/* Looks at some messages, the oldest first; those settled KEEP_MS ago go. */
struct queue_prune {
	int64_t behind; /* where to go on; 0 at the start */
	int count;      /* that went */
	bool done;      /* the others are younger */
};
bool queue_prune(struct work *work, int64_t keep_ms, struct queue_prune *prune);

/* STEP: how many ids a mark must rise at least. *MOVED is how many do. */
bool queue_move_low_marks(struct work *work, int64_t step, int *moved);

/* For people. STATE and POOL_ID may be NULL; BELOW 0 starts at the newest. */
cJSON *queue_list(struct work *work, const char *state, const char *pool_id,
    int64_t below, int most);

/* One message with its attempts. ERR_RESOURCE_NOT_FOUND. */
cJSON *queue_show(struct work *work, int64_t id);

/* The messages of a user, oldest first. */
cJSON *queue_list_user(struct work *work, const char *pool_id, const char *sub);

/* ERR_CONFLICT says why it cannot be done. */
bool queue_retry(struct work *work, int64_t id);
bool queue_cancel(struct work *work, int64_t id, const char *reason);

#endif
