/* SPDX-License-Identifier: MIT */
/*
 * The fault sweep over what operators and receipts do.
 * covers: account/access_key.c
 * covers: account/pool_change.c
 * covers: delivery/lane_state.c
 * covers: delivery/receipt.c
 */
#include <stdio.h>

#include "account/access_key.h"
#include "account/policy.h"
#include "account/user.h"
#include "base/secret.h"
#include "delivery/lane_state.h"
#include "delivery/queue_counts.h"
#include "delivery/receipt.h"
#include "delivery/render.h"
#include "delivery/sandbox.h"
#include "queue_help.h"
#include "sweep.h"

#define NUMBER "+491701234567"

static struct harness harness;
static struct pool *pool;
static int64_t message;

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(sweep_people, .init = begin, .fini = end, .timeout = 180);

static void nothing(void)
{
}

static void invite_bob(void)
{
	message = help_mail(&harness, pool, "bob");
}

static bool delete_user(struct work *work)
{
	return user_delete(work, pool, "bob") ||
	       work->err.code == ERR_USER_NOT_FOUND;
}

Test(sweep_people, user_goes)
{
	static const struct operation operation = { invite_bob, delete_user,
		"select count(*) = 1 from message_state where outcome = "
		"'cancelled' and destination = ''",
		"commit" };

	sweep(&harness, &operation);
}

static bool add_number(struct work *work)
{
	return sandbox_add(work, &harness.engine, NUMBER);
}

Test(sweep_people, sandbox_code)
{
	static const struct operation operation = { nothing, add_number,
		"select count(*) >= 1 and bool_and(kind = 'code') and "
		"(select count(*) = 1 from sandbox_number) from message",
		"commit" };

	sweep(&harness, &operation);
}

static char code[20];

/* A message waits for the number to be verified. */
static void learn_the_code(void)
{
	struct mem *mem = harness.mem;
	struct err err = { 0 };

	cr_assert(sandbox_add(&harness.work, &harness.engine, NUMBER));
	const char *right = secret_open(mem, harness.engine.keyring,
	    harness_value(&harness, "select code_sealed from sandbox_number"),
	    render_code_place(mem, NUMBER), &err);
	cr_assert(right);
	snprintf(code, sizeof(code), "%s", right);
	invite_bob();
	harness_value(&harness,
	    "with r as (delete from ready where id = %lld returning *) "
	    "insert into blocked (id, medium, reason, address, sealed) select "
	    "id, 'SMS', 'sandbox', '" NUMBER "', sealed from r",
	    (long long)message);
}

static bool verify_number(struct work *work)
{
	return sandbox_verify(work, &harness.engine, NUMBER, code) ||
	       work->err.code == ERR_CONFLICT;
}

Test(sweep_people, sandbox_verify)
{
	static const struct operation operation = { learn_the_code,
		verify_number,
		"select status = 'Verified' and exists (select from later) "
		"from sandbox_number",
		"commit" };

	sweep(&harness, &operation);
}

static const struct pool *gone;

static void fill_pool(void)
{
	harness_value(&harness, "delete from user_pool where name = 'gone'");
	gone = harness_pool(&harness, "{'PoolName':'gone'}");
	help_mail(&harness, gone, "bob");
}

static bool delete_pool(struct work *work)
{
	return pool_delete(work, gone->id) ||
	       work->err.code == ERR_RESOURCE_NOT_FOUND;
}

Test(sweep_people, pool_goes)
{
	static const struct operation operation = { fill_pool, delete_pool,
		"select count(*) = 1 and not exists (select from user_pool "
		"where name = 'gone') from message_state where outcome = "
		"'cancelled' and destination = ''",
		"commit" };

	sweep(&harness, &operation);
}

static void nothing_made(void)
{
	harness_value(&harness, "delete from user_pool where name = 'made'");
}

static bool make_pool(struct work *work)
{
	return pool_create(work, &harness.engine,
	           harness_json(&harness, "{'PoolName':'made'}")) != NULL;
}

