/* SPDX-License-Identifier: MIT */
/*
 * mask - what of an address may be logged.
 */
#ifndef MESSAGE_MASK_H
#define MESSAGE_MASK_H

#include "base/mem.h"

/* "a***@example.org", "+1555***42"; anything else "***". */
char *mask_address(struct mem *mem, const char *address);

#endif
