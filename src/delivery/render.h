/* SPDX-License-Identifier: MIT */
/*
 * render - the mail or SMS of a claimed message, in memory only.
 */
#ifndef DELIVERY_RENDER_H
#define DELIVERY_RENDER_H

#include <stdbool.h>

#include "account/engine.h"
#include "base/config.h"
#include "delivery/delivery.h"

/*
 * Opens the password, fills the template and makes the mail's bytes or the
 * SMS. False when it cannot be: the outcome says REFUSED with the reason, or
 * RETRY when the key file lacks the key.
 * What was made is wiped with MEM.
 */
bool render(struct mem *mem, const struct engine *engine,
    struct delivery *delivery);

/* The sender that a mail gets when the user pool names none. */
const char *render_default_from(struct mem *mem, const struct config *config);

/* Where the code of a sandbox number belongs, for sealing it. */
char *render_code_place(struct mem *mem, const char *number);

#endif
