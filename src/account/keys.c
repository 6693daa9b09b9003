/* SPDX-License-Identifier: MIT */
#include "account/keys.h"

#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "db/db.h"

#define KNOWN_TEXT "usher"
#define PLACE      "key proof"

bool keys_prove(struct work *work, const struct keyring *keyring)
{
	return db_run(work, QUERY_keys_prove, keyring->keys[0].id,
	           secret_seal(work->mem, keyring, KNOWN_TEXT, PLACE)) != NULL;
}

static bool check_one(struct work *work, const struct keyring *keyring,
    const char *id, const char *sealed)
{
	if (!keyring_find(keyring, id))
		return work_fail(work, ERR_KEYS,
		    "the database was sealed with key %s, which the key file "
		    "does not hold (it holds %s%s); use the key file that "
		    "belongs to this database",
		    id, keyring->keys[0].id,
		    keyring->count > 1 ? " and older ones" : "");
	if (!secret_open(work->mem, keyring, sealed, PLACE, &work->err))
		return work_fail(work, ERR_KEYS,
		    "key %s in the key file is not the one that the database "
		    "was sealed with",
		    id);
	return true;
}

bool keys_check(struct work *work, const struct keyring *keyring)
{
	struct rows *rows = db_run_plain(work, QUERY_keys_list);

	if (!rows)
		return false;
	for (int i = 0; i < rows_count(rows); i++)
		if (!check_one(work, keyring, rows_text(rows, i, "key_id"),
		        rows_text(rows, i, "sealed")))
			return false;
	if (!rows_count(rows))
		return work_fail(work, ERR_KEYS,
		    "the database knows no key yet; 'usher init' notes it");
	return true;
}

cJSON *keys_uses(struct work *work, const struct keyring *keyring)
{
	struct rows *rows = db_run_plain(work, QUERY_keys_in_use);
	cJSON *list = json_list(work->mem);

	if (!rows)
		return NULL;
	for (int i = 0; i < rows_count(rows); i++) {
		const char *id = rows_text(rows, i, "key_id");
		cJSON *json = cJSON_CreateObject();
		json_add(json, "id", id);
		json_add_int(json, "uses", rows_int(rows, i, "uses"));
		cJSON_AddBoolToObject(json, "current",
		    strcmp(id, keyring->keys[0].id) == 0);
		cJSON_AddBoolToObject(json, "in_key_file",
		    keyring_find(keyring, id) != NULL);
		cJSON_AddItemToArray(list, json);
	}
	return list;
}
