/* SPDX-License-Identifier: MIT */
/*
 * work - a unit of work: one request, one command, one round of a lane.
 *
 * It owns its memory, its connection's transaction and its error. When it
 * ends, everything goes at once.
 */
#ifndef DB_WORK_H
#define DB_WORK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct db;

struct work {
	struct mem *mem;
	struct db *db;
	const char *tag; /* leads every log line of this work */
	struct err err;
};

/* Sets the work's error and returns false: return work_fail(work, ...); */
#define work_fail(work, ...) err_set(&(work)->err, __VA_ARGS__)

#endif
