/* SPDX-License-Identifier: MIT */
#include "account/pool.h"

#include <string.h>

#include "account/invitation.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"
#include "message/lint.h"

#define SETTINGS_MOST ((size_t)1024 * 1024)
#define PAGE          60

struct options {
	struct cli_common common;
	const char *name;
	const char *file;
};

static const struct option_row write_rows[] = {
	OPTION_ROW_TEXT(struct options, name, "name", 'n', "NAME",
	    "Name of the user pool (PoolName)."),
	OPTION_ROW_TEXT(struct options, file, "file", 'f', "FILE",
	    "Settings as the API's JSON, the request of CreateUserPool; - "
	    "reads standard input."),
	CLI_COMMON_ROWS(struct options)
};

static const struct option_row plain_rows[] = { CLI_COMMON_ROWS(
    struct options) };

/* The request: the file's JSON, with the name of the command line. */
static cJSON *read_settings(struct cli *cli, const struct options *options)
{
	struct work *work = &cli->work;

	if (!options->file) {
		cJSON *json = json_object(work->mem);
		json_add(json, "PoolName", options->name);
		return json;
	}
	char *text =
	    file_read(work->mem, options->file, SETTINGS_MOST, &work->err);
	cJSON *json = text ? json_read(work->mem, text, &work->err) : NULL;
	if (text && !json) {
		char *words = mem_text(work->mem, work->err.message);
		work_fail(work, ERR_SERIALIZATION, "'%s': %s", options->file,
		    words);
	}
	if (json && options->name) {
		cJSON_DeleteItemFromObjectCaseSensitive(json, "PoolName");
		json_add(json, "PoolName", options->name);
	}
	return json;
}

static void warn_unknown(struct cli *cli, const cJSON *settings)
{
	const char *name =
	    field_unknown(cli->work.mem, pool_settings_rows, settings);

	if (name)
		fprintf(stderr,
		    "usher: warning: '%s' is no member of CreateUserPool and "
		    "is left out\n",
		    name);
}

static void warn_template(struct cli *cli, const struct pool *pool, bool sms)
{
	struct template_values values = { "user", "password", "then" };
	struct template template;
	struct lint lint;

	invitation_choose_template(&cli->engine, pool, INVITATION_PASSWORD, sms,
	    &template);
	if (template.ours)
		return;
	lint_template(cli->work.mem, &template, sms, &values, &lint);
	for (size_t i = 0; i < lint.count; i++)
		fprintf(stderr, "usher: warning: %s\n", lint.warnings[i]);
}

static bool print_pool(struct cli *cli, const struct pool *pool)
{
	cJSON *json = pool_describe(&cli->work, &cli->engine, pool);
	cJSON *wrapped = json_object(cli->work.mem);

	if (!json)
		return false;
	cJSON_AddItemReferenceToObject(wrapped, "UserPool", json);
	cli_print_json(cli, wrapped);
	return true;
}

static bool create(struct cli *cli, const void *given)
{
	const struct options *options = given;
	cJSON *settings;

	if (!options->file && !cli_need(cli, options->name, "name"))
		return false;
	settings = read_settings(cli, options);
	if (!settings)
		return false;
	struct pool *pool = pool_create(&cli->work, &cli->engine, settings);
	if (!pool)
		return false;
	warn_unknown(cli, settings);
	warn_template(cli, pool, false);
	warn_template(cli, pool, true);
	if (cli->json)
		return print_pool(cli, pool);
	printf("%s\n", pool->id);
	return true;
}

static bool update(struct cli *cli, const void *given)
{
	const struct options *options = given;

	if (!cli_need(cli, options->file, "file"))
		return false;
	cJSON *settings = read_settings(cli, options);
	if (!settings)
		return false;
	struct pool *pool = pool_update(&cli->work, cli->rest[0], settings);
	if (!pool)
		return false;
	warn_unknown(cli, settings);
	warn_template(cli, pool, false);
	warn_template(cli, pool, true);
	if (cli->json)
		return print_pool(cli, pool);
	printf("%s updated; what the file lacks is back at its default\n",
	    pool->id);
	return true;
}

static bool show(struct cli *cli, const void *given)
{
	struct pool *pool = pool_get(&cli->work, cli->rest[0]);

	(void)given;
	return pool && print_pool(cli, pool);
}

static void print_row(struct cli *cli, const struct pool *pool, cJSON *list)
{
	if (!cli->json) {
		printf("%-24s %s  %s\n", pool->id,
		    clock_print(cli->work.mem, pool->created_ms), pool->name);
		return;
	}
	cJSON *json = cJSON_CreateObject();
	json_add(json, "Id", pool->id);
	json_add(json, "Name", pool->name);
	json_add_time(json, "CreationDate", pool->created_ms);
	json_add_time(json, "LastModifiedDate", pool->modified_ms);
	cJSON_AddItemToArray(list, json);
}

static bool list_pools(struct cli *cli, const void *given)
{
	cJSON *json = json_object(cli->work.mem);
	cJSON *list = cJSON_AddArrayToObject(json, "UserPools");
	const char *after = "";
	int found;

	(void)given;
	do {
		struct pool *pools = pool_list(&cli->work, after, PAGE, &found);
		if (!pools)
			return false;
		for (int i = 0; i < found; i++)
			print_row(cli, &pools[i], list);
		after = found ? pools[found - 1].id : after;
	} while (found == PAGE);
	if (cli->json)
		cli_print_json(cli, json);
	return true;
}

static bool delete_pool(struct cli *cli, const void *given)
{
	(void)given;
	if (!pool_delete(&cli->work, cli->rest[0]))
		return false;
	cli_say(cli, "%s deleted, with its users; what waited is cancelled\n",
	    cli->rest[0]);
	return true;
}

const struct command_code command_pool_create = { write_rows,
	sizeof(struct options), create };

const struct command_code command_pool_show = { plain_rows,
	sizeof(struct options), show };

const struct command_code command_pool_list = { plain_rows,
	sizeof(struct options), list_pools };

const struct command_code command_pool_update = { write_rows,
	sizeof(struct options), update };

const struct command_code command_pool_delete = { plain_rows,
	sizeof(struct options), delete_pool };
