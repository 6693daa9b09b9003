/* SPDX-License-Identifier: MIT */
/*
 * The fault sweep over app clients and groups: each change is whole, with its
 * line of the audit, or not there.
 */
#include <stdio.h>

#include "account/client.h"
#include "account/group.h"
#include "queue_help.h"
#include "sweep.h"

static struct harness harness;
static struct pool *pool;
static char client_id[64];

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(sweep_clients, .init = begin, .fini = end, .timeout = 180);

/* Lines that tell of what was arranged; creations of users keep theirs. */
static void forget(void)
{
	harness_value(&harness,
	    "delete from audit where action ~ '^(client|group) '");
}

static void clear(void)
{
	harness_value(&harness,
	    "delete from pool_client; delete from user_group");
	forget();
}

/* One more each time; none without its line, no line without it. */
static bool create_client(struct work *work)
{
	const struct client_settings settings = { .pool_id = pool->id,
		.name = "c",
		.generate_secret = { true, true } };

	return client_create(work, &harness.engine, &settings,
	    harness_json(&harness, "{'IdTokenValidity':2}"));
}

Test(sweep_clients, client_create)
{
	static const struct operation operation = { clear, create_client,
		"select count(*) > 0 and count(*) = (select count(*) from "
		"audit) from pool_client",
		"commit" };

	sweep(&harness, &operation);
}

static void a_client(void)
{
	const struct client_settings settings = { .pool_id = pool->id,
		.name = "old" };

	clear();
	const struct client *client = client_create(&harness.work,
	    &harness.engine, &settings, harness_json(&harness, "{}"));
	cr_assert(client);
	snprintf(client_id, sizeof(client_id), "%s", client->id);
	forget();
}

static bool update_client(struct work *work)
{
	const struct client_settings settings = { .pool_id = pool->id,
		.id = client_id,
		.name = "new" };

	return client_update(work, &harness.engine, &settings,
	    harness_json(&harness, "{'IdTokenValidity':2}"));
}

Test(sweep_clients, client_update)
{
	static const struct operation operation = { a_client, update_client,
		"select name = 'new' and settings = '{\"IdTokenValidity\": 2}' "
		"and exists (select from audit) from pool_client",
		"commit" };

	sweep(&harness, &operation);
}

static bool delete_client(struct work *work)
{
	return client_delete(work, pool->id, client_id) ||
	       work->err.code == ERR_RESOURCE_NOT_FOUND;
}

Test(sweep_clients, client_delete)
{
	static const struct operation operation = { a_client, delete_client,
		"select count(*) = 0 and (select count(*) = 1 from audit) from "
		"pool_client",
		"commit" };

	sweep(&harness, &operation);
}

#define ONE_LINE "(select count(*) = 1 from audit where action ~ '^group')"

static struct group_request request(const char *description)
{
	return (struct group_request){ .pool_id = pool->id,
		.name = "g",
		.description = description };
}

static bool create_group(struct work *work)
{
	const struct group_request given = request("old");

	return group_create(work, &given) || work->err.code == ERR_GROUP_EXISTS;
}

Test(sweep_clients, group_create)
{
	static const struct operation operation = { clear, create_group,
		"select count(*) = 1 and " ONE_LINE " from "
		"user_group",
		"commit" };

	sweep(&harness, &operation);
}

static void a_group(void)
{
	clear();
	cr_assert(create_group(&harness.work));
	help_mail(&harness, pool, "alice");
	forget();
}

static bool update_group(struct work *work)
{
	const struct group_request given = request("new");

	return group_update(work, &given);
}

Test(sweep_clients, group_update)
{
	static const struct operation operation = { a_group, update_group,
		"select description = 'new' and exists (select from audit "
		"where action = 'group update') from user_group",
		"commit" };

	sweep(&harness, &operation);
}

static bool add_user(struct work *work)
{
	return group_add_user(work, pool, "g", "alice");
}

Test(sweep_clients, group_add_user)
{
	static const struct operation operation = { a_group, add_user,
		"select count(*) = 1 and " ONE_LINE " from "
		"group_member",
		"commit" };

	sweep(&harness, &operation);
}

static void a_member(void)
{
	a_group();
	cr_assert(add_user(&harness.work));
	forget();
}

static bool remove_user(struct work *work)
{
	return group_remove_user(work, pool, "g", "alice");
}

Test(sweep_clients, group_remove_user)
{
	static const struct operation operation = { a_member, remove_user,
		"select count(*) = 0 and " ONE_LINE " from "
		"group_member",
		"commit" };

	sweep(&harness, &operation);
}

static bool delete_group(struct work *work)
{
	return group_delete(work, pool, "g") ||
	       work->err.code == ERR_RESOURCE_NOT_FOUND;
}

Test(sweep_clients, group_delete)
{
	static const struct operation operation = { a_member, delete_group,
		"select count(*) = 0 and not exists (select from group_member) "
		"and " ONE_LINE " from user_group",
		"commit" };

	sweep(&harness, &operation);
}
