/* SPDX-License-Identifier: MIT */
/*
 * App clients: made, changed, listed, deleted, also while their user pool
 * goes.
 * covers: account/client.c
 */
#include <string.h>

#include "account/client.h"
#include "base/clock.h"
#include "base/pattern.h"
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

TestSuite(client, .init = begin, .fini = end, .timeout = 120);

typedef struct client *client_change(struct work *work,
    const struct engine *engine, const struct client_settings *settings,
    const cJSON *json);

/* MEMBERS with ' for ", after UserPoolId. */
static struct client *change(struct work *work, const struct field *rows,
    client_change *act, const char *pool_id, const char *members)
{
	struct client_settings *settings =
	    mem_make(work->mem, struct client_settings);
	const cJSON *json = harness_json(&harness,
	    mem_printf(work->mem, "{'UserPoolId':'%s',%s}", pool_id, members));

	return field_read(work->mem, rows, json, settings, &work->err)
	           ? act(work, &harness.engine, settings, json)
	           : NULL;
}

static struct client *create(const struct pool *pool, const char *members)
{
	struct client *client = change(&harness.work, client_create_rows,
	    client_create, pool->id, members);

	cr_assert(client, "%s: %s", members, harness.work.err.message);
	return client;
}

static struct client *update(const struct client *client, const char *members)
{
	return change(&harness.work, client_update_rows, client_update,
	    client->pool_id,
	    mem_printf(harness.mem, "'ClientId':'%s'%s", client->id, members));
}

static void expect_missing(bool done, const char *words)
{
	cr_assert_not(done);
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
	cr_assert_str_eq(harness.work.err.message, words);
}

static const char *no_client(const char *id)
{
	return mem_printf(harness.mem, "User pool client %s does not exist.",
	    id);
}

static int64_t audits(const char *action)
{
	return harness_number(&harness,
	    mem_printf(harness.mem,
	        "select count(*) from audit where action = '%s'", action));
}

Test(client, ids_and_secrets_have_the_service_s_shape)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct client *with =
	    create(pool, "'ClientName':'a','GenerateSecret':true");
	struct client *without =
	    create(pool, "'ClientName':'a','GenerateSecret':false");

	cr_assert(pattern_whole("[a-z0-9]{26}", with->id));
	cr_assert(pattern_whole("[a-z0-9]{26}", without->id));
	cr_assert_str_neq(with->id, without->id);
	cr_assert(pattern_whole("[a-z0-9]{51}", with->secret));
	cr_assert_null(without->secret);
	cr_assert_str_eq(create(pool, "'ClientName':'b',"
	                              "'ClientSecret':'abcdefghijklmnop_+234567"
	                              "'")
	                     ->secret,
	    "abcdefghijklmnop_+234567");
	cr_assert_eq(audits("client create"), 3);
}

Test(client, a_secret_is_sealed_for_its_client_and_not_in_the_audit)
{
	struct work *work = &harness.work;
	struct pool *pool = harness_pool(&harness, "{}");
	struct client *one =
	    create(pool, "'ClientName':'a','GenerateSecret':true");
	struct client *two = create(pool,
	    "'ClientName':'b','ClientSecret':'abcdefghijklmnopqrstuvwx'");

	cr_assert_eq(
	    harness_number(&harness,
	        mem_printf(harness.mem,
	            "select count(*) from (select c::text as t from "
	            "pool_client c union all select a::text from audit "
	            "a) x where t ~ '%s|%s'",
	            one->secret, two->secret)),
	    0);
	cr_assert_str_eq(
	    client_get(work, &harness.engine, pool->id, one->id)->secret,
	    one->secret);
	harness_value(&harness,
	    "update pool_client set sealed = (select sealed from pool_client "
	    "where id = '%s') where id = '%s'",
	    one->id, two->id);
	cr_assert_null(client_get(work, &harness.engine, pool->id, two->id));
	cr_assert_eq(work->err.code, ERR_KEYS);
}

