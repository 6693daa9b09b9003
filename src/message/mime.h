/* SPDX-License-Identifier: MIT */
/*
 * mime - the bytes of a mail (RFC 5322, 2045-2047, 3834).
 *
 * multipart/alternative, text first, UTF-8 in quoted-printable, lines of at
 * most 76 bytes ended by CRLF, no byte of the content outside ASCII. A header
 * value with CR, LF or NUL is refused, never mended.
 */
#ifndef MESSAGE_MIME_H
#define MESSAGE_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct mime_mail {
	const char *from;       /* "a@b" or "Name <a@b>" */
	const char *to;         /* an address */
	const char *reply_to;   /* as from; NULL for none */
	const char *subject;    /* UTF-8 text */
	const char *html;       /* UTF-8; NULL when there is only text */
	const char *text;       /* UTF-8; NULL: made from the HTML */
	const char *message_id; /* without <> */
	int64_t date_ms;
};

/*
 * The whole mail as it goes over the wire (RFC 5321, 4.5.2): lines end with
 * CRLF, the last one too, and none begins with a dot. It is wiped when given
 * back (it may hold a password); *LENGTH its bytes. NULL and
 * ERR_INVALID_PARAMETER when a header value cannot stand in a mail.
 */
char *mime_print(struct mem *mem, const struct mime_mail *mail, size_t *length,
    struct err *err);

/* The bare address of "a@b" or "Name <a@b>", NULL when there is none. */
char *mime_address(struct mem *mem, const char *mailbox);

/*
 * True when ADDRESS can stand in an SMTP envelope (RFC 5321, 4.1.2 and
 * 4.5.3.1): local part 1-64, domain 1-255, 254 in all, one @ outside quotes,
 * no control characters, blanks, <, >, and no 8-bit local part. A domain may
 * be international (see mime_envelope).
 */
bool mime_address_valid(const char *address);

/*
 * ADDRESS with its domain in ASCII (IDNA 2008, libidn2); NULL and
 * ERR_INVALID_PARAMETER when the local part needs SMTPUTF8 or the domain
 * cannot be mapped.
 */
char *mime_envelope(struct mem *mem, const char *address, struct err *err);

#endif
