/* SPDX-License-Identifier: MIT */
/*
 * config - the settings, read by libconfuse from one file.
 *
 * config.def is the only place a setting exists: from its row come the member
 * here, the default (read as a user's value would be), the bounds and their
 * words, the sample file and the manual.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

#define CONFIG_TYPE_TEXT const char *
#define CONFIG_TYPE_INT  int64_t
#define CONFIG_TYPE_BOOL bool

struct config {
	const char *path; /* the file that was read, or NULL */
#define CONFIG(kind, name, preset, least, most, flags, meaning) \
	CONFIG_TYPE_##kind name;
#include "base/config.def"
#undef CONFIG
};

/*
 * Reads PATH; NULL means $USHER_CONFIG, or /etc/usher/usher.conf when that is
 * there, else the defaults. ERR_CONFIG names the setting and the rule.
 */
const struct config *config_read(struct mem *mem, const char *path,
    struct err *err);

/* The settings in force, as a file that can be read again. */
void config_print(const struct config *config, FILE *out);

/* A sample file with every setting, its meaning and its default. */
void config_print_sample(FILE *out);

/* The mdoc list of settings for usher.conf(5). */
void config_print_manual(FILE *out);

/* The first line of a file that holds a secret; "" when PATH is "". */
const char *config_secret(struct mem *mem, const char *path, struct err *err);

#endif
