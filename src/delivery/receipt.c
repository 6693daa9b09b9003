/* SPDX-License-Identifier: MIT */
#include "delivery/receipt.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "db/db.h"
#include "delivery/token.h"

static const char *const states[] = { [RECEIPT_DELIVERED] = "delivered",
	[RECEIPT_FAILED] = "bounced",
	[RECEIPT_DELAYED] = "delayed" };

/* What is under way is not held when its receipt came before. */
static bool note_arrived(struct work *work, const char *id, const char *state)
{
	return !id || strcmp(state, states[RECEIPT_DELAYED]) == 0 ||
	       db_run(work, QUERY_queue_note_arrived, id);
}

/* ID NULL: the message is not known yet. */
static bool note(struct work *work, const char *source,
    const struct receipt *receipt, const char *id)
{
	return note_arrived(work, id, states[receipt->state]) &&
	       db_run(work, QUERY_queue_receipt, id, source, receipt->remote_id,
	           states[receipt->state], receipt->code, receipt->words);
}

static bool take_by_key(struct work *work, const char *source,
    const struct receipt *receipt, enum receipt_result *result)
{
	const char *id = db_int(work->mem, token_id(receipt->message_key));
	struct rows *rows = db_run(work, QUERY_queue_find, id);

	if (!rows)
		return false;
	*result = RECEIPT_UNKNOWN;
	if (!rows_count(rows) ||
	    !token_check(work->mem, rows_text(rows, 0, "salt"),
	        receipt->message_key))
		return true;
	*result = RECEIPT_NOTED;
	return note(work, source, receipt, id);
}

bool receipt_take(struct work *work, const char *source,
    const struct receipt *receipt, enum receipt_result *result)
{
	assert(receipt->message_key || receipt->remote_id);
	assert(receipt->state != RECEIPT_IGNORED);
	if (receipt->message_key)
		return take_by_key(work, source, receipt, result);
	struct rows *rows =
	    db_run(work, QUERY_queue_find_remote, receipt->remote_id);
	if (!rows)
		return false;
	*result = rows_count(rows) ? RECEIPT_NOTED : RECEIPT_WAITS;
	return note(work, source, receipt,
	    rows_count(rows) ? rows_text(rows, 0, "id") : NULL);
}

bool receipt_take_waiting(struct work *work, int *count)
{
	struct rows *rows = db_run_plain(work, QUERY_queue_receipt_waiting);

	for (int i = 0; rows && i < rows_count(rows); i++)
		if (!note_arrived(work, rows_text(rows, i, "message_id"),
		        rows_text(rows, i, "state")) ||
		    !db_run(work, QUERY_queue_receipt,
		        rows_text(rows, i, "message_id"),
		        rows_text(rows, i, "source"),
		        rows_text(rows, i, "remote_id"),
		        rows_text(rows, i, "state"), rows_text(rows, i, "code"),
		        rows_text(rows, i, "words")) ||
		    !db_run(work, QUERY_queue_receipt_forget,
		        rows_text(rows, i, "id")))
			return false;
	if (rows)
		*count = rows_count(rows);
	return rows != NULL;
}
