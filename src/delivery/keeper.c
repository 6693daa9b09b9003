/* SPDX-License-Identifier: MIT */
#include "delivery/keeper.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "db/db.h"
#include "delivery/lane.h"
#include "delivery/queue.h"
#include "delivery/receipt.h"

/* A claim may walk so many dead entries; less is not worth a write. */
#define LOW_MARK_STEP  1000
#define ROUND_MS       250
#define MARK_MS        50 /* while they move */
#define MARKS_MOST     ((int)(ROUND_MS / MARK_MS))
#define SLOW_EVERY     8 /* rounds between the chores that nobody waits for */
#define PRUNE_EVERY_MS ((int64_t)10 * 60 * 1000)
#define DAY_MS         ((int64_t)24 * 3600 * 1000)

struct keeper {
	const struct config *config;
	struct queue_prune prune;
	int64_t prune_at_ms; /* steady clock */
};

static void say(const char *what, int count)
{
	MEM_AUTO mem = mem_new(NULL);

	if (count)
		log_info("keeper", what, "messages", db_int(mem, count));
}

/* A step a round, so that nothing else waits long; then a rest. */
static bool prune(struct keeper *keeper, struct work *work)
{
	int64_t keep_ms = keeper->config->keep_days * DAY_MS;
	int64_t now_ms = clock_steady_ms();

	if (!keep_ms || now_ms < keeper->prune_at_ms)
		return true;
	if (!queue_prune(work, keep_ms, &keeper->prune))
		return false;
	say("old messages are forgotten", keeper->prune.count);
	if (!keeper->prune.done)
		return true;
	keeper->prune_at_ms = now_ms + PRUNE_EVERY_MS;
	return db_run_plain(work, QUERY_lane_prune) != NULL;
}

static bool slow_chores(struct work *work)
{
	int reaped = 0;
	int released = 0;
	int receipts = 0;

	if (!queue_reap(work, &reaped) || !queue_release(work, &released) ||
	    !receipt_take_waiting(work, &receipts))
		return false;
	say("leases ran out", reaped);
	say("messages are no longer held", released);
	say("receipts found their messages", receipts);
	return true;
}

/* For a round's time: while much goes they move several times. */
static bool move_marks(struct work *work)
{
	int moved = 1;

	for (int i = 0; i < MARKS_MOST && !lane_stopping(); i++) {
		if (moved && !queue_move_low_marks(work, LOW_MARK_STEP, &moved))
			return false;
		clock_sleep_ms(MARK_MS);
	}
	return true;
}

static bool chores(struct keeper *keeper, struct work *work, bool slow)
{
	int expired = 0;

	if (!db_renew(work) || !queue_expire(work, &expired) ||
	    (slow && !slow_chores(work)) || !prune(keeper, work))
		return false;
	say("temporary passwords expired", expired);
	return move_marks(work);
}

int keeper_run(const struct engine *engine)
{
	MEM_AUTO mem = mem_new(NULL);
	struct keeper keeper = { .config = engine->config };
	struct err err = { 0 };

	lane_catch_signals();
	struct db *db =
	    db_open(mem, engine->config->database, "usher keeper", &err);
	if (!db) {
		log_error("keeper", err.message, "detail", err.detail);
		return err_exit_status(err.code);
	}
	for (unsigned turn = 0; !lane_stopping(); turn++) {
		MEM_AUTO round = mem_new(NULL);
		struct work work = { .mem = round, .db = db, .tag = "keeper" };
		bool done = chores(&keeper, &work, turn % SLOW_EVERY == 0);
		if (!done)
			log_warning("keeper",
			    "cannot do the chores; trying "
			    "again",
			    "error", work.err.detail);
		if (!done)
			clock_sleep_ms((int64_t)4 * ROUND_MS);
	}
	return 0;
}
