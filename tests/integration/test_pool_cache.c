/* SPDX-License-Identifier: MIT */
/*
 * What a thread knows of user pools.
 * covers: account/pool_cache.c
 */
#include "account/pool_cache.h"
#include "base/clock.h"
#include "harness.h"

#define MORE_THAN_KNOWN 40

static struct harness harness;
static struct pool *pool;
static struct pool_cache *cache;

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{}");
	cache = pool_cache_new(harness.mem);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(pool_cache, .init = begin, .fini = end, .timeout = 60);

static const struct pool *get(void)
{
	pool_cache_refresh(cache);
	return pool_cache_get(cache, &harness.work, pool->id);
}

static void rename_elsewhere(void)
{
	harness_value(&harness, "update user_pool set name = 'other'");
}

Test(pool_cache, is_read_once)
{
	const struct pool *first = get();

	cr_assert(first, "%s", harness.work.err.message);
	cr_expect_str_eq(first->name, pool->name);
	rename_elsewhere();
	cr_expect_eq(get(), first);
}

Test(pool_cache, another_host_is_seen_a_second_later)
{
	cr_assert(get());
	rename_elsewhere();
	clock_sleep_ms(1001);
	cr_expect_str_eq(get()->name, "other");
	harness_value(&harness, "delete from user_pool");
	clock_sleep_ms(1001);
	cr_expect_null(get());
	cr_expect_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
}

Test(pool_cache, this_process_is_seen_at_once)
{
	const cJSON *tags = harness_json(&harness, "{'team':'a'}");

	cr_assert(get());
	cr_assert(pool_tag(&harness.work, pool->id, tags));
	cr_expect_str_eq(json_text(get()->stored, "/UserPoolTags/team"), "a");
	cr_assert(pool_delete(&harness.work, pool->id));
	cr_expect_null(get());
	cr_expect_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
}

/* Between two refreshes nothing that was given goes. */
Test(pool_cache, more_than_it_holds)
{
	const struct pool *given[MORE_THAN_KNOWN];

	pool_cache_refresh(cache);
	for (int i = 0; i < MORE_THAN_KNOWN; i++)
		given[i] = pool_cache_get(cache, &harness.work,
		    harness_pool(&harness, "{}")->id);
	for (int i = 0; i < MORE_THAN_KNOWN; i++)
		cr_expect_str_eq(given[i]->name, pool->name);
	pool_cache_refresh(cache);
}
