/* SPDX-License-Identifier: MIT */
#include "delivery/delivery.h"

#include <stdio.h>

const char *delivery_class_name(enum delivery_class class)
{
	static const char *const names[] = {
		[DELIVERY_UNTOUCHED] = "UNTOUCHED",
		[DELIVERY_ACCEPTED] = "ACCEPTED",
		[DELIVERY_RETRY] = "RETRY",
		[DELIVERY_REFUSED] = "REFUSED",
		[DELIVERY_AMBIGUOUS] = "AMBIGUOUS",
		[DELIVERY_LANE_FAULT] = "LANE_FAULT",
		[DELIVERY_CANCELLED] = "CANCELLED",
		[DELIVERY_BLOCKED] = "BLOCKED",
	};

	return names[class];
}

void delivery_tell(struct delivery *delivery, enum delivery_class class,
    int code, const char *status, const char *words)
{
	struct delivery_outcome *outcome = &delivery->outcome;

	outcome->class = class;
	outcome->code = code;
	snprintf(outcome->status, sizeof(outcome->status), "%s",
	    status ? status : "");
	snprintf(outcome->words, sizeof(outcome->words), "%s",
	    words ? words : "");
}
