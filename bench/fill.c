/* SPDX-License-Identifier: MIT */
/*
 * fill CONFIG POOL MEDIUM COUNT CONNECTIONS - invites COUNT users through the
 * engine, so that a benchmark finds what a real installation would hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/start.h"
#include "base/config.h"
#include "base/secret.h"
#include "db/db.h"
#include "guest.h"

#define CONNECTIONS_MOST 64

static int fail(const struct err *err)
{
	fprintf(stderr, "fill: %s: %s\n", err->message, err->detail);
	return 1;
}

/* Every STEPth number from FIRST's up to END. Only filling does without
 * waiting. */
static int run(const struct engine *engine, const struct guest *first, long end,
    long step)
{
	MEM_AUTO mem = mem_new(NULL);
	struct guest guest = *first;
	struct work opening = { .mem = mem };
	struct db *db =
	    db_open(mem, engine->config->database, "fill", &opening.err);

	opening.db = db;
	if (!db || !db_script(&opening, "set synchronous_commit = off"))
		return fail(&opening.err);
	for (; guest.number < end; guest.number += step) {
		MEM_AUTO one = mem_new(NULL);
		struct work work = { .mem = one, .db = db, .tag = "fill" };
		if (!guest_invite(&work, engine, &guest))
			return fail(&work.err);
	}
	return 0;
}

static int run_all(const struct engine *engine, struct guest guest, long count,
    long connections)
{
	int failed = 0;
	int status;

	for (; guest.number < connections; guest.number++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(run(engine, &guest, count, connections));
		failed |= pid < 0;
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct engine engine = { 0 };
	struct err err = { 0 };

	if (argc != 6 || strtol(argv[5], NULL, 10) > CONNECTIONS_MOST) {
		fputs("usage: fill CONFIG POOL MEDIUM COUNT CONNECTIONS\n",
		    stderr);
		return 2;
	}
	secret_init();
	if (!start_config(mem, argv[1], &engine, &err) ||
	    !start_keys(mem, &engine, &err))
		return fail(&err);
	return run_all(&engine,
	    (struct guest){ .pool_id = argv[2], .medium = argv[3] },
	    strtol(argv[4], NULL, 10), strtol(argv[5], NULL, 10));
}
