/* SPDX-License-Identifier: MIT */
#include "account/client.h"

#include "account/audit.h"
#include "account/pool.h"
#include "base/json.h"
#include "base/secret.h"
#include "db/db.h"

#define ID_LETTERS     26
#define SECRET_LETTERS 51

/* What an answer shows though the request lacked it (API). */
static const char defaults[] =
    "{\"RefreshTokenValidity\":30,\"AuthSessionValidity\":3,"
    "\"EnableTokenRevocation\":true,"
    "\"AllowedOAuthFlowsUserPoolClient\":false,"
    "\"EnablePropagateAdditionalUserContextData\":false,"
    "\"PreventUserExistenceErrors\":\"LEGACY\"}";

static char *random_letters(struct mem *mem, size_t count)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char text[SECRET_LETTERS + 1] = "";

	for (size_t i = 0; i < count; i++)
		text[i] = letters[secret_random_below(sizeof(letters) - 1)];
	return mem_text(mem, text);
}

/* Where a sealed secret belongs. */
static const char *place(struct mem *mem, const char *id)
{
	return mem_printf(mem, "app client %s", id);
}

/* Of the audit. */
static const char *object(struct mem *mem, const struct client *client)
{
	return mem_printf(mem, "%s/%s", client->pool_id, client->id);
}

static bool not_found(struct work *work, const char *id)
{
	return work_fail(work, ERR_RESOURCE_NOT_FOUND,
	    "User pool client %.130s does not exist.", id);
}

static struct client *read_row(struct work *work, const struct engine *engine,
    struct rows *rows)
{
	static const struct column columns[] = { COLUMN(struct client, id),
		COLUMN(struct client, pool_id), COLUMN(struct client, name),
		COLUMN(struct client, created_ms),
		COLUMN(struct client, modified_ms), COLUMN_END };
	struct client *client = mem_make(work->mem, struct client);
	const char *sealed = rows_text(rows, 0, "sealed");

	rows_read(rows, 0, columns, client);
	client->stored =
	    json_read(work->mem, rows_text(rows, 0, "settings"), &work->err);
	if (sealed)
		client->secret = secret_open(work->mem, engine->keyring, sealed,
		    place(work->mem, client->id), &work->err);
	return client->stored && (client->secret || !sealed) ? client : NULL;
}

/* The user pool, which now stays until the transaction ends. */
static bool hold_pool(struct work *work, const char *pool_id)
{
	return db_run(work, QUERY_pool_hold, pool_id) &&
	       pool_get(work, pool_id);
}

static struct rows *insert(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *kept)
{
	struct mem *mem = work->mem;
	const char *secret = settings->secret;
	struct rows *rows;

	if (!secret && settings->generate_secret.value)
		secret = mem_secret(random_letters(mem, SECRET_LETTERS));
	do {
		const char *id = random_letters(mem, ID_LETTERS);
		rows = db_run(work, QUERY_client_insert, id, settings->pool_id,
		    settings->name,
		    secret ? secret_seal(mem, engine->keyring, secret,
		                 place(mem, id))
		           : NULL,
		    json_print(mem, kept));
	} while (rows && !rows_count(rows));
	return rows;
}

static struct client *create(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *kept)
{
	struct rows *rows = hold_pool(work, settings->pool_id)
	                        ? insert(work, engine, settings, kept)
	                        : NULL;
	struct client *client = rows ? read_row(work, engine, rows) : NULL;

	return client && audit(work, "client create", object(work->mem, client),
	                     kept)
	           ? client
	           : NULL;
}

/* Ends the transaction: CLIENT when it was committed, else NULL. */
static struct client *committed(struct work *work, struct client *client)
{
	if (client && db_commit(work))
		return client;
	db_rollback(work);
	return NULL;
}

struct client *client_create(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *json)
{
	if (!client_settings_check(settings, &work->err) || !db_begin(work))
		return NULL;
	return committed(work, create(work, engine, settings,
	                           client_settings_kept(work->mem, json)));
}

