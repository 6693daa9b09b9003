/* SPDX-License-Identifier: MIT */
/*
 * The schema: once, in order, by one at a time.
 * covers: db/migrate.c
 */
#include <string.h>

#include "base/secret.h"
#include "db/migrate.h"
#include "harness.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(migrate, .init = begin, .fini = end, .timeout = 60);

Test(migrate, a_second_run_does_nothing)
{
	int ran = -1;

	cr_assert(migrate_check(&harness.work));
	cr_assert(migrate_run(&harness.work, &ran));
	cr_assert_eq(ran, 0);
}

static int run(struct harness *all, struct work *work, int number)
{
	int ran = 0;

	(void)all;
	(void)number;
	return migrate_run(work, &ran) ? ran : 255;
}

Test(migrate, several_at_once_wait_for_each_other)
{
	int ran[4];
	int sum = 0;

	harness_value(&harness, "set client_min_messages = warning;"
	                        "drop schema usher cascade");
	cr_assert_not(migrate_check(&harness.work));
	cr_assert_eq(harness.work.err.code, ERR_SCHEMA);
	cr_assert_str_eq(harness.work.err.message,
	    "the database has no schema of usher; 'usher init' makes it");
	harness_race(&harness, 4, run, ran);
	for (int i = 0; i < 4; i++)
		sum += ran[i];
	cr_assert_eq(sum, migrate_newest());
	cr_assert(migrate_check(&harness.work));
}

static int run_or_hold(struct harness *all, struct work *work, int number)
{
	int ran = 0;

	(void)all;
	if (number == 0)
		return !db_script(work,
		    "begin; select pg_advisory_xact_lock(504403489138); "
		    "select pg_sleep(1); commit");
	return db_script(work, "set statement_timeout = '300ms'; "
	                       "select pg_sleep(0.2)") &&
	               migrate_run(work, &ran)
	           ? 0
	           : 255;
}

Test(migrate, takes_its_time)
{
	int results[2];

	harness_race(&harness, 2, run_or_hold, results);
	cr_assert_eq(results[0], 0);
	cr_assert_eq(results[1], 0);
}

static void refuse(const char *message)
{
	int ran;

	cr_assert_not(migrate_check(&harness.work));
	cr_assert_eq(harness.work.err.code, ERR_SCHEMA);
	cr_assert_str_eq(harness.work.err.message, message);
	harness.work.err = (struct err){ 0 };
	cr_assert_not(migrate_run(&harness.work, &ran));
	cr_assert_eq(harness.work.err.code, ERR_SCHEMA);
	cr_assert_str_eq(harness.work.err.message, message);
}

Test(migrate, a_newer_schema_is_refused)
{
	int next = migrate_newest() + 1;

	harness_value(&harness, "insert into migration values (%d, 'x', 'x')",
	    next);
	refuse(mem_printf(harness.mem,
	    "the database has schema %d, this program knows up to %d; upgrade "
	    "this program",
	    next, next - 1));
}

Test(migrate, a_changed_migration_is_refused)
{
	harness_value(&harness,
	    "update migration set checksum = 'x' where number = 1");
	refuse("migration 1 in the database is not the one in this program: "
	       "another version made it; use a new database or folder");
}

/* A call of one would be parsed and planned by each statement. */
Test(migrate, functions_of_time_are_inlined)
{
	static const char *const calls[] = { "ms(applied_at)",
		"after_ms(number)" };

	for (size_t i = 0; i < 2; i++) {
		const char *plan = harness_value(&harness,
		    "explain (verbose, format json) select %s from migration",
		    calls[i]);
		cr_expect_null(strstr(plan, "ms("), "%s", plan);
	}
}

static const struct {
	int number;
	const char *name;
	const char *sql;
} migrations[] = {
#define MIGRATION(number, name, sql) { number, #name, sql },
#include "db/migrations.def"
#undef MIGRATION
};

/* A database as the program before the second migration left it. */
static void go_back_to_the_first(void)
{
	struct work *work = &harness.work;

	harness_value(&harness,
	    "set client_min_messages = warning; drop schema usher cascade; "
	    "create schema usher; create table migration (number int primary "
	    "key, name text not null, checksum text not null, applied_at "
	    "timestamptz not null default now())");
	cr_assert(db_script(work, migrations[0].sql), "%s", work->err.detail);
	cr_assert(db_run(work, QUERY_migrate_record, "1", migrations[0].name,
	              secret_digest(work->mem, migrations[0].sql)),
	    "%s", work->err.detail);
}

