/* SPDX-License-Identifier: MIT */
/*
 * explain - how many rows a statement of sql/ really reads, planned as our
 * connections plan it once they know it (a generic plan).
 */
#ifndef TESTS_EXPLAIN_H
#define TESTS_EXPLAIN_H

#include "db/db.h"
#include "harness.h"

/* Rows of TABLE, or of any table when it is NULL, that were looked at; they
 * count each time. ARGUMENTS as SQL: "1000, null". The statement is run. */
int64_t explain_rows(struct harness *harness, enum query query,
    const char *arguments, const char *table);

#endif
