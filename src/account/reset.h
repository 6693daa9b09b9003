/* SPDX-License-Identifier: MIT */
/*
 * reset - AdminResetUserPassword: the user must choose another password, with
 * a code that is sent to an address that was verified.
 *
 * The state, a keyed hash of the code and the queued message are committed
 * together or not at all; the code is sealed in the message. Delivery comes
 * after.
 */
#ifndef ACCOUNT_RESET_H
#define ACCOUNT_RESET_H

#include <stdbool.h>

#include "account/engine.h"
#include "account/pool.h"
#include "account/user.h"
#include "base/field.h"
#include "db/work.h"

struct reset_request {
	const char *username;       /* any that user_find() takes */
	struct field_list metadata; /* of struct field_pair, for triggers */
	const char *user_agent;     /* of the client, or NULL */
};

/*
 * Of a user who is confirmed, or was reset before: then the code before no
 * longer holds, and is not sent if it still waits. False with
 * ERR_NOT_AUTHORIZED in another state, ERR_INVALID_PARAMETER without an address
 * that was verified, ERR_TOO_MANY_REQUESTS when the address became another
 * while triggers were asked, and their errors.
 */
bool reset(struct work *work, const struct engine *engine,
    const struct pool *pool, const struct reset_request *request);

/*
 * EMAIL or SMS, as the pool's AccountRecoverySetting orders those that USER can
 * be reached by, SMS first without one; NULL: by none.
 */
const char *reset_medium(const struct pool *pool, const struct user *user);

/* What code_hash is made of: the same code is another with each user. */
char *reset_named_code(struct mem *mem, const struct user *user,
    const char *code);

#endif
