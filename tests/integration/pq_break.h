/* SPDX-License-Identifier: MIT */
/*
 * pq_break - breaks one call to libpq; linked with --wrap for those that
 * db.c waits in.
 */
#ifndef TESTS_PQ_BREAK_H
#define TESTS_PQ_BREAK_H

enum break_kind {
	BREAK_NONE,
	BREAK_UNSENT,     /* the connection is lost before the call */
	BREAK_UNANSWERED, /* the server does it, its answer is lost */
	BREAK_REFUSED     /* the server refuses; the connection lives */
};

/* The NUMBERth call from here, of those that can break so, will. */
void break_at(enum break_kind kind, int number);

/* Ends it; what was broken, as "PQexec commit", or NULL. */
const char *break_end(void);

/* The connection that was made last is lost. */
void break_last(void);

#endif
