/* SPDX-License-Identifier: MIT */
/*
 * audit - a row for what an operator changed, in the change's transaction.
 */
#ifndef ACCOUNT_AUDIT_H
#define ACCOUNT_AUDIT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "db/work.h"

/* DETAIL holds no secret; it may be NULL. */
bool audit(struct work *work, const char *action, const char *object,
    const cJSON *detail);

/* The members that differ, each with its value before and after. */
cJSON *audit_changes(struct mem *mem, const cJSON *before, const cJSON *after);
bool audit_change(struct work *work, const char *action, const char *object,
    const cJSON *before, const cJSON *after);

#endif
