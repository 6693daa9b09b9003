/* SPDX-License-Identifier: MIT */
/*
 * delivery - one attempt to bring a claimed message to a carrier, and what
 * came of it, as values.
 */
#ifndef DELIVERY_DELIVERY_H
#define DELIVERY_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "message/template.h"

enum delivery_class {
	DELIVERY_UNTOUCHED,  /* never offered to the remote: costs no attempt */
	DELIVERY_ACCEPTED,   /* the remote took responsibility */
	DELIVERY_RETRY,      /* refused for now */
	DELIVERY_REFUSED,    /* refused for good */
	DELIVERY_AMBIGUOUS,  /* offered, but the answer was lost */
	DELIVERY_LANE_FAULT, /* the carrier as a whole: costs no attempt */
	DELIVERY_THROTTLED,  /* the remote asks for less: costs no attempt */
	DELIVERY_CANCELLED,  /* may no longer be sent */
	DELIVERY_BLOCKED     /* held by a rule */
};

#define DELIVERY_CLASSES (DELIVERY_BLOCKED + 1)

struct delivery_outcome {
	enum delivery_class class;
	int code;        /* SMTP reply or HTTP status; 0: none */
	char status[12]; /* enhanced status code (RFC 3463), "" without */
	char words[256]; /* the remote's, or ours */
	char remote_id[128];
	int64_t took_ms;
	int64_t retry_after_ms; /* least time before this message goes again */
	int64_t rest_ms; /* asked for by the remote, for the whole carrier */
};

struct delivery {
	int64_t id;
	int64_t epoch; /* of the lease, */
	int64_t place; /* and where in it the message likely is, from 1 on */
	int64_t attempt;
	const char *kind; /* invitation, reset, or code of the sandbox */
	const char *pool_id;
	const char *sub;
	const char *medium;
	const char *destination;
	const char *username;
	int64_t invitation;
	bool has_password;
	const char *sealed;
	const char *template_hash;
	int64_t created_ms;
	int64_t claimed_ms; /* by the database's clock, as are all of these */
	int64_t expires_ms;
	bool expired;
	int64_t current_invitation;
	const char *receipt;   /* of an attempt before, or NULL */
	const char *salt;      /* of its token */
	const char *status;    /* of the user; NULL: the user went */
	const char *mail_from; /* of the user pool, or NULL */
	const char *reply_to;
	bool sandbox;
	bool verified;
	struct template template;

	/* Rendered, in memory only: */
	const char *text; /* the mail's bytes or the SMS */
	size_t text_length;
	const char *sender; /* envelope sender of a mail */
	const char *recipient;
	const char *callback_url;   /* for the receipt of an SMS, or NULL */
	const char *password;       /* or code; NULL when there is none */
	const char *event;          /* of a custom sender, or NULL */
	const char *carrier_secret; /* NULL: the carrier has none */
	const char *subject;        /* of a mail, filled */
	const char *plain;          /* what a person reads, filled */

	struct delivery_outcome outcome;
	bool settled;
};

/* Whether the carrier should rest: nothing more is to be sent now. */
bool delivery_ends_batch(enum delivery_class class);

/* "ACCEPTED" */
const char *delivery_class_name(enum delivery_class class);

/* The remote's name of the message, or NULL. */
void delivery_note_id(struct delivery *delivery, const char *id);

/*
 * Sets the outcome; STATUS and WORDS may be NULL. What is not UTF-8 in WORDS
 * becomes '?', the password and the carrier's secret "****", however spelled.
 */
void delivery_tell(struct delivery *delivery, enum delivery_class class,
    int code, const char *status, const char *words);

#endif
