/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "account/start.h"
#include "base/json.h"

const struct command cli_commands[] = {
#define COMMAND(name, words, arguments, least, most, needs, summary) \
	{ words, arguments, least, most, needs, summary, &command_##name },
#include "cli/commands.def"
#undef COMMAND
	{ 0 }
};

bool cli_open(struct cli *cli, const char *config, int needs)
{
	struct work *work = &cli->work;

	if ((needs & CLI_NEEDS_CONFIG) &&
	    !start_config(work->mem, config, &cli->engine, &work->err))
		return false;
	if ((needs & CLI_NEEDS_KEYS) &&
	    !start_keys(work->mem, &cli->engine, &work->err))
		return false;
	return !(needs & CLI_NEEDS_DATABASE) ||
	       start_database(work, &cli->engine);
}

void cli_say(const struct cli *cli, const char *format, ...)
{
	va_list list;

	if (cli->json)
		return;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	fflush(stdout);
}

void cli_print_json(struct cli *cli, const cJSON *json)
{
	cli->printed = true;
	puts(json_print_people(cli->work.mem, json));
}

bool cli_need(struct cli *cli, const char *value, const char *option)
{
	if (!value)
		return work_fail(&cli->work, ERR_USAGE,
		    "option '--%s' is needed; --help shows how", option);
	return true;
}

bool cli_split(struct cli *cli, const char *pair, const char *option,
    char **name, char **value)
{
	*name = mem_text(cli->work.mem, pair);
	*value = strchr(*name, '=');
	if (!*value || *value == *name)
		return work_fail(&cli->work, ERR_USAGE,
		    "'%.100s' of option '--%s' is not NAME=VALUE", pair,
		    option);
	*(*value)++ = '\0';
	return true;
}

bool cli_number(struct cli *cli, const char *text, const char *what,
    int64_t least, int64_t most, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (!*text || *end || errno || *number < least || *number > most)
		return work_fail(&cli->work, ERR_USAGE,
		    "%s: '%.40s' is not a number from %lld to %lld", what, text,
		    (long long)least, (long long)most);
	return true;
}

void cli_print_help(FILE *out)
{
	fputs("usage: usher COMMAND [options]\n\n"
	      "Creates users and sends their invitations; usher(1).\n"
	      "To try it: usher dev\n\n"
	      "Commands:\n",
	    out);
	for (const struct command *row = cli_commands; row->words; row++)
		fprintf(out, "  %-16s %s\n", row->words, row->summary);
	fputs("\nusher COMMAND --help explains one. Exit status: 0 done, 1 "
	      "failed, 2 wrong use,\n3 not found, 4 refused as invalid, 5 "
	      "conflict, 6 database, 7 keys or settings,\n8 relay or "
	      "gateway.\n",
	    out);
}

void cli_print_command_help(const struct command *command, FILE *out)
{
	fprintf(out, "usage: usher %s [options]%s%s\n\n%s\n\n", command->words,
	    *command->arguments ? " " : "", command->arguments,
	    command->summary);
	option_print_help(command->code->rows, out);
}

void cli_print_manual(FILE *out)
{
	for (const struct command *row = cli_commands; row->words; row++) {
		fprintf(out, ".Ss usher %s", row->words);
		fprintf(out, "\n.Nm\n.Cm %s\n.Op Ar options\n", row->words);
		if (*row->arguments)
			fprintf(out, ".Ar %s\n", row->arguments);
		fprintf(out, ".Pp\n%s\n.Bl -tag -width Ds\n", row->summary);
		option_print_manual(row->code->rows, out);
		fputs(".El\n", out);
	}
}
