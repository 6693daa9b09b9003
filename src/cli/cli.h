/* SPDX-License-Identifier: MIT */
/*
 * cli - what the commands of usher share: options, opening, output, words.
 *
 * A command is one row in commands.def and code in commands/. Its run()
 * returns false exactly when the work's error is set; main prints it and
 * turns its kind into the exit status.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "account/engine.h"
#include "base/option.h"
#include "db/work.h"

/* Leads every command's options. */
struct cli_common {
	const char *config;
	bool json;
	bool help;
};

#define CLI_COMMON_ROWS(type)                                       \
	OPTION_ROW_TEXT(type, common.config, "config", 'c', "FILE", \
	    "Read settings from FILE; else from $USHER_CONFIG or "  \
	    "/etc/usher/usher.conf."),                              \
	    OPTION_ROW_FLAG(type, common.json, "json", 'j',         \
	        "Print JSON instead of text."),                     \
	    OPTION_ROW_FLAG(type, common.help, "help", 'h',         \
	        "Print this help and end."),                        \
	    OPTION_ROW_END

enum cli_need {
	CLI_NEEDS_NOTHING = 0,
	CLI_NEEDS_CONFIG = 1,
	CLI_NEEDS_KEYS = 2,
	CLI_NEEDS_DATABASE = 4,
	CLI_NEEDS_ALL = 7,
	/* A mail system runs it: a failure ends with EX_TEMPFAIL (75), so that
	 * the mail is brought again. */
	CLI_FOR_MAIL_SYSTEM = 8
};

struct cli {
	struct work work; /* its memory is the command's */
	struct engine engine;
	bool json;
	bool printed; /* JSON, which is to stay the only one */
	char **rest;  /* what is not an option */
	size_t rest_count;
};

/* What a command's file gives. */
struct command_code {
	const struct option_row *rows;
	size_t options_size; /* of the structure that begins with common */
	bool (*run)(struct cli *cli, const void *options);
};

/* A row of commands.def. */
struct command {
	const char *words;     /* "pool create" */
	const char *arguments; /* what stands behind the options, or "" */
	size_t rest_least, rest_most; /* how many of them */
	int needs;
	const char *summary; /* one line for --help and the manual */
	const struct command_code *code;
};

#define COMMAND(name, words, arguments, least, most, needs, summary) \
	extern const struct command_code command_##name;
#include "cli/commands.def"
#undef COMMAND

/* All commands; the last has no words. */
extern const struct command cli_commands[];

/* Opens what NEEDS names; a command may need more only sometimes. */
bool cli_open(struct cli *cli, const char *config, int needs);

/* Prints words for people, nothing with --json. */
void cli_say(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints JSON; a command that does not, prints {} with --json. */
void cli_print_json(struct cli *cli, const cJSON *json);

/* The value of an option that must be there. */
bool cli_need(struct cli *cli, const char *value, const char *option);

/* "name=value" as two texts. */
bool cli_split(struct cli *cli, const char *pair, const char *option,
    char **name, char **value);

/* A reason that an operator gives: it is shown in lists, a line each. */
bool cli_check_reason(struct cli *cli, const char *reason);

/* A number from an argument, within bounds. */
bool cli_number(struct cli *cli, const char *text, const char *what,
    int64_t least, int64_t most, int64_t *number);

/* For usher --help, and for usher(1). */
void cli_print_help(FILE *out);
void cli_print_command_help(const struct command *command, FILE *out);
void cli_print_manual(FILE *out);
void cli_print_manual_common(FILE *out);

#endif
