/* SPDX-License-Identifier: MIT */
/*
 * attribute - standard and custom attributes of a user: schema, check.
 */
#ifndef ACCOUNT_ATTRIBUTE_H
#define ACCOUNT_ATTRIBUTE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "account/pool.h"
#include "base/field.h"
#include "db/work.h"

/* An attribute of a request; a missing Value is NULL. */
struct attribute {
	const char *name;
	const char *value;
};

/* Tables of a request's attribute, and of a name in a list of names. */
extern const struct field attribute_rows[];
extern const struct field attribute_name_row[];

/*
 * The attributes of LIST (of struct attribute) as an object, name to value,
 * in the request's order; the last of equal names wins, what is empty is left
 * out, booleans are in lower case. ERR_INVALID_PARAMETER in the service's
 * words when one breaks a rule: null, not mutable, unknown, format, length,
 * a verified flag without its attribute - checked in this order.
 */
cJSON *attribute_check(struct work *work, const struct pool *pool,
    const struct field_list *list);

/*
 * OLD, a user's attributes, as they are after LIST: an empty value deletes, an
 * address that changes without its flag is no longer verified. The same rules
 * in the words of an update; what is not mutable stays as it is, and what is
 * required stays. A new object.
 */
cJSON *attribute_update(struct work *work, const struct pool *pool,
    const cJSON *old, const struct field_list *list);

/* OLD without NAMES, none of which may be required or not mutable; an address
 * goes with its flag. A new object. */
cJSON *attribute_remove(struct work *work, const struct pool *pool,
    const cJSON *old, const struct field_words *names);

/*
 * Every required attribute must be there: the rule of users without a
 * password, who are never asked for more.
 */
bool attribute_check_required(struct work *work, const struct pool *pool,
    const cJSON *attributes);

/* Whether the pool's schema has it, sub included. */
bool attribute_is_known(const struct pool *pool, const char *name);

/* One @, local part 1-64, domain 1-255, no blanks, controls, < or >. */
bool attribute_is_email(const char *text);

/* The value of NAME, or NULL. */
const char *attribute_get(const cJSON *attributes, const char *name);

/* True when the flag NAME has the value "true". */
bool attribute_is_true(const cJSON *attributes, const char *name);

#endif
