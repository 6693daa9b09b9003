/* SPDX-License-Identifier: MIT */
/*
 * pool_cache - user pools as they were a moment ago, for one thread.
 *
 * A pool is read again after a second, and at once when this process changed
 * one: see pool_changes(). What decides by settings that another host may just
 * have changed, or shows them, asks pool_get().
 */
#ifndef ACCOUNT_POOL_CACHE_H
#define ACCOUNT_POOL_CACHE_H

#include "account/pool.h"
#include "db/work.h"

struct pool_cache;

struct pool_cache *pool_cache_new(struct mem *mem);

/* Before a unit of work: forgets what is old. What pool_cache_get() gave until
 * now is gone. */
void pool_cache_refresh(struct pool_cache *cache);

/* As pool_get(), but the pool lives until the next refresh or as long as the
 * work, whichever ends first. */
const struct pool *pool_cache_get(struct pool_cache *cache, struct work *work,
    const char *id);

#endif
