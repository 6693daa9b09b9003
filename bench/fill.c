/* SPDX-License-Identifier: MIT */
/*
 * fill CONFIG POOL COUNT CONNECTIONS - invites COUNT users by mail through
 * the engine, so that a benchmark finds what a real installation would hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/attribute.h"
#include "account/invite.h"
#include "account/start.h"
#include "base/config.h"
#include "base/secret.h"
#include "db/db.h"

#define CONNECTIONS_MOST 64

static int fail(const struct err *err)
{
	fprintf(stderr, "fill: %s: %s\n", err->message, err->detail);
	return 1;
}

static bool invite_one(struct work *work, const struct engine *engine,
    const char *pool_id, long number)
{
	const char *medium = "EMAIL";
	char *name = mem_printf(work->mem, "user%07ld", number);
	struct attribute email = { "email",
		mem_printf(work->mem, "%s@bench.example", name) };
	struct invite_request request = { .pool_id = pool_id,
		.username = name,
		.attributes = { 1, &email },
		.media = { 1, &medium } };
	struct invite_report report;

	return invite(work, engine, &request, &report) != NULL;
}

/* Every STEPth number up to COUNT. Only filling does without waiting. */
static int run(const struct engine *engine, const char *pool_id,
    const long *range)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work opening = { .mem = mem };
	struct db *db =
	    db_open(mem, engine->config->database, "fill", &opening.err);

	opening.db = db;
	if (!db || !db_script(&opening, "set synchronous_commit = off"))
		return fail(&opening.err);
	for (long i = range[0]; i < range[1]; i += range[2]) {
		MEM_AUTO one = mem_new(NULL);
		struct work work = { .mem = one, .db = db, .tag = "fill" };
		if (!invite_one(&work, engine, pool_id, i))
			return fail(&work.err);
	}
	return 0;
}

static int run_all(const struct engine *engine, const char *pool_id, long count,
    long connections)
{
	int failed = 0;
	int status;

	for (long i = 0; i < connections; i++) {
		const long range[] = { i, count, connections };
		pid_t pid = fork();
		if (pid == 0)
			_exit(run(engine, pool_id, range));
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

	if (argc != 5 || strtol(argv[4], NULL, 10) > CONNECTIONS_MOST) {
		fputs("usage: fill CONFIG POOL COUNT CONNECTIONS\n", stderr);
		return 2;
	}
	secret_init();
	if (!start_config(mem, argv[1], &engine, &err) ||
	    !start_keys(mem, &engine, &err))
		return fail(&err);
	return run_all(&engine, argv[2], strtol(argv[3], NULL, 10),
	    strtol(argv[4], NULL, 10));
}
