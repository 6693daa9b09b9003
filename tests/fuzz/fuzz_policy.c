/* SPDX-License-Identifier: MIT */
/* A question of four lines, action, resource, user name and address, and a
 * document of the others. */
#include <string.h>

#include "account/policy.h"
#include "base/json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	MEM_AUTO mem = mem_new(NULL);
	char *rest = fuzz_text(mem, bytes, size);
	const char *lines[4];
	struct err err = { 0 };

	for (int i = 0; i < 4; i++) {
		lines[i] = strsep(&rest, "\n");
		if (!rest)
			return 0;
	}
	cJSON *document = policy_read(mem, rest, &err);
	MUST(!document == (err.code != ERR_NONE));
	if (!document)
		return 0;
	const struct policy_question question = { .action = lines[0],
		.resource = lines[1],
		.user_name = lines[2],
		.source_ip = *lines[3] ? lines[3] : NULL,
		.secure = size % 2,
		.now_ms = INT64_C(1767323045000) };
	cJSON *documents = json_list(mem);
	cJSON_AddItemToArray(documents, cJSON_Duplicate(document, true));
	enum policy_verdict verdict = policy_decide(documents, &question);
	/* Said twice, it means the same; and a stored one is taken again. */
	cJSON_AddItemToArray(documents, cJSON_Duplicate(document, true));
	MUST(policy_decide(documents, &question) == verdict);
	MUST(policy_read(mem, json_print(mem, document), &err));
	return 0;
}
