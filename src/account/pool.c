/* SPDX-License-Identifier: MIT */
#include "account/pool.h"

#include <stdatomic.h>
#include <string.h>

#include "account/audit.h"
#include "base/config.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/utf8.h"
#include "db/db.h"

#define VALIDITY_DAYS_DEFAULT 7
#define ID_LETTERS            9
#define NAME_MOST             1024 /* bytes; a row of an index has 2,704 */

static bool has_word(const struct field_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], word) == 0)
			return true;
	return false;
}

/* TemporaryPasswordValidityDays, else the legacy member; 0 means 7. */
static int64_t validity_days(const struct pool_settings *settings)
{
	const struct pool_policies *policies = settings->policies;
	int64_t days = 0;

	if (policies && policies->password)
		days = policies->password->validity_days.value;
	if (!days && settings->admin_create)
		days = settings->admin_create->unused_days.value;
	return days ? days : VALIDITY_DAYS_DEFAULT;
}

static void derive(struct pool *pool)
{
	const struct pool_settings *settings = pool->settings;
	const struct username_configuration *names =
	    settings->username_configuration;
	const struct pool_policies *policies = settings->policies;

	pool->case_sensitive = !names || !names->case_sensitive.given ||
	                       names->case_sensitive.value;
	pool->username_is_email =
	    has_word(&settings->username_attributes, "email");
	pool->username_is_phone =
	    has_word(&settings->username_attributes, "phone_number");
	pool->alias_email = has_word(&settings->alias_attributes, "email");
	pool->alias_phone =
	    has_word(&settings->alias_attributes, "phone_number");
	pool->alias_preferred =
	    has_word(&settings->alias_attributes, "preferred_username");
	if (policies && policies->sign_in) {
		pool->otp_email =
		    has_word(&policies->sign_in->first_factors, "EMAIL_OTP");
		pool->otp_sms =
		    has_word(&policies->sign_in->first_factors, "SMS_OTP");
	}
	pool->validity_days = validity_days(settings);
}

static bool read_row(struct work *work, struct rows *rows, int row,
    struct pool *pool)
{
	static const struct column columns[] = { COLUMN(struct pool, id),
		COLUMN(struct pool, name), COLUMN(struct pool, created_ms),
		COLUMN(struct pool, modified_ms), COLUMN_END };

	rows_read(rows, row, columns, pool);
	pool->mem = work->mem;
	pool->texts = mem_array(work->mem, struct pool_text, POOL_TEXTS);
	pool->stored =
	    json_read(work->mem, rows_text(rows, row, "settings"), &work->err);
	if (!pool->stored)
		return false;
	pool->settings = pool_settings_take(work->mem, pool->stored);
	derive(pool);
	return true;
}

static struct pool *read_one(struct work *work, struct rows *rows)
{
	struct pool *pool = mem_make(work->mem, struct pool);

	return read_row(work, rows, 0, pool) ? pool : NULL;
}

/* "us-east-1_o9y9Yq5pO": region and nine letters or digits. */
static char *new_id(struct mem *mem, const char *region)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz0123456789";
	char tail[ID_LETTERS + 1] = "";

	for (int i = 0; i < ID_LETTERS; i++)
		tail[i] = letters[secret_random_below(sizeof(letters) - 1)];
	return mem_printf(mem, "%s_%s", region, tail);
}

static struct rows *insert(struct work *work, const struct engine *engine,
    const char *name, const char *text)
{
	struct rows *rows;

	do {
		const char *id = new_id(work->mem, engine->config->region);
		rows = db_run(work, QUERY_pool_insert, id, name, text);
	} while (rows && !rows_count(rows));
	return rows;
}

static bool not_found(struct work *work, const char *id)
{
	return work_fail(work, ERR_RESOURCE_NOT_FOUND,
	    "User pool %.100s does not exist.", id);
}

