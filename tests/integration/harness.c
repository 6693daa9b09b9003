/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <criterion/hooks.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/invitation.h"
#include "account/keys.h"
#include "base/file.h"
#include "base/secret.h"
#include "db/cluster.h"
#include "db/migrate.h"

#define TEMPLATE "usher_template"

static struct mem *all;
static struct cluster *cluster;

static void must(bool done, const struct err *err)
{
	if (done)
		return;
	fprintf(stderr, "harness: %s: %s\n", err->message, err->detail);
	abort();
}

static const char *database_named(struct mem *mem, const char *name)
{
	return mem_printf(mem, "host=%s user=usher dbname=%s",
	    getenv("USHER_TEST_SOCKET"), name);
}

static void make_template(const char *folder)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .tag = "harness" };
	struct work inner = { .mem = mem, .tag = "harness" };
	struct err err = { 0 };
	int ran;

	work.db = db_open(mem, cluster->database, "harness", &work.err);
	must(work.db && db_script(&work, "create database " TEMPLATE),
	    &work.err);
	inner.db =
	    db_open(mem, database_named(mem, TEMPLATE), "harness", &inner.err);
	must(inner.db && migrate_run(&inner, &ran), &inner.err);
	const char *keys = mem_printf(mem, "%s/keys", folder);
	must(keyring_create(keys, &err), &err);
	const struct keyring *keyring = keyring_read(mem, keys, &err);
	must(keyring && keys_prove(&inner, keyring), &inner.err);
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
	struct err err = { 0 };
	char folder[] = "/tmp/usher-test-XXXXXX";

	(void)tests;
	secret_init();
	all = mem_new(NULL);
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		abort();
	cluster = cluster_start(all, mem_printf(all, "%s/pg", folder), &err);
	must(cluster != NULL, &err);
	setenv("USHER_TEST_SOCKET", cluster->socket_folder, 1);
	setenv("USHER_TEST_FOLDER", folder, 1);
	make_template(folder);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
	(void)stats;
	cluster_stop(cluster);
	if (system(mem_printf(all, "rm -rf %s", getenv("USHER_TEST_FOLDER"))) !=
	    0)
		abort();
	mem_free(all);
}

struct work harness_work(struct harness *harness, struct mem *mem)
{
	struct work work = { .mem = mem, .tag = "test" };

	work.db = db_open(mem, harness->database, "test", &work.err);
	must(work.db != NULL, &work.err);
	return work;
}

void harness_begin(struct harness *harness)
{
	struct err err = { 0 };

	memset(harness, 0, sizeof(*harness));
	secret_init();
	harness->mem = mem_new(NULL);
	harness->folder = getenv("USHER_TEST_FOLDER");
	const char *name = mem_printf(harness->mem, "test_%d", (int)getpid());
	struct work work = { .mem = harness->mem };
	work.db = db_open(harness->mem,
	    database_named(harness->mem, "postgres"), "harness", &work.err);
	must(work.db && db_script(&work,
	                    mem_printf(harness->mem,
	                        "create database %s template " TEMPLATE, name)),
	    &work.err);
	harness->database = database_named(harness->mem, name);
	harness->work = harness_work(harness, harness->mem);
	harness->config =
	    mem_copy(harness->mem, config_read(harness->mem, "/dev/null", &err),
	        sizeof(*harness->config));
	harness->config->database = harness->database;
	harness->engine.config = harness->config;
	harness->config->key_file =
	    mem_printf(harness->mem, "%s/keys", harness->folder);
	harness->engine.keyring =
	    keyring_read(harness->mem, harness->config->key_file, &err);
	must(harness->engine.keyring != NULL, &err);
}

void harness_end(struct harness *harness)
{
	struct work work = { .mem = harness->mem };

	work.db = db_open(harness->mem,
	    database_named(harness->mem, "postgres"), "harness", &work.err);
	must(work.db &&
	         db_script(&work,
	             mem_printf(harness->mem,
	                 "drop database test_%d with (force)", (int)getpid())),
	    &work.err);
	PQfinish(harness->conn);
	mem_free(harness->mem);
}

/* 'single' quotes are easier to write in C than those of JSON. */
static cJSON *json_of(struct work *work, const char *text)
{
	char *copy = mem_text(work->mem, text);

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	work->err = (struct err){ 0 };
	cJSON *json = json_read(work->mem, copy, &work->err);
	must(json != NULL, &work->err);
	return json;
}

