/* SPDX-License-Identifier: MIT */
/*
 * cli - what the commands of usher share: options, opening, output, words.
 *
 * A command is one row here and one file in commands/. Its run() returns
 * false exactly when the work's error is set; main prints it and turns its
 * kind into the exit status.
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
	CLI_NEEDS_ALL = 7
};

struct cli {
	struct work work; /* its memory is the command's */
	struct engine engine;
	bool json;
	char **rest; /* what is not an option */
	size_t rest_count;
};

struct command {
	const char *name;      /* "pool create" */
	const char *arguments; /* what stands behind the options, or "" */
	const char *summary;   /* one line for --help and the manual */
	const struct option_row *rows;
	size_t options_size; /* of the structure that begins with common */
	int needs;
	size_t rest_least, rest_most;
	bool (*run)(struct cli *cli, const void *options);
};

#define COMMAND(name) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

/* All commands, in the order of commands.def, NULL at the end. */
extern const struct command *const cli_commands[];

/* Opens what NEEDS names; a command may need more only sometimes. */
bool cli_open(struct cli *cli, const char *config, int needs);

/* Prints JSON for programs (--json) or for people. */
void cli_print_json(struct cli *cli, const cJSON *json);

/* The value of an option that must be there. */
bool cli_need(struct cli *cli, const char *value, const char *option);

/* "name=value" as two texts. */
bool cli_split(struct cli *cli, const char *pair, const char *option,
    char **name, char **value);

/* A number from an argument, within bounds. */
bool cli_number(struct cli *cli, const char *text, const char *what,
    int64_t least, int64_t most, int64_t *number);

/* For usher --help, and for usher(1). */
void cli_print_help(FILE *out);
void cli_print_command_help(const struct command *command, FILE *out);
void cli_print_manual(FILE *out);
void cli_print_manual_common(FILE *out);

#endif
