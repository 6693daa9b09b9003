/* SPDX-License-Identifier: MIT */
/*
 * keys - whether the key file fits the database.
 *
 * The database keeps a known text sealed by each key that was ever current.
 */
#ifndef ACCOUNT_KEYS_H
#define ACCOUNT_KEYS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/keyring.h"
#include "db/work.h"

/* Notes the current key in the database. */
bool keys_prove(struct work *work, const struct keyring *keyring);

/*
 * False with ERR_KEYS, naming the ids, when the database knows a key that the
 * file does not hold, or the file's key of that id is another.
 */
bool keys_check(struct work *work, const struct keyring *keyring);

/* For each key of the database: its id, uses, and whether the file has it. */
cJSON *keys_uses(struct work *work, const struct keyring *keyring);

#endif
