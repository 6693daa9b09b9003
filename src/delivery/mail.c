/* SPDX-License-Identifier: MIT */
/*
 * The mail lane: an executable of its own, the only one that links libesmtp,
 * since libesmtp can crash and block, and since smtp_socket.c's connect() and
 * poll() are to touch nothing else. usherd starts it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "account/hook.h"
#include "base/config.h"
#include "base/keyring.h"
#include "base/log.h"
#include "base/option.h"
#include "base/secret.h"
#include "delivery/lane.h"
#include "delivery/smtp.h"

struct options {
	const char *config;
	const char *board;
	const char *place;
	bool drain;
};

static const struct option_row rows[] = { OPTION_ROW_TEXT(struct options,
	                                      config, "config", 'c', "FILE",
	                                      "Read settings from FILE."),
	OPTION_ROW_TEXT(struct options, board, "board", 0, "DESCRIPTOR",
	    "Shared memory of usherd."),
	OPTION_ROW_TEXT(struct options, place, "place", 0, "NUMBER",
	    "Which of the mail lanes this is, from 0."),
	OPTION_ROW_FLAG(struct options, drain, "drain", 0,
	    "End when nothing is left to send."),
	OPTION_ROW_END };

/* usherd gives both. */
static bool read_place(const struct options *options, struct lane_options *lane,
    struct err *err)
{
	if (!options->board || !options->place)
		return err_set(err, ERR_USAGE,
		    "usher-mail is started by usherd, not by hand");
	lane->drain = options->drain;
	lane->place = (int)strtol(options->place, NULL, 10);
	lane->board = board_open((int)strtol(options->board, NULL, 10), err);
	return lane->board != NULL;
}

/* libesmtp looks for certificates below HOME; secrets must not be dumped. */
static void isolate(void)
{
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_DIR");
	secret_forbid_dumps();
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct options options = { 0 };
	struct engine engine = { 0 };
	struct lane_options lane;
	struct err err = { 0 };
	char **rest;

	(void)argc;
	isolate();
	secret_init();
	if (option_read(mem, rows, argv, &options, &rest, &err) &&
	    read_place(&options, &lane, &err) &&
	    (engine.config = config_read(mem, options.config, &err)) &&
	    (engine.keyring =
	            keyring_read(mem, engine.config->key_file, &err)) &&
	    (engine.hooks = hooks_read(mem, engine.config->trigger_file, &err)))
		return lane_run(&engine, &smtp_carrier, &lane);
	log_error("usher-mail", err.message, "detail",
	    *err.detail ? err.detail : NULL);
	return err_exit_status(err.code);
}