struct client *client_get(struct work *work, const struct engine *engine,
    const char *pool_id, const char *id)
{
	struct rows *rows;

	if (pool_id && !pool_get(work, pool_id))
		return NULL;
	rows = db_run(work, QUERY_client_get, id, pool_id);
	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		not_found(work, id);
		return NULL;
	}
	return read_row(work, engine, rows);
}

static struct client *update(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *kept)
{
	struct mem *mem = work->mem;
	const struct client *old =
	    client_get(work, engine, settings->pool_id, settings->id);

	if (!old)
		return NULL;
	struct rows *rows = db_run(work, QUERY_client_update, old->id,
	    old->pool_id, settings->name ? settings->name : old->name,
	    json_print(mem, kept));
	if (!rows)
		return NULL;
	if (!rows_count(rows)) { /* it went meanwhile */
		not_found(work, old->id);
		return NULL;
	}
	if (!audit_change(work, "client update", object(mem, old), old->stored,
	        kept))
		return NULL;
	return read_row(work, engine, rows);
}

struct client *client_update(struct work *work, const struct engine *engine,
    const struct client_settings *settings, const cJSON *json)
{
	if (!client_settings_check(settings, &work->err) || !db_begin(work))
		return NULL;
	return committed(work, update(work, engine, settings,
	                           client_settings_kept(work->mem, json)));
}

struct client *client_list(struct work *work, const char *pool_id,
    const char *after, int count, int *found)
{
	static const struct column columns[] = { COLUMN(struct client, id),
		COLUMN(struct client, pool_id), COLUMN(struct client, name),
		COLUMN_END };
	struct rows *rows = pool_get(work, pool_id)
	                        ? db_run(work, QUERY_client_list, pool_id,
	                              after, db_int(work->mem, count))
	                        : NULL;

	if (!rows)
		return NULL;
	*found = rows_count(rows);
	struct client *clients =
	    mem_array(work->mem, struct client, (size_t)*found + 1);
	for (int i = 0; i < *found; i++)
		rows_read(rows, i, columns, &clients[i]);
	return clients;
}

static bool remove_one(struct work *work, const char *pool_id, const char *id)
{
	struct rows *rows = pool_get(work, pool_id)
	                        ? db_run(work, QUERY_client_delete, id, pool_id)
	                        : NULL;

	if (!rows)
		return false;
	if (!rows_count(rows))
		return not_found(work, id);
	return audit(work, "client delete",
	    mem_printf(work->mem, "%s/%s", pool_id, id), NULL);
}

bool client_delete(struct work *work, const char *pool_id, const char *id)
{
	if (db_begin(work) && remove_one(work, pool_id, id) && db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

/* Adds the defaults that ANSWER lacks; a validity of 0 is none. */
static void add_defaults(struct work *work, cJSON *answer)
{
	const cJSON *presets = json_read(work->mem, defaults, &work->err);
	const cJSON *refresh =
	    cJSON_GetObjectItemCaseSensitive(answer, "RefreshTokenValidity");
	const cJSON *preset;

	if (refresh && refresh->valuedouble < 1)
		cJSON_DeleteItemFromObjectCaseSensitive(answer,
		    "RefreshTokenValidity");
	cJSON_ArrayForEach(preset, presets)
	{
		if (!cJSON_GetObjectItemCaseSensitive(answer, preset->string))
			cJSON_AddItemToObject(answer, preset->string,
			    cJSON_Duplicate(preset, true));
	}
}

cJSON *client_describe(struct work *work, const struct client *client)
{
	cJSON *answer = json_copy(work->mem, client->stored);

	add_defaults(work, answer);
	json_add(answer, "UserPoolId", client->pool_id);
	json_add(answer, "ClientName", client->name);
	json_add(answer, "ClientId", client->id);
	json_add(answer, "ClientSecret", client->secret);
	json_add_time(answer, "LastModifiedDate", client->modified_ms);
	json_add_time(answer, "CreationDate", client->created_ms);
	return answer;
}
