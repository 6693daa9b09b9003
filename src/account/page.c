/* SPDX-License-Identifier: MIT */
#include "account/page.h"

#include <string.h>

#include "base/secret.h"

#define SEALED "\\x" /* how a sealed text begins; a token goes without */

static const char *place(struct work *work, const char *list)
{
	return mem_printf(work->mem, "page of %s", list);
}

int page_size(const struct field_int *limit)
{
	return limit->value ? (int)limit->value : PAGE_MOST;
}

const char *page_token(struct work *work, const struct engine *engine,
    const char *list, const char *after)
{
	return secret_seal(work->mem, engine->keyring, after,
	           place(work, list)) +
	       strlen(SEALED);
}

const char *page_after(struct work *work, const struct engine *engine,
    const char *list, const char *token)
{
	struct err err = { 0 };

	if (!token)
		return "";
	const char *after = secret_open(work->mem, engine->keyring,
	    mem_printf(work->mem, SEALED "%s", token), place(work, list), &err);
	if (!after)
		work_fail(work, ERR_INVALID_PARAMETER,
		    "Invalid pagination token");
	return after;
}
