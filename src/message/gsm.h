/* SPDX-License-Identifier: MIT */
/*
 * gsm - how a text fits into short messages (3GPP TS 23.038, 23.040).
 *
 * A text whose characters are all in the default alphabet or its extension
 * goes as GSM 7-bit, any other as UCS-2 (UTF-16 code units). A pair (ESC and
 * code, or two surrogates) is never split over two parts, which may cost one
 * unit at a part's end.
 */
#ifndef MESSAGE_GSM_H
#define MESSAGE_GSM_H

#include <stddef.h>
#include <stdint.h>

enum gsm_encoding { GSM_7BIT, GSM_UCS2 };

struct gsm_count {
	enum gsm_encoding encoding;
	int units;         /* septets or UTF-16 code units in all */
	int parts;         /* short messages; 1 for the empty text */
	int per_part;      /* units a part holds: 160, 153, 70 or 67 */
	uint32_t offender; /* first character outside GSM 7-bit; 0 for none */
	size_t offset;     /* its byte offset in the text */
};

/* TEXT must be valid UTF-8. */
void gsm_count(const char *text, struct gsm_count *count);

/* "GSM-7" or "UCS-2" */
const char *gsm_encoding_name(enum gsm_encoding encoding);

#endif
