/* SPDX-License-Identifier: MIT */
/*
 * The connection: statements, arrays, transactions, faults.
 * covers: db/db.c
 * covers: db/cluster.c
 */
#include <string.h>

#include "account/user.h"
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

TestSuite(db, .init = begin, .fini = end, .timeout = 60);

Test(db, every_statement_prepares)
{
	cr_assert(db_prepare_all(&harness.work), "%s", harness.work.err.detail);
}

Test(db, arrays_come_back_as_they_went)
{
	const char *kinds[] = { "a\"b", "c\\d", "{,}", "", "null" };
	const char *values[] = { "\xc3\xa4", "'", " e ", "\n", "NULL" };
	struct mem *mem = harness.mem;
	struct pool *pool = harness_pool(&harness, "{}");
	const char *sub = user_new_sub(mem);

	cr_assert_str_eq(db_array(mem, (const char *[]){ NULL, "null" }, 2),
	    "{null,\"null\"}");
	cr_assert_str_eq(db_array(mem, NULL, 0), "{}");
	cr_assert(db_run(&harness.work, QUERY_invite_create, pool->id, sub,
	              "alice", "x", "{}", NULL, NULL, db_array(mem, kinds, 5),
	              db_array(mem, values, 5), "{}", "{}", "{}", "{}", "{}",
	              "{}", "alice", NULL, "test"),
	    "%s", harness.work.err.detail);
	struct rows *rows = db_run(&harness.work, QUERY_alias_holders, pool->id,
	    db_array(mem, kinds, 5), db_array(mem, values, 5),
	    db_array(mem, &sub, 1), "00000000-0000-0000-0000-000000000000");
	cr_assert(rows);
	cr_assert_eq(rows_count(rows), 5);
}

Test(db, an_array_grows)
{
	struct db_array some = db_array_new(harness.mem);
	struct db_array none = db_array_new(harness.mem);

	db_array_add_int(&some, INT64_MIN);
	db_array_add(&some, NULL);
	db_array_add(&some, "a \"b\"");
	db_array_add_int(&some, 0);
	cr_assert_str_eq(db_array_end(&some),
	    "{-9223372036854775808,null,\"a \\\"b\\\"\",0}");
	db_array_add(&none, NULL);
	cr_assert_null(db_array_end(&none));
}

Test(db, rows_fill_a_structure)
{
	struct row {
		const char *number;
		const char *status;
		int64_t wrong_codes;
		int64_t verified_ms;
		bool code_expired;
		bool codes_fresh;
	} row;
	static const struct column columns[] = { COLUMN(struct row, number),
		COLUMN(struct row, status), COLUMN(struct row, wrong_codes),
		COLUMN(struct row, verified_ms),
		COLUMN(struct row, code_expired),
		COLUMN(struct row, codes_fresh), COLUMN_END };

	harness_value(&harness, "insert into sandbox_number (number, "
	                        "wrong_codes) values ('+1', 4)");
	struct rows *rows = db_run(&harness.work, QUERY_sandbox_get, "+1");
	cr_assert(rows);
	rows_read(rows, 0, columns, &row);
	cr_assert_str_eq(row.number, "+1");
	cr_assert_str_eq(row.status, "Pending");
	cr_assert_eq(row.wrong_codes, 4);
	cr_assert_eq(row.verified_ms, 0);
	cr_assert(row.code_expired);
	cr_assert(row.codes_fresh);
	cr_assert_null(rows_text(rows, 0, "code_sealed"));
}

/* Ends the connection of harness.work, as a server that fails over does. */
static void cut(void)
{
	harness_value(&harness,
	    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
	    "where application_name = 'test' and datname = "
	    "current_database()");
}

Test(db, a_commit_without_an_answer_is_unknown)
{
	cr_assert(db_begin(&harness.work));
	cr_assert(
	    db_run(&harness.work, QUERY_audit_insert, "w", "a", "o", NULL));
	cut();
	cr_assert_not(db_commit(&harness.work));
	cr_assert_eq(harness.work.err.code, ERR_COMMIT_UNKNOWN);
	cr_assert(*harness.work.err.detail);
	db_rollback(&harness.work);
	cr_assert_eq(harness.work.err.code, ERR_COMMIT_UNKNOWN);
	cr_assert_eq(harness_number(&harness, "select count(*) from audit"), 0);
}

Test(db, a_lost_connection_is_renewed)
{
	struct work *work = &harness.work;

	cr_assert(db_run_plain(work, QUERY_sandbox_status));
	cut();
	cr_assert_null(db_run_plain(work, QUERY_sandbox_status));
	cr_assert_eq(work->err.code, ERR_DATABASE);
	cr_assert(db_lost(work->db));
	cr_assert(db_renew(work));
	cr_assert_not(db_lost(work->db));
	cr_assert(db_run_plain(work, QUERY_sandbox_status));
	cr_assert(db_renew(work));
}

/* What the server said before it closed is no sign of life. */
Test(db, a_connection_that_ended_meanwhile_is_renewed_before_its_use)
{
	struct work *work = &harness.work;

	for (int i = 0; i < 20; i++) {
		cr_assert(db_run_plain(work, QUERY_sandbox_status));
		cut();
		cr_assert(db_renew(work));
		cr_assert(db_run_plain(work, QUERY_sandbox_status), "%s",
		    work->err.detail);
	}
}

Test(db, an_error_has_its_state_and_rolls_back)
{
	struct work *work = &harness.work;

	cr_assert(db_begin(work));
	cr_assert(db_run(work, QUERY_audit_insert, "w", "a", "o", NULL));
	cr_assert_null(
	    db_run(work, QUERY_audit_insert, "w", "a", "o", "no json"));
	cr_assert_str_eq(db_state(work->db), "22P02");
	cr_assert_str_eq(work->err.message, "the database failed");
	db_rollback(work);
	db_rollback(work);
	cr_assert_eq(harness_number(&harness, "select count(*) from audit"), 0);
}

Test(db, no_server)
{
	struct err err = { 0 };

	cr_assert_null(db_open(harness.mem, "host=/nowhere", "test", &err));
	cr_assert_eq(err.code, ERR_DATABASE);
	cr_assert_not(db_answers("host=/nowhere"));
	cr_assert(db_answers(harness.database));
}
