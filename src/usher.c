/* SPDX-License-Identifier: MIT */
/*
 * usher - the operator's command: a table of commands and one call.
 */
#include <config.h> /* PACKAGE_STRING */
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/cli.h"

/* Whether there are commands of two words that begin with WORD. */
static bool is_group(const char *word)
{
	size_t length = strlen(word);

	for (const struct command *row = cli_commands; row->words; row++)
		if (strncmp(row->words, word, length) == 0 &&
		    row->words[length] == ' ')
			return true;
	return false;
}

/* How many words of ARGV name COMMAND; 0 when they do not. */
static int words_of(const struct command *command, char **argv)
{
	const char *name = command->words;
	int words = 0;

	while (*name) {
		size_t length = strcspn(name, " ");
		if (!argv[words] || strlen(argv[words]) != length ||
		    strncmp(argv[words], name, length) != 0)
			return 0;
		words++;
		name += length + (name[length] == ' ');
	}
	/* "queue" is a command too, but "queue lst" is meant for another. */
	if (!command->rest_most && argv[words] && *argv[words] != '-' &&
	    !strchr(command->words, ' ') && is_group(command->words))
		return 0;
	return words;
}

/* What was typed comes back in errors; a terminal must not obey it. */
static const char *printable(struct mem *mem, const char *text)
{
	char *copy = mem_text(mem, text);

	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return copy;
}

static int fail(const struct cli *cli, const struct command *command)
{
	const struct err *err = &cli->work.err;

	if (cli->json && !cli->printed) {
		cJSON *json = json_object(cli->work.mem);
		json_add(json, "__type", err_name(err->code));
		json_add(json, "message", err->message);
		puts(json_print(cli->work.mem, json));
	}
	fprintf(stderr, "usher: %s\n", printable(cli->work.mem, err->message));
	if (*err->detail)
		fprintf(stderr, "usher: %s\n",
		    printable(cli->work.mem, err->detail));
	return (command->needs & CLI_FOR_MAIL_SYSTEM)
	           ? EX_TEMPFAIL
	           : err_exit_status(err->code);
}

static bool check_rest(struct cli *cli, const struct command *command)
{
	while (cli->rest[cli->rest_count])
		cli->rest_count++;
	if (cli->rest_count > command->rest_most)
		return work_fail(&cli->work, ERR_USAGE,
		    "'%.100s' is one word too many; --help shows the use",
		    cli->rest[command->rest_most]);
	if (cli->rest_count < command->rest_least)
		return work_fail(&cli->work, ERR_USAGE,
		    "something is missing: usher %s %s", command->words,
		    command->arguments);
	return true;
}

/* Who is at work, for the audit: "usher/alice". */
static const char *who(struct mem *mem)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? mem_printf(mem, "usher/%s", user->pw_name)
	            : mem_printf(mem, "usher/%u", (unsigned)getuid());
}

static int run(const struct command *command, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct cli cli = { .work = { .mem = mem, .tag = who(mem) } };
	struct cli_common *options =
	    mem_alloc(mem, command->code->options_size);

	if (!option_read(mem, command->code->rows, argv, options, &cli.rest,
	        &cli.work.err))
		return fail(&cli, command);
	cli.json = options->json;
	if (options->help) {
		cli_print_command_help(command, stdout);
		return 0;
	}
	if (check_rest(&cli, command) &&
	    cli_open(&cli, options->config, command->needs) &&
	    command->code->run(&cli, options)) {
		if (cli.json && !cli.printed)
			puts("{}");
		if (fflush(stdout) == 0)
			return 0;
		work_fail(&cli.work, ERR_INTERNAL, "cannot write the output");
	}
	return fail(&cli, command);
}

static void print_version(FILE *out)
{
	fputs(PACKAGE_STRING "\n", out);
}

/* Words that print something and need nothing; the last three are what
 * scripts/manual.awk fills usher(1) with. */
static const struct print {
	const char *word;
	void (*print)(FILE *out);
} prints[] = {
	{ "--help", cli_print_help },
	{ "-h", cli_print_help },
	{ "help", cli_print_help },
	{ "--version", print_version },
	{ "-V", print_version },
	{ "--manual", cli_print_manual },
	{ "--manual-common", cli_print_manual_common },
	{ "--manual-errors", err_print_manual },
};

static const struct print *find_print(const char *word)
{
	for (size_t i = 0; i < sizeof(prints) / sizeof(*prints); i++)
		if (strcmp(prints[i].word, word) == 0)
			return &prints[i];
	return NULL;
}

static bool asks_help(const char *word)
{
	return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

/* The commands that begin with WORD, as "pool"; false when none does. */
static bool print_group(const char *word, const char *next)
{
	FILE *out = asks_help(next) ? stdout : stderr;
	size_t length = strlen(word);
	bool any = false;

	for (const struct command *row = cli_commands; row->words; row++) {
		if (strncmp(row->words, word, length) != 0 ||
		    row->words[length] != ' ')
			continue;
		if (!any && out == stderr)
			fprintf(out,
			    "usher: '%.100s%s%.100s' is not a command;"
			    " these are:\n",
			    word, *next ? " " : "", next);
		fprintf(out, "  usher %-24s ", row->words);
		option_print_wrapped(row->summary, 33, out);
		any = true;
	}
	return any;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	secret_init();
	secret_forbid_dumps();
	log_set_level(LOG_LEVEL_WARNING);
	if (argc < 2) {
		cli_print_help(stderr);
		return 2;
	}
	const struct print *print = find_print(argv[1]);
	if (print) {
		print->print(stdout);
		return fflush(stdout) ? 1 : 0;
	}
	for (const struct command *row = cli_commands; row->words; row++) {
		int words = words_of(row, argv + 1);
		if (words)
			return run(row, argv + words);
	}
	if (print_group(argv[1], argv[2] ? argv[2] : ""))
		return asks_help(argv[2]) ? 0 : 2;
	fprintf(stderr,
	    "usher: '%.100s%s%.100s' is not a command; usher --help lists "
	    "them\n",
	    argv[1], argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
	return 2;
}
