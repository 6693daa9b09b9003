/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_dialogue.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void smtp_dialogue_begin(struct smtp_dialogue *dialogue, bool auth_wanted)
{
	memset(dialogue, 0, sizeof(*dialogue));
	dialogue->auth_wanted = auth_wanted;
	dialogue->phase = SMTP_PHASE_HELLO;
}

void smtp_dialogue_next(struct smtp_dialogue *dialogue)
{
	dialogue->phase = SMTP_PHASE_HELLO;
	dialogue->answered = false;
	dialogue->code = 0;
	*dialogue->line = *dialogue->reply = *dialogue->refusal = '\0';
}

void smtp_dialogue_sent(struct smtp_dialogue *dialogue)
{
	dialogue->phase = SMTP_PHASE_DOT;
	dialogue->answered = false;
}

static void fail(struct smtp_dialogue *dialogue, const char *words)
{
	if (dialogue->fault)
		return;
	snprintf(dialogue->fault_words, sizeof(dialogue->fault_words), "%s%s%s",
	    words, *dialogue->line ? "; the relay said: " : "", dialogue->line);
	dialogue->fault = dialogue->fault_words;
}

/* A long reply is cut. */
static void add_to_reply(struct smtp_dialogue *dialogue, bool whole)
{
	const char *line = dialogue->line;

	/* The code but once, then the words of each line behind a blank. */
	bool begun = dialogue->reply_begun;
	size_t from = begun ? 3 : 0;
	size_t length = begun ? strlen(dialogue->reply) : 0;
	size_t room = sizeof(dialogue->reply) - 1 - length;
	size_t size = strlen(line);
	size_t more = size <= 4 ? 3 - from : size - from;

	if (more > room)
		more = room;
	memcpy(dialogue->reply + length, line + from, more);
	dialogue->reply[length + more] = '\0';
	if (more > 3 - from)
		dialogue->reply[length + 3 - from] = ' ';
	dialogue->reply_begun = !whole;
}

/* As libesmtp reads it: between blanks. */
static bool offers(const char *line, const char *keyword)
{
	const char *at = line + 4 + strspn(line + 4, " \t");
	size_t length = strlen(keyword);

	return strncasecmp(at, keyword, length) == 0 &&
	       strchr(" \t", at[length]);
}

static void note_offer(struct smtp_dialogue *dialogue)
{
	const char *line = dialogue->line;

	if (strncmp(line, "250", 3) != 0 || !line[3])
		return;
	if (offers(line, "CHUNKING"))
		dialogue->chunking = true;
	if (offers(line, "PIPELINING"))
		dialogue->pipelining = true;
}

static void take_line(struct smtp_dialogue *dialogue)
{
	const char *line = dialogue->partial;
	bool whole = dialogue->partial_length > 3 ? line[3] != '-' : true;

	memcpy(dialogue->line, line, dialogue->partial_length);
	dialogue->line[dialogue->partial_length] = '\0';
	dialogue->partial_length = 0;
	note_offer(dialogue);
	add_to_reply(dialogue, whole);
	if (!whole)
		return;
	dialogue->answered = true;
	dialogue->code = (int)strtol(dialogue->line, NULL, 10);
	if (dialogue->code >= 400 && !*dialogue->refusal)
		memcpy(dialogue->refusal, dialogue->line,
		    sizeof(dialogue->refusal));
	if (dialogue->code == 235)
		dialogue->auth_done = true;
	if (dialogue->code == 421)
		fail(dialogue, "the relay wants no more now");
}

void smtp_dialogue_read(struct smtp_dialogue *dialogue, const char *bytes,
    size_t length)
{
	bool tls = dialogue->tls_pending;
	bool answered = false;

	for (size_t i = 0; i < length; i++) {
		if (tls && answered) {
			fail(dialogue, "plain text was injected behind the "
			               "answer to STARTTLS");
			return;
		}
		if (bytes[i] == '\n') {
			bool more = dialogue->partial_length > 3 &&
			            dialogue->partial[3] == '-';
			take_line(dialogue);
			answered = !more;
		} else if (bytes[i] != '\r' &&
		           dialogue->partial_length <
		               sizeof(dialogue->partial) - 1) {
			dialogue->partial[dialogue->partial_length++] =
			    bytes[i];
		}
	}
	if (answered)
		dialogue->tls_pending = false;
}

static bool begins(const char *bytes, size_t length, const char *word)
{
	return length >= strlen(word) &&
	       strncasecmp(bytes, word, strlen(word)) == 0;
}

static void note_phase(struct smtp_dialogue *dialogue, const char *bytes,
    size_t length)
{
	/* What else is written may be part of AUTH, and is not like these. */
	static const struct {
		const char *word;
		enum smtp_phase phase;
	} rows[] = { { "MAIL FROM:", SMTP_PHASE_MAIL },
		{ "RCPT TO:", SMTP_PHASE_RCPT },
		{ "DATA\r\n", SMTP_PHASE_DATA } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (begins(bytes, length, rows[i].word))
			dialogue->phase = rows[i].phase;
	dialogue->answered = false;
}

void smtp_dialogue_written(struct smtp_dialogue *dialogue, const char *bytes,
    size_t length)
{
	note_phase(dialogue, bytes, length);
	if (begins(bytes, length, "STARTTLS"))
		dialogue->tls_pending = true;
	/* libesmtp goes on without AUTH when it failed; each message would
	 * be refused as if it were its own fault. */
	if (begins(bytes, length, "MAIL FROM:") && dialogue->auth_wanted &&
	    !dialogue->auth_done)
		fail(dialogue, "authentication with the relay failed");
}

void smtp_dialogue_enhanced(const char *text, char *status, size_t room)
{
	static const char digits[] = "0123456789";
	const char *at = text;

	/* Class, subject and detail (RFC 3463, 2), then a blank or the end. */
	*status = '\0';
	if (!*at || !strchr("245", *at++))
		return;
	for (int part = 0; part < 2; part++) {
		size_t length = *at == '.' ? strspn(at + 1, digits) : 0;
		if (length < 1 || length > 3)
			return;
		at += 1 + length;
	}
	if ((*at == ' ' || !*at) && (size_t)(at - text) < room)
		snprintf(status, room, "%.*s", (int)(at - text), text);
}
