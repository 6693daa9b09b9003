/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/hash_memory.h"
#include "base/secret.h"

#define HASHES  8
#define THREADS 3
#define MIB     ((long)1024 * 1024)

static long resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	cr_assert_eq(fscanf(file, "%*d %ld", &pages), 1);
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

/* Whether a hash made in kept memory is what libsodium makes of the password
 * elsewhere shows in a thread that keeps nothing. */
static void *verify(void *hash)
{
	cr_assert(secret_password_matches(NULL, hash, "Abcdef1!"));
	cr_assert_not(secret_password_matches(NULL, hash, "Abcdef1?"));
	return NULL;
}

static void hash(int times)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	pthread_t thread;

	for (int i = 0; i < times; i++) {
		char *made = secret_password_hash(mem, "Abcdef1!", &err);
		cr_assert_not_null(made);
		pthread_create(&thread, NULL, verify, made);
		pthread_join(thread, NULL);
	}
}

static void *keep_and_hash(void *unused)
{
	(void)unused;
	hash_memory_keep();
	hash(HASHES);
	hash_memory_release();
	return NULL;
}

Test(hash_memory, is_kept_from_one_hash_to_the_next)
{
	secret_init();
	long before = resident();
	hash(1);
	cr_expect_lt(resident(), before + 10 * MIB);
	hash_memory_keep();
	hash(1);
	cr_expect_gt(resident(), before + 18 * MIB);
	hash(HASHES);
	cr_expect_lt(resident(), before + 30 * MIB);
	hash_memory_release();
	cr_expect_lt(resident(), before + 10 * MIB);
	hash(1);
	cr_expect_gt(resident(), before + 18 * MIB);
	hash_memory_release();
}

Test(hash_memory, is_each_thread_s_own)
{
	pthread_t threads[THREADS];

	secret_init();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, keep_and_hash, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static char *map(size_t size, int flags)
{
	char *block = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | flags, -1, 0);

	cr_assert_neq(block, MAP_FAILED);
	return block;
}

Test(hash_memory, leaves_other_maps_alone)
{
	hash_memory_keep();
	char *kept = map(SECRET_HASH_MEMORY, MAP_ANONYMOUS);
	kept[0] = 'k';
	cr_expect_eq(munmap(kept, SECRET_HASH_MEMORY), 0);

	char *other = map(SECRET_HASH_MEMORY + 4096, MAP_ANONYMOUS);
	cr_expect_eq(other[0], 0);
	cr_expect_eq(munmap(other, SECRET_HASH_MEMORY + 4096), 0);
	cr_expect_eq(map(SECRET_HASH_MEMORY, MAP_ANONYMOUS), kept);
	cr_expect_eq(kept[0], 'k');
	hash_memory_release();
}
