/* SPDX-License-Identifier: MIT */
#include "delivery/settle.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

#define SETTLE_MS 200

uint32_t settle_pending(const struct settle *settle)
{
	return settle->journal->head - settle->journal->tail;
}

static struct delivery *entry(const struct settle *settle, uint32_t number)
{
	return &settle->journal->entries[number % SETTLE_MOST];
}

/* COUNT entries from the one of NUMBER on. */
static struct delivery **entries(const struct settle *settle, struct mem *mem,
    uint32_t number, uint32_t count)
{
	struct delivery **deliveries =
	    mem_array(mem, struct delivery *, count + 1);

	for (uint32_t i = 0; i < count; i++)
		deliveries[i] = entry(settle, number + i);
	return deliveries;
}

/* The first COUNT that are pending. */
static struct delivery **first(const struct settle *settle, struct mem *mem,
    uint32_t count)
{
	return entries(settle, mem, settle->journal->tail, count);
}

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
static void note_settled(struct settle *settle, uint32_t count, int ours)
{
	MEM_AUTO mem = mem_new(NULL);

	if ((uint32_t)ours < count && !settle->repeats)
		log_warning(settle->owner,
		    "a lease had run out before its outcome was settled; the "
		    "message may go twice",
		    "messages", db_int(mem, (int64_t)count - ours));
	settle->repeats = false;
	settle->journal->tail += count;
}

/* Takes the answer to what was sent; after a failure all is pending again. */
static bool take_answer(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(settle, mem);
	uint32_t count = settle->sent_count;
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
	uint32_t count = settle_pending(settle);

	if (!queue_settle_send(&work, settle->owner, &settle->policy,
	        first(settle, mem, count), count))
		return failed(settle, &work);
	settle->sent_count = count;
	return true;
}

static bool settle_once(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(settle, mem);
	int ours = 0;

	if (!take_answer(settle))
		return false;
	uint32_t count = settle_pending(settle);
	if (!count)
		return true;
	if (!db_renew(&work) ||
	    !queue_settle(&work, settle->owner, &settle->policy,
	        first(settle, mem, count), count, &ours))
		return failed(settle, &work);
	note_settled(settle, count, ours);
	return true;
}

static bool settle_in_time(struct settle *settle)
{
	for (int64_t wait_ms = 50; settle_pending(settle); wait_ms *= 2) {
		if (settle_once(settle))
			return true;
		if (clock_steady_ms() > settle->lease_end_ms)
			return false;
		clock_sleep_ms(wait_ms < 2000 ? wait_ms : 2000);
	}
	return true;
}

bool settle_recover(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct settle_journal *journal = settle->journal;
	const char *owner = settle->owner;
	uint32_t count = settle_pending(settle);
	bool done = true;

	if (count) {
		settle->owner = journal->owner;
		/* Perhaps its last settle went through. */
		settle->repeats = true;
		done = settle_once(settle);
		settle->owner = owner;
		log_info(owner, "a lost lane's outcomes are settled", "lane",
		    journal->owner, "messages", db_int(mem, count));
	}
	if (done)
		snprintf(journal->owner, sizeof(journal->owner), "%s", owner);
	return done;
}

bool settle_again(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(settle, mem);
	uint32_t head = settle->journal->head;
	uint32_t count = head < SETTLE_MOST ? head : SETTLE_MOST;
	int ours = 0;

	if (!db_renew(&work) ||
	    !queue_settle(&work, settle->owner, &settle->policy,
	        entries(settle, mem, head - count, count), count, &ours))
		return failed(settle, &work);
	if (ours)
		log_warning(settle->owner,
		    "the database had lost what was settled; it is again",
		    "messages", db_int(mem, ours));
	return true;
}

void settle_add(struct settle *settle, struct delivery *delivery)
{
	struct settle_journal *journal = settle->journal;

	if (delivery->settled)
		return;
	if (settle_pending(settle) == SETTLE_MOST)
		settle_all(settle);
	delivery->settled = true;
	if (settle_pending(settle) == settle->sent_count)
		settle->pending_since_ms = clock_steady_ms();
	*entry(settle, journal->head) = (struct delivery){
		.id = delivery->id,
		.epoch = delivery->epoch,
		.place = delivery->place,
		.attempt = delivery->attempt,
		.created_ms = delivery->created_ms,
		.claimed_ms = delivery->claimed_ms,
		.outcome = delivery->outcome,
	};
	journal->head++; /* now it is there whole */
}

bool settle_when_due(struct settle *settle)
{
	uint32_t waiting = settle_pending(settle) - settle->sent_count;
	int64_t now_ms = clock_steady_ms();
	bool due = waiting >= SETTLE_COUNT ||
	           (waiting && now_ms - settle->pending_since_ms >= SETTLE_MS);

	if (due && !(take_answer(settle) && send_pending(settle)) &&
	    !settle_in_time(settle))
		return false;
	return now_ms < settle->lease_end_ms;
}

void settle_rest(struct settle *settle)
{
	take_answer(settle);
}

void settle_all(struct settle *settle)
{
	MEM_AUTO mem = mem_new(NULL);

	if (!settle_in_time(settle)) {
		settle->dropped = true;
		log_warning(settle->owner,
		    "leases ran out before their outcomes could be settled; "
		    "the messages may go twice",
		    "messages", db_int(mem, settle_pending(settle)));
	}
	settle->journal->tail = settle->journal->head;
	settle->sent_count = 0;
}
