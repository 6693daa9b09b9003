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

#define REASON_MOST 200
#undef COMMAND
	{ 0 }
};

/* A command that has no options of its own. */
struct options {
	struct cli_common common;
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

bool cli_check_reason(struct cli *cli, const char *reason)
{
	bool line = *reason && strlen(reason) <= REASON_MOST;

	for (; line && *reason; reason++)
		line = (unsigned char)*reason >= ' ' && *reason != 0x7f;
	return line || work_fail(&cli->work, ERR_USAGE,
	                   "reason: it must be one line of 1 to %d bytes "
	                   "without control characters",
	                   REASON_MOST);
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
	puts(json_print_people(cli->work.mem, json));
	cli->printed = true;
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
	for (const struct command *row = cli_commands; row->words; row++) {
		fprintf(out, "  %-24s  ", row->words);
		option_print_wrapped(row->summary, 28, out);
	}
	fputs("\nusher COMMAND --help explains one. Exit status: 0 done, 1 "
	      "failed, 2 wrong use,\n3 not found, 4 refused as invalid, 5 "
	      "conflict, 6 database, 7 keys or settings,\n8 relay or "
	      "gateway.\n",
	    out);
}

void cli_print_command_help(const struct command *command, FILE *out)
{
	fprintf(out, "usage: usher %s [options]%s%s\n\n", command->words,
	    *command->arguments ? " " : "", command->arguments);
	option_print_wrapped(command->summary, 0, out);
	fputc('\n', out);
	option_print_help(command->code->rows, out);
}

/* Common options lead the structure of each command's options. */
static bool is_common(const struct option_row *row)
{
	return row->offset < sizeof(struct cli_common);
}

static void print_command_manual(const struct command *command, FILE *out)
{
	const struct option_row *row = command->code->rows;
	bool own = !is_common(row);

	fprintf(out, ".Ss usher %s\n.Nm\n.Cm %s\n.Op Ar options\n",
	    command->words, command->words);
	if (*command->arguments)
		fprintf(out, ".Ar %s\n", command->arguments);
	fprintf(out, ".Pp\n%s\n", command->summary);
	if (own)
		fputs(".Bl -tag -width Ds\n", out);
	for (; row->kind != OPTION_END; row++)
		if (!is_common(row))
			option_print_manual_row(row, out);
	if (own)
		fputs(".El\n", out);
}

void cli_print_manual(FILE *out)
{
	for (const struct command *row = cli_commands; row->words; row++)
		print_command_manual(row, out);
}

void cli_print_manual_common(FILE *out)
{
	static const struct option_row rows[] = { CLI_COMMON_ROWS(
	    struct options) };

	option_print_manual(rows, out);
}
