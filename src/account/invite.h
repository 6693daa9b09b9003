/* SPDX-License-Identifier: MIT */
/*
 * invite - AdminCreateUser: create, RESEND, SUPPRESS.
 *
 * The user and the queued messages are committed together or not at all; the
 * temporary password is sealed in the message. Delivery comes after.
 */
#ifndef ACCOUNT_INVITE_H
#define ACCOUNT_INVITE_H

#include <stdbool.h>

#include "account/engine.h"
#include "account/invitation.h"
#include "account/user.h"
#include "base/field.h"
#include "db/work.h"

struct invite_request {
	const char *pool_id;
	const char *username;
	struct field_list attributes;      /* of struct attribute */
	struct field_list validation_data; /* of struct attribute */
	const char *password;              /* NULL: generate one */
	struct field_bool force_alias;
	const char *action;         /* NULL, RESEND or SUPPRESS */
	struct field_words media;   /* SMS, EMAIL */
	struct field_list metadata; /* of struct field_pair */

	/* Not members of the request: which call it is (see struct call), so
	 * that the same again within ten minutes has the same answer; NULL:
	 * none is like another. */
	const char *fingerprint;
	const char *user_agent; /* of the client, or NULL */
};

/* The table of the request; API_AdminCreateUser. */
extern const struct field invite_rows[];

/* What came of it besides the user. */
struct invite_report {
	struct invitation_plan plan; /* what was queued, skipped or blocked */
	const char *password;        /* the generated one, or NULL; secret */
	int64_t expires_ms;          /* of the temporary password; 0: none */
};

/* The user as it stands after the commit, or NULL with the API's error. */
struct user *invite(struct work *work, const struct engine *engine,
    const struct invite_request *request, struct invite_report *report);

#endif
