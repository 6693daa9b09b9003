/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_letter.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "delivery/smtp_reply.h"
#include "delivery/smtp_socket.h"

const char *smtp_letter_read(void **context, int *length, void *argument)
{
	static const char empty[] = "\r\n";
	struct smtp_letter *letter = argument;

	(void)context;
	if (!length) {
		letter->body_started = letter->body_done = false;
		return NULL;
	}
	if (letter->body_started) {
		letter->body_done = true;
		*length = 0;
		return NULL;
	}
	/* A relay that refused MAIL, and wants the message nevertheless. */
	if (letter->refusal.code && !*letter->ended) {
		*letter->ended = true;
		smtp_socket_kill();
	}
	/* Replies that came before are still read. */
	if (*letter->ended) {
		*length = 0;
		return NULL;
	}
	letter->body_started = true;
	if (letter->plainly && letter->dialogue->code == 354 &&
	    smtp_socket_write_message(letter->delivery->text,
	        letter->delivery->text_length)) {
		*length = (int)strlen(empty);
		return empty;
	}
	*length = (int)letter->delivery->text_length;
	return letter->delivery->text;
}

/* The text of a reply without its line ends. */
static char *one_line(struct mem *mem, const char *text)
{
	char *line = mem_text(mem, text ? text : "");
	size_t length = strlen(line);

	while (length && strchr("\r\n ", line[length - 1]))
		line[--length] = '\0';
	for (char *at = line; (at = strpbrk(at, "\r\n")); at++)
		*at = ' ';
	return line;
}

static void tell_reply(struct smtp_letter *letter, enum smtp_phase phase,
    const smtp_status_t *status)
{
	MEM_AUTO mem = mem_new(NULL);
	char enhanced[12] = "";
	const char *text = one_line(mem, status->text);

	if (status->enh_class)
		snprintf(enhanced, sizeof(enhanced), "%d.%d.%d",
		    status->enh_class, status->enh_subject, status->enh_detail);
	else
		smtp_dialogue_enhanced(text, enhanced, sizeof(enhanced));
	struct smtp_reply reply = { phase, status->code, enhanced };
	struct smtp_meaning meaning = smtp_reply_meaning(&reply);
	delivery_tell(letter->delivery, meaning.class, status->code, enhanced,
	    mem_printf(mem, "%d %s", status->code, text));
	letter->delivery->outcome.retry_after_ms = meaning.retry_after_ms;
}

static bool good(const smtp_status_t *status)
{
	return status && status->code / 100 == 2;
}

static bool bad(const smtp_status_t *status)
{
	return status && status->code >= 400;
}

/* The event, both replies and the recipient; or a 250 in a syntax that the
 * library does not like, after the whole body. Not where the body goes in
 * chunks: the 250 may be that of a chunk before the last. */
static bool accepted(const struct smtp_letter *letter,
    const smtp_status_t *rcpt, const smtp_status_t *transfer)
{
	if (letter->refusal.code || !good(rcpt) || !good(transfer))
		return false;
	return letter->sent ? smtp_recipient_check_complete(letter->recipient)
	                    : letter->body_done && !letter->dialogue->chunking;
}

static void tell_accepted(struct smtp_letter *letter,
    const smtp_status_t *transfer)
{
	MEM_AUTO mem = mem_new(NULL);
	struct delivery *delivery = letter->delivery;
	const char *text = one_line(mem, transfer->text);

	delivery_tell(delivery, DELIVERY_ACCEPTED, transfer->code, "2.0.0",
	    mem_printf(mem, "%d %s", transfer->code, text));
	delivery_note_id(delivery, text);
}

/* A relay that takes mails before they came would lose all of them. */
static void tell_too_early(struct smtp_letter *letter,
    const smtp_status_t *transfer)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *words = mem_printf(mem,
	    "the relay broke the protocol: it answered %d to DATA, before it "
	    "had the message",
	    transfer->code);

	delivery_tell(letter->delivery, DELIVERY_RETRY, transfer->code, NULL,
	    words);
	log_warning("smtp", words);
}

static const smtp_status_t *sender_status(const struct smtp_letter *letter)
{
	return letter->refusal.code ? &letter->refusal
	                            : smtp_reverse_path_status(letter->message);
}

bool smtp_letter_sender_refused(const struct smtp_letter *letter)
{
	return bad(sender_status(letter));
}

bool smtp_letter_judge(struct smtp_letter *letter)
{
	const smtp_status_t *mail = sender_status(letter);
	const smtp_status_t *rcpt = smtp_recipient_status(letter->recipient);
	const smtp_status_t *transfer =
	    smtp_message_transfer_status(letter->message);

	if (accepted(letter, rcpt, transfer))
		tell_accepted(letter, transfer);
	else if (bad(mail))
		tell_reply(letter, SMTP_PHASE_MAIL, mail);
	else if (bad(rcpt))
		tell_reply(letter, SMTP_PHASE_RCPT, rcpt);
	else if (bad(transfer))
		tell_reply(letter,
		    letter->body_done ? SMTP_PHASE_DOT : SMTP_PHASE_DATA,
		    transfer);
	else if (letter->body_done)
		delivery_tell(letter->delivery, DELIVERY_AMBIGUOUS, 0, NULL,
		    "the answer to the message was lost");
	else if (good(transfer) && !letter->body_started)
		tell_too_early(letter, transfer);
	else if (letter->body_started)
		delivery_tell(letter->delivery, DELIVERY_RETRY, 0, NULL,
		    "the session ended in the middle of the message");
	else
		return false;
	return true;
}
