/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <string.h>

#include "account/attribute.h"
#include "account/invite.h"

bool guest_invite(struct work *work, const struct engine *engine,
    const struct guest *guest)
{
	const char *medium = guest->medium;
	char *name = mem_printf(work->mem, "user%07ld", guest->number);
	struct attribute address = { "email",
		mem_printf(work->mem, "%s@bench.example", name) };
	struct invite_request request = { .pool_id = guest->pool_id,
		.username = name,
		.attributes = { 1, &address },
		.media = { 1, &medium } };
	struct invite_report report;

	if (strcmp(medium, "SMS") == 0)
		address = (struct attribute){ "phone_number",
			mem_printf(work->mem, "+4930%08ld", guest->number) };
	return invite(work, engine, &request, &report) != NULL;
}
