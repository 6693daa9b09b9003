/* SPDX-License-Identifier: MIT */
/*
 * json - reading cJSON by path (RFC 6901), printing once.
 *
 * What json_read() makes belongs to its context. A document with duplicate
 * names, a NUL in a text, invalid UTF-8 or anything behind the value is
 * refused: cJSON alone would take them.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* NULL and ERR_SERIALIZATION, naming the place, when TEXT is not JSON. */
cJSON *json_read(struct mem *mem, const char *text, struct err *err);

/* An empty object or list of MEM. */
cJSON *json_object(struct mem *mem);
cJSON *json_list(struct mem *mem);

/* A copy that belongs to MEM. */
cJSON *json_copy(struct mem *mem, const cJSON *json);

/* What POINTER ("/messages/0/status") leads to, or NULL. */
const cJSON *json_at(const cJSON *json, const char *pointer);

/* The text at POINTER, or NULL when there is none or it is no text. */
const char *json_text(const cJSON *json, const char *pointer);

/* The text, or the number as a text, at POINTER; else NULL. */
const char *json_word(struct mem *mem, const cJSON *json, const char *pointer);

/* Adds NAME; a VALUE of NULL adds nothing. */
void json_add(cJSON *object, const char *name, const char *value);
void json_add_int(cJSON *object, const char *name, int64_t value);

/* A time as the API gives it: seconds with milliseconds as a fraction. */
void json_add_time(cJSON *object, const char *name, int64_t time_ms);

/* Both in one line and indented for people. */
char *json_print(struct mem *mem, const cJSON *json);
char *json_print_people(struct mem *mem, const cJSON *json);

#endif
