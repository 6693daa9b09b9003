/* SPDX-License-Identifier: MIT */
/*
 * smtp_reply - what a relay's reply means for the message and for the lane.
 */
#ifndef DELIVERY_SMTP_REPLY_H
#define DELIVERY_SMTP_REPLY_H

#include "delivery/delivery.h"

/* How long a message waits that a session began with and ended by. */
#define SMTP_REPLY_OTHERS_FIRST_MS ((int64_t)30 * 1000)

enum smtp_phase {
	SMTP_PHASE_HELLO = 1, /* greeting, EHLO, STARTTLS, AUTH */
	SMTP_PHASE_MAIL = 2,
	SMTP_PHASE_RCPT = 4,
	SMTP_PHASE_DATA = 8,
	SMTP_PHASE_DOT = 16,
	SMTP_PHASE_ANY = 31
};

struct smtp_reply {
	enum smtp_phase phase;
	int code;             /* RFC 5321, 4.2 */
	const char *enhanced; /* RFC 3463, "5.1.1"; "" when there is none */
};

struct smtp_meaning {
	enum delivery_class class;
	int64_t retry_after_ms; /* least delay of a retry; 0: the usual one */
};

/*
 * Refusals of the sender, or for policy (X.7.Z), one after the other are about
 * us, not about the messages: counts them IN_A_ROW and makes the third a fault
 * of the lane.
 */
void smtp_reply_count(struct delivery *delivery, enum smtp_phase phase,
    int *in_a_row);

/* The first row of the table that fits; by the code's first digit else. */
struct smtp_meaning smtp_reply_meaning(const struct smtp_reply *reply);

#endif
