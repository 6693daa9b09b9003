/* SPDX-License-Identifier: MIT */
#include "delivery/lane.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"
#include "delivery/backoff.h"
#include "delivery/queue.h"
#include "delivery/render.h"
#include "delivery/rules.h"
#include "message/mask.h"

#define SETTLE_COUNT 10
#define SETTLE_MS    200
#define BATCH_MOST   200

struct lane {
	struct carrier_sink sink; /* first: told() gets the lane by it */
	const struct engine *engine;
	const struct carrier *carrier;
	void *state;
	struct mem *mem;
	struct db *db;
	const char *owner;
	struct queue_policy policy;
	char after[64]; /* the pool that the last claim ended with */
	int64_t faults; /* in a row */
	const char *fault;

	/* Told, not yet settled: */
	struct delivery *pending[BATCH_MOST];
	size_t pending_count;
	size_t sent_count; /* the first of them, whose answer is not here */
	int64_t pending_since_ms;
	int64_t lease_end_ms; /* steady clock; behind it nothing is sent */
};

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

bool lane_stopping(void)
{
	return stopping;
}

void lane_catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* Relays and gateways like to repeat the address, a number also without +. */
static const char *hide(struct mem *mem, const char *words, const char *address,
    const char *shown)
{
	struct str *text = str_new(mem, STR_LIMIT_LARGE);
	const char *found;

	address += *address == '+';
	shown += *shown == '+';
	while (*address && (found = strcasestr(words, address))) {
		str_add_n(text, words, (size_t)(found - words));
		str_add(text, shown);
		words = found + strlen(address);
	}
	str_add(text, words);
	return str_text(text);
}

static void log_attempt(struct lane *lane, const struct delivery *delivery)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct delivery_outcome *outcome = &delivery->outcome;
	const char *to = lane->engine->config->log_addresses
	                     ? delivery->destination
	                     : mask_address(mem, delivery->destination);

	log_info(lane->owner, "attempt", "message", db_int(mem, delivery->id),
	    "medium", delivery->medium, "to", to, "pool",
	    *delivery->pool_id ? delivery->pool_id : NULL, "attempt",
	    db_int(mem, delivery->attempt), "outcome",
	    delivery_class_name(outcome->class), "code",
	    outcome->code ? db_int(mem, outcome->code) : NULL, "status",
	    *outcome->status ? outcome->status : NULL, "ms",
	    db_int(mem, outcome->took_ms), "words",
	    *outcome->words
	        ? hide(mem, outcome->words, delivery->destination, to)
	        : NULL);
}

static struct work settle_work(struct lane *lane, struct mem *mem)
{
	return (struct work){ .mem = mem, .db = lane->db, .tag = lane->owner };
}

static bool settle_failed(struct lane *lane, const struct work *work)
{
	log_warning(lane->owner, "cannot settle; trying again", "error",
	    work->err.detail);
	return false;
}

/* The first COUNT of what is pending are settled, OURS by us. */
static void note_settled(struct lane *lane, size_t count, int ours)
{
	MEM_AUTO mem = mem_new(NULL);

	if ((size_t)ours < count)
		log_warning(lane->owner,
		    "a lease had run out before its outcome was settled; the "
		    "message may go twice",
		    "messages", db_int(mem, (int64_t)count - ours));
	lane->pending_count -= count;
	for (size_t i = 0; i < lane->pending_count; i++)
		lane->pending[i] = lane->pending[i + count];
}

/* Takes the answer to what was sent; after a failure all is pending again. */
static bool take_answer(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(lane, mem);
	size_t count = lane->sent_count;
	int ours = 0;

	lane->sent_count = 0;
	if (!count)
		return true;
	if (!queue_settle_answer(&work, &ours))
		return settle_failed(lane, &work);
	note_settled(lane, count, ours);
	return true;
}

static bool send_pending(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(lane, mem);

	if (!queue_settle_send(&work, lane->owner, &lane->policy, lane->pending,
	        lane->pending_count))
		return settle_failed(lane, &work);
	lane->sent_count = lane->pending_count;
	return true;
}

static bool settle_once(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = settle_work(lane, mem);
	int ours = 0;

	if (!take_answer(lane))
		return false;
	if (!lane->pending_count)
		return true;
	if (!db_renew(&work) || !queue_settle(&work, lane->owner, &lane->policy,
	                            lane->pending, lane->pending_count, &ours))
		return settle_failed(lane, &work);
	note_settled(lane, lane->pending_count, ours);
	return true;
}

/* Outcomes are never dropped while the leases live. */
static bool settle(struct lane *lane)
{
	for (int64_t wait_ms = 50; lane->pending_count; wait_ms *= 2) {
		if (settle_once(lane))
			return true;
		if (clock_steady_ms() > lane->lease_end_ms)
			return false;
		clock_sleep_ms(wait_ms < 2000 ? wait_ms : 2000);
	}
	return true;
}

/* What is due is sent to the database, which settles it while the carrier
 * goes on; its answer is taken when more is due. */
static bool settle_when_due(struct lane *lane)
{
	size_t waiting = lane->pending_count - lane->sent_count;
	bool due = waiting >= SETTLE_COUNT ||
	           (waiting &&
	               clock_steady_ms() - lane->pending_since_ms >= SETTLE_MS);

	if (due && !(take_answer(lane) && send_pending(lane)) && !settle(lane))
		return false;
	return !stopping && clock_steady_ms() < lane->lease_end_ms;
}

