/* SPDX-License-Identifier: MIT */
/*
 * user_password - passwords that administrators set.
 *
 * NAME is any that user_find() takes. False with the API's error.
 */
#ifndef ACCOUNT_USER_PASSWORD_H
#define ACCOUNT_USER_PASSWORD_H

#include <stdbool.h>

#include "account/pool.h"
#include "db/work.h"

/* PERMANENT: the user is confirmed; else the password is temporary and has to
 * be changed. Invitations with the old one that still wait are cancelled, and
 * so is a code, which no longer holds. */
bool user_set_password(struct work *work, const struct pool *pool,
    const char *name, const char *password, bool permanent);

#endif
