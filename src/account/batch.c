/* SPDX-License-Identifier: MIT */
#include "account/batch.h"

#include <string.h>

#include "account/creation.h"
#include "account/outcome.h"
#include "account/trigger.h"
#include "base/config.h"
#include "base/str.h"
#include "db/db.h"

struct batch {
	const struct engine *engine;
	struct pool_cache *pools;
	bool mail_waits; /* what was queued and no lane was told of */
	bool text_waits;
	bool hashes; /* passwords that callers chose */
};

/* One item on its way. */
struct entry {
	struct batch_item *item;
	struct creation creation;
	struct invite_report report;
	const char *parameters[CREATION_PARAMETERS];
};

struct batch *batch_new(struct mem *mem, const struct engine *engine,
    struct pool_cache *pools)
{
	struct batch *batch = mem_make(mem, struct batch);

	batch->engine = engine;
	batch->pools = pools;
	return batch;
}

void batch_hash(struct batch *batch)
{
	batch->hashes = true;
}

/* NULL: invite() will say why. */
static const struct pool *find_pool(struct batch *batch,
    const struct work *work, const char *id)
{
	struct work reading = { .mem = work->mem,
		.db = work->db,
		.tag = work->tag };

	return pool_cache_get(batch->pools, &reading, id);
}

/* Whether ENTRY goes with the others; else its item says what becomes of it. */
static bool prepare(struct batch *batch, struct work *work,
    struct batch_item *item, struct entry *entry)
{
	struct creation *creation = &entry->creation;

	*entry = (struct entry){ .item = item };
	creation->engine = batch->engine;
	creation->request = item->request;
	creation->report = &entry->report;
	creation->pool = find_pool(batch, work, item->request->pool_id);
	item->slow =
	    creation->pool && (trigger_any(creation->pool) ||
	                          (item->request->password && !batch->hashes) ||
	                          batch->engine->config->invite_wait_ms);
	item->singly = !creation->pool || item->slow || item->request->action;
	if (item->singly || !creation_prepare(&item->work, creation))
		return false;
	item->singly = !creation_is_plain(creation);
	if (!item->singly)
		creation_bind(&item->work, creation, entry->parameters);
	return !item->singly;
}

static void conclude(struct entry *entry, const struct rows *rows)
{
	struct batch_item *item = entry->item;

	if (creation_conclude(&item->work, &entry->creation, rows)) {
		item->user = entry->creation.user;
		outcome_check(entry->creation.engine, &entry->report.plan,
		    &item->work.err);
		return;
	}
	/* It may be the same call again. */
	item->work.err = (struct err){ 0 };
	item->singly = true;
}

static bool insert(struct work *work, struct entry *entries, size_t count)
{
	struct db_statement *statements =
	    mem_array(work->mem, struct db_statement, count);
	struct rows **rows = mem_array(work->mem, struct rows *, count);

	for (size_t i = 0; i < count; i++)
		statements[i] = (struct db_statement){ QUERY_invite_create,
			entries[i].parameters, CREATION_PARAMETERS };
	if (!db_run_together(work, statements, count, rows))
		return false;
	for (size_t i = 0; i < count; i++)
		conclude(&entries[i], rows[i]);
	return true;
}

static void note_waiting(struct batch *batch, const struct entry *entries,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct invitation_plan *plan = &entries[i].report.plan;
		if (!entries[i].item->user)
			continue;
		batch->mail_waits |= invitation_waits(plan, "EMAIL");
		batch->text_waits |= invitation_waits(plan, "SMS");
	}
}

void batch_wake(struct batch *batch, struct work *work)
{
	invitation_wake(work, batch->mail_waits, batch->text_waits);
	batch->mail_waits = batch->text_waits = false;
}

void batch_run(struct batch *batch, struct work *work, struct batch_item *items,
    size_t count)
{
	struct entry *entries = mem_array(work->mem, struct entry, count);
	size_t ready = 0;

	pool_cache_refresh(batch->pools);
	for (size_t i = 0; i < count; i++)
		ready += prepare(batch, work, &items[i], &entries[ready]);
	if (ready && insert(work, entries, ready)) {
		note_waiting(batch, entries, ready);
		return;
	}
	for (size_t i = 0; i < ready; i++)
		entries[i].item->singly = true;
	/* One that broke, even behind the commit, is no reason to fail: by its
	 * fingerprint invite() knows a call that was done here. */
	db_renew(work);
}
