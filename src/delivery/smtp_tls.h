/* SPDX-License-Identifier: MIT */
/*
 * smtp_tls - the TLS context of a session with the relay.
 *
 * Always our own: libesmtp's default one crashes in the second session, takes
 * TLS 1.0, and checks the name that DNS gave instead of the configured one.
 * TLS 1.2 alone, since with 1.3 libesmtp takes the server's session tickets
 * for an answer and stalls in a third of the sessions on a near relay.
 */
#ifndef DELIVERY_SMTP_TLS_H
#define DELIVERY_SMTP_TLS_H

#include <openssl/ssl.h>

#include "base/config.h"
#include "base/err.h"
#include "base/mem.h"

/* Goes with MEM. NULL with ERR_CONFIG when the CA file cannot be used. */
SSL_CTX *smtp_tls_new(struct mem *mem, const struct config *config,
    struct err *err);

/* Why the last handshake of this context failed, or NULL. */
const char *smtp_tls_failure(void);

#endif
