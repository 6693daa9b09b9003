/* SPDX-License-Identifier: MIT */
#include "base/keyring.h"

#include "account/keys.h"
#include "account/start.h"
#include "base/config.h"
#include "base/json.h"
#include "cli/cli.h"

struct options {
	struct cli_common common;
};

static const struct option_row rows[] = { CLI_COMMON_ROWS(struct options) };

static bool show(struct cli *cli, const void *given)
{
	const struct keyring *keyring = cli->engine.keyring;
	cJSON *list = json_list(cli->work.mem);

	(void)given;
	for (size_t i = 0; i < keyring->count; i++) {
		cJSON *json = cJSON_CreateObject();
		json_add(json, "id", keyring->keys[i].id);
		cJSON_AddBoolToObject(json, "current", i == 0);
		cJSON_AddItemToArray(list, json);
		if (!cli->json)
			printf("%s%s\n", keyring->keys[i].id,
			    i == 0 ? "  current" : "");
	}
	if (cli->json)
		cli_print_json(cli, list);
	return true;
}

static bool print_uses(struct cli *cli)
{
	cJSON *uses = keys_uses(&cli->work, cli->engine.keyring);
	const cJSON *key;

	if (!uses)
		return false;
	if (cli->json) {
		cli_print_json(cli, uses);
		return true;
	}
	cJSON_ArrayForEach(key, uses)
	{
		printf("%s  %.0f uses%s\n", json_text(key, "/id"),
		    cJSON_GetNumberValue(json_at(key, "/uses")),
		    cJSON_IsTrue(json_at(key, "/current")) ? ", current" : "");
	}
	return true;
}

static bool check(struct cli *cli, const void *given)
{
	(void)given;
	if (!print_uses(cli))
		return false;
	cli_say(cli, "the key file fits the database\n");
	return true;
}

/* The file first: a database that names a key which no file holds could not
 * be used. */
static bool rotate(struct cli *cli, const void *given)
{
	struct work *work = &cli->work;
	const char *path = cli->engine.config->key_file;

	(void)given;
	if (!keyring_rotate(work->mem, path, &work->err) ||
	    !start_keys(work->mem, &cli->engine, &work->err) ||
	    !keys_prove(work, cli->engine.keyring))
		return false;
	cli_say(cli,
	    "%s is the current key now; back %s up, copy it to "
	    "every host, then send usherd SIGHUP\n",
	    cli->engine.keyring->keys[0].id, path);
	return !cli->json || print_uses(cli);
}

const struct command_code command_keyring_show = { rows, sizeof(struct options),
	show };

const struct command_code command_keyring_rotate = { rows,
	sizeof(struct options), rotate };

const struct command_code command_keyring_check = { rows,
	sizeof(struct options), check };
