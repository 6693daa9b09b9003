/* SPDX-License-Identifier: MIT */
/*
 * pool - user pools and their settings.
 *
 * "Pool" means user pool. Settings are stored as the validated request; what
 * has an effect is read from it by table each time, so that there is one
 * truth and no column that could differ from it.
 */
#ifndef ACCOUNT_POOL_H
#define ACCOUNT_POOL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "account/engine.h"
#include "account/pool_settings.h"
#include "db/work.h"

/* What an invitation is rendered from, once it was asked for. */
struct pool_text {
	const char *hash;    /* NULL: not asked for yet */
	const char *content; /* as template_print() has it */
	bool stored;         /* known to be in the database */
};

#define POOL_TEXTS 6

struct pool {
	struct mem *mem; /* that it lives in */
	const char *id;
	const char *name;
	int64_t created_ms;
	int64_t modified_ms;
	const cJSON *stored;                  /* the request as kept */
	const struct pool_settings *settings; /* the same, by table */

	/* What follows from the settings and their defaults: */
	bool case_sensitive;
	bool username_is_email;
	bool username_is_phone;
	bool alias_email;
	bool alias_phone;
	bool alias_preferred;
	bool otp_email; /* users without a password may sign in by a code */
	bool otp_sms;
	int64_t validity_days; /* of a temporary password */

	struct pool_text *texts; /* see invitation.c */
};

/* SETTINGS is the request of CreateUserPool. */
struct pool *pool_create(struct work *work, const struct engine *engine,
    const cJSON *settings);

/* NULL with ERR_RESOURCE_NOT_FOUND when there is none of that id. */
struct pool *pool_get(struct work *work, const char *id);

/* The same, and nobody else changes or deletes it before the transaction
 * ends. */
struct pool *pool_lock(struct work *work, const char *id);

/* Up to COUNT pools behind the id AFTER ("" at the start); *FOUND of them. */
struct pool *pool_list(struct work *work, const char *after, int count,
    int *found);

/*
 * The changes are in one transaction with their audit and logged with the
 * names of the members that changed; NULL or false with the error.
 *
 * pool_update() replaces the whole configuration, as UpdateUserPool does: a
 * member that SETTINGS lack returns to its default. PoolName stays when they
 * lack it, UsernameAttributes, AliasAttributes, UsernameConfiguration and
 * Schema stay as they are in any case.
 */
struct pool *pool_update(struct work *work, const char *id,
    const cJSON *settings);

/* Appends ATTRIBUTES, a list of the API's SchemaAttributeType. */
bool pool_add_attributes(struct work *work, const char *id,
    const cJSON *attributes);

/* TAGS is an object of texts; a tag that is there is overwritten. */
bool pool_tag(struct work *work, const char *id, const cJSON *tags);
bool pool_untag(struct work *work, const char *id,
    const struct field_words *names);

/* The id of the user pool of an ARN; NULL with ERR_RESOURCE_NOT_FOUND. */
const char *pool_id_of_arn(struct work *work, const struct engine *engine,
    const char *arn);

/* Deletes the pool with its users and cancels what waits for them. */
bool pool_delete(struct work *work, const char *id);

/*
 * Goes up with every change of a pool that this process made: who keeps what
 * pool_get() gave reads it again then.
 */
unsigned long pool_changes(void);
void pool_note_change(void);

/* Users in it: exact up to 10,000, above that the database's estimate; -1 with
 * the error when they cannot be counted. */
int64_t pool_count_users(struct work *work, const char *id);

/* A name as it is compared in this pool: folded unless case is heeded; the
 * digest of one that is too long for an index. */
const char *pool_fold(struct work *work, const struct pool *pool,
    const char *name);

/* The API's UserPoolType, as DescribeUserPool answers. */
cJSON *pool_describe(struct work *work, const struct engine *engine,
    const struct pool *pool);

#endif
