/* SPDX-License-Identifier: MIT */
/*
 * policy - identity policies: what an access key may do.
 *
 * Documents in the language of IAM: Version, Statement with Effect, Action or
 * NotAction, Resource or NotResource, and Condition with the operators and
 * keys that mean something here. What is not known, also a policy variable, is
 * refused when a policy is stored, never ignored. Source: "IAM JSON policy
 * elements reference".
 */
#ifndef ACCOUNT_POLICY_H
#define ACCOUNT_POLICY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* May this be done? */
struct policy_question {
	const char *action;    /* "cognito-idp:AdminCreateUser" */
	const char *resource;  /* ARN, or "*" */
	const char *user_name; /* aws:username */
	const char *source_ip; /* aws:SourceIp, or NULL */
	bool secure;           /* aws:SecureTransport */
	int64_t now_ms;        /* aws:CurrentTime */
};

enum policy_verdict {
	POLICY_SILENT, /* no statement speaks of it: not allowed */
	POLICY_ALLOWED,
	POLICY_DENIED /* by a statement, which is stronger than any that allows
	               */
};

/* The document in TEXT, or NULL with ERR_INVALID_PARAMETER, naming the place
 * and the rule, or with ERR_SERIALIZATION. */
cJSON *policy_read(struct mem *mem, const char *text, struct err *err);

/* DOCUMENTS is a list, or an object, of those that policy_read() took. */
enum policy_verdict policy_decide(const cJSON *documents,
    const struct policy_question *question);

#endif
