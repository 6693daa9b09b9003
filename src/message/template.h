/* SPDX-License-Identifier: MIT */
/*
 * template - {username} and {####} into a text.
 *
 * Substitution is one pass: what a value contains is never looked at again.
 * Values are escaped in HTML and nowhere else. Other braces stay, but for
 * {expires} in the texts of templates/, which are ours.
 */
#ifndef MESSAGE_TEMPLATE_H
#define MESSAGE_TEMPLATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/mem.h"

struct template
{
	const char *subject; /* mail only */
	const char *html;    /* mail only */
	const char *text;    /* the SMS; of a mail: NULL, made from the HTML */
	const char *sender;  /* ARN of what brings it away, without a text */
	bool ours;           /* from templates/: {expires} is known */
	bool sealed;         /* the message has its own, with its password */
};

struct template_values {
	const char *username;
	const char *password; /* or code; NULL: the user has none */
	const char *expires;  /* for people, or NULL */
};

enum template_name {
	TEMPLATE_INVITATION, /* usher's own */
	TEMPLATE_WELCOME,    /* usher's own, for users without a password */
	TEMPLATE_AWS,        /* Cognito's words */
	TEMPLATE_CODE,       /* of the SMS sandbox; SMS only */
	TEMPLATE_RESET,      /* the code with which to choose a password */
	TEMPLATE_AWS_RESET
};

/* One of the built-in templates; both the mail's parts and the SMS. */
void template_builtin(enum template_name name, bool sms,
    struct template *template);

/* FORMAT with the values in place; wiped with its context. */
char *template_fill(struct mem *mem, const struct template *template,
    const char *format, const struct template_values *values, bool html);

/* True when any of the texts has the placeholder ("{####}"). */
bool template_has(const struct template *template, const char *placeholder);

/* As stored with the messages that are rendered from it. */
char *template_print(struct mem *mem, const struct template *template);
void template_read(const cJSON *json, struct template *template);

/* A mail without a text gets one made from its HTML, placeholders and all. */
void template_add_text(struct mem *mem, struct template *template);

#endif
