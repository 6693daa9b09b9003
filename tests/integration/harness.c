/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <criterion/hooks.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
	mem_free(harness->mem);
}

struct pool *harness_pool(struct harness *harness, const char *settings)
{
	struct work *work = &harness->work;
	cJSON *json = json_read(work->mem, settings, &work->err);

	must(json != NULL, &work->err);
	if (!cJSON_HasObjectItem(json, "PoolName"))
		json_add(json, "PoolName", "test");
	struct pool *pool = pool_create(work, &harness->engine, json);
	must(pool != NULL, &work->err);
	return pool;
}

struct user *harness_invite(struct harness *harness, const struct pool *pool,
    const char *request, struct invite_report *report)
{
	struct work *work = &harness->work;
	struct invite_request read = { 0 };
	struct invite_report ignored;
	cJSON *json = json_read(work->mem, request, &work->err);

	must(json != NULL, &work->err);
	work->err = (struct err){ 0 };
	if (!cJSON_HasObjectItem(json, "UserPoolId"))
		json_add(json, "UserPoolId", pool->id);
	if (!field_read(work->mem, invite_rows, json, &read, &work->err))
		return NULL;
	return invite(work, &harness->engine, &read,
	    report ? report : &ignored);
}

const char *harness_value(struct harness *harness, const char *sql)
{
	PGconn *conn = PQconnectdb(mem_printf(harness->mem,
	    "%s options='-c search_path=usher'", harness->database));
	PGresult *result = PQexec(conn, sql);
	const char *value = "";

	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK)
		cr_assert(false, "%s: %s", sql, PQerrorMessage(conn));
	if (PQntuples(result))
		value = mem_text(harness->mem, PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(conn);
	return value;
}

const char *harness_password(struct harness *harness, int64_t message_id)
{
	struct mem *mem = harness->mem;
	struct err err = { 0 };
	long long id = message_id;
#define VALUE(column)                                                         \
	harness_value(harness,                                                \
	    mem_printf(mem, "select " column " from message where id = %lld", \
	        id))
	const char *place =
	    invitation_place(mem, VALUE("pool_id"), VALUE("sub"),
	        VALUE("medium"), strtoll(VALUE("invitation"), NULL, 10));
	const char *password = secret_open(mem, harness->engine.keyring,
	    VALUE("sealed"), place, &err);
#undef VALUE
	must(password != NULL, &err);
	return password;
}
