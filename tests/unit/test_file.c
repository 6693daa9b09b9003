/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"

static void expect_unreadable(const char *path, size_t limit, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(file_read(mem, path, limit, &err));
	cr_expect_eq(err.code, ERR_FILE);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
	cr_expect_not_null(strstr(err.message, path), "%s", err.message);
}

Test(file, reads_up_to_the_limit)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *path = scratch_file(mem, "0123456789");

	cr_expect_str_eq(file_read(mem, path, 10, &err), "0123456789");
	cr_expect_str_eq(file_read(mem, scratch_file(mem, ""), 0, &err), "");
	cr_expect_eq(err.code, ERR_NONE);
	expect_unreadable(path, 9, "is too long");
}

Test(file, reads_more_than_a_block)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *text = scratch_times(mem, "0123456789", 5000);
	const char *got = file_read(mem, scratch_file(mem, text), 50000, &err);

	cr_assert_not_null(got, "%s", err.message);
	cr_expect(strcmp(got, text) == 0);
	expect_unreadable(scratch_file(mem, text), 49999, "is too long");
}

Test(file, refuses_what_is_no_text)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *path = scratch_path(mem, "nul");
	FILE *out = fopen(path, "w");

	cr_assert_not_null(out);
	fwrite("a\0b", 1, 3, out);
	fclose(out);
	expect_unreadable(path, 100, "has a NUL byte");
	expect_unreadable("/tmp", 100, "Is a directory");
	expect_unreadable("/nonexistent/x", 100, "No such file");
}

Test(file, dash_is_standard_input)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "from a pipe", 11), 11);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	cr_expect_str_eq(file_read(mem, "-", 100, &err), "from a pipe");
}

Test(file, create_never_replaces)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_path(mem, "new");
	struct stat status;

	umask(022);
	cr_assert(file_create(path, "one", 0600, &err), "%s", err.message);
	cr_expect_str_eq(scratch_read(mem, path), "one");
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 0777, 0600);
	cr_expect_not(file_create(path, "two", 0600, &err));
	cr_expect_eq(err.code, ERR_FILE);
	cr_expect_not_null(strstr(err.message, "File exists"));
	cr_expect_str_eq(scratch_read(mem, path), "one");
}

Test(file, create_follows_no_dangling_link)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *link = scratch_path(mem, "link");

	cr_assert_eq(symlink("/tmp/usher-unit-none", link), 0);
	cr_expect_not(file_create(link, "x", 0600, &err));
	cr_expect_neq(access("/tmp/usher-unit-none", F_OK), 0);
}

Test(file, create_needs_the_folder)
{
	struct err err = { 0 };

	cr_expect_not(file_create("/nonexistent/x", "", 0600, &err));
	cr_expect_eq(err.code, ERR_FILE);
}

Test(file, replace_keeps_the_mode)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_file(mem, "old");
	struct stat status;

	umask(022);
	chmod(path, 0640);
	cr_assert(file_replace(path, "new", &err), "%s", err.message);
	cr_expect_str_eq(scratch_read(mem, path), "new");
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 0777, 0640);
	cr_expect_neq(access(mem_printf(mem, "%s.new", path), F_OK), 0);
}

/* A file of the daemon's that root replaces stays the daemon's. */
Test(file, replace_keeps_the_owner)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_file(mem, "old");
	struct stat status;

	if (geteuid() != 0)
		cr_skip_test("root alone can give a file away");
	umask(077);
	cr_assert_eq(chown(path, 65534, 65533), 0);
	chmod(path, 0640);
	cr_assert(file_replace(path, "new", &err), "%s", err.message);
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_uid, 65534);
	cr_expect_eq(status.st_gid, 65533);
	cr_expect_eq(status.st_mode & 0777, 0640);
}

Test(file, replace_is_not_stopped_by_what_was_left)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_file(mem, "old");

	cr_assert(
	    file_create(mem_printf(mem, "%s.new", path), "half", 0600, &err));
	cr_assert(file_replace(path, "new", &err), "%s", err.message);
	cr_expect_str_eq(scratch_read(mem, path), "new");
}

Test(file, replace_makes_a_private_file)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_path(mem, "fresh");
	struct stat status;

	cr_assert(file_replace(path, "new", &err), "%s", err.message);
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 0777, 0600);
}

Test(file, makes_folders)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *top = scratch_path(mem, "a");
	char *deep = mem_printf(mem, "%s/b", top);
	struct stat status;

	cr_assert(file_make_folder(deep, 0700, &err), "%s", err.message);
	cr_assert_eq(stat(deep, &status), 0);
	cr_expect(S_ISDIR(status.st_mode));
	cr_expect_eq(status.st_mode & 0777, 0700);
	cr_expect(file_make_folder(deep, 0700, &err), "it is there already");
	cr_expect(file_make_folder(mem_printf(mem, "%s/", deep), 0700, &err));
	rmdir(deep);
	rmdir(top);
}

Test(file, a_file_is_no_folder)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_file(mem, "");

	cr_expect_not(file_make_folder(path, 0700, &err));
	cr_expect_eq(err.code, ERR_FILE);
	memset(&err, 0, sizeof(err));
	cr_expect_not(
	    file_make_folder(mem_printf(mem, "%s/x", path), 0700, &err));
	cr_expect_eq(err.code, ERR_FILE);
}