/* Ends the transaction: POOL when it was committed, else NULL. */
static struct pool *committed(struct work *work, struct pool *pool)
{
	if (pool && db_commit(work))
		return pool;
	db_rollback(work);
	return NULL;
}

static struct pool *create(struct work *work, const struct engine *engine,
    const char *name, const cJSON *settings)
{
	const char *text = json_print(work->mem, settings);
	struct rows *rows = insert(work, engine, name, text);
	struct pool *pool = rows ? read_one(work, rows) : NULL;

	return pool && audit(work, "pool create", pool->id, settings) ? pool
	                                                              : NULL;
}

struct pool *pool_create(struct work *work, const struct engine *engine,
    const cJSON *settings)
{
	const cJSON *kept = field_only(work->mem, pool_settings_rows, settings);
	const struct pool_settings *read =
	    pool_settings_read(work->mem, pool_settings_rows, kept, &work->err);

	if (!read || !db_begin(work))
		return NULL;
	return committed(work, create(work, engine, read->name, kept));
}

static struct pool *get(struct work *work, enum query query, const char *id)
{
	struct rows *rows = db_run(work, query, id);

	if (!rows)
		return NULL;
	if (!rows_count(rows)) {
		not_found(work, id);
		return NULL;
	}
	return read_one(work, rows);
}

struct pool *pool_get(struct work *work, const char *id)
{
	return get(work, QUERY_pool_get, id);
}

struct pool *pool_lock(struct work *work, const char *id)
{
	return get(work, QUERY_pool_lock, id);
}

struct pool *pool_list(struct work *work, const char *after, int count,
    int *found)
{
	struct rows *rows =
	    db_run(work, QUERY_pool_list, after, db_int(work->mem, count));

	if (!rows)
		return NULL;
	*found = rows_count(rows);
	struct pool *pools =
	    mem_array(work->mem, struct pool, (size_t)*found + 1);
	for (int i = 0; i < *found; i++)
		if (!read_row(work, rows, i, &pools[i]))
			return NULL;
	return pools;
}

static bool delete_all(struct work *work, const char *id)
{
	/* First its users: a resend under way ends before the rest looks. */
	struct rows *rows = db_run(work, QUERY_pool_delete, id);

	if (!rows)
		return false;
	if (!rows_count(rows))
		return not_found(work, id);
	return db_run(work, QUERY_queue_cancel_pool, id,
	           "the user pool went") &&
	       db_run(work, QUERY_queue_note_pool, id) &&
	       /* What came back from a session between these two. */
	       db_run(work, QUERY_queue_cancel_pool, id,
	           "the user pool went") &&
	       db_run(work, QUERY_queue_forget_user, id, NULL) &&
	       db_run(work, QUERY_queue_forget_words, id, NULL) &&
	       audit(work, "pool delete", id, NULL);
}

static bool may_delete(struct work *work, const char *id)
{
	const struct pool *pool = pool_lock(work, id);

	if (!pool)
		return false;
	if (str_same(pool->settings->deletion_protection, "ACTIVE"))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "The user pool cannot be deleted because deletion "
		    "protection is activated. Deletion protection must be "
		    "inactivated first.");
	return true;
}

bool pool_delete(struct work *work, const char *id)
{
	bool done = db_begin(work) && may_delete(work, id) &&
	            delete_all(work, id) && db_commit(work);

	pool_note_change();
	if (!done)
		db_rollback(work);
	return done;
}

static atomic_ulong changes;

unsigned long pool_changes(void)
{
	return changes;
}

void pool_note_change(void)
{
	changes++;
}

int64_t pool_count_users(struct work *work, const char *id)
{
	struct rows *rows = db_run(work, QUERY_pool_count_users, id);

	return rows ? rows_int(rows, 0, "users") : -1;
}

const char *pool_fold(struct work *work, const struct pool *pool,
    const char *name)
{
	if (!pool->case_sensitive)
		name = utf8_fold(work->mem, name);
	return strlen(name) > NAME_MOST ? secret_digest(work->mem, name) : name;
}