static void add_pending(struct lane *lane, struct delivery *delivery)
{
	if (delivery->settled)
		return;
	delivery->settled = true;
	if (lane->pending_count == lane->sent_count)
		lane->pending_since_ms = clock_steady_ms();
	lane->pending[lane->pending_count++] = delivery;
}

static bool told(struct carrier_sink *sink, struct delivery *delivery)
{
	struct lane *lane = (struct lane *)sink;

	if (delivery->outcome.class == DELIVERY_LANE_FAULT)
		lane->fault = delivery->outcome.words;
	log_attempt(lane, delivery);
	add_pending(lane, delivery);
	return settle_when_due(lane);
}

static bool idle(struct carrier_sink *sink)
{
	return settle_when_due((struct lane *)sink);
}

/* What may not go is settled at once; the others are rendered. */
static size_t prepare(struct lane *lane, struct mem *mem,
    struct queue_claim *claim, struct delivery **batch)
{
	size_t count = 0;

	for (size_t i = 0; i < claim->count; i++) {
		struct delivery *delivery = &claim->deliveries[i];
		if (rules_allow(delivery) &&
		    render(mem, lane->engine->config, lane->engine->keyring,
		        delivery)) {
			batch[count++] = delivery;
			continue;
		}
		log_attempt(lane, delivery);
		add_pending(lane, delivery);
	}
	return count;
}

/* What the carrier did not mention was not touched. */
static void give_back(struct lane *lane, struct delivery *const *batch,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_pending(lane, batch[i]);
	settle(lane);
	/* What could not be settled while its lease lived is reaped. */
	lane->pending_count = lane->sent_count = 0;
}

static void work_on(struct lane *lane, struct mem *mem,
    struct queue_claim *claim)
{
	struct delivery *batch[BATCH_MOST];
	size_t count = prepare(lane, mem, claim, batch);

	lane->fault = NULL;
	if (count && !stopping)
		lane->carrier->send(lane->state, batch, count, &lane->sink);
	give_back(lane, batch, count);
	strncpy(lane->after, claim->deliveries[claim->count - 1].pool_id,
	    sizeof(lane->after) - 1);
}

/* The lane as a whole is at fault: it waits, and says so. */
static void pause_lane(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	int64_t pause_ms = backoff_pause_ms(++lane->faults);
	int64_t end_ms = clock_steady_ms() + pause_ms;

	log_warning(lane->owner, "the lane pauses", "carrier",
	    lane->carrier->name, "why", lane->fault, "seconds",
	    db_int(mem, pause_ms / 1000));
	while (!stopping && clock_steady_ms() < end_ms)
		clock_sleep_ms(100);
}

/* How many messages a round claimed; -1 when the database failed. */
static int round_once(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .db = lane->db, .tag = lane->owner };
	int64_t lease_ms = lane->engine->config->lease_seconds * 1000;
	struct queue_claim claim = { .medium = lane->carrier->medium,
		.most = lane->carrier->batch_most,
		.lease_ms = lease_ms,
		.owner = lane->owner,
		.after = lane->after };

	lane->lease_end_ms = clock_steady_ms() + lease_ms * 9 / 10;
	if (!db_renew(&work) || !queue_claim(&work, &claim)) {
		log_warning(lane->owner, "cannot claim; trying again", "error",
		    work.err.detail);
		return -1;
	}
	if (claim.count)
		work_on(lane, mem, &claim);
	if (lane->fault)
		pause_lane(lane);
	else if (claim.count)
		lane->faults = 0;
	lane->fault = NULL;
	return (int)claim.count;
}

static bool open_lane(struct lane *lane, struct err *err)
{
	const struct config *config = lane->engine->config;
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	lane->owner =
	    mem_printf(lane->mem, "%s-%s-%d-%.6s", host, lane->carrier->name,
	        (int)getpid(), secret_random_hex(lane->mem, 3));
	lane->policy = (struct queue_policy){
		.retry_first_ms = config->retry_first * 1000,
		.give_up_after_ms = config->give_up_after * 1000,
	};
	lane->sink = (struct carrier_sink){ told, idle };
	lane->state = lane->carrier->open(lane->mem, lane->engine, err);
	if (!lane->state)
		return false;
	lane->policy.hold_ambiguous =
	    lane->carrier->holds_ambiguous &&
	    lane->carrier->holds_ambiguous(lane->state);
	lane->db = db_open(lane->mem, config->database, "usher lane", err);
	return lane->db != NULL;
}

int lane_run(const struct engine *engine, const struct carrier *carrier,
    bool drain)
{
	MEM_AUTO mem = mem_new(NULL);
	struct lane lane = { .engine = engine, .carrier = carrier, .mem = mem };
	struct err err = { 0 };

	lane_catch_signals();
	if (!open_lane(&lane, &err)) {
		log_error(carrier->name, err.message, "detail",
		    *err.detail ? err.detail : NULL);
		return err_exit_status(err.code);
	}
	log_debug(lane.owner, "lane begins");
	while (!stopping) {
		int claimed = round_once(&lane);
		/* What a lane at fault still has cannot go now. */
		if (drain && (claimed == 0 || lane.faults))
			break;
		if (claimed < 0)
			clock_sleep_ms(1000);
		else if (!claimed)
			clock_sleep_ms(engine->config->poll_ms);
	}
	log_debug(lane.owner, "lane ends");
	return drain && lane.faults ? err_exit_status(ERR_PEER) : 0;
}
