/* SPDX-License-Identifier: MIT */
/*
 * relay - what follows from the settings of the mail relay.
 */
#ifndef DELIVERY_RELAY_H
#define DELIVERY_RELAY_H

#include <stdbool.h>

#include "base/config.h"
#include "base/err.h"

/* Messages that one session carries at most. */
#define RELAY_BATCH_MOST 200

/* True when TLS is required: always, but on loopback or when off. */
bool relay_needs_tls(const struct config *config);

/* True when TLS begins before the first word, without STARTTLS. */
bool relay_tls_implicit(const struct config *config);

/* True when AUTH is by an access token. */
bool relay_wants_token(const struct config *config);

/* True when libesmtp cannot talk to the relay, and libcurl does. */
bool relay_by_curl(const struct config *config);

/* False with ERR_CONFIG when nothing could come back to bounce_address. */
bool relay_check_bounces(const struct config *config, struct err *err);

/* False with ERR_CONFIG when the settings contradict each other. */
bool relay_check_config(const struct config *config, struct err *err);

#endif
