/* SPDX-License-Identifier: MIT */
#include "db/migrate.h"

#include "base/config.h"
#include "base/json.h"
#include "cli/cli.h"
#include "db/db.h"

struct options {
	struct cli_common common;
};

static const struct option_row rows[] = { CLI_COMMON_ROWS(struct options) };

static bool run(struct cli *cli, const void *given)
{
	int ran;

	(void)given;
	cli->work.db = db_open(cli->work.mem, cli->engine.config->database,
	    "usher migrate", &cli->work.err);
	if (!cli->work.db || !migrate_run(&cli->work, &ran))
		return false;
	if (cli->json) {
		cJSON *json = json_object(cli->work.mem);
		json_add_int(json, "schema", migrate_newest());
		json_add_int(json, "ran", ran);
		cli_print_json(cli, json);
		return true;
	}
	printf("schema %d; %d migration%s ran\n", migrate_newest(), ran,
	    ran == 1 ? "" : "s");
	return true;
}

const struct command_code command_migrate = { rows, sizeof(struct options),
	run };
