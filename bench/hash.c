/* SPDX-License-Identifier: MIT */
/*
 * hash THREADS SECONDS [kept] - hashes passwords with argon2id by as many
 * threads and prints how many a second; memory and passes are those of
 * secret.c. With "kept" each thread keeps its memory, as usherd's do.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/hash_memory.h"
#include "base/secret.h"

#define THREADS_MOST 64

struct share {
	pthread_t thread;
	unsigned long long passes;
	size_t memory; /* bytes */
	bool kept;
	double end;
	long done;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *run(void *given)
{
	struct share *share = given;
	char hash[crypto_pwhash_STRBYTES];

	if (share->kept)
		hash_memory_keep();
	for (; now() < share->end; share->done++)
		if (crypto_pwhash_str_alg(hash, "Abcdef1!", 8, share->passes,
		        share->memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
			break;
	hash_memory_release();
	return NULL;
}

/* What a hash of ours says of itself: "$argon2id$v=19$m=19456,t=2,p=1$...". */
static bool read_parameters(struct share *share)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *hash = secret_password_hash(mem, "Abcdef1!", &err);
	unsigned kibibytes;

	if (!hash || sscanf(hash, "$argon2id$v=19$m=%u,t=%llu,", &kibibytes,
	                 &share->passes) != 2)
		return false;
	share->memory = (size_t)kibibytes * 1024;
	return true;
}

int main(int argc, char **argv)
{
	struct share shares[THREADS_MOST];
	struct share first = { 0 };
	long threads = argc == 3 || argc == 4 ? strtol(argv[1], NULL, 10) : 0;
	long done = 0;

	if (threads < 1 || threads > THREADS_MOST) {
		fputs("usage: hash THREADS SECONDS [kept]\n", stderr);
		return 2;
	}
	secret_init();
	if (!read_parameters(&first))
		return 1;
	first.kept = argc == 4 && strcmp(argv[3], "kept") == 0;
	double start = now();
	first.end = start + strtod(argv[2], NULL);
	for (long i = 0; i < threads; i++) {
		shares[i] = first;
		if (pthread_create(&shares[i].thread, NULL, run, &shares[i]))
			return 1;
	}
	for (long i = 0; i < threads; i++) {
		pthread_join(shares[i].thread, NULL);
		done += shares[i].done;
	}
	printf("%.1f\n", (double)done / (now() - start));
	return 0;
}
