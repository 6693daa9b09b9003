/* SPDX-License-Identifier: MIT */
/*
 * gateway_login - the token that a gateway wants with its requests, when its
 * profile says so: OAuth 2, client credentials (RFC 6749, 4.4).
 */
#ifndef DELIVERY_GATEWAY_LOGIN_H
#define DELIVERY_GATEWAY_LOGIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct gateway;

/*
 * Gets a token unless there is one that is good for a while, or none is
 * needed; waits for it. ERR_PEER when there is none.
 */
bool gateway_login(struct mem *mem, struct gateway *gateway, struct err *err);

#endif
