/* SPDX-License-Identifier: MIT */
/*
 * password - policy of a pool, and temporary passwords.
 */
#ifndef ACCOUNT_PASSWORD_H
#define ACCOUNT_PASSWORD_H

#include <stdbool.h>

#include "account/pool.h"
#include "db/work.h"

/*
 * False with ERR_INVALID_PASSWORD and the first failure: length, lower,
 * upper, numeric, symbol. PREFIX is the operation's.
 */
bool password_check(struct work *work, const struct pool *pool,
    const char *password, const char *prefix);

/* The prefix of AdminCreateUser, and of all that set a password later. */
#define PASSWORD_PREFIX_CREATE "Password did not conform with password policy: "
#define PASSWORD_PREFIX_SET    "Password does not conform to policy: "

/*
 * A new one that satisfies the pool's policy: at least 16 characters, letters
 * and digits without look-alikes, one symbol of * - + = in the middle when the
 * policy asks for one. Over 90 bits; single-septet GSM; nothing special in
 * HTML, in links or at the end of a sentence. Wiped with its context.
 */
char *password_generate(struct mem *mem, const struct pool *pool);

#endif
