/* SPDX-License-Identifier: MIT */
/*
 * operation - the operations of the API, one a file in operations/.
 *
 * An operation is a row in operations.def, a table of its request's members
 * and a function, which has the request filled and checked by that table, and
 * a caller who may do it. "Source" in a file is the page API_<Name> of the
 * Amazon Cognito User Pools API reference.
 */
#ifndef API_OPERATION_H
#define API_OPERATION_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "account/engine.h"
#include "account/pool_cache.h"
#include "base/field.h"
#include "db/work.h"

/* One request on its way. */
struct call {
	struct work work; /* its memory is the request's */
	const struct engine *engine;
	struct pool_cache *pools; /* for what neither shows nor changes one */
	const cJSON *json;        /* the whole request as it came */
	/* A keyed hash of the caller, the operation, the client's invocation
	 * id and the body: the same again is a repetition. NULL but for
	 * AdminCreateUser. */
	const char *fingerprint;
	const char *user_agent; /* of the client, or NULL */
	cJSON *answer;          /* {} at first */
};

struct operation_code {
	const struct field *rows;
	size_t size; /* of the structure that rows fill */
	/* False with the work's error. */
	bool (*run)(struct call *call, const void *request);
};

enum operation_resource {
	RESOURCE_POOL, /* the user pool of UserPoolId */
	RESOURCE_ARN,  /* the one of ResourceArn */
	RESOURCE_ANY   /* "*" */
};

enum operation_body {
	BODY_JSON,
	BODY_EMPTY /* the model has no output: nothing, not even {} */
};

struct operation {
	const char *name;
	enum operation_resource resource;
	enum operation_body body;
	const struct operation_code *code;
};

#define OPERATION(name, resource, body) \
	extern const struct operation_code operation_##name;
#include "api/operations.def"
#undef OPERATION

/* One of several calls of an operation that came together. */
struct call_of_many {
	struct call *call;
	const void *request;
	bool done; /* else its work has the error */
};

/* AdminGetUser of many by one question to the database. False when that
 * failed: they are for run(). WORK is of all. */
bool operation_get_many(struct work *work, struct call_of_many *calls,
    size_t count);

/* The operation of that name, or NULL. */
const struct operation *operation_find(const char *name);

/* All of them; the last has no name. */
extern const struct operation operations[];

/* Rows that many tables begin with. */
#define ROW_POOL_ID(type, member)                                   \
	ROW_TEXT(type, member, "UserPoolId", FIELD_REQUIRED, 1, 55, \
	    "[\\w-]+_[0-9a-zA-Z]+")
/* With account/pool.h. */
#define ROW_RESOURCE_ARN(type, member)                                  \
	ROW_TEXT(type, member, "ResourceArn", FIELD_REQUIRED, 20, 2048, \
	    ARN_PATTERN)
#define ROW_USERNAME(type, member)                                           \
	ROW_TEXT(type, member, "Username", FIELD_REQUIRED | FIELD_SECRET, 1, \
	    128, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+")

/* What names one user and says no more, and its tables. */
struct operation_user {
	const char *pool_id;
	const char *username;
	struct field_list metadata; /* of struct field_pair; second table */
};

extern const struct field operation_user_rows[];
extern const struct field operation_user_metadata_rows[];

#endif
