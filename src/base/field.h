/* SPDX-License-Identifier: MIT */
/*
 * field - reads a request by its table and words the violations.
 *
 * A table of rows says which members a structure of the API has: name, kind,
 * bounds in characters, pattern of the whole text, allowed words. All
 * violations are listed in one message in the service's own words; the value
 * of a SECRET member is never shown, a long one not to its end. Texts that the
 * request lacks stay NULL.
 */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum field_kind {
	FIELD_END,
	FIELD_TEXT,   /* const char * */
	FIELD_ENUM,   /* const char *, one of words */
	FIELD_BOOL,   /* struct field_bool */
	FIELD_INT,    /* struct field_int */
	FIELD_OBJECT, /* structure of rows; present: struct pointer */
	FIELD_LIST,   /* struct field_list of structures of rows */
	FIELD_WORDS,  /* struct field_words, each one of words */
	FIELD_TEXTS,  /* struct field_words, each by the row's one item row */
	FIELD_MAP     /* struct field_list of struct field_pair */
};

enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_SECRET = 2,
	FIELD_MAY_BE_EMPTY = 4, /* the empty text breaks no rule here */
	FIELD_MAIL = 8 /* of a mail: which character no mail may have is said
	                * in the log */
};

struct field_bool {
	bool given;
	bool value;
};

struct field_int {
	bool given;
	int64_t value;
};

struct field_list {
	size_t count;
	void *items; /* array of the row's structure */
};

struct field_words {
	size_t count;
	const char **items;
};

struct field_pair {
	const char *name;
	const char *value;
};

struct field {
	const char *name; /* the API's spelling */
	enum field_kind kind;
	unsigned flags;
	size_t offset;       /* of the member in the structure */
	int64_t least, most; /* characters, the number's bounds, items */
	int64_t name_least;  /* characters of each name of a map */
	int64_t name_most;
	const char *pattern;      /* of the whole text, or NULL */
	const char *const *words; /* allowed words, NULL at the end */
	const struct field *rows; /* of an object, of a list's items, or the
	                           * one row that each of the texts obeys */
	size_t size;              /* of the structure that rows fill */
};

/* Rows of tables: ROW_TEXT(struct s, member, "Name", flags, least, most, re) */
#define ROW_TEXT(type, member, api_name, row_flags, min, max, re)             \
	{                                                                     \
		.name = (api_name), .kind = FIELD_TEXT, .flags = (row_flags), \
		.offset = offsetof(type, member), .least = (min),             \
		.most = (max), .pattern = (re)                                \
	}
#define ROW_ENUM(type, member, api_name, row_flags, allowed)                  \
	{                                                                     \
		.name = (api_name), .kind = FIELD_ENUM, .flags = (row_flags), \
		.offset = offsetof(type, member), .words = (allowed)          \
	}
#define ROW_WORDS(type, member, api_name, row_flags, allowed)                  \
	{                                                                      \
		.name = (api_name), .kind = FIELD_WORDS, .flags = (row_flags), \
		.offset = offsetof(type, member), .words = (allowed)           \
	}
/* A list of MIN to MAX texts, each as ITEM, made by ROW_ITEM_..., has it. */
#define ROW_TEXTS(type, member, api_name, min, max, item) \
	ROW_TEXTS_FLAGS(type, member, api_name, 0, min, max, item)
#define ROW_TEXTS_FLAGS(type, member, api_name, row_flags, min, max, item)     \
	{                                                                      \
		.name = (api_name), .kind = FIELD_TEXTS, .flags = (row_flags), \
		.offset = offsetof(type, member), .least = (min),              \
		.most = (max), .rows = (item)                                  \
	}
#define ROW_ITEM_TEXT(min, max, re)                                   \
	{                                                             \
		.name = "member", .kind = FIELD_TEXT, .least = (min), \
		.most = (max), .pattern = (re)                        \
	}
#define ROW_ITEM_ENUM(allowed)                                           \
	{                                                                \
		.name = "member", .kind = FIELD_ENUM, .words = (allowed) \
	}
#define ROW_BOOL(type, member, api_name) \
	ROW_BOOL_FLAGS(type, member, api_name, 0)
#define ROW_BOOL_FLAGS(type, member, api_name, row_flags)                     \
	{                                                                     \
		.name = (api_name), .kind = FIELD_BOOL, .flags = (row_flags), \
		.offset = offsetof(type, member)                              \
	}
#define ROW_INT(type, member, api_name, row_flags, min, max)                 \
	{                                                                    \
		.name = (api_name), .kind = FIELD_INT, .flags = (row_flags), \
		.offset = offsetof(type, member), .least = (min),            \
		.most = (max)                                                \
	}
#define ROW_OBJECT(type, member, api_name, row_flags, sub_rows, sub_type) \
	{                                                                 \
		.name = (api_name), .kind = FIELD_OBJECT,                 \
		.flags = (row_flags), .offset = offsetof(type, member),   \
		.rows = (sub_rows), .size = sizeof(sub_type)              \
	}
#define ROW_LIST(type, member, api_name, min, max, sub_rows, sub_type) \
	ROW_LIST_FLAGS(type, member, api_name, 0, min, max, sub_rows, sub_type)
#define ROW_LIST_FLAGS(type, member, api_name, row_flags, min, max, sub_rows, \
    sub_type)                                                                 \
	{                                                                     \
		.name = (api_name), .kind = FIELD_LIST, .flags = (row_flags), \
		.offset = offsetof(type, member), .least = (min),             \
		.most = (max), .rows = (sub_rows), .size = sizeof(sub_type)   \
	}
/* max: characters of each name and of each value */
#define ROW_MAP(type, member, api_name, max) \
	ROW_MAP_FLAGS(type, member, api_name, 0, 0, max, max)
#define ROW_MAP_FLAGS(type, member, api_name, row_flags, name_min, name_max, \
    max)                                                                     \
	{                                                                    \
		.name = (api_name), .kind = FIELD_MAP, .flags = (row_flags), \
		.offset = offsetof(type, member), .most = (max),             \
		.name_least = (name_min), .name_most = (name_max)            \
	}
#define ROW_END                   \
	{                         \
		.kind = FIELD_END \
	}

/*
 * Fills INTO (zeroed, of the rows' structure) from JSON. False with
 * ERR_INVALID_PARAMETER listing every violation, or with ERR_SERIALIZATION
 * when a member is of another JSON type. Members that no row names are left
 * alone; field_unknown() finds them.
 */
bool field_read(struct mem *mem, const struct field *rows, const cJSON *json,
    void *into, struct err *err);

/*
 * The same for what was checked before it was stored: nothing is checked, and
 * a member of another JSON type counts as absent.
 */
void field_take(struct mem *mem, const struct field *rows, const cJSON *json,
    void *into);

/* A copy of JSON without members that no row names and without nulls. */
cJSON *field_only(struct mem *mem, const struct field *rows, const cJSON *json);

/* Name (by path) of a member of JSON that no row names, or NULL. */
const char *field_unknown(struct mem *mem, const struct field *rows,
    const cJSON *json);

#endif
