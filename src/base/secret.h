/* SPDX-License-Identifier: MIT */
/*
 * secret - random text, sealing and password hashes (libsodium).
 *
 * Sealed text is XChaCha20-Poly1305 with the key's id in front; the place it
 * belongs to is authenticated with it, so that a sealed text cannot be moved.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define SECRET_HASH_BYTES 32

/* Bytes that the hash of a chosen password takes meanwhile. */
#define SECRET_HASH_MEMORY ((size_t)19 * 1024 * 1024)

struct keyring;

/* Must be called once before anything else here. */
void secret_init(void);

/* This process, and those that it forks without exec, leave no core dump. */
void secret_forbid_dumps(void);

void secret_random(void *bytes, size_t size);

/* A number from 0 to BOUND - 1, all equally likely. */
uint32_t secret_random_below(uint32_t bound);

/* Hexadecimal digits of SIZE random bytes. */
char *secret_random_hex(struct mem *mem, size_t size);

/*
 * TEXT sealed under the current key as "\x..." for a bytea column. PLACE is
 * where it belongs; opening needs the same.
 */
char *secret_seal(struct mem *mem, const struct keyring *keyring,
    const char *text, const char *place);

/* True when the key that SEALED names is in the key file. */
bool secret_has_key(const struct keyring *keyring, const char *sealed);

/* The text, wiped with its context. SEALED is a bytea column's "\x...". */
char *secret_open(struct mem *mem, const struct keyring *keyring,
    const char *sealed, const char *place, struct err *err);

/* What a chosen password is stored as: argon2id, 19 MiB, 2 passes. */
char *secret_password_hash(struct mem *mem, const char *password,
    struct err *err);

/*
 * What a password we generated is stored as: BLAKE2b under the current key.
 * Over 90 bits of it are random, so that nobody can guess it and no slow hash
 * is needed.
 */
char *secret_generated_hash(struct mem *mem, const struct keyring *keyring,
    const char *password);

/* True when PASSWORD is the one that STORED (of either kind) was made of. */
bool secret_password_matches(const struct keyring *keyring, const char *stored,
    const char *password);

/* BLAKE2b of TEXT without a key, in hexadecimal: names content. */
char *secret_digest(struct mem *mem, const char *text);

/* HMAC-SHA256 (RFC 2104) of TEXT under KEY, in hexadecimal. */
char *secret_sign(struct mem *mem, const char *key, const char *text);

/* TEXT in base64 (RFC 4648, 4); wiped with MEM. */
char *secret_base64(struct mem *mem, const char *text);

/* True when the two are equal, in a time that does not tell where not. */
bool secret_same(const char *a, const char *b);

#endif
