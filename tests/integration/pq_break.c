/* SPDX-License-Identifier: MIT */
#include "pq_break.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

static enum break_kind wanted;
static int calls_left;
static char broken[80];
static PGconn *last;
static const char *sent = "";

void break_at(enum break_kind kind, int number)
{
	wanted = kind;
	calls_left = number;
	*broken = '\0';
}

const char *break_end(void)
{
	wanted = BREAK_NONE;
	return *broken ? broken : NULL;
}

static enum break_kind reach(const char *call, const char *what)
{
	enum break_kind kind = wanted;

	if (kind == BREAK_NONE || --calls_left > 0)
		return BREAK_NONE;
	wanted = BREAK_NONE;
	snprintf(broken, sizeof(broken), "%s %s", call, what);
	return kind;
}

static void cut(PGconn *conn)
{
	shutdown(PQsocket(conn), SHUT_RDWR);
}

/* libpq has found out. */
static void lose(PGconn *conn)
{
	cut(conn);
	while (PQconsumeInput(conn))
		continue;
}

void break_last(void)
{
	lose(last);
}

/* The server has done what it was sent: it answers behind the commit. */
static void lose_answer(PGconn *conn)
{
	struct pollfd answer = { .fd = PQsocket(conn), .events = POLLIN };
	char bytes[4096];

	PQflush(conn);
	/* In a pipeline it answers behind the last statement alone. */
	if (PQpipelineStatus(conn) == PQ_PIPELINE_OFF)
		poll(&answer, 1, 10000);
	while (recv(answer.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	cut(conn);
}

static PGresult *lost(PGconn *conn, PGresult *answer)
{
	PQclear(answer);
	lose(conn);
	return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
}

#define REFUSED "select 1 / 0"

/* What a call that waits for its answer comes to. */
#define BREAK_CALL(conn, what, call)                                           \
	do {                                                                   \
		enum break_kind kind = reach(__func__ + 7, what);              \
		if (kind == BREAK_REFUSED)                                     \
			return __real_PQexec(conn, REFUSED);                   \
		if (kind == BREAK_UNSENT)                                      \
			cut(conn);                                             \
		PGresult *answer = call;                                       \
		return kind == BREAK_UNANSWERED ? lost(conn, answer) : answer; \
	} while (0)

PGresult *__real_PQexec(PGconn *conn, const char *query);
PGresult *__wrap_PQexec(PGconn *conn, const char *query);
PGresult *__wrap_PQexec(PGconn *conn, const char *query)
{
	BREAK_CALL(conn, query, __real_PQexec(conn, query));
}

PGresult *__real_PQprepare(PGconn *conn, const char *name, const char *query,
    int count, const Oid *types);
PGresult *__wrap_PQprepare(PGconn *conn, const char *name, const char *query,
    int count, const Oid *types);
PGresult *__wrap_PQprepare(PGconn *conn, const char *name, const char *query,
    int count, const Oid *types)
{
	BREAK_CALL(conn, name,
	    __real_PQprepare(conn, name, query, count, types));
}

#define PREPARED                                                              \
	PGconn *conn, const char *name, int count, const char *const *values, \
	    const int *lengths, const int *formats, int format

PGresult *__real_PQexecPrepared(PREPARED);
PGresult *__wrap_PQexecPrepared(PREPARED);
PGresult *__wrap_PQexecPrepared(PREPARED)
{
	BREAK_CALL(conn, name,
	    __real_PQexecPrepared(conn, name, count, values, lengths, formats,
	        format));
}

int __real_PQsendQueryPrepared(PREPARED);
int __wrap_PQsendQueryPrepared(PREPARED);
int __wrap_PQsendQueryPrepared(PREPARED)
{
	enum break_kind kind = reach("PQsendQueryPrepared", name);

	if (kind == BREAK_REFUSED)
		return PQsendQueryParams(conn, REFUSED, 0, NULL, NULL, NULL,
		    NULL, 0);
	if (kind == BREAK_UNSENT)
		cut(conn);
	sent = name;
	int done = __real_PQsendQueryPrepared(conn, name, count, values,
	    lengths, formats, format);
	if (kind == BREAK_UNANSWERED)
		lose_answer(conn);
	return done;
}

/* It sends nothing: only its answer can be lost, or a part of it. */
PGresult *__real_PQgetResult(PGconn *conn);
PGresult *__wrap_PQgetResult(PGconn *conn);
PGresult *__wrap_PQgetResult(PGconn *conn)
{
	PGresult *answer = __real_PQgetResult(conn);

	if (wanted == BREAK_UNANSWERED && reach("PQgetResult", sent))
		return lost(conn, answer);
	return answer;
}

PGconn *__real_PQconnectdbParams(const char *const *keys,
    const char *const *values, int expand);
PGconn *__wrap_PQconnectdbParams(const char *const *keys,
    const char *const *values, int expand);
PGconn *__wrap_PQconnectdbParams(const char *const *keys,
    const char *const *values, int expand)
{
	enum break_kind kind = reach("PQconnectdbParams", "");

	if (kind == BREAK_UNSENT || kind == BREAK_REFUSED)
		return PQconnectdb("host=/nowhere");
	PGconn *conn = __real_PQconnectdbParams(keys, values, expand);
	if (kind == BREAK_UNANSWERED)
		lose(conn);
	last = conn;
	return conn;
}

void __real_PQreset(PGconn *conn);
void __wrap_PQreset(PGconn *conn);
void __wrap_PQreset(PGconn *conn)
{
	__real_PQreset(conn);
	if (reach("PQreset", ""))
		lose(conn);
}
