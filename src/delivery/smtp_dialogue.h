/* SPDX-License-Identifier: MIT */
/*
 * smtp_dialogue - what libesmtp and libcurl do not tell, read off the wire:
 * the last reply, what it answers, whether AUTH succeeded, CHUNKING and
 * PIPELINING are offered, 421 anywhere, and plain text injected behind the
 * answer to STARTTLS. What the client writes is never kept.
 */
#ifndef DELIVERY_SMTP_DIALOGUE_H
#define DELIVERY_SMTP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "delivery/smtp_reply.h"

struct smtp_dialogue {
	bool auth_wanted;
	bool auth_done;   /* a 235 came */
	bool chunking;    /* offered by the relay (RFC 3030) */
	bool pipelining;  /* as well (RFC 2920) */
	bool tls_pending; /* STARTTLS was written, its answer is awaited */
	/* Of the last command; only where none is pipelined. */
	enum smtp_phase phase;
	bool answered;     /* a whole reply came to it */
	int code;          /* of the last whole reply */
	char line[256];    /* the last line of it */
	char reply[512];   /* all its lines in one, the code once */
	bool reply_begun;  /* a line of it came, not yet the last */
	char refusal[256]; /* the first reply of 400 and above */
	char partial[256]; /* a line that has not ended yet */
	size_t partial_length;
	const char *fault; /* why the session must end, or NULL */
	char fault_words[400];
};

void smtp_dialogue_begin(struct smtp_dialogue *dialogue, bool auth_wanted);
void smtp_dialogue_read(struct smtp_dialogue *dialogue, const char *bytes,
    size_t length);
void smtp_dialogue_written(struct smtp_dialogue *dialogue, const char *bytes,
    size_t length);

/* The next message on the same connection: nothing is said of it yet. */
void smtp_dialogue_next(struct smtp_dialogue *dialogue);

/* The whole message was written; its answer is awaited. */
void smtp_dialogue_sent(struct smtp_dialogue *dialogue);

/* "5.1.1" from the start of a reply's text, "" when there is none. */
void smtp_dialogue_enhanced(const char *text, char *status, size_t room);

#endif
