/* SPDX-License-Identifier: MIT */
/*
 * scratch - files and streams that a unit test needs for a moment.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdio.h>

#include "base/mem.h"

/* A name in a new folder; both go with MEM. */
char *scratch_path(struct mem *mem, const char *name);

/* A file with TEXT, readable by its owner alone. */
char *scratch_file(struct mem *mem, const char *text);

/* The bytes of the file at PATH. */
char *scratch_read(struct mem *mem, const char *path);

/* What WRITE writes, given SUBJECT. */
char *scratch_printed(struct mem *mem,
    void (*print)(const void *subject, FILE *out), const void *subject);

/* COUNT times TEXT. */
char *scratch_times(struct mem *mem, const char *text, int count);

#endif
