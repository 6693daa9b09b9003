/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "base/keyring.h"
#include "base/secret.h"
#include "scratch.h"

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LINE1 "0123456789abcdef " HEX64 "\n"
#define LINE2 "fedcba9876543210 " HEX64 "\n"

static void begin(void)
{
	secret_init();
}

TestSuite(keyring, .init = begin);

static struct keyring *taken(struct mem *mem, const char *path)
{
	struct err err = { 0 };
	struct keyring *keyring = keyring_read(mem, path, &err);

	cr_assert_not_null(keyring, "%s", err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return keyring;
}

static void expect_refused(const char *path, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(keyring_read(mem, path, &err));
	cr_expect_eq(err.code, ERR_KEYS);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
	cr_expect_null(strstr(err.message, "00112233"), "a key was shown: %s",
	    err.message);
}

Test(keyring, create_then_read)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *path = scratch_path(mem, "keys");
	struct stat status;

	cr_assert(keyring_create(path, &err), "%s", err.message);
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 0777, 0600);
	struct keyring *keyring = taken(mem, path);
	cr_expect_eq(keyring->count, 1);
	cr_expect_eq(strlen(keyring->keys[0].id), 16);
	cr_expect_not(keyring_create(path, &err));
	cr_expect_eq(err.code, ERR_KEYS);
	cr_expect_eq(memcmp(&taken(mem, path)->keys, &keyring->keys,
	                 sizeof(keyring->keys)),
	    0);
}

Test(keyring, two_are_never_the_same)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *one = scratch_path(mem, "keys");
	const char *two = scratch_path(mem, "keys");

	cr_assert(keyring_create(one, &err) && keyring_create(two, &err));
	cr_expect_str_neq(taken(mem, one)->keys[0].id,
	    taken(mem, two)->keys[0].id);
	cr_expect_neq(memcmp(taken(mem, one)->keys[0].bytes,
	                  taken(mem, two)->keys[0].bytes, KEYRING_KEY_BYTES),
	    0);
}

Test(keyring, reads_ids_and_bytes)
{
	MEM_AUTO mem = mem_new(NULL);
	struct keyring *keyring =
	    taken(mem, scratch_file(mem, "# c\n" LINE1 "#d\n" LINE2));

	cr_assert_eq(keyring->count, 2);
	cr_expect_str_eq(keyring->keys[0].id, "0123456789abcdef");
	cr_expect_str_eq(keyring->keys[1].id, "fedcba9876543210");
	cr_expect_eq(keyring->keys[0].bytes[0], 0);
	cr_expect_eq(keyring->keys[0].bytes[1], 0x11);
	cr_expect_eq(keyring->keys[0].bytes[31], 0xff);
	cr_expect_eq(keyring_find(keyring, "fedcba9876543210"),
	    &keyring->keys[1]);
	cr_expect_null(keyring_find(keyring, "fedcba987654321"));
	cr_expect_null(keyring_find(keyring, ""));
}

Test(keyring, last_line_needs_no_end)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_eq(
	    taken(mem, scratch_file(mem, LINE1 "fedcba9876543210 " HEX64))
	        ->count,
	    2);
}

Test(keyring, rotate_puts_a_key_in_front)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_file(mem, "# mine\n" LINE1 LINE2);

	cr_assert(keyring_rotate(mem, path, &err), "%s", err.message);
	struct keyring *keyring = taken(mem, path);
	cr_assert_eq(keyring->count, 3);
	cr_expect_str_neq(keyring->keys[0].id, "0123456789abcdef");
	cr_expect_str_eq(keyring->keys[1].id, "0123456789abcdef");
	cr_expect_str_eq(keyring->keys[2].id, "fedcba9876543210");
	struct stat status;
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 0777, 0600);
}

Test(keyring, holds_16_keys_at_most)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	char *path = scratch_path(mem, "keys");

	cr_assert(keyring_create(path, &err));
	for (int i = 1; i < KEYRING_KEYS_MOST; i++)
		cr_assert(keyring_rotate(mem, path, &err), "%s", err.message);
	cr_expect_eq(taken(mem, path)->count, 16);
	const char *before = scratch_read(mem, path);
	cr_expect_not(keyring_rotate(mem, path, &err));
	cr_expect_eq(err.code, ERR_KEYS);
	cr_expect_not_null(strstr(err.message, "16 keys already"));
	cr_expect_str_eq(scratch_read(mem, path), before);
	expect_refused(scratch_file(mem, mem_printf(mem, "%s" LINE1, before)),
	    "line 18");
}

Test(keyring, others_must_not_read)
{
	MEM_AUTO mem = mem_new(NULL);
	char *path = scratch_file(mem, LINE1);
	static const mode_t wrong[] = { 0604, 0602, 0606, 0644, 0666 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		chmod(path, wrong[i]);
		expect_refused(path, "others can read key file");
	}
	chmod(path, 0640);
	cr_expect_eq(taken(mem, path)->count, 1);
}

Test(keyring, missing_or_empty)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused(scratch_path(mem, "none"), "'usher init' makes one");
	expect_refused(scratch_file(mem, ""), "holds no key");
	expect_refused(scratch_file(mem, "# only\n"), "holds no key");
	expect_refused("/tmp", "key file");
}

Test(keyring, malformed_line_is_named)
{
	static const char *const lines[] = { "x", "0123456789abcdef",
		"0123456789abcdef ", "0123456789abcde " HEX64,
		"0123456789abcdef0 " HEX64, "0123456789ABCDEF " HEX64,
		"0123456789abcdeg " HEX64, "0123456789abcdef " HEX64 "0",
		"0123456789abcdef  " HEX64, " " LINE1,
		"0123456789abcdef " HEX64 "\r", "0123456789abcdef\t" HEX64 };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		expect_refused(
		    scratch_file(mem,
		        mem_printf(mem, "# c\n" LINE1 "%s\n", lines[i])),
		    "line 3 of key file");
}

Test(keyring, empty_lines_are_counted)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_eq(
	    taken(mem, scratch_file(mem, "\n" LINE1 "\n\n" LINE2))->count, 2);
	expect_refused(scratch_file(mem, "\n\n" LINE1 "\nwrong\n"),
	    "line 5 of key file");
}
