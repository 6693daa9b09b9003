/* SPDX-License-Identifier: MIT */
/*
 * harness - a real PostgreSQL for tests of the engine.
 *
 * One private cluster a test program, made before its first test and stopped
 * after its last; each test gets a database of its own, migrated, with keys.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <criterion/criterion.h>

#include "account/engine.h"
#include "account/invite.h"
#include "account/pool.h"
#include "base/config.h"
#include "base/json.h"
#include "base/keyring.h"
#include "db/db.h"
#include "db/work.h"
#include "delivery/queue.h"

struct harness {
	struct mem *mem;
	struct work work; /* on the test's database */
	struct engine engine;
	struct config *config; /* the engine's, to be changed by tests */
	const char *database;  /* connection string */
	const char *folder;    /* of the cluster; its keys are in keys */
	struct pg_conn *conn;  /* of harness_value() */
	_Atomic int *begun;    /* in a race, for its processes to count with */
};

/* A fresh database; ends the test when it cannot be had. */
void harness_begin(struct harness *harness);
void harness_end(struct harness *harness);

/* Another connection to the same database, as another host would have. */
struct work harness_work(struct harness *harness, struct mem *mem);

/* Both steps of a claim. */
bool harness_claim(struct work *work, struct queue_claim *claim);

/* TEXT as JSON, in which ' stands for ". */
cJSON *harness_json(struct harness *harness, const char *text);

/* A pool from the request of CreateUserPool; PoolName is added. */
struct pool *harness_pool(struct harness *harness, const char *settings);

/*
 * AdminCreateUser with the request as JSON (' for "), read by the real table;
 * UserPoolId is added when it lacks. NULL with the error in harness->work.
 */
struct user *harness_invite(struct harness *harness, const struct pool *pool,
    const char *request, struct invite_report *report);

/* The same on another connection, with the error in WORK. */
struct user *harness_invite_by(struct work *work, const struct harness *harness,
    const struct pool *pool, const char *request, struct invite_report *report);

/* The test fails unless it works, or fails with exactly this error. */
struct user *harness_must_invite(struct harness *harness,
    const struct pool *pool, const char *request);
void harness_must_fail(struct harness *harness, const struct pool *pool,
    const char *request, enum err_code code, const char *message);

/* The first column of the first row, "" when there is none. */
const char *harness_value(struct harness *harness, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int64_t harness_number(struct harness *harness, const char *sql);

/* The password of a message, opened as a lane would. */
const char *harness_password(struct harness *harness, int64_t message_id);

/*
 * Runs ACT in COUNT processes at once, each with its number and a connection
 * of its own; the exit statuses stand in RESULTS. ACT must not assert: its
 * process is not the test's.
 */
void harness_race(struct harness *harness, int count,
    int (*act)(struct harness *harness, struct work *work, int number),
    int *results);

#endif