Test(client, found_in_its_pool_or_in_any)
{
	struct work *work = &harness.work;
	const struct engine *engine = &harness.engine;
	struct pool *pool = harness_pool(&harness, "{}");
	struct pool *other = harness_pool(&harness, "{}");
	struct client *client = create(pool, "'ClientName':'a'");

	cr_assert(client_get(work, engine, pool->id, client->id));
	cr_assert_str_eq(client_get(work, engine, NULL, client->id)->pool_id,
	    pool->id);
	expect_missing(client_get(work, engine, other->id, client->id),
	    no_client(client->id));
	expect_missing(client_get(work, engine, NULL, "none"),
	    no_client("none"));
	expect_missing(client_get(work, engine, "us-east-1_x", client->id),
	    "User pool us-east-1_x does not exist.");
}

Test(client, an_update_replaces_all_but_id_secret_and_creation)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct client *client = create(pool,
	    "'ClientName':'a','GenerateSecret':true,'RefreshTokenValidity':5,"
	    "'CallbackURLs':['https://a/']");

	clock_sleep_ms(2);
	struct client *changed = update(client,
	    ",'LogoutURLs':['https://b/'],'ClientSecret':'ignored','Foo':1");
	cr_assert(changed, "%s", harness.work.err.message);
	cr_assert_str_eq(changed->id, client->id);
	cr_assert_str_eq(changed->name, "a");
	cr_assert_str_eq(changed->secret, client->secret);
	cr_assert_eq(changed->created_ms, client->created_ms);
	cr_assert_gt(changed->modified_ms, client->modified_ms);
	cr_assert_str_eq(json_print(harness.mem, changed->stored),
	    "{\"LogoutURLs\":[\"https://b/\"]}");
	cr_assert_str_eq(update(client, ",'ClientName':'b'")->name, "b");
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select string_agg(x, ' ' order by x) from (select "
	        "jsonb_object_keys(detail) as x from audit where id = (select "
	        "min(id) from audit where action = 'client update')) y"),
	    "CallbackURLs LogoutURLs RefreshTokenValidity");
}

Test(client, what_is_shown_without_being_asked_for)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct client *client =
	    create(pool, "'ClientName':'a','RefreshTokenValidity':0,"
	                 "'AuthSessionValidity':15");
	cJSON *shown = client_describe(&harness.work, client);

	for (const char *const *name =
	         (const char *[]){ "LastModifiedDate", "CreationDate", NULL };
	     *name; name++) {
		cr_assert(cJSON_HasObjectItem(shown, *name));
		cJSON_DeleteItemFromObjectCaseSensitive(shown, *name);
	}
	cr_assert_str_eq(json_print(harness.mem, shown),
	    mem_printf(harness.mem,
	        "{\"AuthSessionValidity\":15,\"RefreshTokenValidity\":30,"
	        "\"EnableTokenRevocation\":true,"
	        "\"AllowedOAuthFlowsUserPoolClient\":false,"
	        "\"EnablePropagateAdditionalUserContextData\":false,"
	        "\"PreventUserExistenceErrors\":\"LEGACY\","
	        "\"UserPoolId\":\"%s\",\"ClientName\":\"a\",\"ClientId\":"
	        "\"%s\"}",
	        pool->id, client->id));
}

Test(client, a_broken_rule_changes_nothing)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct client *client = create(pool, "'ClientName':'a'");

	cr_assert_null(update(client, ",'AccessTokenValidity':25"));
	cr_assert_eq(harness.work.err.code, ERR_INVALID_PARAMETER);
	cr_assert_null(change(&harness.work, client_create_rows, client_create,
	    pool->id, "'ClientName':'a','IdTokenValidity':25"));
	cr_assert_str_eq(harness.work.err.message,
	    "Invalid range for token validity.");
	cr_assert_eq(audits("client update") + audits("client create"), 1);
}

