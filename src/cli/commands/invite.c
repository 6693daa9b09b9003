/* SPDX-License-Identifier: MIT */
#include "cli/invitation.h"

static const struct option_row rows[] = { INVITATION_ROWS,
	OPTION_ROW_LIST(struct invitation_options, attributes, "attribute", 'a',
	    "NAME=VALUE",
	    "An attribute, such as email=a@example.com; may be repeated "
	    "(UserAttributes)."),
	OPTION_ROW_FLAG(struct invitation_options, suppress, "suppress", 's',
	    "Make the user and send nothing (MessageAction SUPPRESS)."),
	OPTION_ROW_FLAG(struct invitation_options, show_password,
	    "show-password", 0,
	    "With --suppress: print the generated password, this once."),
	OPTION_ROW_FLAG(struct invitation_options, force_alias, "force-alias",
	    0,
	    "Take a verified address over from another user "
	    "(ForceAliasCreation)."),
	OPTION_ROW_LIST(struct invitation_options, validation,
	    "validation-data", 0, "NAME=VALUE",
	    "For triggers (ValidationData); may be repeated."),
	CLI_COMMON_ROWS(struct invitation_options) };

static bool run(struct cli *cli, const void *given)
{
	const struct invitation_options *options = given;

	return invitation_run(cli, options,
	    options->suppress ? "SUPPRESS" : NULL);
}

const struct command_code command_invite = { rows,
	sizeof(struct invitation_options), run };
