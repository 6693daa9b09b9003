/* SPDX-License-Identifier: MIT */
/*
 * outcome - whether an invitation can be delivered, as far as its caller is
 * told: what is known at once, and what becomes known while the call waits
 * (invite_wait_ms). The user stays, and the message takes its way.
 */
#ifndef ACCOUNT_OUTCOME_H
#define ACCOUNT_OUTCOME_H

#include <stdbool.h>

#include "account/engine.h"
#include "account/invitation.h"
#include "db/work.h"

/*
 * Behind the commit. False with ERR_CODE_DELIVERY when a medium has no
 * carrier or an address cannot be written to.
 */
bool outcome_check(const struct engine *engine,
    const struct invitation_plan *plan, struct err *err);

/* The same, and when a message is refused before invite_wait_ms are over. A
 * database that fails meanwhile is no failure of the call. */
bool outcome_wait(struct work *work, const struct engine *engine,
    const struct invitation_plan *plan);

#endif
