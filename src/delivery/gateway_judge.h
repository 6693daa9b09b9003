/* SPDX-License-Identifier: MIT */
/*
 * gateway_judge - what a gateway's answer means, by its profile.
 */
#ifndef DELIVERY_GATEWAY_JUDGE_H
#define DELIVERY_GATEWAY_JUDGE_H

#include "base/mem.h"
#include "delivery/delivery.h"
#include "delivery/gateway.h"
#include "delivery/http.h"

/*
 * Sets DELIVERY's outcome from the answer. GATEWAY counts the messages in a
 * row that were refused without a code that its profile knows: so many mean
 * that not they are at fault, but the profile or their template.
 */
void gateway_judge(struct mem *mem, struct gateway *gateway,
    const struct http_answer *answer, struct delivery *delivery);

#endif
