/* SPDX-License-Identifier: MIT */
#include "delivery/attempt_log.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "message/mask.h"

/* Relays and gateways like to repeat the address, a number also without +. */
static const char *hide(struct mem *mem, const char *words, const char *address,
    const char *shown)
{
	const char *found;

	address += *address == '+';
	shown += *shown == '+';
	found = *address ? strcasestr(words, address) : NULL;
	if (!found)
		return words;
	struct str *text = str_new(mem, STR_LIMIT_LARGE);
	for (; found; found = strcasestr(words, address)) {
		str_add_n(text, words, (size_t)(found - words));
		str_add(text, shown);
		words = found + strlen(address);
	}
	str_add(text, words);
	return str_text(text);
}

void attempt_log(const struct config *config, const char *owner,
    const struct delivery *delivery)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct delivery_outcome *outcome = &delivery->outcome;
	char id[STR_INT_ROOM];
	char attempt[STR_INT_ROOM];
	char code[STR_INT_ROOM];
	char took_ms[STR_INT_ROOM];
	const char *to = config->log_addresses
	                     ? delivery->destination
	                     : mask_address(mem, delivery->destination);

	log_info(owner, "attempt", "message", str_int(id, delivery->id),
	    "medium", delivery->medium, "to", to, "pool",
	    *delivery->pool_id ? delivery->pool_id : NULL, "attempt",
	    str_int(attempt, delivery->attempt), "outcome",
	    delivery_class_name(outcome->class), "code",
	    outcome->code ? str_int(code, outcome->code) : NULL, "status",
	    *outcome->status ? outcome->status : NULL, "ms",
	    str_int(took_ms, outcome->took_ms), "words",
	    *outcome->words
	        ? hide(mem, outcome->words, delivery->destination, to)
	        : NULL);
}
