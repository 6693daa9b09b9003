/* SPDX-License-Identifier: MIT */
#include "delivery/template_cache.h"

#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "db/db.h"

#define KNOWN_MOST 64

struct known {
	struct mem *mem;
	const char *hash;
	struct template template;
	unsigned long used; /* by which claim last */
};

struct template_cache {
	struct mem *mem;
	unsigned long claim;
	size_t last; /* the place that was asked for last */
	struct known known[KNOWN_MOST];
};

struct template_cache *template_cache_new(struct mem *mem)
{
	struct template_cache *cache = mem_make(mem, struct template_cache);

	cache->mem = mem;
	return cache;
}

void template_cache_turn(struct template_cache *cache)
{
	cache->claim++;
}

static bool is(const struct known *known, const char *hash)
{
	return known->mem && strcmp(known->hash, hash) == 0;
}

static struct known *find(struct template_cache *cache, const char *hash)
{
	if (is(&cache->known[cache->last], hash))
		return &cache->known[cache->last];
	for (size_t i = 0; i < KNOWN_MOST; i++)
		if (is(&cache->known[i], hash)) {
			cache->last = i;
			return &cache->known[i];
		}
	return NULL;
}

/* One that is free, or that neither this claim nor the one before it used;
 * NULL when all are in use. */
static struct known *find_place(struct template_cache *cache)
{
	struct known *found = NULL;

	for (size_t i = 0; i < KNOWN_MOST; i++) {
		struct known *known = &cache->known[i];
		if (!known->mem)
			return known;
		if (known->used + 1 < cache->claim &&
		    (!found || known->used < found->used))
			found = known;
	}
	if (found)
		mem_free(found->mem);
	return found;
}

/* *FOUND says whether there is one. */
static bool read_template(struct work *work, struct mem *mem, const char *hash,
    struct template *template, bool *found)
{
	struct rows *rows = db_run(work, QUERY_queue_template, hash);

	if (!rows)
		return false;
	*found = rows_count(rows) > 0;
	if (!*found)
		return true;
	/* The words are the JSON's own, so they stay with it. */
	const cJSON *json =
	    json_read(mem, rows_text(rows, 0, "content"), &work->err);
	if (!json)
		return false;
	template_read(json, template);
	template_add_text(mem, template);
	return true;
}

/* Into a place that is free. */
static bool fill(struct known *known, struct template_cache *cache,
    struct work *work, const char *hash)
{
	bool found = false;

	*known = (struct known){ .mem = mem_new(cache->mem) };
	known->hash = mem_text(known->mem, hash);
	bool done =
	    read_template(work, known->mem, hash, &known->template, &found);
	if (!done || !found) {
		mem_free(known->mem);
		*known = (struct known){ 0 };
	}
	return done;
}

bool template_cache_get(struct template_cache *cache, struct work *work,
    const char *hash, struct template *template)
{
	struct known *known = find(cache, hash);
	bool found;

	if (!known) {
		known = find_place(cache);
		if (!known)
			return read_template(work, work->mem, hash, template,
			    &found);
		if (!fill(known, cache, work, hash))
			return false;
	}
	known->used = cache->claim;
	*template = known->template;
	return true;
}
