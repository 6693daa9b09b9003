/* SPDX-License-Identifier: MIT */
/*
 * page - where the next page of a list begins, as the token of a request.
 *
 * A token is sealed under the key file's key and belongs to one list, so that
 * nobody learns from it or makes one; it holds for an hour, as the service's do
 * (API_ListUsers).
 */
#ifndef ACCOUNT_PAGE_H
#define ACCOUNT_PAGE_H

#include "account/engine.h"
#include "base/field.h"
#include "db/work.h"

#define PAGE_MOST 60

/* Rows of a request for a page. */
#define ROW_PAGE_TOKEN(type, member) \
	ROW_TEXT(type, member, "NextToken", 0, 1, 131072, "[\\S]+")
#define ROW_PAGE_LIMIT(type, member) \
	ROW_INT(type, member, "Limit", 0, 0, PAGE_MOST)

/* How many items a page has; PAGE_MOST when LIMIT is absent or 0. */
int page_size(const struct field_int *limit);

/* The token of the page of LIST that begins behind AFTER. */
const char *page_token(struct work *work, const struct engine *engine,
    const char *list, const char *after);

/*
 * AFTER, as it was given to page_token(); "" when TOKEN is NULL. NULL with
 * ERR_INVALID_PARAMETER when it is not a token of LIST, or too old.
 */
const char *page_after(struct work *work, const struct engine *engine,
    const char *list, const char *token);

#endif
