/* SPDX-License-Identifier: MIT */
/*
 * smtp - the carrier for mail: libesmtp to one relay, a session a batch.
 *
 * The only file that knows libesmtp, and the mail lane's executable the only
 * one that links it. What makes a message accepted, whatever the library
 * says: the sent event fired, the replies to the recipient and to the message
 * were 2xx, and the recipient is complete.
 */
#ifndef DELIVERY_SMTP_H
#define DELIVERY_SMTP_H

#include "delivery/carrier.h"

extern const struct carrier smtp_carrier;

#endif
