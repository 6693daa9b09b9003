/* SPDX-License-Identifier: MIT */
/*
 * user - users, their states, the names they may be found by.
 */
#ifndef ACCOUNT_USER_H
#define ACCOUNT_USER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "account/pool.h"
#include "db/work.h"

struct rows;

#define USER_FORCE_CHANGE_PASSWORD "FORCE_CHANGE_PASSWORD"
#define USER_CONFIRMED             "CONFIRMED"
#define USER_UNCONFIRMED           "UNCONFIRMED"
#define USER_RESET_REQUIRED        "RESET_REQUIRED"

struct user {
	const char *pool_id;
	const char *username;
	const char *sub;
	const char *status;
	bool enabled;
	const cJSON *attributes; /* object, name to value */
	const char *password_hash;
	int64_t invitation; /* goes up with each new password */
	int64_t created_ms;
	int64_t modified_ms;
	int64_t password_expires_ms; /* 0: not temporary */
};

/*
 * By stored username, sub, the attribute that is the username, or a verified
 * alias. NULL with ERR_USER_NOT_FOUND.
 */
struct user *user_find(struct work *work, const struct pool *pool,
    const char *name);

struct user_wanted {
	const struct pool *pool;
	const char *name;
	struct user *user; /* found, or NULL */
};

/* The same of many, in one statement. False with the error when the database
 * failed. */
bool user_find_many(struct work *work, struct user_wanted *wanted,
    size_t count);

/* That a user was not found: ERR_USER_NOT_FOUND. */
bool user_not_found(struct work *work);

/* Up to COUNT users behind the sub AFTER (NULL at the start). */
struct user *user_list(struct work *work, const struct pool *pool,
    const char *after, int count, int *found);

/* Those of SUBS, an array for a statement, that are there, in its order. */
struct user *user_get_many(struct work *work, const struct pool *pool,
    const char *subs, int *found);

/* The users of ROWS, which have the columns of user_list's statement; *FOUND of
 * them. NULL when ROWS are. */
struct user *user_read_all(struct work *work, struct rows *rows, int *found);

/* Deletes the user, cancels what waits, forgets addresses in history. */
bool user_delete(struct work *work, const struct pool *pool, const char *name);

/* All within the caller's transaction. By sub alone, and nobody else changes
 * the user before it ends. */
struct user *user_lock(struct work *work, const struct pool *pool,
    const char *sub);
/* The same by any name that user_find() takes. */
struct user *user_lock_named(struct work *work, const struct pool *pool,
    const char *name);
bool user_set_attributes(struct work *work, const struct user *user,
    const cJSON *attributes);

/*
 * A new UUID in the service's shape, "........-....-70..-....-...": the time
 * in front, so that users who were made together lie together in every index,
 * and 72 random bits.
 */
char *user_new_sub(struct mem *mem);

/*
 * The API's UserType: Attributes with sub last. LIST_NAME is "Attributes" or
 * "UserAttributes".
 */
cJSON *user_describe(struct mem *mem, const struct user *user,
    const char *list_name);

#endif
