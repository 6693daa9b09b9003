/* SPDX-License-Identifier: MIT */
#include "delivery/bounce.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/utf8.h"
#include "delivery/receipt.h"
#include "delivery/token.h"

#define TOKENS_MOST 20 /* that are looked at in one mail */
#define WORDS_MOST  200
#define CODE_MOST   16

/* The rest of the line behind NAME at a line's beginning, with the lines that
 * continue it; NULL without. */
static const char *field(struct mem *mem, const char *mail, const char *name)
{
	size_t length = strlen(name);
	const char *at = mail;

	while (strncasecmp(at, name, length) != 0) {
		at = strchr(at, '\n');
		if (!at)
			return NULL;
		at++;
	}
	at += length;
	struct str *value = str_new(mem, STR_LIMIT_LARGE);
	do {
		at += strspn(at, " \t");
		size_t line = strcspn(at, "\r\n");
		str_addf(value, "%s%.*s", str_length(value) ? " " : "",
		    (int)line, at);
		at += line;
		at += strspn(at, "\r");
		at += *at == '\n';
	} while (*at == ' ' || *at == '\t');
	return str_text(value);
}

static bool has_word(const char *text, const char *word)
{
	return text && strcasestr(text, word);
}

/* By its name alone: absence notices, and notices that a mail was read, come
 * from nobody too (RFC 5321, 4.5.5). */
static bool from_mail_system(struct mem *mem, const char *mail)
{
	const char *from = field(mem, mail, "From:");

	if (has_word(field(mem, mail, "Auto-Submitted:"), "auto-replied"))
		return false;
	return has_word(from, "MAILER-DAEMON") || has_word(from, "postmaster");
}

/* The part of a mail that tells of its delivery (RFC 3464, RFC 6533), from
 * within its head; NULL without. */
static const char *report_in(const char *mail)
{
	static const char name[] = "\nContent-Type:";
	static const char *const types[] = { "message/delivery-status",
		"message/global-delivery-status" };

	for (; (mail = strcasestr(mail, name)); mail++) {
		const char *type = mail + strlen(name);
		type += strspn(type, " \t\r\n");
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			if (strncasecmp(type, types[i], strlen(types[i])) == 0)
				return type;
	}
	return NULL;
}

/* RFC 3464, 2.3.3. */
static enum receipt_state state_of(const char *action)
{
	if (has_word(action, "failed"))
		return RECEIPT_FAILED;
	if (has_word(action, "delayed"))
		return RECEIPT_DELAYED;
	if (has_word(action, "delivered"))
		return RECEIPT_DELIVERED;
	return RECEIPT_IGNORED;
}

static const char *cleaned(struct mem *mem, const char *text, size_t most)
{
	return text && *text ? utf8_clean(mem, text, most) : NULL;
}

void bounce_read(struct mem *mem, const char *mail, struct receipt *receipt)
{
	const char *report = report_in(mail);
	const char *action = report ? field(mem, report, "Action:") : NULL;

	*receipt = (struct receipt){ .state = RECEIPT_IGNORED };
	if (action) {
		const char *status = field(mem, report, "Status:");
		const char *words = field(mem, report, "Diagnostic-Code:");
		receipt->state = state_of(action);
		receipt->code = cleaned(mem, status, CODE_MOST);
		receipt->words = cleaned(mem, words, WORDS_MOST);
	} else if (from_mail_system(mem, mail)) {
		receipt->state = RECEIPT_FAILED;
		receipt->words =
		    cleaned(mem, field(mem, mail, "Subject:"), WORDS_MOST);
	}
}

/* Looks for a token that is ours in a text, and takes the receipt for it. */
static bool take_for(struct work *work, const char *text,
    struct receipt *receipt, enum receipt_result *result)
{
	*result = RECEIPT_UNKNOWN;
	for (int i = 0; i < TOKENS_MOST && text; i++) {
		receipt->message_key = token_find(work->mem, text);
		if (!receipt->message_key)
			return true;
		if (!receipt_take(work, "bounce", receipt, result))
			return false;
		if (*result != RECEIPT_UNKNOWN)
			return true;
		text = strstr(text, receipt->message_key) +
		       strlen(receipt->message_key);
	}
	return true;
}

bool bounce_take(struct work *work, const char *recipient, const char *mail,
    const char **words)
{
	enum receipt_result result = RECEIPT_UNKNOWN;
	struct receipt receipt;

	bounce_read(work->mem, mail, &receipt);
	if (receipt.state == RECEIPT_IGNORED) {
		*words = "no bounce: nothing is changed";
		return true;
	}
	if (!take_for(work, recipient, &receipt, &result) ||
	    (result == RECEIPT_UNKNOWN &&
	        !take_for(work, mail, &receipt, &result)))
		return false;
	*words = result == RECEIPT_UNKNOWN
	             ? "a bounce of no message of ours: nothing is changed"
	             : mem_printf(work->mem, "message %lld: %s%s%s",
	                   (long long)token_id(receipt.message_key),
	                   receipt.state == RECEIPT_FAILED      ? "bounced"
	                   : receipt.state == RECEIPT_DELIVERED ? "delivered"
	                                                        : "delayed",
	                   receipt.code ? ", status " : "",
	                   receipt.code ? receipt.code : "");
	return true;
}
