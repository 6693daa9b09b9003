/* SPDX-License-Identifier: MIT */
#include "delivery/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "db/db.h"
#include "delivery/backoff.h"

#define PRUNE_STEP "1000" /* messages looked at in one transaction */

static void read_row(struct rows *rows, int row, struct delivery *delivery)
{
#define C(member) COLUMN(struct delivery, member)
	static const struct column columns[] = { C(id), C(epoch), C(attempt),
		C(kind), C(pool_id), C(sub), C(destination), C(username),
		C(invitation), C(has_password), C(sealed), C(template_hash),
		C(created_ms), C(claimed_ms), C(expires_ms),
		C(current_invitation), C(receipt), C(salt), C(status),
		C(mail_from), C(reply_to), C(sandbox), C(verified),
		COLUMN_END };
#undef C
	rows_read(rows, row, columns, delivery);
}

static bool read_templates(struct work *work, struct queue_claim *claim)
{
	struct template_cache *templates =
	    claim->templates ? claim->templates : template_cache_new(work->mem);

	template_cache_turn(templates);
	for (size_t i = 0; i < claim->count; i++)
		if (!template_cache_get(templates, work,
		        claim->deliveries[i].template_hash,
		        &claim->deliveries[i].template))
			return false;
	return true;
}

static int compare_ids(const void *left, const void *right)
{
	const struct delivery *a = left;
	const struct delivery *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

/* What one row has for all. */
static void share(const struct queue_claim *claim, const struct delivery *head)
{
	for (size_t i = 0; i < claim->count; i++) {
		struct delivery *delivery = &claim->deliveries[i];
		delivery->medium = claim->medium;
		delivery->epoch = head->epoch;
		delivery->claimed_ms = head->claimed_ms;
		delivery->salt = head->salt;
		delivery->sandbox = head->sandbox;
		delivery->expired = delivery->expires_ms &&
		                    delivery->expires_ms <= head->claimed_ms;
	}
}

bool queue_claim_send(struct work *work, const struct queue_claim *claim)
{
	const char *parameters[] = { claim->medium,
		db_int(work->mem, claim->most), claim->owner,
		db_int(work->mem, claim->lease_ms), claim->after };

	return db_send_array(work, QUERY_queue_claim, parameters,
	    sizeof(parameters) / sizeof(*parameters));
}

bool queue_claim_answer(struct work *work, struct queue_claim *claim)
{
	struct rows *rows = db_answer(work);
	struct delivery head = { 0 };

	if (!rows)
		return false;
	claim->deliveries =
	    mem_array(work->mem, struct delivery, (size_t)rows_count(rows) + 1);
	claim->count = 0;
	for (int row = 0; row < rows_count(rows); row++) {
		struct delivery *delivery = &claim->deliveries[claim->count];
		read_row(rows, row, delivery);
		delivery->place = row + 1;
		if (delivery->epoch)
			head = *delivery;
		claim->count += delivery->kind != NULL;
	}
	qsort(claim->deliveries, claim->count, sizeof(*claim->deliveries),
	    compare_ids);
	share(claim, &head);
	return read_templates(work, claim);
}

static struct queue_decision try_again(const struct delivery *delivery,
    const struct queue_policy *policy, int64_t now_ms, int64_t delay_ms)
{
	int64_t end_ms = delivery->created_ms + policy->give_up_after_ms;
	const char *words = delivery->outcome.words;

	if (now_ms + delay_ms > end_ms)
		return (struct queue_decision){ "refused",
			"given up: refused for now for too long", 0, true,
			true };
	return (struct queue_decision){ "retry", words, delay_ms, true, true };
}

struct queue_decision queue_decide(const struct delivery *delivery,
    const struct queue_policy *policy, int64_t now_ms, uint32_t chance)
{
	const struct delivery_outcome *outcome = &delivery->outcome;
	int64_t delay_ms =
	    backoff_delay_ms(delivery->attempt, policy->retry_first_ms, chance);

	if (outcome->retry_after_ms > delay_ms)
		delay_ms = outcome->retry_after_ms;
	switch (outcome->class) {
	case DELIVERY_ACCEPTED:
		return (struct queue_decision){ "sent", NULL, 0, true, true };
	case DELIVERY_REFUSED:
		return (struct queue_decision){ "refused", outcome->words, 0,
			true, true };
	case DELIVERY_CANCELLED:
		return (struct queue_decision){ "cancelled", outcome->words, 0,
			false, false };
	case DELIVERY_BLOCKED:
		return (struct queue_decision){ "blocked", outcome->words, 0,
			false, false };
	case DELIVERY_RETRY:
		return try_again(delivery, policy, now_ms, delay_ms);
	case DELIVERY_AMBIGUOUS:
		if (policy->hold_ambiguous)
			return (struct queue_decision){ "held", outcome->words,
				0, true, true };
		return try_again(delivery, policy, now_ms, delay_ms);
	case DELIVERY_UNTOUCHED:
		return (struct queue_decision){ "retry", outcome->words, 0,
			false, false };
	case DELIVERY_LANE_FAULT:
	case DELIVERY_THROTTLED:
		return (struct queue_decision){ "retry", outcome->words,
			outcome->retry_after_ms, false, true };
	}
	return (struct queue_decision){ 0 };
}

/* The arrays that the statement takes behind the owner, in its order. */
enum column_number {
	IDS,
	EPOCHS,
	OUTCOMES,
	REASONS,
	DELAYS,
	SPENT,
	CLASSES,
	CODES,
	STATUSES,
	WORDS,
	TOOK,
	REMOTE_IDS,
	ATTEMPTS,
	PLACES,
	COLUMN_COUNT
};

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static void add_int_or_null(struct db_array *array, int64_t number)
{
	if (number)
		db_array_add_int(array, number);
	else
		db_array_add(array, NULL);
}

static void add(struct db_array columns[COLUMN_COUNT],
    const struct delivery *delivery, const struct queue_decision *decision)
{
	const struct delivery_outcome *outcome = &delivery->outcome;

	db_array_add_int(&columns[IDS], delivery->id);
	db_array_add_int(&columns[EPOCHS], delivery->epoch);
	db_array_add(&columns[OUTCOMES], decision->outcome);
	db_array_add(&columns[REASONS], or_null(decision->reason));
	add_int_or_null(&columns[DELAYS], decision->delay_ms);
	db_array_add(&columns[SPENT], decision->spent ? "t" : "f");
	db_array_add(&columns[CLASSES],
	    decision->evidence ? delivery_class_name(outcome->class) : NULL);
	add_int_or_null(&columns[CODES], outcome->code);
	db_array_add(&columns[STATUSES], or_null(outcome->status));
	db_array_add(&columns[WORDS], or_null(outcome->words));
	db_array_add_int(&columns[TOOK], outcome->took_ms);
	db_array_add(&columns[REMOTE_IDS], or_null(outcome->remote_id));
	db_array_add_int(&columns[ATTEMPTS], delivery->attempt);
	db_array_add_int(&columns[PLACES], delivery->place);
}

bool queue_settle_send(struct work *work, const char *owner,
    const struct queue_policy *policy, struct delivery *const *deliveries,
    size_t count)
{
	struct db_array columns[COLUMN_COUNT];
	const char *parameters[1 + COLUMN_COUNT] = { owner };

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		columns[i] = db_array_new(work->mem);
	for (size_t i = 0; i < count; i++) {
		/* Only a retry is spread; random numbers are not free. */
		bool accepted =
		    deliveries[i]->outcome.class == DELIVERY_ACCEPTED;
		struct queue_decision decision = queue_decide(deliveries[i],
		    policy, deliveries[i]->claimed_ms,
		    accepted ? 0 : secret_random_below(1000));
		add(columns, deliveries[i], &decision);
	}
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		parameters[1 + i] = db_array_end(&columns[i]);
	return db_send_array(work, QUERY_queue_settle, parameters,
	    sizeof(parameters) / sizeof(*parameters));
}

bool queue_settle_answer(struct work *work, int *ours)
{
	struct rows *rows = db_answer(work);

	if (rows)
		*ours = (int)rows_int(rows, 0, "ours");
	return rows != NULL;
}

bool queue_settle(struct work *work, const char *owner,
    const struct queue_policy *policy, struct delivery *const *deliveries,
    size_t count, int *ours)
{
	return queue_settle_send(work, owner, policy, deliveries, count) &&
	       queue_settle_answer(work, ours);
}

static bool chore(struct work *work, enum query query, int *count)
{
	struct rows *rows = db_run_plain(work, query);

	if (rows)
		*count = rows_count(rows);
	return rows != NULL;
}

bool queue_reap(struct work *work, int *count)
{
	return chore(work, QUERY_queue_reap, count);
}

bool queue_expire(struct work *work, int *count)
{
	return chore(work, QUERY_queue_expire, count);
}

bool queue_release(struct work *work, int *count)
{
	return chore(work, QUERY_queue_release, count);
}

bool queue_prune(struct work *work, int64_t keep_ms, struct queue_prune *prune)
{
	struct rows *rows =
	    db_run(work, QUERY_queue_prune, db_int(work->mem, keep_ms),
	        db_int(work->mem, prune->behind), PRUNE_STEP);

	if (!rows)
		return false;
	prune->count = (int)rows_int(rows, 0, "pruned");
	prune->done = rows_bool(rows, 0, "done");
	prune->behind = prune->done ? 0 : rows_int(rows, 0, "last_id");
	return true;
}

static bool move_low_marks(struct work *work, int64_t step, int *moved)
{
	struct rows *next = db_run_plain(work, QUERY_queue_low_mark_read);
	struct rows *lock =
	    next ? db_run_plain(work, QUERY_queue_low_mark_lock) : NULL;

	*moved = 0;
	if (!lock)
		return false;
	if (!rows_bool(lock, 0, "ours"))
		return true;
	struct rows *marks = db_run(work, QUERY_queue_low_mark_move,
	    rows_text(next, 0, "next_id"), db_int(work->mem, step));
	if (marks)
		*moved = rows_count(marks);
	return marks != NULL;
}

bool queue_move_low_marks(struct work *work, int64_t step, int *moved)
{
	if (db_begin(work) && move_low_marks(work, step, moved) &&
	    db_commit(work))
		return true;
	db_rollback(work);
	return false;
}

static void add_time(struct mem *mem, cJSON *json, const char *name,
    const struct rows *rows, int row, const char *column)
{
	int64_t time_ms = rows_int(rows, row, column);

	if (time_ms)
		json_add(json, name, clock_print(mem, time_ms));
}

static cJSON *describe(struct mem *mem, const struct rows *rows, int row)
{
	cJSON *json = cJSON_CreateObject();

	json_add_int(json, "id", rows_int(rows, row, "id"));
	json_add(json, "state", rows_text(rows, row, "state"));
	json_add(json, "reason", rows_text(rows, row, "why"));
	json_add(json, "kind", rows_text(rows, row, "kind"));
	json_add(json, "medium", rows_text(rows, row, "medium"));
	json_add(json, "destination", rows_text(rows, row, "destination"));
	json_add(json, "username", rows_text(rows, row, "username"));
	json_add(json, "pool", or_null(rows_text(rows, row, "pool_id")));
	json_add(json, "sub", rows_text(rows, row, "sub"));
	json_add_int(json, "attempts", rows_int(rows, row, "attempts"));
	cJSON_AddBoolToObject(json, "has_secret",
	    rows_bool(rows, row, "has_secret"));
	json_add(json, "remote_id", rows_text(rows, row, "remote_id"));
	add_time(mem, json, "created", rows, row, "created_ms");
	add_time(mem, json, "due", rows, row, "due_ms");
	add_time(mem, json, "expires", rows, row, "expires_ms");
	add_time(mem, json, "settled", rows, row, "settled_ms");
	return json;
}

static cJSON *describe_all(struct work *work, const struct rows *rows)
{
	if (!rows)
		return NULL;
	cJSON *list = json_list(work->mem);
	for (int i = 0; i < rows_count(rows); i++)
		cJSON_AddItemToArray(list, describe(work->mem, rows, i));
	return list;
}

cJSON *queue_list(struct work *work, const char *state, const char *pool_id,
    int64_t below, int most)
{
	return describe_all(work, db_run(work, QUERY_queue_list, state, pool_id,
	                              below ? db_int(work->mem, below) : NULL,
	                              db_int(work->mem, most)));
}

cJSON *queue_list_user(struct work *work, const char *pool_id, const char *sub)
{
	return describe_all(work,
	    db_run(work, QUERY_queue_list_user, pool_id, sub));
}

static void add_attempts(struct work *work, cJSON *json,
    const struct rows *rows)
{
	cJSON *list = cJSON_AddArrayToObject(json, "history");

	for (int i = 0; i < rows_count(rows); i++) {
		cJSON *item = cJSON_CreateObject();
		json_add_int(item, "attempt", rows_int(rows, i, "attempt"));
		add_time(work->mem, item, "at", rows, i, "attempted_ms");
		json_add(item, "class", rows_text(rows, i, "class"));
		if (rows_int(rows, i, "code"))
			json_add_int(item, "code", rows_int(rows, i, "code"));
		json_add(item, "status", rows_text(rows, i, "status"));
		json_add(item, "words", rows_text(rows, i, "words"));
		json_add_int(item, "took_ms", rows_int(rows, i, "took_ms"));
		json_add(item, "lane", rows_text(rows, i, "owner"));
		cJSON_AddItemToArray(list, item);
	}
}

static void add_receipts(struct work *work, cJSON *json,
    const struct rows *rows)
{
	cJSON *list = cJSON_AddArrayToObject(json, "receipts");

	for (int i = 0; i < rows_count(rows); i++) {
		cJSON *item = cJSON_CreateObject();
		add_time(work->mem, item, "at", rows, i, "received_ms");
		json_add(item, "source", rows_text(rows, i, "source"));
		json_add(item, "state", rows_text(rows, i, "state"));
		json_add(item, "code", rows_text(rows, i, "code"));
		json_add(item, "words", rows_text(rows, i, "words"));
		cJSON_AddItemToArray(list, item);
	}
}

static bool not_found(struct work *work, int64_t id)
{
	return work_fail(work, ERR_RESOURCE_NOT_FOUND,
	    "there is no message %lld; 'usher queue list' shows them",
	    (long long)id);
}

cJSON *queue_show(struct work *work, int64_t id)
{
	const char *number = db_int(work->mem, id);
	struct rows *rows = db_run(work, QUERY_queue_get, number);

	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		not_found(work, id);
		return NULL;
	}
	struct rows *attempts = db_run(work, QUERY_queue_attempts, number);
	struct rows *receipts =
	    attempts ? db_run(work, QUERY_queue_receipts, number) : NULL;
	if (!receipts)
		return NULL;
	cJSON *json = describe(work->mem, rows, 0);
	/* So that it goes with the work. */
	cJSON_AddItemToArray(json_list(work->mem), json);
	add_attempts(work, json, attempts);
	add_receipts(work, json, receipts);
	return json;
}

static bool not_possible(struct work *work, int64_t id, const char *wish,
    const char *hint)
{
	cJSON *json = queue_show(work, id);

	if (!json)
		return false;
	return work_fail(work, ERR_CONFLICT,
	    "message %lld cannot be %s: it is %s; %s", (long long)id, wish,
	    json_text(json, "/state"), hint);
}

bool queue_retry(struct work *work, int64_t id)
{
	struct rows *rows =
	    db_run(work, QUERY_queue_retry, db_int(work->mem, id));

	if (!rows)
		return false;
	return rows_count(rows) ||
	       not_possible(work, id, "tried again",
	           "only one that waits for a retry, or a refused or held one "
	           "whose password still lives, can; 'usher resend' makes a new "
	           "invitation");
}

bool queue_cancel(struct work *work, int64_t id, const char *reason)
{
	struct rows *rows =
	    db_run(work, QUERY_queue_cancel_one, db_int(work->mem, id), reason);

	if (!rows)
		return false;
	return rows_count(rows) ||
	       not_possible(work, id, "cancelled", "only one that waits can");
}
