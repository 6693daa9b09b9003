/* SPDX-License-Identifier: MIT */
#include "account/access_key.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/credentials.h"

struct options {
	struct cli_common common;
	const char *name;
	const char *file;
};

static const struct option_row put_rows[] = {
	OPTION_ROW_TEXT(struct options, name, "name", 'n', "NAME",
	    "Name of the policy; one of that name is replaced."),
	OPTION_ROW_TEXT(struct options, file, "file", 'f', "FILE",
	    "The policy in JSON; - reads standard input."),
	CLI_COMMON_ROWS(struct options)
};

static const struct option_row name_rows[] = { OPTION_ROW_TEXT(struct options,
	                                           name, "name", 'n', "NAME",
	                                           "Name of the policy."),
	CLI_COMMON_ROWS(struct options) };

static const struct option_row plain_rows[] = { CLI_COMMON_ROWS(
    struct options) };

static bool put(struct cli *cli, const void *given)
{
	const struct options *options = given;

	if (!cli_need(cli, options->name, "name") ||
	    !cli_need(cli, options->file, "file"))
		return false;
	const cJSON *policy = credentials_read_policy(cli, options->file);
	if (!policy || !access_key_put_policy(&cli->work, cli->rest[0],
	                   options->name, policy))
		return false;
	cli_say(cli,
	    "access key %s has policy '%s'; usherd knows within 2 seconds\n",
	    cli->rest[0], options->name);
	return true;
}

static bool list_policies(struct cli *cli, const void *given)
{
	cJSON *json = json_object(cli->work.mem);
	cJSON *names = cJSON_AddArrayToObject(json, "PolicyNames");
	struct access_key *key = access_key_show(&cli->work, cli->rest[0]);
	const cJSON *policy;

	(void)given;
	if (!key)
		return false;
	cJSON_ArrayForEach(policy, key->policies)
	{
		cJSON_AddItemToArray(names, cJSON_CreateString(policy->string));
		cli_say(cli, "%s\n", policy->string);
	}
	if (cli->json)
		cli_print_json(cli, json);
	return true;
}

/* With and without --json, so that it can be changed and put again. */
static bool show(struct cli *cli, const void *given)
{
	const struct options *options = given;

	if (!cli_need(cli, options->name, "name"))
		return false;
	const cJSON *policy =
	    access_key_get_policy(&cli->work, cli->rest[0], options->name);
	if (policy)
		cli_print_json(cli, policy);
	return policy != NULL;
}

static bool delete_policy(struct cli *cli, const void *given)
{
	const struct options *options = given;

	if (!cli_need(cli, options->name, "name") ||
	    !access_key_delete_policy(&cli->work, cli->rest[0], options->name))
		return false;
	cli_say(cli,
	    "access key %s has no policy '%s' any more; usherd knows within 2 "
	    "seconds\n",
	    cli->rest[0], options->name);
	return true;
}

const struct command_code command_access_key_policy_put = { put_rows,
	sizeof(struct options), put };

const struct command_code command_access_key_policy_list = { plain_rows,
	sizeof(struct options), list_policies };

const struct command_code command_access_key_policy_show = { name_rows,
	sizeof(struct options), show };

const struct command_code command_access_key_policy_delete = { name_rows,
	sizeof(struct options), delete_policy };
