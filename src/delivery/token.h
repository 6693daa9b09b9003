/* SPDX-License-Identifier: MIT */
/*
 * token - names a message to the outside: in its Message-ID, in the envelope
 * sender that bounces come back to, in the URL that receipts come to.
 *
 * "123-0f1e2d3c4b5a69788796": the message's id and a part of the digest of it
 * with the installation's salt, so that nobody can make one up. The same for
 * every attempt, whatever happens to keys and settings.
 */
#ifndef DELIVERY_TOKEN_H
#define DELIVERY_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

char *token_print(struct mem *mem, const char *salt, int64_t id);

/* The id in what may be a token; 0 when it has not its form. */
int64_t token_id(const char *token);

/* Whether it is the token of its id, in a time that tells nothing. */
bool token_check(struct mem *mem, const char *salt, const char *token);

/* The first token in a text, as VERP addresses and Message-IDs have it, that
 * has the form; NULL without. */
char *token_find(struct mem *mem, const char *text);

#endif