/* Who does not know makes another: there is one a record. */
Test(sweep_people, pool_comes)
{
	static const struct operation operation = { nothing_made, make_pool,
		"select count(*) >= 1 and count(*) = (select count(*) from "
		"audit where action = 'pool create') from user_pool where name "
		"= 'made'",
		"commit" };

	sweep(&harness, &operation);
}

static void as_it_was_made(void)
{
	harness_value(&harness,
	    "update user_pool set settings = '{\"PoolName\":\"test\"}'");
}

static bool change_pool(struct work *work)
{
	return pool_update(work, pool->id,
	           harness_json(&harness, "{'UserPoolTags':{'a':'b'}}")) !=
	       NULL;
}

Test(sweep_people, pool_changes)
{
	static const struct operation operation = { as_it_was_made, change_pool,
		"select settings #>> '{UserPoolTags,a}' = 'b' and (select "
		"count(*) >= 1 from audit where action = 'pool update') from "
		"user_pool where name = 'test'",
		"commit" };

	sweep(&harness, &operation);
}

static bool add_attribute(struct work *work)
{
	return pool_add_attributes(work, pool->id,
	           harness_json(&harness,
	               "[{'Name':'x','AttributeDataType':'String'}]")) ||
	       work->err.code == ERR_INVALID_PARAMETER;
}

Test(sweep_people, pool_has_another_attribute)
{
	static const struct operation operation = { as_it_was_made,
		add_attribute,
		"select jsonb_array_length(settings -> 'Schema') = 1 and "
		"(select count(*) = 1 from audit where action = 'pool add "
		"attributes') from user_pool where name = 'test'",
		"commit" };

	sweep(&harness, &operation);
}

static void refuse_it(void)
{
	invite_bob();
	struct queue_claim claim = help_claim(&harness.work, 1, "");
	help_settle(&harness.work, claim.deliveries, DELIVERY_REFUSED, "no");
}

static bool retry(struct work *work)
{
	return queue_retry(work, message);
}

Test(sweep_people, queue_retry)
{
	static const struct operation operation = { refuse_it, retry,
		"select state = 'retry' from message_state", "queue_retry" };

	sweep(&harness, &operation);
}

static bool cancel(struct work *work)
{
	return queue_cancel(work, message, "mistake") ||
	       work->err.code == ERR_CONFLICT;
}

Test(sweep_people, queue_cancel)
{
	static const struct operation operation = { invite_bob, cancel,
		"select state = 'cancelled' from message_state",
		"queue_cancel_one" };

	sweep(&harness, &operation);
}

static bool cancel_some(struct work *work)
{
	int count;

	return queue_cancel_some(work, pool->id, "mistake", &count);
}

Test(sweep_people, queue_cancel_some)
{
	static const struct operation operation = { invite_bob, cancel_some,
		"select state = 'cancelled' from message_state",
		"queue_cancel_some" };

	sweep(&harness, &operation);
}

static void no_pause(void)
{
	harness_value(&harness, "delete from lane_pause");
}

static bool pause_lanes(struct work *work)
{
	return lane_pause(work, "EMAIL", "why") ||
	       work->err.code == ERR_CONFLICT;
}

Test(sweep_people, lane_pause)
{
	static const struct operation operation = { no_pause, pause_lanes,
		"select count(*) = 1 and (select count(*) = 1 from audit) from "
		"lane_pause",
		"commit" };

	sweep(&harness, &operation);
}

static void a_pause(void)
{
	no_pause();
	cr_assert(lane_pause(&harness.work, "EMAIL", "why"));
}

static bool resume_lanes(struct work *work)
{
	return lane_resume(work, "EMAIL") || work->err.code == ERR_CONFLICT;
}

Test(sweep_people, lane_resume)
{
	static const struct operation operation = { a_pause, resume_lanes,
		"select count(*) = 0 and (select count(*) = 2 from audit) from "
		"lane_pause",
		"commit" };

	sweep(&harness, &operation);
}

