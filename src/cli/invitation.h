/* SPDX-License-Identifier: MIT */
/*
 * invitation - what usher invite and usher resend share: options to the
 * API's request, the engine's answer to words.
 */
#ifndef CLI_INVITATION_H
#define CLI_INVITATION_H

#include "cli/cli.h"

struct invitation_options {
	struct cli_common common;
	const char *pool;
	const char *username;
	struct option_list attributes;
	struct option_list media;
	const char *password_file;
	bool suppress;
	bool show_password;
	bool force_alias;
	struct option_list metadata;
	struct option_list validation;
};

/* Rows that both commands have. */
#define INVITATION_ROWS                                                       \
	OPTION_ROW_TEXT(struct invitation_options, pool, "pool", 'p', "POOL", \
	    "Id of the user pool (UserPoolId)."),                             \
	    OPTION_ROW_TEXT(struct invitation_options, username, "username",  \
	        'u', "NAME", "Name of the user (Username)."),                 \
	    OPTION_ROW_LIST(struct invitation_options, media, "medium", 'm',  \
	        "MEDIUM",                                                     \
	        "EMAIL or SMS; may be repeated (DesiredDeliveryMediums). "    \
	        "Without it: SMS to who has a telephone number, else mail."), \
	    OPTION_ROW_TEXT(struct invitation_options, password_file,         \
	        "temporary-password-file", 0, "FILE",                         \
	        "Take the temporary password from the first line of FILE, - " \
	        "for standard input (TemporaryPassword)."),                   \
	    OPTION_ROW_LIST(struct invitation_options, metadata,              \
	        "client-metadata", 0, "NAME=VALUE",                           \
	        "For triggers (ClientMetadata); may be "                      \
	        "repeated.")

/* ACTION is the API's MessageAction, NULL for none. */
bool invitation_run(struct cli *cli, const struct invitation_options *options,
    const char *action);

#endif
