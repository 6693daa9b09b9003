/* SPDX-License-Identifier: MIT */
/*
 * db - PostgreSQL: connect, run prepared statements by name, transactions.
 *
 * The only file that knows libpq. Statements are those of sql/; parameters
 * and results are texts. A statement outside a transaction is one by itself.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "db/work.h"

enum query {
#define QUERY(name, parameters, text) QUERY_##name,
#include "db/queries.def"
#undef QUERY
	QUERY_COUNT
};

struct db;
struct rows;

/*
 * Connects; the connection closes with MEM. NULL with ERR_DATABASE, whose
 * message says what to do and whose detail has libpq's words.
 */
struct db *db_open(struct mem *mem, const char *database,
    const char *application, struct err *err);

/* Connects anew when the connection was lost. */
bool db_renew(struct work *work);

/* True when the connection was found broken, or its server read-only. */
bool db_lost(const struct db *db);

/* From now on, also after db_renew(), db_wait() tells of notifications on the
 * channel. CHANNEL must live as long as the connection. */
bool db_listen(struct work *work, const char *channel);

/* Waits for a notification, WAIT_MS at most; true when there was one. Not
 * between db_send_array() and db_answer(). */
bool db_wait(struct db *db, int64_t wait_ms);

/* True when a server answers there, ready or not. */
bool db_answers(const char *database);

/*
 * Runs a statement of sql/ with its parameters, which are texts or NULL:
 * db_run(work, QUERY_user_find, pool_id, name, NULL). The rows belong to the
 * work. NULL with ERR_DATABASE.
 */
#define db_run(work, query, ...)                                            \
	db_run_array((work), (query), (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) /                  \
	        sizeof(const char *))
#define db_run_plain(work, query) db_run_array((work), (query), NULL, 0)
struct rows *db_run_array(struct work *work, enum query query,
    const char *const *parameters, size_t count);

/*
 * The same in two steps, so that the database works while the caller does.
 * Once sent, the statement runs even if this process dies; nothing else may
 * be run on the connection before the answer is taken.
 */
bool db_send_array(struct work *work, enum query query,
    const char *const *parameters, size_t count);
struct rows *db_answer(struct work *work);

/* Whether db_answer() would not wait. */
bool db_ready(struct db *db);

/* Prepares every statement; the error names the first that will not. */
bool db_prepare_all(struct work *work);

/* A statement of sql/ with its parameters. */
struct db_statement {
	enum query query;
	const char *const *parameters;
	size_t count;
};

/*
 * Runs COUNT statements in one transaction and one round trip (pipeline mode):
 * all are committed, with ROWS filled, or none. ERR_COMMIT_UNKNOWN when the
 * connection broke: what came of it cannot be told. Not for results of many
 * rows: nothing is read before all is written.
 */
bool db_run_together(struct work *work, const struct db_statement *statements,
    size_t count, struct rows **rows);

/* SQLSTATE of the last failure: "23505". */
const char *db_state(const struct db *db);

bool db_begin(struct work *work);

/*
 * ERR_COMMIT_UNKNOWN when the connection broke before the answer: the
 * transaction may have been committed.
 */
bool db_commit(struct work *work);

/* Keeps the work's error. Does nothing outside a transaction. */
void db_rollback(struct work *work);

/* Runs a script of several commands, for migrations and tests. */
bool db_script(struct work *work, const char *sql);

int rows_count(const struct rows *rows);

/* The text of a column, NULL for null; it lives as long as the rows. */
const char *rows_text(const struct rows *rows, int row, const char *column);
int64_t rows_int(const struct rows *rows, int row, const char *column);
bool rows_bool(const struct rows *rows, int row, const char *column);

enum column_kind { COLUMN_TEXT, COLUMN_INT, COLUMN_BOOL };

struct column {
	const char *name;
	enum column_kind kind;
	size_t offset;
};

/* A row of a column table; a member of another type does not compile. */
#define COLUMN(type, member)                                  \
	{                                                     \
#member, _Generic(((type *)0)->member, const char * :       \
		    COLUMN_TEXT, int64_t : COLUMN_INT, bool : COLUMN_BOOL), \
		    offsetof(type, member) \
	}
#define COLUMN_END                   \
	{                            \
		NULL, COLUMN_TEXT, 0 \
	}

/* Fills the structure INTO from one row by its column table. */
void rows_read(struct rows *rows, int row, const struct column *columns,
    void *into);

/* Texts as a PostgreSQL array; a NULL among them is null. */
char *db_array(struct mem *mem, const char *const *texts, size_t count);

/* An array that grows by one element after the other. */
struct db_array {
	struct str *text;
	bool some; /* an element that is not null */
};

struct db_array db_array_new(struct mem *mem);
void db_array_add(struct db_array *array, const char *text);
void db_array_add_int(struct db_array *array, int64_t number);

/* NULL when all its elements are null: of several arrays, unnest() fills up
 * the ones that are null themselves. */
const char *db_array_end(struct db_array *array);

/* A number as a parameter. */
char *db_int(struct mem *mem, int64_t number);

#endif
