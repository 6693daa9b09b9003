/* SPDX-License-Identifier: MIT */
/*
 * creation - a user in the making: prepared without the database, bound to
 * the one statement that inserts it (invite_create), concluded by its answer.
 *
 * So that many can go in one round trip and one commit; see batch.h.
 */
#ifndef ACCOUNT_CREATION_H
#define ACCOUNT_CREATION_H

#include <stdbool.h>

#include "account/alias.h"
#include "account/invite.h"
#include "db/db.h"

#define CREATION_PARAMETERS 18

/* What a password must look like; the service's own pattern. */
#define CREATION_PASSWORD "^[\\S]+.*[\\S]+$"

struct creation {
	const struct engine *engine;
	const struct pool *pool;
	const struct invite_request *request;
	struct invite_report *report;
	/* What follows is made by creation_prepare(). */
	struct user *user;
	cJSON *attributes;
	const char *password; /* NULL: the user has none */
	const char *hash;
	struct invitation_custom custom; /* empty unless triggers were asked */
	struct alias_names names;        /* by which the user is found */
	bool has_names;                  /* they are the user's already */
	bool alias_taken; /* by another user, when the last attempt failed */
};

/* False with the API's error when the request breaks a rule of its pool. */
bool creation_prepare(struct work *work, struct creation *creation);

/*
 * Whether it may share a transaction with others: with one name it is made
 * whole or leaves nothing behind.
 */
bool creation_is_plain(const struct creation *creation);

/* The parameters of invite_create. */
void creation_bind(struct work *work, const struct creation *creation,
    const char *parameters[CREATION_PARAMETERS]);

/* False with the API's error when somebody else has a name of it; then some
 * of the others may have been taken, and the transaction must go back. */
bool creation_conclude(struct work *work, struct creation *creation,
    const struct rows *rows);

/* False with the error for a name, of that kind, that somebody else has. */
bool creation_name_taken(struct work *work, struct creation *creation,
    const char *kind);

/* The parts that a RESEND needs too: password and hash; report->plan; how long
 * the password holds, in ms, or NULL without one. */
bool creation_take_password(struct work *work, struct creation *creation);
void creation_make_plan(struct work *work, struct creation *creation);
const char *creation_validity(struct mem *mem, const struct creation *creation);

#endif
