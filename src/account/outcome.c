/* SPDX-License-Identifier: MIT */
#include "account/outcome.h"

#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/str.h"
#include "db/db.h"
#include "message/mime.h"

#define LOOK_MS 10

/* In the service's words. */
static bool refused(struct err *err, bool sms, bool configured)
{
	return err_set(err, ERR_CODE_DELIVERY, "%s%s",
	    sms ? "Invalid phone number provided/Unable to send the message."
	        : "Invalid email provided/Unable to send the email",
	    sms && !configured
	        ? " User pool does not have SMS configuration to send messages."
	        : "");
}

static bool has_carrier(const struct config *config, bool sms)
{
	if (!sms)
		return strcmp(config->mail_carrier, "none") != 0;
	return strcmp(config->text_carrier, "capture") == 0 ||
	       (strcmp(config->text_carrier, "http") == 0 &&
	           *config->gateway_file);
}

bool outcome_check(const struct engine *engine,
    const struct invitation_plan *plan, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < plan->count; i++) {
		const struct invitation_message *message = &plan->messages[i];
		bool sms = strcmp(message->medium, "SMS") == 0;
		struct err why = { 0 };
		if (message->outcome)
			continue;
		if (!has_carrier(engine->config, sms))
			return refused(err, sms, false);
		if (!sms && !mime_envelope(mem, message->destination, &why))
			return refused(err, sms, true);
	}
	return true;
}

static const char *ids_of(struct mem *mem, const struct invitation_plan *plan)
{
	const char *ids[INVITATION_MOST];
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (!plan->messages[i].outcome && !plan->messages[i].block)
			ids[count++] = db_int(mem, plan->messages[i].id);
	return count ? db_array(mem, ids, count) : NULL;
}

bool outcome_wait(struct work *work, const struct engine *engine,
    const struct invitation_plan *plan)
{
	int64_t end_ms = clock_steady_ms() + engine->config->invite_wait_ms;
	const char *ids = ids_of(work->mem, plan);

	if (!outcome_check(engine, plan, &work->err))
		return false;
	while (ids && clock_steady_ms() < end_ms) {
		MEM_AUTO mem = mem_new(NULL);
		struct work look = { mem, work->db, work->tag, { 0 } };
		struct rows *rows = db_run(&look, QUERY_queue_outcomes, ids);
		if (!rows || rows_int(rows, 0, "open") == 0)
			ids = NULL;
		if (rows && rows_text(rows, 0, "refused"))
			return refused(&work->err,
			    str_same(rows_text(rows, 0, "refused"), "SMS"),
			    true);
		if (ids)
			clock_sleep_ms(LOOK_MS);
	}
	return true;
}
