/* SPDX-License-Identifier: MIT */
/*
 * user_write - what administrators change of a user, passwords aside.
 *
 * NAME is any that user_find() takes. Each moves the time of the last change,
 * also when all is as it was. False with the API's error.
 */
#ifndef ACCOUNT_USER_WRITE_H
#define ACCOUNT_USER_WRITE_H

#include <stdbool.h>

#include "account/pool.h"
#include "base/field.h"
#include "db/work.h"

/*
 * LIST of struct attribute, by the rules of attribute_update(). The user's
 * names follow; a verified address that is another's alias leaves it. Where
 * an address is the username and another's: ERR_ALIAS_EXISTS.
 */
bool user_update_attributes(struct work *work, const struct pool *pool,
    const char *name, const struct field_list *list);

bool user_delete_attributes(struct work *work, const struct pool *pool,
    const char *name, const struct field_words *names);

bool user_set_enabled(struct work *work, const struct pool *pool,
    const char *name, bool enabled);

/* Who signed up is confirmed; ERR_NOT_AUTHORIZED in any other state. */
bool user_confirm(struct work *work, const struct pool *pool, const char *name);

#endif
