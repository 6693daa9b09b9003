/* SPDX-License-Identifier: MIT */
/*
 * user_search - ListUsers: users by a filter, page by page.
 *
 * By email, phone_number, username and sub, and without a filter, a page costs
 * the same however many users the pool has; by others it may look at all.
 * Values are compared exactly, but for cognito:user_status in any case.
 */
#ifndef ACCOUNT_USER_SEARCH_H
#define ACCOUNT_USER_SEARCH_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "account/engine.h"
#include "account/pool.h"
#include "base/field.h"
#include "db/work.h"

#define USER_SEARCH_MOST 60

struct user_search {
	const char *filter;        /* or NULL: all users */
	const char *token;         /* of the page before, or NULL */
	struct field_words wanted; /* attributes to be given; none: all */
	int most;                  /* users a page; 0: USER_SEARCH_MOST */
};

/*
 * The API's answer: Users, and PaginationToken when there are more. NULL with
 * ERR_INVALID_PARAMETER for a filter that cannot be read, a token of another
 * pool or filter, and wanted attributes that the pool does not know or that
 * none of the users found has.
 */
cJSON *user_search(struct work *work, const struct engine *engine,
    const struct pool *pool, const struct user_search *search);

#endif
