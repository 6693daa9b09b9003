/* SPDX-License-Identifier: MIT */
/*
 * alias - the names that a user is found by, and how one moves to another
 * user.
 *
 * Who takes names from others first waits for who does the same, then locks
 * the accounts, by sub, then inserts names, in their order here. Who creates
 * only inserts, in that order. So two who want the same names wait and seldom
 * deadlock.
 */
#ifndef ACCOUNT_ALIAS_H
#define ACCOUNT_ALIAS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "account/pool.h"
#include "db/work.h"

#define ALIAS_MOST 4

struct alias_names {
	size_t count;
	const char *kinds[ALIAS_MOST];  /* username, email, phone_number, */
	const char *values[ALIAS_MOST]; /* preferred_username; folded */
};

/* The names of a user whose username (no attribute) is USERNAME. */
void alias_names(struct work *work, const struct pool *pool,
    const char *username, const cJSON *attributes, struct alias_names *names);

/* The columns as arrays for a statement. */
const char *alias_kinds(struct mem *mem, const struct alias_names *names);
const char *alias_values(struct mem *mem, const struct alias_names *names);

/* The kind of the first of NAMES that is not in the list TAKEN ("email,..."),
 * in the order in which the kinds stand above; NULL when all are. */
const char *alias_missing(struct mem *mem, const struct alias_names *names,
    const char *taken);

/*
 * Both within the caller's transaction. In pools with aliases the accounts
 * that hold one of NAMES' verified addresses are locked, and SUB's (or NULL).
 * The list of all that are locked, for alias_set(), or NULL.
 */
const char *alias_lock(struct work *work, const struct pool *pool,
    const struct alias_names *names, const char *sub);

/*
 * From now on NAMES are SUB's, and no others. Who is in LOCKED and holds one
 * of its verified addresses loses it and keeps the attribute, no longer
 * verified. *TAKEN is the kind of a name that is somebody else's, or NULL.
 */
bool alias_set(struct work *work, const struct pool *pool,
    const struct alias_names *names, const char *sub, const char *locked,
    const char **taken);

/* True when the work failed as one of two that waited for each other: its
 * transaction is gone and may be tried again. */
bool alias_deadlocked(const struct work *work);

#endif
