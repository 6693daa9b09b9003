/* SPDX-License-Identifier: MIT */
/*
 * text - the carrier for SMS: an HTTP gateway by libcurl.
 */
#ifndef DELIVERY_TEXT_H
#define DELIVERY_TEXT_H

#include "delivery/carrier.h"

extern const struct carrier text_carrier;

#endif
