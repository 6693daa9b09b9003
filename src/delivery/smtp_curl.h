/* SPDX-License-Identifier: MIT */
/*
 * smtp_curl - the carrier for mail to relays that libesmtp cannot talk to, by
 * libcurl: implicit TLS and XOAUTH2. A session a batch, a transfer a message.
 *
 * What makes a message accepted: libcurl calls the transfer done, and the
 * reply to the whole message was 2xx.
 */
#ifndef DELIVERY_SMTP_CURL_H
#define DELIVERY_SMTP_CURL_H

#include "delivery/carrier.h"

extern const struct carrier smtp_curl_carrier;

#endif
