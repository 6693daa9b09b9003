/* SPDX-License-Identifier: MIT */
/*
 * alias - the names that a user is found by, and how one moves to another
 * user.
 *
 * Who takes names from others locks first the accounts, by sub, then the
 * names, in their order here: two who want the same ones wait for each other
 * and seldom deadlock. Who creates only inserts names, in that order.
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
 * Within the caller's transaction, in pools with aliases: who holds one of
 * NAMES' verified addresses, SUB aside (or NULL), loses it and keeps the
 * attribute, no longer verified. SUB's account is locked too.
 */
bool alias_take(struct work *work, const struct pool *pool,
    const struct alias_names *names, const char *sub);

/* True when the work failed as one of two that waited for each other: its
 * transaction is gone and may be tried again. */
bool alias_deadlocked(const struct work *work);

#endif
