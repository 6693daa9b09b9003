/* SPDX-License-Identifier: MIT */
/*
 * sender - messages that a user pool's CustomEmailSender or CustomSMSSender
 * brings away: webhooks in the place of the carrier, in the same lane.
 *
 * The event is the one of the invitation, with the temporary password in
 * request.code as base64 of its HTML-escaped form: without KMS nothing could
 * open what the service would put there. It goes by TLS, or to this host.
 */
#ifndef DELIVERY_SENDER_H
#define DELIVERY_SENDER_H

#include <stdint.h>

#include "account/engine.h"
#include "base/err.h"
#include "base/mem.h"
#include "delivery/carrier.h"
#include "delivery/delivery.h"

struct sender;

struct sender *sender_new(struct mem *mem, const struct engine *engine,
    struct err *err);

/*
 * As a carrier's send(), until END_MS (steady clock). What fails is RETRY, also
 * when the answer was lost: then it may come twice.
 */
void sender_send(struct sender *sender, struct delivery *const *deliveries,
    size_t count, struct carrier_sink *sink, int64_t end_ms);

/* What is posted for DELIVERY, whose outcome will not tell the code; NULL with
 * the error when its event cannot be read. */
char *sender_body(struct mem *mem, struct delivery *delivery, struct err *err);

#endif
