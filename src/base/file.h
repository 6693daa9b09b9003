/* SPDX-License-Identifier: MIT */
/*
 * file - whole files, small ones.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

/*
 * The text of the file, "-" for standard input. NULL and ERR_FILE when it
 * cannot be read, has more than LIMIT bytes or a NUL.
 */
char *file_read(struct mem *mem, const char *path, size_t limit,
    struct err *err);

/* The first line of a file that holds a secret; wiped with MEM. */
char *file_first_line(struct mem *mem, const char *path, struct err *err);

/* Writes a new file; refuses to replace one. On disk when it returns true. */
bool file_create(const char *path, const char *text, mode_t mode,
    struct err *err);

/* Puts TEXT in the place of the file at once (new file, rename). */
bool file_replace(const char *path, const char *text, struct err *err);

/* Makes the folder and those above it that are missing. */
bool file_make_folder(const char *path, mode_t mode, struct err *err);

#endif
