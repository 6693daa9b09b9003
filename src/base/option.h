/* SPDX-License-Identifier: MIT */
/*
 * option - command-line options from a table: read, --help, manual.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

enum option_kind {
	OPTION_END,
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char *, the last one given */
	OPTION_LIST  /* struct option_list, each one given */
};

struct option_list {
	size_t count;
	const char **items;
};

struct option_row {
	const char *name; /* long name */
	char letter;      /* short name, 0 for none */
	enum option_kind kind;
	size_t offset;        /* of the member in the structure */
	const char *argument; /* its name in --help; NULL for a flag */
	const char *meaning;
};

#define OPTION_ROW_FLAG(type, member, long_name, short_name, text) \
	{                                                          \
		(long_name), (short_name), OPTION_FLAG,            \
		    offsetof(type, member), NULL, (text)           \
	}
#define OPTION_ROW_TEXT(type, member, long_name, short_name, value, text) \
	{                                                                 \
		(long_name), (short_name), OPTION_TEXT,                   \
		    offsetof(type, member), (value), (text)               \
	}
#define OPTION_ROW_LIST(type, member, long_name, short_name, value, text) \
	{                                                                 \
		(long_name), (short_name), OPTION_LIST,                   \
		    offsetof(type, member), (value), (text)               \
	}
#define OPTION_ROW_END                             \
	{                                          \
		NULL, 0, OPTION_END, 0, NULL, NULL \
	}

/*
 * Reads ARGV from its second word on into INTO (zeroed); *REST is what is not
 * an option, ended by NULL, and *REST_COUNT how many. ERR_USAGE, naming the
 * word and the rule, when an option is not in the table or lacks its value.
 */
bool option_read(struct mem *mem, const struct option_row *rows, char **argv,
    void *into, char ***rest, struct err *err);

/* Prints TEXT and a newline in 80 columns, of which COLUMN are passed. */
void option_print_wrapped(const char *text, int column, FILE *out);

/* The options in 80 columns, for --help. */
void option_print_help(const struct option_row *rows, FILE *out);

/* Items of an mdoc list, for the manual: of one option, and of all. */
void option_print_manual_row(const struct option_row *row, FILE *out);
void option_print_manual(const struct option_row *rows, FILE *out);

#endif
