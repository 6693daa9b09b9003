/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "account/keys.h"
#include "account/start.h"
#include "base/config.h"
#include "base/json.h"
#include "base/keyring.h"
#include "cli/cli.h"
#include "cli/credentials.h"
#include "db/db.h"
#include "db/migrate.h"

struct options {
	struct cli_common common;
};

static const struct option_row rows[] = { CLI_COMMON_ROWS(struct options) };

static bool make_keys(struct cli *cli)
{
	const char *path = cli->engine.config->key_file;

	if (access(path, F_OK) == 0) {
		cli_say(cli, "key file %s: there already\n", path);
		return true;
	}
	if (!keyring_create(path, &cli->work.err))
		return false;
	cli_say(cli,
	    "key file %s: made; back it up, without it no waiting "
	    "invitation can be sent\n",
	    path);
	return true;
}

static bool make_schema(struct cli *cli)
{
	int ran;

	cli->work.db = db_open(cli->work.mem, cli->engine.config->database,
	    "usher init", &cli->work.err);
	if (!cli->work.db || !migrate_run(&cli->work, &ran))
		return false;
	cli_say(cli, "database: schema %d%s\n", migrate_newest(),
	    ran ? ", made" : ", there already");
	return true;
}

/* A database that knows keys must know these; a new one learns them. */
static bool note_keys(struct cli *cli)
{
	struct work *work = &cli->work;
	struct rows *known = db_run_plain(work, QUERY_keys_list);

	if (!known)
		return false;
	if (rows_count(known) && !keys_check(work, cli->engine.keyring))
		return false;
	return keys_prove(work, cli->engine.keyring);
}

/* Said last but one, so that nobody overlooks it. */
static bool make_first_access_key(struct cli *cli)
{
	struct access_key *key;

	if (!access_key_create_first(&cli->work, &cli->engine, &key))
		return false;
	if (!key)
		return true;
	if (cli->json) {
		cJSON *json = json_object(cli->work.mem);
		cJSON_AddItemReferenceToObject(json, "AccessKey",
		    credentials_json(cli->work.mem, key));
		cli_print_json(cli, json);
	}
	cli_say(cli,
	    "access key of %s, who may do everything; its secret is shown this "
	    "once:\n",
	    key->user_name);
	credentials_say(cli, key);
	return true;
}

static bool run(struct cli *cli, const void *given)
{
	(void)given;
	if (!make_keys(cli) ||
	    !start_keys(cli->work.mem, &cli->engine, &cli->work.err) ||
	    !make_schema(cli) || !note_keys(cli) || !make_first_access_key(cli))
		return false;
	cli_say(cli, "ready; next: usher pool create --name NAME\n");
	return true;
}

const struct command_code command_init = { rows, sizeof(struct options), run };
