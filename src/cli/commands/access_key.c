/* SPDX-License-Identifier: MIT */
#include "account/access_key.h"

#include "account/policy.h"
#include "base/file.h"
#include "base/json.h"
#include "base/pattern.h"
#include "cli/cli.h"

#define POLICY_MOST ((size_t)128 * 1024)

struct options {
	struct cli_common common;
	const char *user;
	const char *policy;
	bool full_access;
};

static const struct option_row create_rows[] = {
	OPTION_ROW_TEXT(struct options, user, "user", 'u', "NAME",
	    "Whose it is: the name in the caller's ARN and in the audit."),
	OPTION_ROW_TEXT(struct options, policy, "policy", 0, "FILE",
	    "What it may do: an identity policy in JSON; - for standard "
	    "input."),
	OPTION_ROW_FLAG(struct options, full_access, "full-access", 0,
	    "It may do everything."),
	CLI_COMMON_ROWS(struct options)
};

static const char *get_policy(struct cli *cli, const struct options *options)
{
	struct work *work = &cli->work;

	if (!options->policy == !options->full_access) {
		work_fail(work, ERR_USAGE,
		    "say what the key may do: --policy FILE or --full-access");
		return NULL;
	}
	if (options->full_access)
		return access_key_full_access;
	const char *text =
	    file_read(work->mem, options->policy, POLICY_MOST, &work->err);
	return text && policy_read(work->mem, text, &work->err) ? text : NULL;
}

static bool check_user(struct cli *cli, const char *user)
{
	return cli_need(cli, user, "--user") &&
	       (pattern_whole("[\\w+=,.@-]{1,64}", user) ||
	           work_fail(&cli->work, ERR_USAGE,
	               "--user: '%.80s' is not 1 to 64 letters, digits or "
	               "+=,.@-_",
	               user));
}

static bool create(struct cli *cli, const void *given)
{
	const struct options *options = given;
	const char *policy = get_policy(cli, options);

	if (!policy || !check_user(cli, options->user))
		return false;
	struct access_key *key =
	    access_key_create(&cli->work, &cli->engine, options->user, policy);
	if (!key)
		return false;
	cJSON *json = json_object(cli->work.mem);
	json_add(json, "AccessKeyId", key->id);
	json_add(json, "SecretAccessKey", key->secret);
	json_add(json, "UserName", key->user_name);
	cli_print_json(cli, json);
	cli_say(cli,
	    "the secret is shown this once:\n"
	    "  export AWS_ACCESS_KEY_ID=%s\n"
	    "  export AWS_SECRET_ACCESS_KEY=%s\n",
	    key->id, key->secret);
	return true;
}

const struct command_code command_access_key_create = { create_rows,
	sizeof(struct options), create };
