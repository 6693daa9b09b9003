/* SPDX-License-Identifier: MIT */
#include "cli/invitation.h"

static const struct option_row rows[] = { INVITATION_ROWS,
	CLI_COMMON_ROWS(struct invitation_options) };

static bool run(struct cli *cli, const void *given)
{
	return invitation_run(cli, given, "RESEND");
}

const struct command command_resend = {
	.name = "resend",
	.arguments = "",
	.summary = "Give an invited user a new password and invitation; what "
	           "waits is cancelled (RESEND).",
	.rows = rows,
	.options_size = sizeof(struct invitation_options),
	.needs = CLI_NEEDS_ALL,
	.run = run,
};
