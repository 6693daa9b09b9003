/* SPDX-License-Identifier: MIT */
/*
 * access_key - who may use the API: an id, a secret, the policies that say
 * what for. The secret is sealed in the database.
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
	const char *secret;    /* 40 characters */
	bool enabled;
	const cJSON *policies; /* a list of documents; see policy.h */
	int64_t created_ms;
};

/* Allows everything. */
extern const char access_key_full_access[];

/*
 * A new key of USER_NAME with POLICY, a document that policy_read() took; the
 * only time that anyone is shown its secret.
 */
struct access_key *access_key_create(struct work *work,
    const struct engine *engine, const char *user_name, const char *policy);

/* NULL with ERR_UNRECOGNIZED_CLIENT when there is none of that id. */
struct access_key *access_key_get(struct work *work,
    const struct engine *engine, const char *id);

#endif
