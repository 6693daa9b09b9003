/* SPDX-License-Identifier: MIT */
/*
 * hook - the webhooks that stand for the Lambda functions of user pools, and
 * one call of one of them.
 *
 * The file trigger_file says at which URL the function of an ARN is. An event
 * is a POST of JSON, signed; the answer comes within 5 s or the call is made
 * again, 3 times in all. No redirects, no proxy from the environment, private
 * addresses refused after resolution unless allowed, answers cut at a limit.
 */
#ifndef ACCOUNT_HOOK_H
#define ACCOUNT_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/field.h"
#include "base/mem.h"

#define HOOK_TRY_MS 5000

struct hook {
	const char *arn;
	const char *url;
	const char *secret_file;
	const char *secret;  /* its first line */
	const char *ca_file; /* NULL: the system's */
	struct field_bool allow_private;
};

struct hooks {
	struct field_list list; /* of struct hook */
};

struct hook_answer {
	bool answered; /* a status came; BODY is "" when it was too long */
	bool timed_out;
	bool function_error; /* X-Amz-Function-Error says so */
	int status;
	const char *body;
	const char *words; /* for the log: what went wrong, or NULL */
};

/* None when PATH is "". NULL with ERR_CONFIG, which names the file, the place
 * and the rule. */
const struct hooks *hooks_read(struct mem *mem, const char *path,
    struct err *err);

/* The one for ARN, or NULL; HOOKS may be NULL. */
const struct hook *hook_find(const struct hooks *hooks, const char *arn);

/* Whether a password may go there: by TLS, or to this host itself. */
bool hook_keeps_secrets(const struct hook *hook);

/* The header "X-Usher-Signature: t=SECONDS,v1=HMAC" of BODY at NOW_S. */
char *hook_signature(struct mem *mem, const struct hook *hook, const char *body,
    int64_t now_s);

/* Waits for the answer to BODY, or for the last try to fail. */
struct hook_answer hook_call(struct mem *mem, const struct hook *hook,
    const char *body);

#endif
