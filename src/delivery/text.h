/* SPDX-License-Identifier: MIT */
/*
 * text - the carrier for SMS: an HTTP gateway by libcurl.
 */
#ifndef DELIVERY_TEXT_H
#define DELIVERY_TEXT_H

#include "delivery/carrier.h"

/* What the setting 'public_url' must be: empty, or such that a path may be put
 * behind it. False with ERR_CONFIG. */
bool text_check_public_url(const char *url, struct err *err);

extern const struct carrier text_carrier;

#endif
