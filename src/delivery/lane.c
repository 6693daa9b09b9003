/* SPDX-License-Identifier: MIT */
#include "delivery/lane.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "account/hook.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"
#include "delivery/attempt_log.h"
#include "delivery/queue.h"
#include "delivery/render.h"
#include "delivery/rules.h"
#include "delivery/sender.h"
#include "delivery/settle.h"

#define SLICE_MS    250  /* a SIGTERM is seen after so long */
#define GATE_MS     20   /* between looks at a shut gate */
#define FAILURE_MS  1000 /* before the database is asked again */
#define TELL_MS     5000 /* between what a lane says of itself */
#define AHEAD_COUNT 25   /* messages left when the next batch is claimed, */
#define AHEAD_MS    10   /* or what they will take: as long as a claim may */
#define SAMPLE      10   /* messages that tell how long each takes */

#define MESSAGE_ROOM ((size_t)16 * 1024) /* for one in memory, about */

/* What was claimed at once, or is being claimed. */
struct batch {
	struct mem *mem; /* NULL: nothing was asked for */
	struct work work;
	struct queue_claim claim;
	int64_t lease_end_ms; /* steady clock */
	bool taken;           /* the answer is here */
	/* Those before this are rendered and in READY, or told why not. */
	size_t prepared;
	struct delivery **ready;
	size_t ready_count;
	struct delivery **custom; /* for custom senders, not the carrier */
	size_t custom_count;
};

struct lane {
	struct carrier_sink sink; /* first: told() gets the lane by it */
	const struct engine *engine;
	const struct carrier *carrier;
	const struct lane_options *options;
	void *state; /* the carrier's */
	struct sender *sender;
	struct mem *mem;
	struct db *db; /* claims, and listens for new messages */
	struct template_cache *templates;
	struct settle settle;
	struct board_lane *board;
	struct gate_limits limits;
	const char *owner;
	char after[64]; /* the pool that the last claim ended with */
	struct batch current;
	struct batch next;
	size_t left; /* of the current batch, in the carrier's hands */
	int64_t sending_since_ms;        /* steady clock */
	const struct delivery *unlogged; /* told last; see catch_up() */
	bool lost; /* the connection: messages may be leased to us unknown */

	/* Of the batch under way: */
	struct gate_session session;
	const char *fault;
	const char *throttle;

