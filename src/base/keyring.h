/* SPDX-License-Identifier: MIT */
/*
 * keyring - the key file: what seals secrets, kept outside the database.
 *
 * One key a line, "ID HEX" of 16 and 64 hexadecimal digits, the current one
 * first; what begins with '#' is a comment. Older keys still open what they
 * sealed.
 */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

#define KEYRING_KEY_BYTES 32
#define KEYRING_KEYS_MOST 16

struct key {
	char id[17];
	unsigned char bytes[KEYRING_KEY_BYTES];
};

struct keyring {
	size_t count;
	struct key keys[KEYRING_KEYS_MOST]; /* the current one first */
};

/* Reads the key file at PATH, which others must not be able to read. */
struct keyring *keyring_read(struct mem *mem, const char *path,
    struct err *err);

/* Makes a key file with one new key; refuses to replace a file. */
bool keyring_create(const char *path, struct err *err);

/* Puts a new key in front, by writing a new file and renaming it. */
bool keyring_rotate(struct mem *mem, const char *path, struct err *err);

/* The key of that id, or NULL. */
const struct key *keyring_find(const struct keyring *keyring, const char *id);

#endif
