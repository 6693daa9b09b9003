/* SPDX-License-Identifier: MIT */
#include "cli/invitation.h"

static const struct option_row rows[] = { INVITATION_ROWS,
	CLI_COMMON_ROWS(struct invitation_options) };

static bool run(struct cli *cli, const void *given)
{
	return invitation_run(cli, given, "RESEND");
}

const struct command_code command_resend = { rows,
	sizeof(struct invitation_options), run };
