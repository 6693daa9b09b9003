/* SPDX-License-Identifier: MIT */
/*
 * err - what went wrong, for the caller and for the log.
 *
 * A function that can fail returns false or NULL exactly when it has set the
 * error. err_codes.def holds one row a kind of error; from it come the API's
 * name, the HTTP status, the exit status of usher and the manual.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdio.h>

enum err_code {
	ERR_NONE,
#define ERR(code, name, http, status, meaning) ERR_##code,
#include "base/err_codes.def"
#undef ERR
	ERR_COUNT
};

struct err {
	enum err_code code;
	char message[4096]; /* for the caller: the API's own words */
	char detail[512];   /* for the log: a library's or a peer's words */
};

/* Sets the error and returns false, so that failing is one statement. */
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the words for the log alone. */
bool err_set_detail(struct err *err, enum err_code code, const char *message,
    const char *detail);

/* The API's name of the error: "InvalidParameterException". */
const char *err_name(enum err_code code);

/* Status of the API's answer. */
int err_http_status(enum err_code code);

/* Exit status of usher(1) for this kind of error. */
int err_exit_status(enum err_code code);

/* The rows of the errors' table in usher(1), in mdoc. */
void err_print_manual(FILE *out);

#endif
