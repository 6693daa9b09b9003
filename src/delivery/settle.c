/* SPDX-License-Identifier: MIT */
#include "delivery/settle.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"

#define SETTLE_COUNT 10
#define SETTLE_MS    200

static struct work settle_work(struct settle *settle, struct mem *mem)
{
	return (
	    struct work){ .mem = mem, .db = settle->db, .tag = settle->owner };
}

static bool failed(struct settle *settle, const struct work *work)
{
	log_warning(settle->owner, "cannot settle; trying again", "error",
	    work->err.detail);
	/* It may have been done all the same. */
	settle->repeats = db_lost(settle->db);
	return false;
}

/* The first COUNT of what is pending are settled, OURS by us. */
static void note_settled(struct settle *settle, size_t count, int ours)
{
	MEM_AUTO mem = mem_new(NULL);

	if ((size_t)ours < count && !settle->repeats)
		log_warning(settle->owner,
		    "a lease had run out before its outcome was settled; the "
		    "message may go twice",
		    "messages", db_int(mem, (int64_t)count - ours));
	settle->repeats = false;
	settle->pending_count -= count;
	for (size_t i = 0; i < settle->pending_count; i++)
		settle->pending[i] = settle->pending[i + count];
}

/* Takes the answer to what was sent; after a failure all is pending again. */
static bool take_answer(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(settle, mem);
	size_t count = settle->sent_count;
	int ours = 0;

	settle->sent_count = 0;
	if (!count)
		return true;
	if (!queue_settle_answer(&work, &ours))
		return failed(settle, &work);
	note_settled(settle, count, ours);
	return true;
}

static bool send_pending(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(settle, mem);

	if (!queue_settle_send(&work, settle->owner, &settle->policy,
	        settle->pending, settle->pending_count))
		return failed(settle, &work);
	settle->sent_count = settle->pending_count;
	return true;
}

static bool settle_once(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(settle, mem);
	int ours = 0;

	if (!take_answer(settle))
		return false;
	if (!settle->pending_count)
		return true;
	if (!db_renew(&work) ||
	    !queue_settle(&work, settle->owner, &settle->policy,
	        settle->pending, settle->pending_count, &ours))
		return failed(settle, &work);
	note_settled(settle, settle->pending_count, ours);
	return true;
}

static bool settle_in_time(struct settle *settle)
{
	for (int64_t wait_ms = 50; settle->pending_count; wait_ms *= 2) {
		if (settle_once(settle))
			return true;
		if (clock_steady_ms() > settle->lease_end_ms)
			return false;
		clock_sleep_ms(wait_ms < 2000 ? wait_ms : 2000);
	}
	return true;
}

void settle_add(struct settle *settle, struct delivery *delivery)
{
	if (delivery->settled)
		return;
	assert(settle->pending_count < SETTLE_MOST);
	delivery->settled = true;
	if (settle->pending_count == settle->sent_count)
		settle->pending_since_ms = clock_steady_ms();
	settle->pending[settle->pending_count++] = delivery;
}

bool settle_when_due(struct settle *settle)
{
	size_t waiting = settle->pending_count - settle->sent_count;
	int64_t now_ms = clock_steady_ms();
	bool due = waiting >= SETTLE_COUNT ||
	           (waiting && now_ms - settle->pending_since_ms >= SETTLE_MS);

	if (due && !(take_answer(settle) && send_pending(settle)) &&
	    !settle_in_time(settle))
		return false;
	return now_ms < settle->lease_end_ms;
}

void settle_all(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);

	if (!settle_in_time(settle)) {
		settle->dropped = true;
		log_warning(settle->owner,
		    "leases ran out before their outcomes could be settled; "
		    "the messages may go twice",
		    "messages", db_int(mem, (int64_t)settle->pending_count));
	}
	settle->pending_count = settle->sent_count = 0;
}
