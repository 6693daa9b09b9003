/* SPDX-License-Identifier: MIT */
/*
 * relay_check - talks to the relay without sending a mail, for usher doctor:
 * greeting, EHLO, STARTTLS, AUTH, NOOP, QUIT. By libcurl, since libesmtp is
 * met in the mail lane's executable alone.
 */
#ifndef DELIVERY_RELAY_CHECK_H
#define DELIVERY_RELAY_CHECK_H

#include <stdbool.h>

#include "base/config.h"
#include "base/err.h"
#include "base/mem.h"

/*
 * *DIALOGUE is what was said, a line a line, with credentials left out.
 * ERR_PEER or ERR_CONFIG when the relay cannot be used as configured.
 */
bool relay_check(struct mem *mem, const struct config *config,
    const char **dialogue, struct err *err);

#endif
