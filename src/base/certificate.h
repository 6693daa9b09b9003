/* SPDX-License-Identifier: MIT */
/*
 * certificate - what proves a server of ours to its clients: a certificate
 * and its key, read from the files that the settings name.
 */
#ifndef BASE_CERTIFICATE_H
#define BASE_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "base/mem.h"

struct certificate {
	const char *chain; /* PEM; NULL: no TLS */
	const char *key;   /* PEM, wiped with its memory */
	int64_t until_ms;  /* when it expires */
};

/*
 * Those of listen_cert_file and listen_key_file. False, naming the setting,
 * when a file cannot be read, holds no such thing, or they do not belong
 * together.
 */
bool certificate_read(struct mem *mem, const struct config *config,
    struct certificate *certificate, struct err *err);

#endif