Test(client, pages_of_a_list)
{
	struct work *work = &harness.work;
	struct pool *pool = harness_pool(&harness, "{}");
	const char *after = "";
	int total = 0;
	int found;

	create(harness_pool(&harness, "{}"), "'ClientName':'foreign'");
	for (int i = 0; i < 7; i++)
		create(pool, mem_printf(harness.mem, "'ClientName':'n%d'", i));
	do {
		struct client *clients =
		    client_list(work, pool->id, after, 3, &found);
		cr_assert(clients);
		for (int i = 0; i < found; i++, total++) {
			cr_assert_gt(strcmp(clients[i].id, after), 0);
			cr_assert_eq(*clients[i].name, 'n');
			after = clients[i].id;
		}
	} while (found);
	cr_assert_eq(total, 7);
	expect_missing(client_list(work, "us-east-1_x", "", 3, &found),
	    "User pool us-east-1_x does not exist.");
}

Test(client, deleted_alone_and_with_its_pool)
{
	struct work *work = &harness.work;
	struct pool *pool = harness_pool(&harness, "{}");
	struct pool *other = harness_pool(&harness, "{}");
	struct client *one = create(pool, "'ClientName':'a'");
	struct client *two = create(pool, "'ClientName':'b'");
	struct client *three = create(other, "'ClientName':'c'");

	expect_missing(client_delete(work, other->id, one->id),
	    no_client(one->id));
	cr_assert(client_delete(work, pool->id, one->id));
	expect_missing(client_delete(work, pool->id, one->id),
	    no_client(one->id));
	expect_missing(update(one, ""), no_client(one->id));
	cr_assert_eq(audits("client delete"), 1);
	cr_assert(pool_delete(work, pool->id));
	expect_missing(client_get(work, &harness.engine, NULL, two->id),
	    no_client(two->id));
	cr_assert(client_get(work, &harness.engine, NULL, three->id));
}

static struct pool *shared;

#define MAKERS 3

/* The last deletes the pool while the others make clients in it. */
static int create_until_gone(struct harness *all, struct work *work, int number)
{
	int64_t end_ms = clock_steady_ms() + 30000;

	if (number == MAKERS) {
		while (*all->begun < MAKERS && clock_steady_ms() < end_ms)
			clock_sleep_ms(1);
		return pool_delete(work, shared->id) ? 0 : 255;
	}
	for (int made = 0; clock_steady_ms() < end_ms; made++) {
		if (!change(work, client_create_rows, client_create, shared->id,
		        "'ClientName':'a','GenerateSecret':true"))
			return work->err.code == ERR_RESOURCE_NOT_FOUND && made
			           ? 0
			           : 255;
		*all->begun += made == 0;
	}
	return 254;
}

Test(client, none_outlives_a_pool_that_goes_underneath)
{
	int results[MAKERS + 1];

	shared = harness_pool(&harness, "{}");
	harness_race(&harness, MAKERS + 1, create_until_gone, results);
	for (int i = 0; i <= MAKERS; i++)
		cr_assert_eq(results[i], 0, "%d: %d", i, results[i]);
	cr_assert_gt(audits("client create"), 0);
	cr_assert_eq(
	    harness_number(&harness, "select count(*) from pool_client"), 0);
}

/* Each is there, or one of the others took it: nothing else. */
static int delete_all(struct harness *all, struct work *work, int number)
{
	int done = 0;
	int found;
	struct client *clients = client_list(work, shared->id, "", 200, &found);

	(void)all;
	(void)number;
	for (int i = 0; clients && i < found; i++) {
		bool gone = client_delete(work, shared->id, clients[i].id);
		if (!gone && work->err.code != ERR_RESOURCE_NOT_FOUND)
			return 255;
		done += gone;
	}
	return done;
}

Test(client, each_is_deleted_by_one)
{
	int results[3];

	shared = harness_pool(&harness, "{}");
	for (int i = 0; i < 60; i++)
		create(shared, "'ClientName':'a'");
	harness_race(&harness, 3, delete_all, results);
	cr_assert_eq(results[0] + results[1] + results[2], 60);
	cr_assert_eq(audits("client delete"), 60);
}
