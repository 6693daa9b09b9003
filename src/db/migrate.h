/* SPDX-License-Identifier: MIT */
/*
 * migrate - brings the schema up: forward only, once each, under a lock.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include <stdbool.h>

#include "db/work.h"

/* The number of the newest migration in this program. */
int migrate_newest(void);

/*
 * Runs what is missing; *RAN is how many. Several at once wait for each
 * other. ERR_SCHEMA when the database is newer than this program or an old
 * migration was changed.
 */
bool migrate_run(struct work *work, int *ran);

/* False with ERR_SCHEMA, saying what to do, unless the schema is ours. */
bool migrate_check(struct work *work);

#endif
