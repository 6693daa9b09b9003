/* SPDX-License-Identifier: MIT */
/*
 * show - messages as people see them on a terminal.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* One captured message: its way, subject and plain text. */
void show_captured(const cJSON *message, FILE *out);

#endif
