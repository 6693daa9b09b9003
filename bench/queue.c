/* SPDX-License-Identifier: MIT */
/*
 * queue CONFIG SECONDS COUNT [--keeper] - claims and settles batches of 200
 * through queue.c until SECONDS or COUNT messages are over, putting in as
 * many as it settles, and prints what a message took. Only claim and settle
 * are timed. With --keeper the keeper does its chores meanwhile.
 */
#include "delivery/queue.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account/start.h"
#include "base/config.h"
#include "base/secret.h"
#include "db/db.h"
#include "delivery/keeper.h"

#define BATCH      200
#define LEASE_MS   120000
#define OWNER      "bench-smtp-1-abcdef"
#define PUT_ONE(n) "select bench_fill(" #n ")"
#define PUT(n)     PUT_ONE(n)

struct figures {
	long count;
	int64_t claim_us;
	int64_t settle_us;
};

static int fail(const struct err *err)
{
	fprintf(stderr, "queue: %s: %s\n", err->message, err->detail);
	return 1;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool settle(struct work *work, const struct queue_claim *claim)
{
	static const struct queue_policy policy = { 30000, 86400000, false };
	struct delivery **batch =
	    mem_array(work->mem, struct delivery *, claim->count);
	int ours = 0;

	for (size_t i = 0; i < claim->count; i++) {
		batch[i] = &claim->deliveries[i];
		delivery_tell(batch[i], DELIVERY_ACCEPTED, 250, "2.0.0",
		    "250 2.0.0 Ok: queued as 4F1A2B3C4D");
	}
	return queue_settle(work, OWNER, &policy, batch, claim->count, &ours) &&
	       (ours == (int)claim->count ||
	           err_set(&work->err, ERR_INTERNAL, "leases were lost"));
}

/* One batch put in, claimed, settled. */
static bool turn(struct db *db, char after[64],
    struct template_cache *templates, struct figures *figures, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .db = db, .tag = "bench" };
	struct queue_claim claim = { .medium = "EMAIL",
		.most = BATCH,
		.lease_ms = LEASE_MS,
		.owner = OWNER,
		.after = after,
		.templates = templates };

	bool done = db_script(&work, PUT(BATCH));
	int64_t start_us = now_us();
	done = done && queue_claim_send(&work, &claim) &&
	       queue_claim_answer(&work, &claim) && claim.count > 0;
	int64_t claimed_us = now_us();
	done = done && settle(&work, &claim);
	figures->claim_us += claimed_us - start_us;
	figures->settle_us += now_us() - claimed_us;
	figures->count += (long)claim.count;
	*err = work.err;
	if (done)
		snprintf(after, 64, "%s", claim.deliveries[0].pool_id);
	return done;
}

static pid_t start_keeper(const struct engine *engine, bool wanted)
{
	pid_t pid = wanted ? fork() : 0;

	if (wanted && pid == 0)
		_exit(keeper_run(engine));
	return pid;
}

static int measure(const struct engine *engine, long seconds, long most)
{
	MEM_AUTO mem = mem_new(NULL);
	struct figures figures = { 0 };
	struct err err = { 0 };
	char after[64] = "";
	struct template_cache *templates = template_cache_new(mem);
	struct db *db = db_open(mem, engine->config->database, "bench", &err);
	int64_t end_us = now_us() + seconds * 1000000;

	/* Plans settle first: PostgreSQL keeps one after five executions. */
	for (int i = 0; db && i < 10; i++)
		if (!turn(db, after, templates, &figures, &err))
			return fail(&err);
	figures = (struct figures){ 0 };
	while (db && now_us() < end_us && figures.count < most)
		if (!turn(db, after, templates, &figures, &err))
			return fail(&err);
	if (!db || !figures.count)
		return fail(&err);
	printf("%ld %.2f %.2f\n", figures.count,
	    (double)figures.claim_us / (double)figures.count,
	    (double)figures.settle_us / (double)figures.count);
	return 0;
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct engine engine = { 0 };
	struct err err = { 0 };

	if (argc < 4) {
		fputs("usage: queue CONFIG SECONDS COUNT [--keeper]\n", stderr);
		return 2;
	}
	secret_init();
	if (!start_config(mem, argv[1], &engine, &err))
		return fail(&err);
	pid_t keeper = start_keeper(&engine, argc > 4);
	int status = measure(&engine, strtol(argv[2], NULL, 10),
	    strtol(argv[3], NULL, 10));
	if (keeper > 0) {
		kill(keeper, SIGTERM);
		waitpid(keeper, NULL, 0);
	}
	return status;
}