/* Rows in every table, in every state. */
static const char rows[] =
    "insert into key_proof values ('k', 'x');"
    "insert into user_pool (id, name, settings) values ('p', 'P', '{}');"
    "insert into account (pool_id, sub, username, status, attributes) values "
    "('p', '00000000-0000-0000-0000-000000000001', 'alice', 'CONFIRMED', "
    "'{\"email\": \"a@x\"}');"
    "insert into name values ('p', 'alice', 'username', "
    "'00000000-0000-0000-0000-000000000001');"
    "insert into template values ('h', '{\"text\": \"{username}: {####}\"}');"
    "insert into message (pool_id, sub, medium, destination, username, "
    "invitation, sealed, template_hash, expires_at, outcome, reason, "
    "remote_id, settled_at) select 'p', "
    "'00000000-0000-0000-0000-000000000001', m, 'a@x', 'alice', 1, 'x', 'h', "
    "now() + interval '7 days', o, r, i, case when o is not null then now() "
    "end from (values ('EMAIL', 'sent', null, 'Q1'), ('SMS', 'sent', "
    "'superseded while in session', 'R1'), ('EMAIL', 'refused', 'no such "
    "user', null), ('EMAIL', 'cancelled', 'not wanted', null), ('SMS', "
    "'held', 'lost', null), ('SMS', 'skipped', 'no number', null), ('EMAIL', "
    "null, null, null), ('EMAIL', null, null, null), ('SMS', null, null, "
    "null), ('EMAIL', null, null, null)) as v (m, o, r, i);"
    "insert into ready values ('EMAIL', 'p', 7);"
    "insert into backlog (medium, pool_id) values ('EMAIL', 'p');"
    "insert into in_flight values (8, 'EMAIL', 'lane', nextval('lease_epoch'), "
    "1, 0, now() + interval '1 hour');"
    "insert into blocked (id, medium, reason, address) values (9, 'SMS', "
    "'sandbox', '+1');"
    "insert into later values (10, 'EMAIL', now() + interval '1 hour', 2, 0, "
    "'try later');"
    "insert into attempt (message_id, attempt, owner, class, words) values "
    "(1, 1, 'lane', 'ACCEPTED', 'ok');"
    "insert into sandbox_number (number) values ('+1');"
    "insert into captured (message_id, pool_id, medium, destination, sealed) "
    "values (1, 'p', 'EMAIL', 'a@x', 'x');"
    "insert into audit (who, action, object, detail) values ('w', 'a', 'o', "
    "'{\"b\": 1}');"
    "update installation set sandbox = false";

#define TABLES_MOST 40

/* What a table holds, by the columns that it had at first. */
static struct table {
	const char *name;
	const char *columns;
	const char *content;
} tables[TABLES_MOST];

static int table_count;

static const char *content_of(const struct table *table, const char *place)
{
	return harness_value(&harness,
	    "select string_agg(t, E'\\n' order by t) from (select "
	    "row_to_json(r)::text as t from (select %s from %s) as r) as t",
	    table->columns, place);
}

/* Where a table's columns are found now. */
static const char *place_of(const struct table *table)
{
	if (strcmp(table->name, "message") == 0)
		return "message_state";
	if (strcmp(table->name, "in_flight") == 0)
		return "(select u.id, e.medium, e.owner, e.epoch, u.attempt, "
		       "u.losses, e.lease_until from lease e cross join "
		       "lateral unnest(e.ids, e.attempts, e.losses) as u (id, "
		       "attempt, losses)) as l";
	return table->name;
}

static void note_tables(void)
{
	const char *names = harness_value(&harness,
	    "select string_agg(tablename, ' ' order by tablename) from "
	    "pg_tables where schemaname = 'usher' and tablename <> "
	    "'migration'");
	char *list = mem_text(harness.mem, names);

	for (char *name = strtok(list, " "); name; name = strtok(NULL, " ")) {
		cr_assert_lt(table_count, TABLES_MOST);
		struct table *table = &tables[table_count++];
		table->name = name;
		table->columns = harness_value(&harness,
		    "select string_agg(quote_ident(column_name), ', ' order by "
		    "ordinal_position) from information_schema.columns where "
		    "table_schema = 'usher' and table_name = '%s'",
		    name);
		table->content = content_of(table, table->name);
		cr_assert(*table->content, "no rows in %s", name);
	}
	cr_assert_gt(table_count, 10);
}

static const char *states(void)
{
	return harness_value(&harness,
	    "select string_agg(state || coalesce(' (' || why || ')', ''), ', ' "
	    "order by id) from message_state");
}

Test(migrate, the_second_keeps_all_rows)
{
	int ran = 0;

	go_back_to_the_first();
	harness_value(&harness, "%s", rows);
	note_tables();
	const char *before = states();
	cr_assert_str_eq(before,
	    "sent, sent (superseded while in session), refused (no such user), "
	    "cancelled (not wanted), held (lost), skipped (no number), queued, "
	    "sending, blocked (sandbox), retry (try later)");
	cr_assert_not(migrate_check(&harness.work));
	cr_assert_str_eq(harness.work.err.message,
	    mem_printf(harness.mem,
	        "the database has schema 1, this program needs %d; 'usher "
	        "migrate' brings it up",
	        migrate_newest()));
	cr_assert(migrate_run(&harness.work, &ran), "%s",
	    harness.work.err.detail);
	cr_assert_eq(ran, migrate_newest() - 1);
	cr_assert(migrate_check(&harness.work));
	for (int i = 0; i < table_count; i++)
		cr_assert_str_eq(content_of(&tables[i], place_of(&tables[i])),
		    tables[i].content, "%s", tables[i].name);
	cr_assert_str_eq(states(), before);
	cr_assert(db_prepare_all(&harness.work), "%s", harness.work.err.detail);
}

Test(migrate, the_second_fills_what_it_adds)
{
	int ran = 0;

	go_back_to_the_first();
	harness_value(&harness, "%s", rows);
	cr_assert(migrate_run(&harness.work, &ran), "%s",
	    harness.work.err.detail);
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(coalesce(cause, '-'), ', ' "
	                     "order by id) from message_state"),
	    "-, -, no such user, not wanted, lost, no number, -, -, -, -");
	cr_assert_eq(harness_number(&harness, "select count(receipt) from "
	                                      "message"),
	    0);
	cr_assert_str_eq(harness_value(&harness,
	                     "select token_salt ~ '^[0-9a-f]{64}$' from "
	                     "installation"),
	    "t");
}

/* Each installation has a salt of its own. */
Test(migrate, the_second_makes_a_salt)
{
	const char *first =
	    harness_value(&harness, "select token_salt from installation");
	int ran = 0;

	go_back_to_the_first();
	cr_assert(migrate_run(&harness.work, &ran));
	cr_assert_str_neq(
	    harness_value(&harness, "select token_salt from installation"),
	    first);
}
