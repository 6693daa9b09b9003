/* SPDX-License-Identifier: MIT */
/*
 * group - groups of a user pool and who is in them.
 *
 * Where a group is named that there is not, ERR_RESOURCE_NOT_FOUND "Group not
 * found."
 */
#ifndef ACCOUNT_GROUP_H
#define ACCOUNT_GROUP_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "account/pool.h"
#include "account/user.h"
#include "base/field.h"
#include "db/work.h"

struct group {
	const char *pool_id;
	const char *name;
	const char *description; /* NULL: none */
	const char *role_arn;    /* NULL: none */
	int64_t precedence;      /* -1: none */
	int64_t created_ms;
	int64_t modified_ms;
};

/* CreateGroup and UpdateGroup. */
struct group_request {
	const char *pool_id;
	const char *name;
	const char *description;
	const char *role_arn;
	struct field_int precedence;
};

#define ROW_GROUP_NAME(type, member)                                \
	ROW_TEXT(type, member, "GroupName", FIELD_REQUIRED, 1, 128, \
	    "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+")

extern const struct field group_rows[];

/* NULL with ERR_GROUP_EXISTS when the name is taken. */
struct group *group_create(struct work *work,
    const struct group_request *request);
struct group *group_get(struct work *work, const struct pool *pool,
    const char *name);

/* What the request lacks stays as it was. */
struct group *group_update(struct work *work,
    const struct group_request *request);

/* With its memberships. */
bool group_delete(struct work *work, const struct pool *pool, const char *name);

/* Up to COUNT groups behind the name AFTER ("" at the start); *FOUND of them.
 */
struct group *group_list(struct work *work, const struct pool *pool,
    const char *after, int count, int *found);

/* The user is in it then, or not in it then, whatever was before. */
bool group_add_user(struct work *work, const struct pool *pool,
    const char *name, const char *username);
bool group_remove_user(struct work *work, const struct pool *pool,
    const char *name, const char *username);

/*
 * The user's groups by precedence, those without last, then by name. AFTER is
 * "" or what group_rank() says of the last one that was given.
 */
struct group *group_list_of_user(struct work *work, const struct user *user,
    const char *after, int count, int *found);
const char *group_rank(struct mem *mem, const struct group *group);

/* Up to COUNT users in it behind the sub AFTER ("" at the start). */
struct user *group_list_users(struct work *work, const struct group *group,
    const char *after, int count, int *found);

/* The API's GroupType. */
cJSON *group_describe(struct mem *mem, const struct group *group);

#endif
