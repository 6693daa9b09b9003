/* SPDX-License-Identifier: MIT */
/*
 * schema - the attributes that users of a pool may have.
 *
 * API_SchemaAttributeType. The 20 standard ones are there in every user pool;
 * its Schema modifies them and adds custom ones, which users see as custom:x,
 * or dev:custom:x when only developers may.
 */
#ifndef ACCOUNT_SCHEMA_H
#define ACCOUNT_SCHEMA_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/field.h"

/* As many custom attributes may a user pool have. */
#define SCHEMA_CUSTOM_MOST 50

struct attribute_bounds {
	const char *least;
	const char *most;
};

struct schema_attribute {
	const char *name;
	const char *type; /* String, Number, DateTime, Boolean */
	struct field_bool developer_only;
	struct field_bool mutable;
	struct field_bool required;
	bool custom; /* not in the table: see schema_note_custom() */
	const struct attribute_bounds *number;
	const struct attribute_bounds *string;
};

extern const struct field schema_rows[];

/* One of the 20 standard attributes (spec of a new pool), or NULL. */
const struct schema_attribute *schema_standard(const char *name);

/* How many standard attributes there are, and one of them. */
size_t schema_standard_count(void);
const struct schema_attribute *schema_standard_at(size_t index);

/*
 * What users of a pool with SCHEMA know as NAME ("email", "custom:x"). In what
 * SCHEMA does not say of a standard attribute it is as in a new pool, but not
 * mutable once it is named there without Mutable. False when there is none.
 */
bool schema_find(const struct field_list *schema, const char *name,
    struct schema_attribute *found);

/*
 * Says of each attribute of SCHEMA, read from JSON, whether it is custom. Who
 * adds "email" to a pool gets custom:email: that is marked in what is stored.
 */
void schema_note_custom(const struct field_list *schema, const cJSON *json);
void schema_mark_custom(cJSON *attribute);

/* "email", "custom:x", "dev:custom:x". */
const char *schema_name(struct mem *mem,
    const struct schema_attribute *attribute);

/* False in the service's words: an attribute that cannot be, two of a name,
 * or more custom ones than there may be. */
bool schema_check(struct mem *mem, const struct field_list *schema,
    struct err *err);

#endif
