/* SPDX-License-Identifier: MIT */
#include "delivery/bounce.h"

#include "base/file.h"
#include "cli/cli.h"

#define MAIL_MOST ((size_t)4 * 1024 * 1024)

struct options {
	struct cli_common common;
	const char *recipient;
};

static const struct option_row rows[] = {
	OPTION_ROW_TEXT(struct options, recipient, "recipient", 't', "ADDRESS",
	    "The address that the mail came to, with the token in it; else the "
	    "token is looked for in the mail."),
	CLI_COMMON_ROWS(struct options)
};

static bool run(struct cli *cli, const void *given)
{
	const struct options *options = given;
	struct work *work = &cli->work;
	const char *mail = file_read(work->mem, "-", MAIL_MOST, &work->err);
	const char *words;

	if (!mail || !bounce_take(work, options->recipient, mail, &words))
		return false;
	cli_say(cli, "%s\n", words);
	return true;
}

const struct command_code command_bounce = { rows, sizeof(struct options),
	run };
