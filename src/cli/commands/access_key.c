/* SPDX-License-Identifier: MIT */
#include "account/access_key.h"

#include "account/policy.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/credentials.h"

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

static const struct option_row plain_rows[] = { CLI_COMMON_ROWS(
    struct options) };

static const cJSON *get_policy(struct cli *cli, const struct options *options)
{
	struct work *work = &cli->work;

	if (!options->policy == !options->full_access) {
		work_fail(work, ERR_USAGE,
		    "say what the key may do: --policy FILE or --full-access");
		return NULL;
	}
	return options->policy
	           ? credentials_read_policy(cli, options->policy)
	           : policy_read(work->mem, access_key_full_access, &work->err);
}

static bool create(struct cli *cli, const void *given)
{
	const struct options *options = given;

	if (!cli_need(cli, options->user, "user"))
		return false;
	const cJSON *policy = get_policy(cli, options);
	struct access_key *key = policy
	                             ? access_key_create(&cli->work,
	                                   &cli->engine, options->user, policy)
	                             : NULL;
	if (!key)
		return false;
	if (cli->json)
		cli_print_json(cli, credentials_json(cli->work.mem, key));
	cli_say(cli, "the secret is shown this once:\n");
	credentials_say(cli, key);
	return true;
}

static const char *state_of(const struct access_key *key)
{
	return key->enabled ? "enabled" : "disabled";
}

/* In the words of IAM; it belongs to who calls. */
static cJSON *print_key(const struct access_key *key)
{
	cJSON *json = cJSON_CreateObject();

	json_add(json, "AccessKeyId", key->id);
	json_add(json, "UserName", key->user_name);
	json_add(json, "Status", key->enabled ? "Active" : "Inactive");
	json_add_time(json, "CreateDate", key->created_ms);
	return json;
}

static cJSON *row_json(const struct access_key *key)
{
	cJSON *json = print_key(key);
	cJSON *names = cJSON_AddArrayToObject(json, "PolicyNames");
	const cJSON *policy;

	cJSON_ArrayForEach(policy, key->policies)
	    cJSON_AddItemToArray(names, cJSON_CreateString(policy->string));
	return json;
}

static void print_row(struct mem *mem, const struct access_key *key)
{
	struct str *names = str_new(mem, STR_LIMIT_LARGE);
	const cJSON *policy;

	cJSON_ArrayForEach(policy, key->policies)
	    str_addf(names, " %s", policy->string);
	printf("%-20s  %-8s  %s  %s:%s\n", key->id, state_of(key),
	    clock_print(mem, key->created_ms), key->user_name,
	    str_length(names) ? str_text(names) : " no policy");
}

static bool list_keys(struct cli *cli, const void *given)
{
	cJSON *json = json_object(cli->work.mem);
	cJSON *list = cJSON_AddArrayToObject(json, "AccessKeys");
	int count;
	struct access_key *keys = access_key_list(&cli->work, &count);

	(void)given;
	if (!keys)
		return false;
	for (int i = 0; i < count; i++)
		if (cli->json)
			cJSON_AddItemToArray(list, row_json(&keys[i]));
		else
			print_row(cli->work.mem, &keys[i]);
	if (cli->json)
		cli_print_json(cli, json);
	return true;
}

static bool show(struct cli *cli, const void *given)
{
	struct mem *mem = cli->work.mem;
	struct access_key *key = access_key_show(&cli->work, cli->rest[0]);
	const cJSON *policy;

	(void)given;
	if (!key)
		return false;
	if (cli->json) {
		cJSON *wrapped = json_object(mem);
		cJSON *json = print_key(key);
		cJSON_AddItemToObject(wrapped, "AccessKey", json);
		cJSON_AddItemReferenceToObject(json, "Policies",
		    json_copy(mem, key->policies));
		cli_print_json(cli, wrapped);
		return true;
	}
	printf("access key %s of %s, %s, made %s\n", key->id, key->user_name,
	    state_of(key), clock_print(mem, key->created_ms));
	cJSON_ArrayForEach(policy, key->policies) printf("policy %s: %s\n",
	    policy->string, json_print_people(mem, policy));
	return true;
}

static bool set_enabled(struct cli *cli, bool enabled)
{
	if (!access_key_enable(&cli->work, cli->rest[0], enabled))
		return false;
	cli_say(cli, "access key %s is %s; usherd knows within 2 seconds\n",
	    cli->rest[0], enabled ? "enabled" : "disabled");
	return true;
}

static bool enable(struct cli *cli, const void *given)
{
	(void)given;
	return set_enabled(cli, true);
}

static bool disable(struct cli *cli, const void *given)
{
	(void)given;
	return set_enabled(cli, false);
}

static bool delete_key(struct cli *cli, const void *given)
{
	(void)given;
	if (!access_key_delete(&cli->work, cli->rest[0]))
		return false;
	cli_say(cli,
	    "access key %s is deleted; usherd knows within 2 seconds\n",
	    cli->rest[0]);
	return true;
}

const struct command_code command_access_key_create = { create_rows,
	sizeof(struct options), create };

const struct command_code command_access_key_list = { plain_rows,
	sizeof(struct options), list_keys };

const struct command_code command_access_key_show = { plain_rows,
	sizeof(struct options), show };

const struct command_code command_access_key_enable = { plain_rows,
	sizeof(struct options), enable };

const struct command_code command_access_key_disable = { plain_rows,
	sizeof(struct options), disable };

const struct command_code command_access_key_delete = { plain_rows,
	sizeof(struct options), delete_key };
