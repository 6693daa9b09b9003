/* SPDX-License-Identifier: MIT */
/*
 * smtp_letter - one message in a session with the relay: its text for
 * libesmtp, and what libesmtp's records say became of it.
 */
#ifndef DELIVERY_SMTP_LETTER_H
#define DELIVERY_SMTP_LETTER_H

#include <stdbool.h>
#include <stdint.h>

/* libesmtp.h asks for this order. */
/* clang-format off */
#include <openssl/ssl.h>
#include <auth-client.h>
#include <libesmtp.h>
/* clang-format on */

#include "delivery/delivery.h"
#include "delivery/smtp_dialogue.h"

struct smtp_letter {
	struct delivery *delivery;
	const struct smtp_dialogue *dialogue;
	smtp_message_t message;
	smtp_recipient_t recipient;
	smtp_status_t refusal; /* of a MAIL that went ahead; else of code 0 */
	bool *ended;           /* the session's: nothing more is to be sent */
	bool plainly; /* the relay gets its text by DATA, without TLS */
	bool body_started;
	bool body_done; /* all bytes were taken */
	bool sent;      /* the event came */
	int64_t since_ms;
};

/* libesmtp reads the message by this, a smtp_messagecb_t: with the letter as
 * its ARGUMENT; LENGTH NULL means from the start. */
const char *smtp_letter_read(void **context, int *length, void *argument);

/* Whether the relay refused MAIL. */
bool smtp_letter_sender_refused(const struct smtp_letter *letter);

/*
 * Tells the delivery, from libesmtp's records and in order of precedence: a
 * refused recipient is followed by a refused DATA that means nothing. False
 * when it was not touched: it may go again as if nothing had been.
 */
bool smtp_letter_judge(struct smtp_letter *letter);

#endif
