/* SPDX-License-Identifier: MIT */
/*
 * Whether the key file fits the database; what a program starts with.
 * covers: account/keys.c
 * covers: account/start.c
 * covers: base/keyring.c
 */
#include <string.h>

#include "account/access_key.h"
#include "account/client.h"
#include "account/keys.h"
#include "account/start.h"
#include "base/secret.h"
#include "harness.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(keys, .init = begin, .fini = end, .timeout = 60);

static struct keyring *new_keys(const char **path)
{
	struct err err = { 0 };

	*path = mem_printf(harness.mem, "%s/keys-%s", harness.folder,
	    secret_random_hex(harness.mem, 4));
	cr_assert(keyring_create(*path, &err));
	return keyring_read(harness.mem, *path, &err);
}

Test(keys, the_right_file_fits)
{
	cr_assert(keys_check(&harness.work, harness.engine.keyring));
	cr_assert(start_database(&harness.work, &harness.engine));
}

Test(keys, another_file_is_refused_with_the_ids)
{
	const char *path;
	struct keyring *other = new_keys(&path);

	harness.engine.keyring = other;
	const char *known =
	    harness_value(&harness, "select key_id from key_proof");
	cr_assert_not(start_database(&harness.work, &harness.engine));
	cr_assert_eq(harness.work.err.code, ERR_KEYS);
	cr_assert_str_eq(harness.work.err.message,
	    mem_printf(harness.mem,
	        "the database was sealed with key %s, which the key file does "
	        "not hold (it holds %s); use the key file that belongs to "
	        "this database",
	        known, other->keys[0].id));
}

Test(keys, the_same_id_with_another_key_is_refused)
{
	struct keyring forged = *harness.engine.keyring;

	forged.keys[0].bytes[0] ^= 1;
	cr_assert_not(keys_check(&harness.work, &forged));
	cr_assert_eq(harness.work.err.code, ERR_KEYS);
	cr_assert_str_eq(harness.work.err.message,
	    mem_printf(harness.mem,
	        "key %s in the key file is not the one that the database was "
	        "sealed with",
	        forged.keys[0].id));
}

Test(keys, a_database_without_keys)
{
	harness_value(&harness, "delete from key_proof");
	cr_assert_not(keys_check(&harness.work, harness.engine.keyring));
	cr_assert_str_eq(harness.work.err.message,
	    "the database knows no key yet; 'usher init' notes it");
}

Test(keys, after_a_rotation_old_and_new_are_open)
{
	struct err err = { 0 };
	const char *path;
	struct keyring *old = new_keys(&path);
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	harness_value(&harness, "delete from key_proof");
	cr_assert(keys_prove(&harness.work, old));
	harness.engine.keyring = old;
	cr_assert(harness_invite(&harness, pool,
	    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[{'Name':'email','Value':'a@example.com'}]}",
	    &report));
	cr_assert(keyring_rotate(harness.mem, path, &err), "%s", err.message);
	struct keyring *new = keyring_read(harness.mem, path, &err);
	cr_assert_eq(new->count, 2);
	cr_assert_str_eq(new->keys[1].id, old->keys[0].id);
	cr_assert(keys_check(&harness.work, new));
	cr_assert(keys_prove(&harness.work, new));
	cr_assert(keys_check(&harness.work, new));
	harness.engine.keyring = new;
	cr_assert_str_eq(harness_password(&harness, report.plan.messages[0].id),
	    report.password);
	const cJSON *uses = keys_uses(&harness.work, new);
	cr_assert_eq(cJSON_GetArraySize(uses), 2);
	/* The sealed message and the hash of the password. */
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(uses, "/0/uses")), 2);
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(uses, "/1/uses")), 0);
	cr_assert(cJSON_IsTrue(json_at(uses, "/1/current")));
	cr_assert(cJSON_IsTrue(json_at(uses, "/0/in_key_file")));
}

Test(keys, secrets_of_access_keys_and_app_clients_are_uses)
{
	const struct engine *engine = &harness.engine;
	struct pool *pool = harness_pool(&harness, "{}");
	struct client_settings settings = { .pool_id = pool->id,
		.name = "c",
		.generate_secret = { true, true } };

	cr_assert(access_key_create(&harness.work, engine, "admin",
	    json_read(harness.mem, access_key_full_access, &harness.work.err)));
	cr_assert(client_create(&harness.work, engine, &settings,
	    harness_json(&harness, "{}")));
	settings.generate_secret.value = false;
	cr_assert(client_create(&harness.work, engine, &settings,
	    harness_json(&harness, "{}")));
	const cJSON *uses = keys_uses(&harness.work, engine->keyring);
	cr_assert_eq((int)cJSON_GetNumberValue(json_at(uses, "/0/uses")), 2);
}