/* A message that a gateway took as 17. */
static void send_it(void)
{
	harness_value(&harness, "delete from receipt");
	invite_bob();
	harness_value(&harness,
	    "with r as (delete from ready returning id) insert into outcome "
	    "(message_id, medium, outcome, remote_id) select id, 'SMS', "
	    "'sent', '17' from r; update message set medium = 'SMS'");
}

static const struct receipt delivered = { .remote_id = "17",
	.state = RECEIPT_DELIVERED };

static bool take_receipt(struct work *work)
{
	enum receipt_result result;

	return receipt_take(work, "gateway", &delivered, &result) &&
	       result == RECEIPT_NOTED;
}

Test(sweep_people, receipt)
{
	static const struct operation operation = { send_it, take_receipt,
		"select receipt = 'delivered' and (select count(*) = 1 from "
		"receipt) from message",
		"queue_receipt" };

	sweep(&harness, &operation);
}

/* The receipt came before the message was settled. */
static void let_receipt_wait(void)
{
	enum receipt_result result;

	send_it();
	harness_value(&harness, "update outcome set remote_id = null");
	cr_assert(receipt_take(&harness.work, "gateway", &delivered, &result));
	cr_assert_eq(result, RECEIPT_WAITS);
	harness_value(&harness, "update outcome set remote_id = '17'");
}

static bool take_waiting(struct work *work)
{
	int count;

	return receipt_take_waiting(work, &count);
}

Test(sweep_people, receipt_that_waited)
{
	static const struct operation operation = { let_receipt_wait,
		take_waiting,
		"select receipt = 'delivered' and (select count(*) = 1 and "
		"bool_and(message_id is not null) from receipt) from message",
		"queue_receipt_forget" };

	sweep(&harness, &operation);
}

static const char *key_id;

static void no_key(void)
{
	harness_value(&harness, "delete from access_key");
}

static struct access_key *create_key(struct work *work)
{
	const cJSON *policy =
	    policy_read(work->mem, access_key_full_access, &work->err);

	return access_key_create(work, &harness.engine, "alice", policy);
}

static void a_key(void)
{
	no_key();
	key_id = create_key(&harness.work)->id;
}

static bool make_key(struct work *work)
{
	return create_key(work) != NULL;
}

Test(sweep_people, access_key_made)
{
	static const struct operation operation = { no_key, make_key,
		"select count(*) >= 1 and count(*) = (select count(*) from "
		"audit) and count(*) = (select count(*) from access_policy) "
		"from access_key",
		"commit" };

	sweep(&harness, &operation);
}

static bool make_first_key(struct work *work)
{
	struct access_key *key;

	return access_key_create_first(work, &harness.engine, &key);
}

Test(sweep_people, access_key_first)
{
	static const struct operation operation = { no_key, make_first_key,
		"select count(*) = 1 and (select count(*) = 1 from audit) from "
		"access_key",
		"commit" };

	sweep(&harness, &operation);
}

static bool disable_key(struct work *work)
{
	return access_key_enable(work, key_id, false);
}

Test(sweep_people, access_key_disabled)
{
	static const struct operation operation = { a_key, disable_key,
		"select not enabled and (select count(*) >= 2 from audit) from "
		"access_key",
		"commit" };

	sweep(&harness, &operation);
}

static bool delete_key(struct work *work)
{
	return access_key_delete(work, key_id) ||
	       work->err.code == ERR_RESOURCE_NOT_FOUND;
}

Test(sweep_people, access_key_deleted)
{
	static const struct operation operation = { a_key, delete_key,
		"select count(*) = 0 and (select count(*) = 0 from "
		"access_policy) and (select count(*) = 2 from audit) from "
		"access_key",
		"commit" };

	sweep(&harness, &operation);
}

static bool put_policy(struct work *work)
{
	const cJSON *policy =
	    policy_read(work->mem, access_key_full_access, &work->err);

	return access_key_put_policy(work, key_id, "more", policy);
}

Test(sweep_people, access_key_policy)
{
	static const struct operation operation = { a_key, put_policy,
		"select count(*) = 2 and (select count(*) >= 2 from audit) "
		"from access_policy",
		"commit" };

	sweep(&harness, &operation);
}
