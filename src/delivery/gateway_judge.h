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

/* Sets DELIVERY's outcome from the answer. */
void gateway_judge(struct mem *mem, const struct gateway *gateway,
    const struct http_answer *answer, struct delivery *delivery);

#endif
