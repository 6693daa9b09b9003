/* SPDX-License-Identifier: MIT */
/*
 * rules - may this message go now, and if not, why: a pure function of what
 * the claim brought along, applied right before sending.
 */
#ifndef DELIVERY_RULES_H
#define DELIVERY_RULES_H

#include <stdbool.h>

#include "delivery/delivery.h"

/*
 * True when it may go. Else its outcome says CANCELLED (it can no longer
 * work), BLOCKED (a rule holds it) or REFUSED, with the reason as words.
 */
bool rules_allow(struct delivery *delivery);

#endif
