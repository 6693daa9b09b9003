/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_reply.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

#define GREYLIST_MS   ((int64_t)5 * 60 * 1000)
#define REFUSALS_MOST 3

/*
 * In order; the first that fits counts. A code of 0 or an enhanced status of
 * "" fits all. Where basic and enhanced code disagree, the basic one decides
 * whether to try again.
 */
static const struct row {
	int phases;
	int code;
	const char *enhanced; /* its beginning */
	enum delivery_class class;
	int64_t retry_after_ms;
} rows[] = {
	/* RFC 5321, 3.8: the service is going away or wants fewer of us. */
	{ SMTP_PHASE_ANY, 421, "", DELIVERY_THROTTLED, 0 },
	/* RFC 4954, 6 and RFC 3207, 4: authentication and TLS. */
	{ SMTP_PHASE_ANY, 454, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_ANY, 530, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_ANY, 534, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_ANY, 535, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_ANY, 538, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_ANY, 0, "5.7.8", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_ANY, 0, "5.7.9", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_HELLO, 0, "", DELIVERY_LANE_FAULT, 0 },
	/* RFC 4954: concurrency; Gmail's rate replies. */
	{ SMTP_PHASE_ANY, 432, "", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_ANY, 0, "4.7.28", DELIVERY_THROTTLED, 0 },
	/* RFC 5321, 4.2.3: the relay's own resources. */
	{ SMTP_PHASE_MAIL, 451, "", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_MAIL, 452, "", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_DATA, 451, "4.3.", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_DATA, 452, "4.3.", DELIVERY_THROTTLED, 0 },
	/* RFC 6647: greylisting opens after minutes, not seconds. */
	{ SMTP_PHASE_RCPT, 450, "", DELIVERY_RETRY, GREYLIST_MS },
	{ SMTP_PHASE_RCPT, 451, "", DELIVERY_RETRY, GREYLIST_MS },
	/* RFC 3463, 3.3: a full mailbox may be emptied. */
	{ SMTP_PHASE_ANY, 552, "5.2.2", DELIVERY_RETRY, GREYLIST_MS },
};

struct smtp_meaning smtp_reply_meaning(const struct smtp_reply *reply)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool fits = (rows[i].phases & (int)reply->phase) &&
		            (!rows[i].code || rows[i].code == reply->code) &&
		            str_starts(reply->enhanced, rows[i].enhanced);
		if (fits)
			return (struct smtp_meaning){ rows[i].class,
				rows[i].retry_after_ms };
	}
	return (struct smtp_meaning){ reply->code / 100 == 5 ? DELIVERY_REFUSED
		                                             : DELIVERY_RETRY,
		0 };
}

void smtp_reply_count(struct delivery *delivery, enum smtp_phase phase,
    int *in_a_row)
{
	struct delivery_outcome *outcome = &delivery->outcome;
	bool ours =
	    outcome->class == DELIVERY_REFUSED &&
	    (phase == SMTP_PHASE_MAIL || str_starts(outcome->status, "5.7."));

	*in_a_row = ours ? *in_a_row + 1 : 0;
	if (*in_a_row >= REFUSALS_MOST)
		outcome->class = DELIVERY_LANE_FAULT;
}
