/* SPDX-License-Identifier: MIT */
#include "db/db.h"

#include <assert.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

struct db {
	PGconn *conn;
	char state[6];
	const char *channel; /* listened to; NULL: none */
	bool prepared[QUERY_COUNT];
};

#define COLUMNS_MOST 40

struct rows {
	PGresult *result;
	/* Where rows_read() last found the columns of this table. */
	const struct column *table;
	int numbers[COLUMNS_MOST];
};

static const struct statement {
	const char *name;
	const char *text;
	size_t parameters;
} statements[] = {
#define QUERY(name, parameters, text) { #name, text, parameters },
#include "db/queries.def"
#undef QUERY
};

/*
 * Pinned for every connection. Our statements reach rows by keys; the planner
 * may think a fresh table small, or a user pool as small as most are, choose to
 * read, sort or hash all of it, and keep that plan for the life of the
 * connection while the table grows. Each statement is planned once: what its
 * parameters are changes nothing, but the planner may hope so each time.
 */
static const char session_options[] =
    "-c search_path=usher -c client_encoding=UTF8 -c timezone=UTC "
    "-c datestyle=ISO -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c enable_seqscan=off -c enable_bitmapscan=off "
    "-c plan_cache_mode=force_generic_plan "
    "-c statement_timeout=60s -c jit=off "
    "-c idle_in_transaction_session_timeout=60s";

static void let_go_connection(void *conn)
{
	PQfinish(conn);
}

static void let_go_result(void *result)
{
	PQclear(result);
}

static void set_error(struct work *work, const char *words)
{
	char *copy = mem_text(work->mem, words);

	copy[strcspn(copy, "\n")] = '\0';
	err_set_detail(&work->err, ERR_DATABASE, "the database failed", copy);
}

static PGconn *connect_to(const char *database, const char *application)
{
	/* What the operator's string says comes last and wins. */
	const char *const keys[] = { "application_name", "connect_timeout",
		"keepalives_idle", "tcp_user_timeout", "options", "dbname",
		NULL };
	const char *const values[] = { application, "10", "30", "30000",
		session_options, database, NULL };

	return PQconnectdbParams(keys, values, 1);
}

struct db *db_open(struct mem *mem, const char *database,
    const char *application, struct err *err)
{
	struct db *db = mem_make(mem, struct db);

	db->conn = connect_to(database, application);
	if (!db->conn || PQstatus(db->conn) != CONNECTION_OK) {
		char *words = mem_text(mem, PQerrorMessage(db->conn));
		words[strcspn(words, "\n")] = '\0';
		err_set_detail(err, ERR_DATABASE,
		    "cannot connect to the database; is it running, and does "
		    "the setting 'database' name it?",
		    words);
		PQfinish(db->conn);
		return NULL;
	}
	mem_defer(mem, let_go_connection, db->conn);
	return db;
}

static bool listen_now(struct work *work)
{
	return !work->db->channel ||
	       db_script(work,
	           mem_printf(work->mem, "listen \"%s\"", work->db->channel));
}

/* A server that went while nothing was asked of it closed the connection,
 * often behind some last words: what is read first is not yet the end. */
static void notice_end(struct db *db)
{
	struct pollfd look = { .fd = PQsocket(db->conn), .events = POLLIN };

	while (PQstatus(db->conn) == CONNECTION_OK && poll(&look, 1, 0) > 0)
		if (!PQconsumeInput(db->conn))
			return;
}

bool db_renew(struct work *work)
{
	struct db *db = work->db;

	notice_end(db);
	if (!db_lost(db))
		return true;
	memset(db->prepared, 0, sizeof(db->prepared));
	*db->state = '\0';
	PQreset(db->conn);
	if (PQstatus(db->conn) == CONNECTION_OK)
		return listen_now(work);
	set_error(work, PQerrorMessage(db->conn));
	return false;
}

/* A server that became read-only behind our back (25006) is as good as lost:
 * of several hosts in the connection string another may be the one to use. */
bool db_lost(const struct db *db)
{
	return PQstatus(db->conn) != CONNECTION_OK ||
	       strcmp(db->state, "25006") == 0;
}

bool db_listen(struct work *work, const char *channel)
{
	work->db->channel = channel;
	return db_lost(work->db) || listen_now(work);
}

static bool take_notifications(struct db *db)
{
	PGnotify *notify;
	bool any = false;

	while ((notify = PQnotifies(db->conn))) {
		any = true;
		PQfreemem(notify);
	}
	return any;
}

bool db_wait(struct db *db, int64_t wait_ms)
{
	struct pollfd wait = { .fd = PQsocket(db->conn), .events = POLLIN };

	if (take_notifications(db))
		return true;
	if (poll(&wait, 1, (int)wait_ms) <= 0)
		return false;
	/* A lost connection would have the caller spin. */
	if (!PQconsumeInput(db->conn))
		clock_sleep_ms(wait_ms < 100 ? wait_ms : 100);
	return take_notifications(db);
}

