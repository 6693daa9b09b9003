/* SPDX-License-Identifier: MIT */
#include "delivery/sandbox.h"

#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"

struct options {
	struct cli_common common;
	const char *code_file;
};

static const struct option_row plain_rows[] = { CLI_COMMON_ROWS(
    struct options) };

static const struct option_row verify_rows[] = {
	OPTION_ROW_TEXT(struct options, code_file, "code-file", 0, "FILE",
	    "Take the code from the first line of FILE, - for standard input, "
	    "instead of from the command line."),
	CLI_COMMON_ROWS(struct options)
};

static bool status(struct cli *cli, const void *given)
{
	cJSON *json = sandbox_status(&cli->work);

	(void)given;
	if (!json)
		return false;
	if (cli->json) {
		cli_print_json(cli, json);
		return true;
	}
	printf("sandbox: %s since %s\nverified numbers: %.0f\nmessages held: "
	       "%.0f\n",
	    cJSON_IsTrue(json_at(json, "/sandbox")) ? "on" : "off",
	    json_text(json, "/since"),
	    cJSON_GetNumberValue(json_at(json, "/verified_numbers")),
	    cJSON_GetNumberValue(json_at(json, "/held_messages")));
	return true;
}

static bool enter(struct cli *cli, const void *given)
{
	(void)given;
	if (!sandbox_set(&cli->work, true))
		return false;
	cli_say(cli, "the sandbox is on: SMS go to verified numbers only\n");
	return true;
}

static bool leave(struct cli *cli, const void *given)
{
	(void)given;
	if (!sandbox_set(&cli->work, false))
		return false;
	cli_say(cli, "the sandbox is off: SMS go to every number; what was "
	             "held goes now\n");
	return true;
}

static bool add(struct cli *cli, const void *given)
{
	(void)given;
	if (!sandbox_add(&cli->work, &cli->engine, cli->rest[0]))
		return false;
	cli_say(cli,
	    "a code goes to %s; next: usher sandbox verify %s "
	    "CODE\n",
	    cli->rest[0], cli->rest[0]);
	return true;
}

static bool verify(struct cli *cli, const void *given)
{
	const struct options *options = given;
	const char *code = cli->rest[1];

	if (options->code_file)
		code = file_first_line(cli->work.mem, options->code_file,
		    &cli->work.err);
	else if (!code)
		return work_fail(&cli->work, ERR_USAGE,
		    "the code is missing: usher sandbox verify NUMBER CODE");
	if (!code ||
	    !sandbox_verify(&cli->work, &cli->engine, cli->rest[0], code))
		return false;
	cli_say(cli, "%s is verified; what was held for it goes now\n",
	    cli->rest[0]);
	return true;
}

static bool list_numbers(struct cli *cli, const void *given)
{
	cJSON *list = sandbox_list(&cli->work);
	const cJSON *number;

	(void)given;
	if (!list)
		return false;
	if (cli->json) {
		cJSON *json = json_object(cli->work.mem);
		cJSON_AddItemReferenceToObject(json, "PhoneNumbers", list);
		cli_print_json(cli, json);
		return true;
	}
	cJSON_ArrayForEach(number, list)
	{
		printf("%-16s %s\n", json_text(number, "/PhoneNumber"),
		    json_text(number, "/Status"));
	}
	return true;
}

static bool remove_number(struct cli *cli, const void *given)
{
	(void)given;
	if (!sandbox_remove(&cli->work, cli->rest[0]))
		return false;
	cli_say(cli, "%s is removed\n", cli->rest[0]);
	return true;
}

const struct command_code command_sandbox_status = { plain_rows,
	sizeof(struct options), status };

const struct command_code command_sandbox_enter = { plain_rows,
	sizeof(struct options), enter };

const struct command_code command_sandbox_exit = { plain_rows,
	sizeof(struct options), leave };

const struct command_code command_sandbox_add = { plain_rows,
	sizeof(struct options), add };

const struct command_code command_sandbox_verify = { verify_rows,
	sizeof(struct options), verify };

const struct command_code command_sandbox_list = { plain_rows,
	sizeof(struct options), list_numbers };

const struct command_code command_sandbox_remove = { plain_rows,
	sizeof(struct options), remove_number };
