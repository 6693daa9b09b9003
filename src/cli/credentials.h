/* SPDX-License-Identifier: MIT */
/*
 * credentials - an access key as a client needs it, and the policy in a file.
 */
#ifndef CLI_CREDENTIALS_H
#define CLI_CREDENTIALS_H

#include "account/access_key.h"
#include "cli/cli.h"

/* AccessKeyId, SecretAccessKey and UserName. */
cJSON *credentials_json(struct mem *mem, const struct access_key *key);

/* The variables to export; nothing with --json. */
void credentials_say(const struct cli *cli, const struct access_key *key);

/* The document in the file, "-" for standard input; NULL with the error. */
const cJSON *credentials_read_policy(struct cli *cli, const char *path);

#endif
