/* SPDX-License-Identifier: MIT */
/*
 * The schema: once, in order, by one at a time.
 * covers: db/migrate.c
 */
#include <string.h>

#include "db/migrate.h"
#include "harness.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(migrate, .init = begin, .fini = end, .timeout = 60);

Test(migrate, a_second_run_does_nothing)
{
	int ran = -1;

	cr_assert(migrate_check(&harness.work));
	cr_assert(migrate_run(&harness.work, &ran));
	cr_assert_eq(ran, 0);
}

static int run(struct harness *all, struct work *work, int number)
{
	int ran = 0;

	(void)all;
	(void)number;
	return migrate_run(work, &ran) ? ran : 255;
}

Test(migrate, several_at_once_wait_for_each_other)
{
	int ran[4];
	int sum = 0;

	harness_value(&harness, "set client_min_messages = warning;"
	                        "drop schema usher cascade");
	cr_assert_not(migrate_check(&harness.work));
	cr_assert_eq(harness.work.err.code, ERR_SCHEMA);
	cr_assert_str_eq(harness.work.err.message,
	    "the database has no schema of usher; 'usher init' makes it");
	harness_race(&harness, 4, run, ran);
	for (int i = 0; i < 4; i++)
		sum += ran[i];
	cr_assert_eq(sum, migrate_newest());
	cr_assert(migrate_check(&harness.work));
}

static void refuse(const char *message)
{
	int ran;

	cr_assert_not(migrate_check(&harness.work));
	cr_assert_eq(harness.work.err.code, ERR_SCHEMA);
	cr_assert_str_eq(harness.work.err.message, message);
	harness.work.err = (struct err){ 0 };
	cr_assert_not(migrate_run(&harness.work, &ran));
	cr_assert_eq(harness.work.err.code, ERR_SCHEMA);
	cr_assert_str_eq(harness.work.err.message, message);
}

Test(migrate, a_newer_schema_is_refused)
{
	int next = migrate_newest() + 1;

	harness_value(&harness, "insert into migration values (%d, 'x', 'x')",
	    next);
	refuse(mem_printf(harness.mem,
	    "the database has schema %d, this program knows up to %d; upgrade "
	    "this program",
	    next, next - 1));
}

Test(migrate, a_changed_migration_is_refused)
{
	harness_value(&harness,
	    "update migration set checksum = 'x' where number = 1");
	refuse("migration 1 in the database is not the one in this program: "
	       "another version made it; use a new database or folder");
}