	const char *state_told;
	int64_t told_ms;
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

static void note_outcome(struct lane *lane, struct delivery *delivery)
{
	board_count(lane->board, delivery);
	settle_add(&lane->settle, delivery);
}

/*
 * Asks the database for a batch, if the gate lets one go now; what it answers
 * is taken by take_claim(). False when none was asked for.
 */
static bool ask_claim(struct lane *lane, struct batch *batch)
{
	int64_t now_ms = clock_steady_ms();
	int64_t lease_ms = lane->engine->config->lease_seconds * 1000;
	int room = gate_room(&lane->board->gate, &lane->limits,
	    lane->options->place, now_ms);

	if (!room || stopping)
		return false;
	*batch = (struct batch){ .mem = mem_new_room(lane->mem,
		                     (size_t)room * MESSAGE_ROOM),
		.lease_end_ms = now_ms + lease_ms * 9 / 10 };
	batch->work = (struct work){ .mem = batch->mem,
		.db = lane->db,
		.tag = lane->owner };
	batch->claim = (struct queue_claim){ .medium = lane->carrier->medium,
		.most = room,
		.lease_ms = lease_ms,
		.owner = lane->owner,
		.after = mem_text(batch->mem, lane->after),
		.templates = lane->templates };
	if (queue_claim_send(&batch->work, &batch->claim))
		return true;
	lane->lost = true;
	log_warning(lane->owner, "cannot claim; trying again", "error",
	    batch->work.err.detail);
	mem_free(batch->mem);
	batch->mem = NULL;
	return false;
}

static bool take_claim(struct lane *lane, struct batch *batch)
{
	struct queue_claim *claim = &batch->claim;

	if (batch->taken)
		return true;
	batch->taken = true;
	if (!queue_claim_answer(&batch->work, claim)) {
		lane->lost = true;
		log_warning(lane->owner, "cannot claim; trying again", "error",
		    batch->work.err.detail);
		claim->count = 0;
		return false;
	}
	if (!claim->count)
		return true;
	batch->ready = mem_array(batch->mem, struct delivery *, claim->count);
	batch->custom = mem_array(batch->mem, struct delivery *, claim->count);
	gate_pay(&lane->board->gate, &lane->limits, (int)claim->count,
	    clock_steady_ms());
	strncpy(lane->after, claim->deliveries[claim->count - 1].pool_id,
	    sizeof(lane->after) - 1);
	return true;
}

static bool ends_soon(const struct lane *lane)
{
	int64_t left = (int64_t)lane->left;
	int64_t done = (int64_t)lane->current.ready_count - left;
	int64_t taken_ms = clock_steady_ms() - lane->sending_since_ms;

	return left <= AHEAD_COUNT ||
	       (done >= SAMPLE && taken_ms * left <= AHEAD_MS * done);
}

/* So that the carrier does not wait for the database between full batches;
 * late, so that what was claimed is not old when it goes. */
static void claim_ahead(struct lane *lane)
{
	bool full = (int)lane->current.claim.count == lane->current.claim.most;

	if (full && !lane->next.mem && !lane->fault && !lane->throttle &&
	    !db_lost(lane->db) && ends_soon(lane))
		ask_claim(lane, &lane->next);
}

/* What may not go is settled at once; another is rendered. */
static void prepare_one(struct lane *lane, struct batch *batch)
{
	struct delivery *delivery = &batch->claim.deliveries[batch->prepared++];

	if (rules_allow(delivery) &&
	    render(batch->mem, lane->engine, delivery)) {
		if (delivery->template.sender)
			batch->custom[batch->custom_count++] = delivery;
		else
			batch->ready[batch->ready_count++] = delivery;
		return;
	}
	attempt_log(lane->engine->config, lane->owner, delivery);
	note_outcome(lane, delivery);
}

/* One message of the batch that is claimed ahead, if it is here. */
static void prepare_ahead(struct lane *lane)
{
	struct batch *next = &lane->next;

	if (!next->mem || stopping || (!next->taken && !db_ready(lane->db)) ||
	    !take_claim(lane, next))
		return;
	if (next->prepared < next->claim.count)
		prepare_one(lane, next);
}

/* The log, the database and the next batch can wait until the carrier does. */
static bool catch_up(struct lane *lane)
{
	if (!lane->unlogged)
		return true;
	log_keep();
	attempt_log(lane->engine->config, lane->owner, lane->unlogged);
	lane->unlogged = NULL;
	claim_ahead(lane);
	return settle_when_due(&lane->settle);
}

static bool told(struct carrier_sink *sink, struct delivery *delivery)
{
	struct lane *lane = (struct lane *)sink;
	const struct delivery_outcome *outcome = &delivery->outcome;

	if (outcome->class == DELIVERY_LANE_FAULT)
		lane->fault = outcome->words;
	if (outcome->class == DELIVERY_THROTTLED)
		lane->throttle = outcome->words;
	if (outcome->rest_ms > lane->session.rest_ms)
		lane->session.rest_ms = outcome->rest_ms;
	lane->session.accepted += outcome->class == DELIVERY_ACCEPTED;
	lane->left -= lane->left > 0;
	bool alive = catch_up(lane);
	note_outcome(lane, delivery);
	lane->unlogged = delivery;
	return alive && !stopping &&
	       clock_steady_ms() < lane->settle.lease_end_ms;
}

static bool idle(struct carrier_sink *sink)
{
	struct lane *lane = (struct lane *)sink;
	bool alive = true;

	if (lane->unlogged)
		alive = catch_up(lane);
	else
		prepare_ahead(lane);
	log_flush();
	return settle_when_due(&lane->settle) && alive && !stopping;
}

/* What the carrier did not mention was not touched. */
static void give_back(struct lane *lane, const struct batch *batch)
{
	lane->settle.lease_end_ms = batch->lease_end_ms;
	for (size_t i = 0; i < batch->claim.count; i++)
		settle_add(&lane->settle, &batch->claim.deliveries[i]);
}

/* What the lane says of itself, when it is worth a write. */
static void tell(struct lane *lane, const char *state, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem,
		.db = lane->settle.db,
		.tag = lane->owner };
	const struct gate *gate = &lane->board->gate;
	bool new_state =
	    state != lane->state_told && (words || !lane->state_told);
	int64_t now_ms = clock_steady_ms();

	if ((!new_state && now_ms - lane->told_ms < TELL_MS) ||
	    db_lost(lane->db))
		return;
	lane->state_told = state;
	lane->told_ms = now_ms;
	settle_rest(&lane->settle);
	if (!db_renew(&work) ||
	    !db_run(&work, QUERY_lane_tell, lane->owner, lane->carrier->medium,
	        lane->carrier->name, state, words,
	        db_int(mem, gate_sessions(gate, &lane->limits)),
	        db_int(mem, lane->limits.sessions),
	        db_int(mem, gate_batch(gate, &lane->limits))))
		log_warning(lane->owner, "cannot say how it is", "error",
		    work.err.detail);
}

