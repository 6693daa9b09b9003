/* SPDX-License-Identifier: MIT */
/*
 * access_key - who may use the API: an id, a secret, the policies that say
 * what for. The secret is sealed in the database; no log, audit or error has
 * it.
 */
#ifndef ACCOUNT_ACCESS_KEY_H
#define ACCOUNT_ACCESS_KEY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "account/engine.h"
#include "db/work.h"

struct access_key {
	const char *id;        /* "AKIA" and 16 more */
	const char *user_name; /* in the caller's ARN and in the audit */
	const char *secret;    /* 40 characters; NULL when listed */
	bool enabled;
	const cJSON *policies; /* documents by name; see policy.h */
	int64_t created_ms;
};

/* A policy that allows everything. */
extern const char access_key_full_access[];

/*
 * A new key of USER_NAME with POLICY, a document that policy_read() took.
 * ERR_INVALID_PARAMETER when IAM would not take the name.
 */
struct access_key *access_key_create(struct work *work,
    const struct engine *engine, const char *user_name, const cJSON *policy);

/*
 * The first key of an installation, of the user admin with full access; *KEY
 * is NULL when there is a key already, whoever's it is.
 */
bool access_key_create_first(struct work *work, const struct engine *engine,
    struct access_key **key);

/* For who shows its id in a request: with its secret, or NULL with
 * ERR_UNRECOGNIZED_CLIENT when there is none of that id. */
struct access_key *access_key_get(struct work *work,
    const struct engine *engine, const char *id);

/* All keys, the oldest first; *FOUND of them. */
struct access_key *access_key_list(struct work *work, int *found);

/* What follows is ERR_RESOURCE_NOT_FOUND when there is no such key. */

/* One as it is listed. */
struct access_key *access_key_show(struct work *work, const char *id);

/* A key that is not enabled is as good as none, until it is enabled again. */
bool access_key_enable(struct work *work, const char *id, bool enabled);

/* With its policies. */
bool access_key_delete(struct work *work, const char *id);

/*
 * The key has DOCUMENT, which policy_read() took, as its policy NAME, instead
 * of one of that name. ERR_INVALID_PARAMETER when IAM would not take the name,
 * ERR_LIMIT_EXCEEDED when it has ten others.
 */
bool access_key_put_policy(struct work *work, const char *id, const char *name,
    const cJSON *document);

/* These are ERR_RESOURCE_NOT_FOUND also when it has no policy NAME. */
const cJSON *access_key_get_policy(struct work *work, const char *id,
    const char *name);
bool access_key_delete_policy(struct work *work, const char *id,
    const char *name);

#endif
