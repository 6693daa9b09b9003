/* SPDX-License-Identifier: MIT */
/*
 * start - what every program does before its work: settings, keys, database.
 */
#ifndef ACCOUNT_START_H
#define ACCOUNT_START_H

#include <stdbool.h>

#include "account/engine.h"
#include "db/work.h"

/* Settings from PATH (NULL: the usual place); sets the log level too. */
bool start_config(struct mem *mem, const char *path, struct engine *engine,
    struct err *err);

/* The key file that the settings name. */
bool start_keys(struct mem *mem, struct engine *engine, struct err *err);

/* Connects WORK, and refuses a schema or key file that does not fit. */
bool start_database(struct work *work, const struct engine *engine);

/*
 * The path of another of our programs: beside this one when it was not
 * installed, else in FOLDER.
 */
char *start_program(struct mem *mem, const char *name, const char *folder);

#endif
