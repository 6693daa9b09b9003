/* SPDX-License-Identifier: MIT */
#include "base/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"

static bool digit_value(char digit, unsigned *value)
{
	const char *digits = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit) : NULL;

	if (found)
		*value = (unsigned)(found - digits);
	return found != NULL;
}

static bool hex_read(unsigned char *bytes, size_t size, const char *text)
{
	unsigned high = 0;
	unsigned low = 0;

	if (strlen(text) != size * 2)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!digit_value(text[2 * i], &high) ||
		    !digit_value(text[2 * i + 1], &low))
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool line_read(struct keyring *keyring, char *line)
{
	char *blank = strchr(line, ' ');
	struct key *key = &keyring->keys[keyring->count];
	unsigned char id[8];

	if (!blank || keyring->count == KEYRING_KEYS_MOST)
		return false;
	*blank = '\0';
	if (!hex_read(id, sizeof(id), line) ||
	    !hex_read(key->bytes, sizeof(key->bytes), blank + 1))
		return false;
	snprintf(key->id, sizeof(key->id), "%s", line);
	keyring->count++;
	return true;
}

static bool lines_read(struct keyring *keyring, char *text, const char *path,
    struct err *err)
{
	char *line;

	for (int number = 1; (line = strsep(&text, "\n")); number++)
		if (*line && *line != '#' && !line_read(keyring, line))
			return err_set(err, ERR_KEYS,
			    "line %d of key file '%s' is not a key: 16 and 64 "
			    "hexadecimal digits, %d keys at most",
			    number, path, KEYRING_KEYS_MOST);
	if (!keyring->count)
		return err_set(err, ERR_KEYS, "key file '%s' holds no key",
		    path);
	return true;
}

struct keyring *keyring_read(struct mem *mem, const char *path, struct err *err)
{
	struct keyring *keyring = mem_secret(mem_make(mem, struct keyring));
	struct stat status;

	if (stat(path, &status) < 0) {
		err_set(err, ERR_KEYS,
		    "cannot read key file '%s': %s; 'usher init' makes one",
		    path, strerror(errno));
		return NULL;
	}
	if (status.st_mode & (S_IROTH | S_IWOTH)) {
		err_set(err, ERR_KEYS,
		    "others can read key file '%s'; use 'chmod 600 %s'", path,
		    path);
		return NULL;
	}
	char *text = file_read(mem, path, 65536, err);
	if (!text) {
		err->code = ERR_KEYS;
		return NULL;
	}
	if (!lines_read(keyring, mem_secret(text), path, err))
		return NULL;
	return keyring;
}

const struct key *keyring_find(const struct keyring *keyring, const char *id)
{
	for (size_t i = 0; i < keyring->count; i++)
		if (strcmp(keyring->keys[i].id, id) == 0)
			return &keyring->keys[i];
	return NULL;
}

static const char head[] =
    "# Keys of usher, the current one first. Back this file up; see usher(1), "
    "KEYRING.\n";

static void add_new_key(struct mem *mem, struct str *text)
{
	const char *bytes =
	    mem_secret(secret_random_hex(mem, KEYRING_KEY_BYTES));

	str_addf(text, "%s %s\n", secret_random_hex(mem, 8), bytes);
}

bool keyring_create(const char *path, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *text = str_new(mem, 65536);

	str_secret(text);
	str_add(text, head);
	add_new_key(mem, text);
	if (!file_create(path, str_text(text), 0600, err)) {
		err->code = ERR_KEYS;
		return false;
	}
	return true;
}

bool keyring_rotate(struct mem *mem, const char *path, struct err *err)
{
	struct keyring *keyring = keyring_read(mem, path, err);
	struct str *text = str_new(mem, 65536);

	if (!keyring)
		return false;
	if (keyring->count == KEYRING_KEYS_MOST)
		return err_set(err, ERR_KEYS,
		    "key file '%s' holds %d keys already, the most there can "
		    "be; remove those that 'usher keyring check' calls unused",
		    path, KEYRING_KEYS_MOST);
	str_secret(text);
	str_add(text, head);
	add_new_key(mem, text);
	char *old = file_read(mem, path, 65536, err);
	if (!old) {
		err->code = ERR_KEYS;
		return false;
	}
	mem_secret(old);
	for (const char *line = old; *line;) {
		size_t length = strcspn(line, "\n");
		if (*line != '#')
			str_addf(text, "%.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	return file_replace(path, str_text(text), err);
}
