/* SPDX-License-Identifier: MIT */
#include "cli/credentials.h"

#include "account/policy.h"
#include "base/file.h"
#include "base/json.h"

/* More than policy_read() takes, so that it is the one to refuse. */
#define FILE_MOST ((size_t)1024 * 1024)

cJSON *credentials_json(struct mem *mem, const struct access_key *key)
{
	cJSON *json = json_object(mem);

	json_add(json, "AccessKeyId", key->id);
	json_add(json, "SecretAccessKey", key->secret);
	json_add(json, "UserName", key->user_name);
	return json;
}

void credentials_say(const struct cli *cli, const struct access_key *key)
{
	cli_say(cli,
	    "  export AWS_ACCESS_KEY_ID=%s\n"
	    "  export AWS_SECRET_ACCESS_KEY=%s\n",
	    key->id, key->secret);
}

const cJSON *credentials_read_policy(struct cli *cli, const char *path)
{
	struct work *work = &cli->work;
	const char *text = file_read(work->mem, path, FILE_MOST, &work->err);
	const cJSON *policy =
	    text ? policy_read(work->mem, text, &work->err) : NULL;

	if (text && !policy) {
		char *words = mem_text(work->mem, work->err.message);
		work_fail(work, work->err.code, "'%.100s': %s", path, words);
	}
	return policy;
}
