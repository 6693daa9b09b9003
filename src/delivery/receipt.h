/* SPDX-License-Identifier: MIT */
/*
 * receipt - what became of a message behind its carrier: a gateway's delivery
 * receipt or a bounce. It moves the message on, never back, however often and
 * in whatever order such news come, also before the lane has told that the
 * message was sent.
 */
#ifndef DELIVERY_RECEIPT_H
#define DELIVERY_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "db/work.h"
#include "delivery/receipt_read.h"

enum receipt_result {
	RECEIPT_NOTED,  /* or known already */
	RECEIPT_WAITS,  /* until a message has this remote_id */
	RECEIPT_UNKNOWN /* the key is not one of ours, or the message went */
};

/* SOURCE is the gateway's name, or "bounce". False when the database failed. */
bool receipt_take(struct work *work, const char *source,
    const struct receipt *receipt, enum receipt_result *result);

/* Those that waited and need not any more; *COUNT is how many. */
bool receipt_take_waiting(struct work *work, int *count);

#endif
