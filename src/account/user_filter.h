/* SPDX-License-Identifier: MIT */
/*
 * user_filter - the filter of ListUsers: ATTRIBUTE = "VALUE" or, for the
 * values that begin so, ATTRIBUTE ^= "VALUE".
 *
 * API_ListUsers. One condition; blanks between its parts mean nothing; in the
 * value \" stands for " and \\ for \.
 */
#ifndef ACCOUNT_USER_FILTER_H
#define ACCOUNT_USER_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

enum user_filter_key {
	USER_FILTER_NONE, /* all users */
	USER_FILTER_USERNAME,
	USER_FILTER_SUB,
	USER_FILTER_EMAIL,
	USER_FILTER_PHONE,
	USER_FILTER_OTHER /* no index helps */
};

struct user_filter {
	enum user_filter_key key;
	const char *attribute; /* as the API spells it */
	bool prefix;
	const char *value;
};

/* TEXT may be NULL. False with ERR_INVALID_PARAMETER in the API's words. */
bool user_filter_read(struct mem *mem, const char *text,
    struct user_filter *filter, struct err *err);

/*
 * The least text that is greater, byte by byte, than all that begin with
 * PREFIX; PREFIX is UTF-8.
 */
char *user_filter_end(struct mem *mem, const char *prefix);

/*
 * The least and the greatest UUID whose text begins with PREFIX; false when
 * there is none.
 */
bool user_filter_subs(const char *prefix, char least[37], char most[37]);

#endif
