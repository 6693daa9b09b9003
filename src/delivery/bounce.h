/* SPDX-License-Identifier: MIT */
/*
 * bounce - a mail that came back: a delivery status notification (RFC 3464),
 * or any other mail to the address that only bounces know (VERP).
 */
#ifndef DELIVERY_BOUNCE_H
#define DELIVERY_BOUNCE_H

#include <stdbool.h>

#include "db/work.h"
#include "delivery/receipt_read.h"

/*
 * Reads what a mail says of ours, without the token: RECEIPT_IGNORED when it
 * is no bounce, as an absence notice or a person's answer.
 */
void bounce_read(struct mem *mem, const char *mail, struct receipt *receipt);

/*
 * Takes a bounce: the message is the one whose token is in RECIPIENT (the
 * address that the mail came to, or NULL) or else anywhere in the mail.
 * *WORDS says what came of it. False when the database failed.
 */
bool bounce_take(struct work *work, const char *recipient, const char *mail,
    const char **words);

#endif
