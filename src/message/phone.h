/* SPDX-License-Identifier: MIT */
/*
 * phone - telephone numbers in E.164 form.
 */
#ifndef MESSAGE_PHONE_H
#define MESSAGE_PHONE_H

#include <stdbool.h>

/* '+' and 1 to 15 digits: what the API takes as an attribute. */
bool phone_is_attribute(const char *number);

/* '+', then 1-9, then 7 to 14 digits: what a gateway is asked to reach. */
bool phone_is_e164(const char *number);

/*
 * True for +1 numbers that US carriers treat as US destinations: every area
 * code but Canada's, the other NANP countries' and the non-geographic ones.
 * US territories (PR, VI, GU, MP, AS) count as US. An unknown new code counts
 * as US, the strict side.
 */
bool phone_is_us(const char *number);

#endif
