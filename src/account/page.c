/* SPDX-License-Identifier: MIT */
#include "account/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

#define SEALED  "\\x" /* how a sealed text begins; a token goes without */
#define LIFE_MS ((int64_t)3600 * 1000)

static const char *place(struct work *work, const char *list)
{
	return mem_printf(work->mem, "page of %s", list);
}

int page_size(const struct field_int *limit)
{
	return limit->value ? (int)limit->value : PAGE_MOST;
}

/* In front of the place is when the token was made. */
const char *page_token(struct work *work, const struct engine *engine,
    const char *list, const char *after)
{
	const char *text =
	    mem_printf(work->mem, "%" PRId64 " %s", clock_now_ms(), after);

	return secret_seal(work->mem, engine->keyring, text,
	           place(work, list)) +
	       strlen(SEALED);
}

/* The place in TEXT, or NULL when it is none or was made too long ago. Clocks
 * of hosts differ: it may be of the future. */
static const char *fresh(const char *text)
{
	char *end;
	int64_t made_ms = strtoll(text, &end, 10);

	if (end == text || *end != ' ' || clock_now_ms() - made_ms > LIFE_MS)
		return NULL;
	return end + 1;
}

const char *page_after(struct work *work, const struct engine *engine,
    const char *list, const char *token)
{
	struct err err = { 0 };

	if (!token)
		return "";
	const char *text = secret_open(work->mem, engine->keyring,
	    mem_printf(work->mem, SEALED "%s", token), place(work, list), &err);
	const char *after = text ? fresh(text) : NULL;
	if (!after)
		work_fail(work, ERR_INVALID_PARAMETER,
		    "Invalid pagination token");
	return after;
}
