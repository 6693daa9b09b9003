/* SPDX-License-Identifier: MIT */
/*
 * client - app clients of a user pool.
 *
 * An id is unique among all user pools: operations without a signature say
 * nothing else. The secret is sealed in the database.
 */
#ifndef ACCOUNT_CLIENT_H
#define ACCOUNT_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "account/client_settings.h"
#include "account/engine.h"
#include "db/work.h"

struct client {
	const char *id; /* 26 lower-case letters and digits */
	const char *pool_id;
	const char *name;
	const char *secret;  /* NULL when it has none; not in a list */
	const cJSON *stored; /* the request as kept; not in a list */
	int64_t created_ms;
	int64_t modified_ms;
};

/*
 * All of these fail with ERR_RESOURCE_NOT_FOUND when there is no such user
 * pool or no such client in it. JSON is the request that SETTINGS were read
 * of.
 */
struct client *client_create(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *json);

/* POOL_ID may be NULL: of whichever user pool it is. */
struct client *client_get(struct work *work, const struct engine *engine,
    const char *pool_id, const char *id);

/*
 * Replaces all settings: what the request lacks returns to its default. The
 * name stays when it lacks; id and secret stay.
 */
struct client *client_update(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *json);

/* Up to COUNT clients behind the id AFTER ("" at the start); *FOUND of them. */
struct client *client_list(struct work *work, const char *pool_id,
    const char *after, int count, int *found);

bool client_delete(struct work *work, const char *pool_id, const char *id);

/* The API's UserPoolClientType, with the secret. */
cJSON *client_describe(struct work *work, const struct client *client);

#endif
