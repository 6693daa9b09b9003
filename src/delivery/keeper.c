/* SPDX-License-Identifier: MIT */
#include "delivery/keeper.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "db/db.h"
#include "delivery/lane.h"
#include "delivery/queue.h"

/* A claim may walk so many dead entries; less is not worth a write. */
#define LOW_MARK_STEP 1000
#define ROUND_MS      250
#define SLOW_EVERY    8 /* rounds between the chores that nobody waits for */

static void say(const char *what, int count)
{
	MEM_AUTO mem = mem_new(NULL);

	if (count)
		log_info("keeper", what, "messages", db_int(mem, count));
}

static bool chores(struct work *work, bool slow)
{
	int reaped = 0;
	int expired = 0;
	int released = 0;

	if (!db_renew(work) || !queue_reap(work, &reaped) ||
	    !queue_expire(work, &expired) ||
	    !queue_move_low_marks(work, LOW_MARK_STEP) ||
	    (slow && !queue_release(work, &released)))
		return false;
	say("leases ran out", reaped);
	say("temporary passwords expired", expired);
	say("messages are no longer held", released);
	return true;
}

int keeper_run(const struct engine *engine)
{
	MEM_AUTO mem = mem_new(NULL);
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
		bool done = chores(&work, turn % SLOW_EVERY == 0);
		if (!done)
			log_warning("keeper",
			    "cannot do the chores; trying "
			    "again",
			    "error", work.err.detail);
		clock_sleep_ms(done ? ROUND_MS : 4 * ROUND_MS);
	}
	return 0;
}
