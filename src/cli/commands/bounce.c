/* SPDX-License-Identifier: MIT */
#include "delivery/bounce.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
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

static void without_nul(char *bytes, size_t size)
{
	char *nul;

	while ((nul = memchr(bytes, '\0', size)))
		*nul = ' ';
}

/* What anyone may send must not stay in the mail system's queue, to be tried
 * again for days: a NUL is a blank, and of a long mail the beginning counts. */
static const char *read_mail(struct work *work)
{
	struct str *mail = str_new(work->mem, MAIL_MOST);
	char block[8192];
	ssize_t got;

	while ((got = read(STDIN_FILENO, block, sizeof(block))) > 0) {
		without_nul(block, (size_t)got);
		if (!str_full(mail))
			str_add_n(mail, block, (size_t)got);
	}
	if (got == 0)
		return str_text(mail);
	work_fail(work, ERR_FILE, "cannot read the mail: %s", strerror(errno));
	return NULL;
}

static bool run(struct cli *cli, const void *given)
{
	const struct options *options = given;
	struct work *work = &cli->work;
	const char *mail = read_mail(work);
	const char *words;

	if (!mail || !bounce_take(work, options->recipient, mail, &words))
		return false;
	cli_say(cli, "%s\n", words);
	return true;
}

const struct command_code command_bounce = { rows, sizeof(struct options),
	run };
