/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "delivery/smtp_reply.h"

#define GREYLIST_MS 300000

static const struct {
	enum smtp_phase phase;
	int code;
	const char *enhanced;
	enum delivery_class class;
	int64_t retry_after_ms;
} cases[] = {
	/* The service is going away. */
	{ SMTP_PHASE_HELLO, 421, "", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_RCPT, 421, "4.7.28", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_DOT, 421, "4.3.2", DELIVERY_THROTTLED, 0 },
	/* Greylisting opens after minutes. */
	{ SMTP_PHASE_RCPT, 450, "4.7.1", DELIVERY_RETRY, GREYLIST_MS },
	{ SMTP_PHASE_RCPT, 451, "4.7.1", DELIVERY_RETRY, GREYLIST_MS },
	{ SMTP_PHASE_RCPT, 450, "", DELIVERY_RETRY, GREYLIST_MS },
	{ SMTP_PHASE_RCPT, 450, "4.2.0", DELIVERY_RETRY, GREYLIST_MS },
	{ SMTP_PHASE_RCPT, 452, "4.5.3", DELIVERY_RETRY, 0 },
	/* The relay's own resources. */
	{ SMTP_PHASE_MAIL, 452, "4.3.1", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_MAIL, 451, "4.3.0", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_DATA, 451, "4.3.0", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_DATA, 452, "4.3.1", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_DATA, 451, "4.4.1", DELIVERY_RETRY, 0 },
	/* Throttled. */
	{ SMTP_PHASE_RCPT, 450, "4.7.28", DELIVERY_THROTTLED, 0 },
	{ SMTP_PHASE_MAIL, 432, "4.3.2", DELIVERY_THROTTLED, 0 },
	/* Routing. */
	{ SMTP_PHASE_DOT, 451, "4.4.2", DELIVERY_RETRY, 0 },
	/* Authentication and TLS. */
	{ SMTP_PHASE_HELLO, 454, "4.7.0", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_MAIL, 530, "5.7.0", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_HELLO, 534, "5.7.9", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_HELLO, 535, "5.7.8", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_MAIL, 538, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_MAIL, 550, "5.7.8", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_DATA, 554, "5.7.9", DELIVERY_LANE_FAULT, 0 },
	/* Undeliverable. */
	{ SMTP_PHASE_RCPT, 550, "5.1.1", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_RCPT, 551, "5.1.6", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_RCPT, 553, "5.1.3", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_RCPT, 550, "5.2.1", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_RCPT, 550, "", DELIVERY_REFUSED, 0 },
	/* A full mailbox may be emptied. */
	{ SMTP_PHASE_RCPT, 552, "5.2.2", DELIVERY_RETRY, GREYLIST_MS },
	{ SMTP_PHASE_DOT, 552, "5.2.2", DELIVERY_RETRY, GREYLIST_MS },
	/* Too big, policy. */
	{ SMTP_PHASE_MAIL, 552, "5.3.4", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_DOT, 554, "5.3.4", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_DOT, 550, "5.7.26", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_DOT, 554, "5.7.1", DELIVERY_REFUSED, 0 },
	/* A greeting that refuses. */
	{ SMTP_PHASE_HELLO, 554, "", DELIVERY_LANE_FAULT, 0 },
	{ SMTP_PHASE_HELLO, 550, "", DELIVERY_LANE_FAULT, 0 },
	/* Syntax. */
	{ SMTP_PHASE_RCPT, 501, "5.5.4", DELIVERY_REFUSED, 0 },
	{ SMTP_PHASE_DATA, 503, "", DELIVERY_REFUSED, 0 },
	/* Where the two disagree, the basic code decides. */
	{ SMTP_PHASE_DOT, 450, "5.1.1", DELIVERY_RETRY, 0 },
	{ SMTP_PHASE_RCPT, 550, "4.2.1", DELIVERY_REFUSED, 0 },
};

Test(smtp_reply, means)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct smtp_reply reply = { cases[i].phase, cases[i].code,
			cases[i].enhanced };
		struct smtp_meaning meaning = smtp_reply_meaning(&reply);
		cr_expect_eq(meaning.class, cases[i].class,
		    "case %zu: %d %s in phase %d is %s", i, cases[i].code,
		    cases[i].enhanced, (int)cases[i].phase,
		    delivery_class_name(meaning.class));
		cr_expect_eq(meaning.retry_after_ms, cases[i].retry_after_ms,
		    "case %zu", i);
	}
}

static enum delivery_class count(enum delivery_class class, const char *status,
    enum smtp_phase phase, int *in_a_row)
{
	struct delivery delivery = { 0 };

	delivery_tell(&delivery, class, 550, status, "no");
	smtp_reply_count(&delivery, phase, in_a_row);
	return delivery.outcome.class;
}

Test(smtp_reply, third_refusal_about_us_is_a_fault)
{
	int row = 0;

	count(DELIVERY_REFUSED, "5.7.1", SMTP_PHASE_RCPT, &row);
	cr_expect_eq(count(DELIVERY_REFUSED, "5.1.0", SMTP_PHASE_MAIL, &row),
	    DELIVERY_REFUSED);
	cr_expect_eq(row, 2);
	cr_expect_eq(count(DELIVERY_REFUSED, "5.7.26", SMTP_PHASE_DOT, &row),
	    DELIVERY_LANE_FAULT);
}

Test(smtp_reply, others_between_break_the_row)
{
	static const struct {
		enum delivery_class class;
		const char *status;
	} others[] = { { DELIVERY_ACCEPTED, "2.0.0" },
		{ DELIVERY_REFUSED, "5.1.1" }, { DELIVERY_RETRY, "4.7.1" },
		{ DELIVERY_AMBIGUOUS, "" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		int row = 2;
		cr_expect_eq(count(others[i].class, others[i].status,
		                 SMTP_PHASE_RCPT, &row),
		    others[i].class);
		cr_expect_eq(row, 0);
	}
}
