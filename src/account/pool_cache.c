/* SPDX-License-Identifier: MIT */
#include "account/pool_cache.h"

#include <string.h>

#include "base/clock.h"

#define POOLS_KNOWN 32
#define FRESH_MS    1000

struct known_pool {
	struct mem *mem;
	const struct pool *pool;
	int64_t read_ms; /* steady clock */
};

struct pool_cache {
	struct mem *mem;
	struct known_pool pools[POOLS_KNOWN];
	size_t count;
	unsigned long changes; /* of pools, before the oldest was read */
};

struct pool_cache *pool_cache_new(struct mem *mem)
{
	struct pool_cache *cache = mem_make(mem, struct pool_cache);

	cache->mem = mem;
	return cache;
}

void pool_cache_refresh(struct pool_cache *cache)
{
	int64_t now_ms = clock_steady_ms();
	unsigned long changes = pool_changes();
	bool same = changes == cache->changes;
	size_t kept = 0;

	cache->changes = changes;
	for (size_t i = 0; i < cache->count; i++) {
		if (same && now_ms - cache->pools[i].read_ms < FRESH_MS)
			cache->pools[kept++] = cache->pools[i];
		else
			mem_free(cache->pools[i].mem);
	}
	cache->count = kept;
}

static const struct pool *read_pool(struct pool_cache *cache, struct work *work,
    const char *id)
{
	struct work reading = { .mem = mem_new(cache->mem),
		.db = work->db,
		.tag = work->tag };
	/* Before it is read: it is not older than this says. */
	int64_t read_ms = clock_steady_ms();
	const struct pool *pool = pool_get(&reading, id);

	if (!pool) {
		work->err = reading.err;
		mem_free(reading.mem);
		return NULL;
	}
	cache->pools[cache->count++] =
	    (struct known_pool){ reading.mem, pool, read_ms };
	return pool;
}

const struct pool *pool_cache_get(struct pool_cache *cache, struct work *work,
    const char *id)
{
	for (size_t i = 0; i < cache->count; i++)
		if (strcmp(cache->pools[i].pool->id, id) == 0)
			return cache->pools[i].pool;
	/* Those that were given may be in use: none makes room. */
	return cache->count < POOLS_KNOWN ? read_pool(cache, work, id)
	                                  : pool_get(work, id);
}
