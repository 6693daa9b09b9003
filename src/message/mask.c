/* SPDX-License-Identifier: MIT */
#include "message/mask.h"

#include <string.h>

#include "message/mime.h"
#include "message/phone.h"

/* At least four digits stay hidden. */
static char *mask_number(struct mem *mem, const char *number)
{
	size_t length = strlen(number);
	size_t shown = length < 11 ? length - 7 : 4;

	return mem_join(mem, mem_text_n(mem, number, shown + 1), "***",
	    number + length - 2, NULL);
}

char *mask_address(struct mem *mem, const char *address)
{
	if (phone_is_e164(address))
		return mask_number(mem, address);
	if (!mime_address_valid(address))
		return mem_text(mem, "***");
	return mem_printf(mem, "%c***%s", address[0], strrchr(address, '@'));
}
