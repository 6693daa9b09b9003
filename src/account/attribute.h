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
 * Every required attribute must be there: the rule of users without a
 * password, who are never asked for more.
 */
bool attribute_check_required(struct work *work, const struct pool *pool,
    const cJSON *attributes);

/* One @, local part 1-64, domain 1-255, no blanks, controls, < or >. */
bool attribute_is_email(const char *text);

/* The value of NAME, or NULL. */
const char *attribute_get(const cJSON *attributes, const char *name);

/* True when the flag NAME has the value "true". */
bool attribute_is_true(const cJSON *attributes, const char *name);

#endif
