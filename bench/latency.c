/* SPDX-License-Identifier: MIT */
/*
 * latency CONFIG POOL - invites one user by mail for each line that it reads
 * and prints when it began and when that was committed, in microseconds of
 * the steady clock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "account/start.h"
#include "base/config.h"
#include "base/secret.h"
#include "db/db.h"
#include "guest.h"

static int fail(const struct err *err)
{
	fprintf(stderr, "latency: %s: %s\n", err->message, err->detail);
	return 1;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int run(const struct engine *engine, const char *pool_id)
{
	MEM_AUTO mem = mem_new(NULL);
	struct guest guest = { .pool_id = pool_id, .medium = "EMAIL" };
	struct err err = { 0 };
	struct db *db = db_open(mem, engine->config->database, "latency", &err);
	char line[16];

	if (!db)
		return fail(&err);
	for (; fgets(line, sizeof(line), stdin); guest.number++) {
		MEM_AUTO one = mem_new(NULL);
		struct work work = { .mem = one, .db = db, .tag = "latency" };
		int64_t start_us = now_us();
		if (!guest_invite(&work, engine, &guest))
			return fail(&work.err);
		printf("%" PRId64 " %" PRId64 "\n", start_us, now_us());
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct engine engine = { 0 };
	struct err err = { 0 };

	if (argc != 3) {
		fputs("usage: latency CONFIG POOL\n", stderr);
		return 2;
	}
	secret_init();
	if (!start_config(mem, argv[1], &engine, &err) ||
	    !start_keys(mem, &engine, &err))
		return fail(&err);
	return run(&engine, argv[2]);
}