bool harness_claim(struct work *work, struct queue_claim *claim)
{
	return queue_claim_send(work, claim) && queue_claim_answer(work, claim);
}

cJSON *harness_json(struct harness *harness, const char *text)
{
	return json_of(&harness->work, text);
}

struct pool *harness_pool(struct harness *harness, const char *settings)
{
	struct work *work = &harness->work;
	cJSON *json = json_of(work, settings);

	if (!cJSON_HasObjectItem(json, "PoolName"))
		json_add(json, "PoolName", "test");
	struct pool *pool = pool_create(work, &harness->engine, json);
	must(pool != NULL, &work->err);
	return pool;
}

struct user *harness_invite_by(struct work *work, const struct harness *harness,
    const struct pool *pool, const char *request, struct invite_report *report)
{
	struct invite_request read = { 0 };
	struct invite_report ignored;
	cJSON *json = json_of(work, request);

	if (!cJSON_HasObjectItem(json, "UserPoolId"))
		json_add(json, "UserPoolId", pool->id);
	if (!field_read(work->mem, invite_rows, json, &read, &work->err))
		return NULL;
	return invite(work, &harness->engine, &read,
	    report ? report : &ignored);
}

struct user *harness_invite(struct harness *harness, const struct pool *pool,
    const char *request, struct invite_report *report)
{
	return harness_invite_by(&harness->work, harness, pool, request,
	    report);
}

struct user *harness_must_invite(struct harness *harness,
    const struct pool *pool, const char *request)
{
	struct user *user = harness_invite(harness, pool, request, NULL);

	cr_assert(user, "%s: %s %s", request, harness->work.err.message,
	    harness->work.err.detail);
	return user;
}

void harness_must_fail(struct harness *harness, const struct pool *pool,
    const char *request, enum err_code code, const char *message)
{
	const struct err *err = &harness->work.err;

	cr_assert_null(harness_invite(harness, pool, request, NULL), "%s",
	    request);
	cr_assert_eq(err->code, code, "%s: %s %s", request, err->message,
	    err->detail);
	cr_assert_str_eq(err->message, message);
}

const char *harness_value(struct harness *harness, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	const char *sql = mem_vprintf(harness->mem, format, list);
	va_end(list);
	if (!harness->conn)
		harness->conn = PQconnectdb(mem_printf(harness->mem,
		    "%s options='-c search_path=usher'", harness->database));
	PGresult *result = PQexec(harness->conn, sql);
	const char *value = "";

	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK)
		cr_assert(false, "%s: %s", sql, PQerrorMessage(harness->conn));
	if (PQntuples(result))
		value = mem_text(harness->mem, PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}

int64_t harness_number(struct harness *harness, const char *sql)
{
	return strtoll(harness_value(harness, "%s", sql), NULL, 10);
}

const char *harness_password(struct harness *harness, int64_t message_id)
{
	struct mem *mem = harness->mem;
	struct err err = { 0 };
#define VALUE(column)                                               \
	harness_value(harness,                                      \
	    "select " column " from message_state where id = %lld", \
	    (long long)message_id)
	const char *place =
	    invitation_place(mem, VALUE("pool_id"), VALUE("sub"),
	        VALUE("medium"), strtoll(VALUE("invitation"), NULL, 10));
	const char *password = secret_open(mem, harness->engine.keyring,
	    VALUE("sealed"), place, &err);
#undef VALUE
	must(password != NULL, &err);
	return password;
}

/* What the processes of a race share. */
struct start {
	pthread_barrier_t barrier;
	_Atomic int begun;
};

static int run_one(struct harness *harness, pthread_barrier_t *barrier,
    int (*act)(struct harness *harness, struct work *work, int number),
    int number)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = harness_work(harness, mem);

	pthread_barrier_wait(barrier);
	return act(harness, &work, number);
}

void harness_race(struct harness *harness, int count,
    int (*act)(struct harness *harness, struct work *work, int number),
    int *results)
{
	pthread_barrierattr_t shared;
	struct start *start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t *pids = mem_array(harness->mem, pid_t, (size_t)count);

	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&start->barrier, &shared, (unsigned)count);
	harness->begun = &start->begun;
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(run_one(harness, &start->barrier, act, i));
		}
	}
	for (int i = 0; i < count; i++) {
		int status = 0;
		waitpid(pids[i], &status, 0);
		cr_assert(WIFEXITED(status), "process %d: status %d", i,
		    status);
		results[i] = WEXITSTATUS(status);
	}
	harness->begun = NULL;
	munmap(start, sizeof(*start));
}