/* The carrier as a whole is at fault, or asks for less. */
static void note_session(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct gate *gate = &lane->board->gate;
	int64_t pause_ms;

	lane->session.event = lane->fault      ? GATE_FAULT
	                      : lane->throttle ? GATE_THROTTLED
	                                       : GATE_CLEAN;
	pause_ms =
	    gate_note(gate, &lane->limits, &lane->session, clock_steady_ms());

	if (lane->fault)
		log_warning(lane->owner, "the lane pauses", "carrier",
		    lane->carrier->name, "why", lane->fault, "seconds",
		    db_int(mem, pause_ms / 1000));
	else if (lane->throttle)
		log_info(lane->owner, "the carrier asks for less", "carrier",
		    lane->carrier->name, "why", lane->throttle, "sessions",
		    db_int(mem, gate_sessions(gate, &lane->limits)), "batch",
		    db_int(mem, gate_batch(gate, &lane->limits)), "seconds",
		    db_int(mem, pause_ms / 1000));
}

static void work_on(struct lane *lane, struct batch *batch)
{
	while (batch->prepared < batch->claim.count)
		prepare_one(lane, batch);
	lane->fault = lane->throttle = NULL;
	lane->session = (struct gate_session){ 0 };
	lane->left = batch->ready_count;
	lane->sending_since_ms = clock_steady_ms();
	lane->settle.lease_end_ms = batch->lease_end_ms;
	lane->sink.sessions = gate_sessions(&lane->board->gate, &lane->limits);
	if (batch->ready_count && !stopping) {
		lane->carrier->send(lane->state, batch->ready,
		    batch->ready_count, &lane->sink);
		catch_up(lane);
		note_session(lane);
	}
	/* Behind: what they make of it is not the carrier's. */
	if (batch->custom_count && !stopping) {
		sender_send(lane->sender, batch->custom, batch->custom_count,
		    &lane->sink, batch->lease_end_ms - HOOK_TRY_MS);
		catch_up(lane);
	}
	log_flush();
	give_back(lane, batch);
	if (lane->fault || lane->throttle)
		tell(lane, lane->fault ? "pausing" : "waiting",
		    lane->fault ? lane->fault : lane->throttle);
	else
		tell(lane, "sending", NULL);
}

static bool may_go(struct lane *lane, const struct batch *batch)
{
	const struct config *config = lane->engine->config;
	int64_t now_ms = clock_steady_ms();

	/* Claimed ahead: the gate may have been shut meanwhile, and a session
	 * may take four fifths of the lease; see relay_check_config(). */
	return !stopping && now_ms >= lane->board->gate.opens_ms &&
	       batch->lease_end_ms - now_ms > config->lease_seconds * 850;
}

/* After the connection was lost: what was settled may be lost too, and what a
 * claim took whose answer did not come is given back. Whatever else this lane
 * had is settled, but for outcomes that were dropped. */
static bool recover(struct lane *lane, struct work *work)
{
	if (!lane->lost)
		return true;
	settle_all(&lane->settle);
	if (!settle_again(&lane->settle))
		return false;
	lane->lost = !lane->settle.dropped &&
	             !db_run(work, QUERY_queue_give_back, lane->owner);
	return !lane->lost;
}

/* How many messages a round claimed; -1 when nothing could be claimed. */
static int round_once(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .db = lane->db, .tag = lane->owner };
	bool ahead = lane->next.mem != NULL;
	bool early = ahead || settle_pending(&lane->settle);
	int count = -1;

	lane->lost = lane->lost || db_lost(lane->db);
	if (!ahead && !(db_renew(&work) && recover(lane, &work))) {
		log_warning(lane->owner, "cannot claim; trying again", "error",
		    work.err.detail);
		return -1;
	}
	if (!ahead && !ask_claim(lane, &lane->next))
		return -1;
	lane->current = lane->next;
	lane->next.mem = NULL;
	if (take_claim(lane, &lane->current))
		count = (int)lane->current.claim.count;
	if (count > 0 && may_go(lane, &lane->current))
		work_on(lane, &lane->current);
	else if (count > 0)
		give_back(lane, &lane->current);
	mem_free(lane->current.mem);
	lane->current.mem = NULL;
	if (count || !early)
		return count;
	/* It came before all that was given back. */
	settle_all(&lane->settle);
	return round_once(lane);
}