bool db_answers(const char *database)
{
	const char *const keys[] = { "connect_timeout", "dbname", NULL };
	const char *const values[] = { "2", database, NULL };

	return PQpingParams(keys, values, 1) == PQPING_OK;
}

/* Keeps the result with the work; NULL when it tells of a failure. */
static PGresult *taken(struct work *work, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (result)
		mem_defer(work->mem, let_go_result, result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	memcpy(work->db->state, state ? state : "08000", 6);
	set_error(work, PQerrorMessage(work->db->conn));
	return NULL;
}

static bool prepare(struct work *work, enum query query)
{
	struct db *db = work->db;
	const struct statement *statement = &statements[query];

	if (db->prepared[query])
		return true;
	if (!taken(work,
	        PQprepare(db->conn, statement->name, statement->text, 0, NULL)))
		return false;
	db->prepared[query] = true;
	return true;
}

bool db_prepare_all(struct work *work)
{
	for (int query = 0; query < QUERY_COUNT; query++)
		if (!prepare(work, (enum query)query)) {
			char *words = mem_printf(work->mem, "%s: %s",
			    statements[query].name, work->err.detail);
			set_error(work, words);
			return false;
		}
	return true;
}

static struct rows *rows_new(struct work *work, PGresult *result)
{
	if (!result)
		return NULL;
	struct rows *rows = mem_make(work->mem, struct rows);
	rows->result = result;
	return rows;
}

struct rows *db_run_array(struct work *work, enum query query,
    const char *const *parameters, size_t count)
{
	assert(count == statements[query].parameters);
	if (!prepare(work, query))
		return NULL;
	return rows_new(work,
	    taken(work, PQexecPrepared(work->db->conn, statements[query].name,
	                    (int)count, parameters, NULL, NULL, 0)));
}

bool db_send_array(struct work *work, enum query query,
    const char *const *parameters, size_t count)
{
	PGconn *conn = work->db->conn;

	assert(count == statements[query].parameters);
	if (!prepare(work, query))
		return false;
	if (PQsendQueryPrepared(conn, statements[query].name, (int)count,
	        parameters, NULL, NULL, 0))
		return true;
	set_error(work, PQerrorMessage(conn));
	return false;
}

struct rows *db_answer(struct work *work)
{
	PGresult *result = taken(work, PQgetResult(work->db->conn));
	PGresult *more;

	/* The commit comes behind the rows, and may fail. */
	while ((more = PQgetResult(work->db->conn)))
		if (!taken(work, more))
			result = NULL;
	return rows_new(work, result);
}

bool db_ready(struct db *db)
{
	return !PQconsumeInput(db->conn) || !PQisBusy(db->conn);
}

static void commit_unknown(struct work *work)
{
	char *detail = mem_text(work->mem, work->err.detail);

	err_set_detail(&work->err, ERR_COMMIT_UNKNOWN,
	    "the connection to the database broke during the commit; look "
	    "whether it was done before repeating it",
	    detail);
}

static bool send_next(struct work *work, const struct db_statement *statement)
{
	return PQsendQueryPrepared(work->db->conn,
	           statements[statement->query].name, (int)statement->count,
	           statement->parameters, NULL, NULL, 0) == 1;
}

static bool send_together(struct work *work, const struct db_statement *list,
    size_t count)
{
	static const struct db_statement begin = { QUERY_transaction_begin,
		NULL, 0 };
	static const struct db_statement commit = { QUERY_transaction_commit,
		NULL, 0 };
	bool sent = send_next(work, &begin);

	for (size_t i = 0; sent && i < count; i++)
		sent = send_next(work, &list[i]);
	return sent && send_next(work, &commit) &&
	       PQpipelineSync(work->db->conn) == 1;
}

/* The result of one statement, which is followed by a null pointer. */
static PGresult *next_result(struct work *work)
{
	PGresult *result = PQgetResult(work->db->conn);

	if (result)
		PQclear(PQgetResult(work->db->conn));
	return result;
}

/* All is read, also behind a failure, up to the end of the pipeline. The
 * commit is the last statement. */
static bool answer_together(struct work *work, size_t count, struct rows **rows)
{
	bool good = true;

	for (size_t i = 0; i < count + 2; i++) {
		PGresult *result = next_result(work);
		if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
			PQclear(result);
		else if (!taken(work, result))
			good = false;
		else if (i > 0 && i <= count)
			rows[i - 1] = rows_new(work, result);
	}
	PQclear(PQgetResult(work->db->conn)); /* of the sync */
	return good;
}

/* A first failure aborts what follows, so it is the one that was noted. */
bool db_run_together(struct work *work, const struct db_statement *list,
    size_t count, struct rows **rows)
{
	PGconn *conn = work->db->conn;

	if (!prepare(work, QUERY_transaction_begin) ||
	    !prepare(work, QUERY_transaction_commit))
		return false;
	for (size_t i = 0; i < count; i++) {
		assert(list[i].count == statements[list[i].query].parameters);
		if (!prepare(work, list[i].query))
			return false;
	}
	if (!PQenterPipelineMode(conn)) {
		set_error(work, PQerrorMessage(conn));
		return false;
	}
	bool done = send_together(work, list, count);
	if (!done)
		set_error(work, PQerrorMessage(conn));
	done = done && answer_together(work, count, rows);
	PQexitPipelineMode(conn);
	if (!done && db_lost(work->db))
		commit_unknown(work);
	db_rollback(work);
	return done;
}

const char *db_state(const struct db *db)
{
	return db->state;
}

bool db_script(struct work *work, const char *sql)
{
	return taken(work, PQexec(work->db->conn, sql)) != NULL;
}

bool db_begin(struct work *work)
{
	return db_script(work, "begin");
}

bool db_commit(struct work *work)
{
	if (db_script(work, "commit"))
		return true;
	if (db_lost(work->db))
		commit_unknown(work);
	return false;
}

void db_rollback(struct work *work)
{
	struct err kept = work->err;

	if (PQtransactionStatus(work->db->conn) != PQTRANS_IDLE)
		db_script(work, "rollback");
	work->err = kept;
}

int rows_count(const struct rows *rows)
{
	return PQntuples(rows->result);
}

/* PQfnumber() would fold a copy of the name each time. */
static int number_of(const struct rows *rows, const char *column)
{
	int number = 0;

	while (number < PQnfields(rows->result) &&
	       strcmp(PQfname(rows->result, number), column) != 0)
		number++;
	assert(number < PQnfields(rows->result));
	return number;
}

static const char *cell(const struct rows *rows, int row, int number)
{
	return PQgetisnull(rows->result, row, number)
	           ? NULL
	           : PQgetvalue(rows->result, row, number);
}

const char *rows_text(const struct rows *rows, int row, const char *column)
{
	return cell(rows, row, number_of(rows, column));
}

int64_t rows_int(const struct rows *rows, int row, const char *column)
{
	const char *text = rows_text(rows, row, column);

	return text ? strtoll(text, NULL, 10) : 0;
}

bool rows_bool(const struct rows *rows, int row, const char *column)
{
	const char *text = rows_text(rows, row, column);

	return text && *text == 't';
}

static void find_columns(struct rows *rows, const struct column *columns)
{
	if (rows->table == columns)
		return;
	for (int i = 0; columns[i].name; i++) {
		assert(i < COLUMNS_MOST);
		rows->numbers[i] = number_of(rows, columns[i].name);
	}
	rows->table = columns;
}

void rows_read(struct rows *rows, int row, const struct column *columns,
    void *into)
{
	find_columns(rows, columns);
	for (int i = 0; columns[i].name; i++) {
		void *place = (char *)into + columns[i].offset;
		const char *text = cell(rows, row, rows->numbers[i]);
		switch (columns[i].kind) {
		case COLUMN_TEXT:
			*(const char **)place = text;
			break;
		case COLUMN_INT:
			*(int64_t *)place = text ? strtoll(text, NULL, 10) : 0;
			break;
		case COLUMN_BOOL:
			*(bool *)place = text && *text == 't';
			break;
		}
	}
}

/* TEXT as an element, quoted; null without one. */
static void add_element(struct str *array, const char *text)
{
	if (!text) {
		str_add(array, "null");
		return;
	}
	str_add_char(array, '"');
	while (*text) {
		size_t plain = strcspn(text, "\"\\");
		str_add_n(array, text, plain);
		text += plain;
		if (*text) {
			str_add_char(array, '\\');
			str_add_char(array, *text++);
		}
	}
	str_add_char(array, '"');
}

struct db_array db_array_new(struct mem *mem)
{
	struct db_array array = { str_new(mem, STR_LIMIT_LARGE), false };

	str_add_char(array.text, '{');
	return array;
}

static void begin_element(struct db_array *array)
{
	if (str_length(array->text) > 1)
		str_add_char(array->text, ',');
}

void db_array_add(struct db_array *array, const char *text)
{
	begin_element(array);
	add_element(array->text, text);
	array->some |= text != NULL;
}

const char *db_array_end(struct db_array *array)
{
	str_add_char(array->text, '}');
	return array->some ? str_text(array->text) : NULL;
}

char *db_array(struct mem *mem, const char *const *texts, size_t count)
{
	struct db_array array = db_array_new(mem);

	for (size_t i = 0; i < count; i++)
		db_array_add(&array, texts[i]);
	db_array_end(&array);
	return str_take(array.text);
}

void db_array_add_int(struct db_array *array, int64_t number)
{
	char room[STR_INT_ROOM];

	begin_element(array);
	str_add(array->text, str_int(room, number));
	array->some = true;
}

char *db_int(struct mem *mem, int64_t number)
{
	char room[STR_INT_ROOM];

	return mem_text(mem, str_int(room, number));
}
