/* SPDX-License-Identifier: MIT */
/* The first byte names the table, the rest is the request's JSON. */
#include <string.h>

#include "account/invite.h"
#include "account/pool_settings.h"
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz.h"

static void read_table(struct mem *mem, const cJSON *json,
    const struct field *rows, size_t room)
{
	struct err err = { 0 };
	void *fields = mem_alloc(mem, room);
	bool good = field_read(mem, rows, json, fields, &err);

	MUST(good == !err.code);
	MUST(utf8_valid(err.message));
	MUST(!good || cJSON_IsObject(json));
	field_unknown(mem, rows, json);
	field_take(mem, rows, json, mem_alloc(mem, room));
	const cJSON *only = field_only(mem, rows, json);
	MUST(!field_unknown(mem, rows, only));
	err.code = ERR_NONE;
	MUST(field_read(mem, rows, only, mem_alloc(mem, room), &err) == good);
}

/* With the rules between members. */
static void read_pool(struct mem *mem, const cJSON *json)
{
	struct err err = { 0 };
	bool good =
	    pool_settings_read(mem, pool_settings_rows, json, &err) != NULL;

	MUST(good == !err.code);
	MUST(utf8_valid(err.message));
	if (good)
		pool_settings_take(mem,
		    field_only(mem, pool_settings_rows, json));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	if (!size)
		return 0;
	cJSON *json = json_read(mem, fuzz_text(mem, bytes + 1, size - 1), &err);
	MUST(!json == (err.code != ERR_NONE));
	if (!json)
		return 0;
	if (*bytes % 2)
		read_table(mem, json, invite_rows,
		    sizeof(struct invite_request));
	else
		read_table(mem, json, pool_settings_rows,
		    sizeof(struct pool_settings));
	if (*bytes % 2 == 0)
		read_pool(mem, json);
	/* What was read is read again from what is printed. */
	const char *printed = json_print(mem, json);
	const cJSON *again = json_read(mem, printed, &err);
	MUST(again && strcmp(json_print(mem, again), printed) == 0);
	return 0;
}
