/* SPDX-License-Identifier: MIT */
#include "db/migrate.h"

#include <string.h>

#include "base/secret.h"
#include "db/db.h"

static const struct migration {
	int number;
	const char *name;
	const char *sql;
} migrations[] = {
#define MIGRATION(number, name, sql) { number, #name, sql },
#include "db/migrations.def"
#undef MIGRATION
};

#define MIGRATIONS ((int)(sizeof(migrations) / sizeof(*migrations)))

/* Any number that nobody else locks: "usher" in ASCII. A migration may rewrite
 * millions of rows, and another wait for it. */
#define LOCK                               \
	"set local statement_timeout = 0;" \
	"select pg_advisory_xact_lock(504403489138)"

int migrate_newest(void)
{
	return migrations[MIGRATIONS - 1].number;
}

static bool newer(struct work *work, int64_t number)
{
	return work_fail(work, ERR_SCHEMA,
	    "the database has schema %lld, this program knows up to %d; "
	    "upgrade this program",
	    (long long)number, migrate_newest());
}

/* How many of ours the database has; -1 with the error when it differs. */
static int recorded(struct work *work)
{
	struct rows *exists = db_run_plain(work, QUERY_migrate_exists);

	if (!exists)
		return -1;
	if (!rows_bool(exists, 0, "there"))
		return 0;
	struct rows *rows = db_run_plain(work, QUERY_migrate_list);
	if (!rows)
		return -1;
	for (int i = 0; i < rows_count(rows); i++) {
		int64_t number = rows_int(rows, i, "number");
		if (i >= MIGRATIONS)
			return newer(work, number) - 1;
		const char *sum = secret_digest(work->mem, migrations[i].sql);
		if (strcmp(sum, rows_text(rows, i, "checksum")) != 0)
			return work_fail(work, ERR_SCHEMA,
			           "migration %lld in the database is not the "
			           "one in this program: another version made "
			           "it; use a new database or folder",
			           (long long)number) -
			       1;
	}
	return rows_count(rows);
}

static bool run_one(struct work *work, const struct migration *migration)
{
	const char *number = db_int(work->mem, migration->number);

	return db_script(work, migration->sql) &&
	       db_run(work, QUERY_migrate_record, number, migration->name,
	           secret_digest(work->mem, migration->sql));
}

static bool make_schema(struct work *work)
{
	return db_script(work,
	    "set local client_min_messages = warning;"
	    "create schema if not exists usher;"
	    "create table if not exists usher.migration (number int primary "
	    "key, name text not null, checksum text not null, applied_at "
	    "timestamptz not null default now());"
	    "set local search_path = usher");
}

static bool run_missing(struct work *work, int *ran)
{
	int done = recorded(work);

	for (int i = done; i >= 0 && i < MIGRATIONS; i++) {
		if (!run_one(work, &migrations[i]))
			return false;
		++*ran;
	}
	return done >= 0;
}

bool migrate_run(struct work *work, int *ran)
{
	*ran = 0;
	if (db_begin(work) && db_script(work, LOCK) && make_schema(work) &&
	    run_missing(work, ran) && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

bool migrate_check(struct work *work)
{
	int done = recorded(work);

	if (done < 0 || done == MIGRATIONS)
		return done >= 0;
	if (done == 0)
		return work_fail(work, ERR_SCHEMA,
		    "the database has no schema of usher; 'usher init' makes "
		    "it");
	return work_fail(work, ERR_SCHEMA,
	    "the database has schema %d, this program needs %d; 'usher "
	    "migrate' brings it up",
	    done, migrate_newest());
}
