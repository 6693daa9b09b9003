/* SPDX-License-Identifier: MIT */
/*
 * relay - what follows from the settings of the mail relay.
 */
#ifndef DELIVERY_RELAY_H
#define DELIVERY_RELAY_H

#include <stdbool.h>

#include "base/config.h"
#include "base/err.h"

/* True when STARTTLS is required: always, but on loopback or when off. */
bool relay_needs_tls(const struct config *config);

/* False with ERR_CONFIG when the settings contradict each other. */
bool relay_check_config(const struct config *config, struct err *err);

#endif
