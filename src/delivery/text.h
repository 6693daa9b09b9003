/* SPDX-License-Identifier: MIT */
/*
 * text - the carrier for SMS: an HTTP gateway by libcurl.
 */
#ifndef DELIVERY_TEXT_H
#define DELIVERY_TEXT_H

#include "delivery/carrier.h"

/* Its hold_ambiguous is the profile's, known when it was opened. */
struct carrier text_carrier(const struct engine *engine);

#endif