static bool open_databases(struct lane *lane, struct err *err)
{
	const char *database = lane->engine->config->database;
	struct work work = { .mem = lane->mem, .tag = lane->owner };

	lane->settle.db = db_open(lane->mem, database, "usher lane", err);
	lane->db = lane->settle.db
	               ? db_open(lane->mem, database, "usher lane", err)
	               : NULL;
	if (!lane->db)
		return false;
	work.db = lane->db;
	if (!settle_recover(&lane->settle))
		return err_set(err, ERR_DATABASE,
		    "cannot settle what a lost lane left");
	if (db_listen(&work,
	        mem_printf(lane->mem, "usher_%s", lane->carrier->medium)))
		return true;
	*err = work.err;
	return false;
}

static bool open_lane(struct lane *lane, struct err *err)
{
	const struct config *config = lane->engine->config;
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	lane->owner =
	    mem_printf(lane->mem, "%s-%s-%d-%.6s", host, lane->carrier->name,
	        (int)getpid(), secret_random_hex(lane->mem, 3));
	lane->templates = template_cache_new(lane->mem);
	lane->board = board_lane(lane->options->board, lane->carrier->medium);
	lane->sink = (struct carrier_sink){ told, idle, 1 };
	lane->state = lane->carrier->open(lane->mem, lane->engine, err);
	lane->sender =
	    lane->state ? sender_new(lane->mem, lane->engine, err) : NULL;
	if (!lane->sender)
		return false;
	lane->limits = lane->carrier->limits(lane->state);
	lane->settle.owner = lane->owner;
	lane->settle.journal = board_journal(lane->options->board,
	    lane->carrier->medium, lane->options->place);
	lane->settle.policy = (struct queue_policy){
		.retry_first_ms = config->retry_first * 1000,
		.give_up_after_ms = config->give_up_after * 1000,
		.hold_ambiguous = lane->carrier->holds_ambiguous &&
		                  lane->carrier->holds_ambiguous(lane->state),
	};
	return open_databases(lane, err);
}

static bool is_shut(struct lane *lane)
{
	return gate_room(&lane->board->gate, &lane->limits,
	           lane->options->place, clock_steady_ms()) == 0;
}

static bool gate_opens(struct lane *lane)
{
	clock_sleep_ms(GATE_MS);
	return !is_shut(lane);
}

/* Until there may be something to do. */
static void wait_for_work(struct lane *lane, int64_t wait_ms, bool shut)
{
	int64_t end_ms = clock_steady_ms() + wait_ms;
	int64_t left_ms;

	settle_all(&lane->settle);
	if (!shut)
		tell(lane, "idle", NULL);
	while (!stopping && (left_ms = end_ms - clock_steady_ms()) > 0)
		if (shut ? gate_opens(lane)
		         : db_wait(lane->db,
		               left_ms < SLICE_MS ? left_ms : SLICE_MS))
			return;
}

static void say_goodbye(struct lane *lane)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem,
		.db = lane->settle.db,
		.tag = lane->owner };

	if (!db_lost(work.db))
		db_run(&work, QUERY_lane_end, lane->owner);
	log_debug(lane->owner, "lane ends");
}

static bool at_fault(const struct lane *lane)
{
	return lane->board->gate.faults || lane->board->gate.throttles;
}

/* What a lane at fault still has cannot go now; what a lane that rests could
 * send the others do. */
static bool may_reopen(const struct lane *lane)
{
	return !at_fault(lane) && !gate_rests(&lane->board->gate, &lane->limits,
	                              lane->options->place);
}

static void run(struct lane *lane)
{
	while (!stopping) {
		int claimed = round_once(lane);
		bool shut = is_shut(lane);
		if (lane->options->drain &&
		    (claimed == 0 || (shut && !may_reopen(lane)))) {
			gate_leave(&lane->board->gate, lane->options->place);
			return;
		}
		if (claimed <= 0 || shut)
			wait_for_work(lane,
			    claimed < 0 && !shut
			        ? FAILURE_MS
			        : lane->engine->config->poll_ms,
			    shut);
	}
}

int lane_run(const struct engine *engine, const struct carrier *carrier,
    const struct lane_options *options)
{
	MEM_AUTO mem = mem_new(NULL);
	struct lane lane = { .engine = engine,
		.carrier = carrier,
		.options = options,
		.mem = mem };
	struct err err = { 0 };

	lane_catch_signals();
	if (!open_lane(&lane, &err)) {
		log_error(carrier->name, err.message, "detail",
		    *err.detail ? err.detail : NULL);
		return err_exit_status(err.code);
	}
	log_debug(lane.owner, "lane begins");
	run(&lane);
	if (lane.next.mem && take_claim(&lane, &lane.next))
		give_back(&lane, &lane.next);
	settle_all(&lane.settle);
	say_goodbye(&lane);
	return options->drain && at_fault(&lane) ? err_exit_status(ERR_PEER)
	                                         : 0;
}
