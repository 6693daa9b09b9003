/* SPDX-License-Identifier: MIT */
/*
 * quoted - quoted-printable (RFC 2045, 6.7): lines of at most 76 bytes ended
 * by CRLF, of printable ASCII alone, none of which ends with a blank or
 * begins with what a mail server would take for its own.
 */
#ifndef MESSAGE_QUOTED_H
#define MESSAGE_QUOTED_H

#include "base/str.h"

void quoted_print(struct str *out, const char *text);

#endif
