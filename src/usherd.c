/* SPDX-License-Identifier: MIT */
/*
 * usherd - the daemon: delivers the invitations that wait in the database.
 */
#include <config.h> /* PACKAGE_STRING */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account/hook.h"
#include "account/start.h"
#include "api/listener.h"
#include "api/throttle.h"
#include "base/certificate.h"
#include "base/config.h"
#include "base/log.h"
#include "base/option.h"
#include "base/secret.h"
#include "db/db.h"
#include "delivery/board.h"
#include "delivery/capture.h"
#include "delivery/keeper.h"
#include "delivery/lane.h"
#include "delivery/relay.h"
#include "delivery/smtp_curl.h"
#include "delivery/text.h"
#include "routes.h"
#include "service.h"

struct options {
	const char *config;
	struct option_list roles;
	bool drain;
	bool show_config;
	bool sample_config;
	bool help;
	bool version;
	bool manual;
	bool manual_settings;
};

static const struct option_row rows[] = {
	OPTION_ROW_TEXT(struct options, config, "config", 'c', "FILE",
	    "Read settings from FILE; else from $USHER_CONFIG or "
	    "/etc/usher/usher.conf."),
	OPTION_ROW_LIST(struct options, roles, "role", 'r', "ROLE",
	    "Run only this role: mail, text, keeper or http. May be repeated."),
	OPTION_ROW_FLAG(struct options, drain, "drain", 0,
	    "Send what can go now, then end; with status 8 when the relay or gateway was at fault."),
	OPTION_ROW_FLAG(struct options, show_config, "show-config", 0,
	    "Print the settings in force and end."),
	OPTION_ROW_FLAG(struct options, sample_config, "sample-config", 0,
	    "Print a settings file with every setting explained and end."),
	OPTION_ROW_FLAG(struct options, help, "help", 'h',
	    "Print this help and end."),
	OPTION_ROW_FLAG(struct options, version, "version", 'V',
	    "Print the version and end."),
	OPTION_ROW_FLAG(struct options, manual, "manual", 0,
	    "Print the options as usherd(8) has them and end."),
	OPTION_ROW_FLAG(struct options, manual_settings, "manual-settings", 0,
	    "Print the settings as usher.conf(5) has them and end."),
	OPTION_ROW_END
};

static struct options options;
static struct engine engine;
static struct board *board;
static struct mem *process;

static int run_mail(const struct service_child *child)
{
	char *words[] = { start_program(process, "usher-mail", LIBEXECDIR),
		mem_text(process, "--board"), db_int(process, board->fd),
		mem_text(process, "--place"), db_int(process, child->place),
		NULL, NULL, NULL, NULL };
	int count = 5;

	if (engine.config->path) {
		words[count++] = mem_text(process, "--config");
		words[count++] = mem_text(process, engine.config->path);
	}
	if (options.drain)
		words[count] = mem_text(process, "--drain");
	execv(words[0], words);
	log_error("usherd", "cannot start the mail lane", "program", words[0]);
	return 127;
}

static int run_lane(const struct service_child *child)
{
	struct lane_options lane = { board, child->place, options.drain };

	return lane_run(&engine, child->argument, &lane);
}

static int run_keeper(const struct service_child *child)
{
	(void)child;
	return keeper_run(&engine);
}

static int run_http(const struct service_child *child)
{
	(void)child;
	return routes_run(&engine, board);
}

static bool has_role(const char *role)
{
	for (size_t i = 0; i < options.roles.count; i++)
		if (strcmp(options.roles.items[i], role) == 0)
			return true;
	return options.roles.count == 0;
}

static bool check_roles(struct err *err)
{
	for (size_t i = 0; i < options.roles.count; i++) {
		const char *role = options.roles.items[i];
		if (strcmp(role, "mail") != 0 && strcmp(role, "text") != 0 &&
		    strcmp(role, "keeper") != 0 && strcmp(role, "http") != 0)
			return err_set(err, ERR_USAGE,
			    "role '%.40s' is not mail, text, keeper or http",
			    role);
	}
	return true;
}

/* The one that the settings name, or NULL. */
static const struct carrier *text_carrier_of(const struct config *config)
{
	if (strcmp(config->text_carrier, "capture") == 0)
		return &capture_text_carrier;
	return strcmp(config->text_carrier, "http") == 0 &&
	               *config->gateway_file
	           ? &text_carrier
	           : NULL;
}

static void add_mail_lane(struct service *service, const struct config *config)
{
	if (relay_by_curl(config))
		service_add(service, "mail", run_lane, &smtp_curl_carrier);
	else
		service_add(service, "mail", run_mail, NULL);
}

static void add_children(struct service *service)
{
	const struct config *config = engine.config;
	bool capture = strcmp(config->mail_carrier, "capture") == 0;
	const struct carrier *text = text_carrier_of(config);

	/* What was at fault by the old settings need not be by the new. */
	board_open_gates(board);
	if (has_role("mail") && capture)
		service_add(service, "mail", run_lane, &capture_mail_carrier);
	if (has_role("mail") && strcmp(config->mail_carrier, "smtp") == 0)
		for (int64_t i = 0; i < config->mail_lanes; i++)
			add_mail_lane(service, config);
	if (has_role("text") && text)
		service_add(service, "text", run_lane, text);
	if (has_role("keeper") && !options.drain)
		service_add(service, "keeper", run_keeper, NULL);
	if (has_role("http") && *config->listen && !options.drain)
		service_add(service, "http", run_http, NULL);
	if (!service->count)
		log_warning("usherd",
		    "nothing to do: the settings leave these roles no work");
}

static void note_restart(void)
{
	board->restarts++;
}

static bool opens(const struct carrier *carrier, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);

	return carrier->open(mem, &engine, err) != NULL;
}

static bool check_listener(const struct config *config, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	struct certificate certificate;

	return listener_check(config->listen, err) &&
	       certificate_read(mem, config, &certificate, err);
}

/* What a lane would say again at each of its starts. */
static bool check_carriers(struct err *err)
{
	const struct config *config = engine.config;
	const struct carrier *text = text_carrier_of(config);
	MEM_AUTO mem = mem_new(NULL);

	if (!throttle_new(mem, config->api_rates, err))
		return false;
	if (*config->listen && !check_listener(config, err))
		return false;
	if (!relay_check_bounces(config, err))
		return false;
	if (strcmp(config->mail_carrier, "capture") == 0 &&
	    !opens(&capture_mail_carrier, err))
		return false;
	if (strcmp(config->mail_carrier, "smtp") == 0 &&
	    !relay_check_config(config, err))
		return false;
	return !text || opens(text, err);
}

static bool read_hooks(struct err *err)
{
	engine.hooks = hooks_read(process, engine.config->trigger_file, err);
	return engine.hooks != NULL;
}

static bool reload(void)
{
	struct engine old = engine;
	struct err err = { 0 };

	engine = (struct engine){ 0 };
	if (start_config(process, options.config, &engine, &err) &&
	    start_keys(process, &engine, &err) && read_hooks(&err) &&
	    check_carriers(&err))
		return true;
	engine = old;
	log_error("usherd",
	    "the settings are not read again; the old ones "
	    "hold",
	    "error", err.message);
	return false;
}

/* Before any child is started, so that what is wrong is said once. */
static bool check_start(struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .tag = "usherd" };

	if (start_config(process, options.config, &engine, err) &&
	    check_roles(err) && start_keys(process, &engine, err) &&
	    read_hooks(err)) {
		if (start_database(&work, &engine))
			return check_carriers(err);
		*err = work.err;
	}
	return false;
}

static int fail(const struct err *err)
{
	log_error("usherd", err->message, "detail",
	    *err->detail ? err->detail : NULL);
	return err_exit_status(err->code);
}

static int print_something(void)
{
	struct err err = { 0 };

	if (options.help) {
		puts("usage: usherd [options]\n\nDelivers the invitations that "
		     "wait in the database; usherd(8).\n");
		option_print_help(rows, stdout);
	}
	if (options.version)
		puts(PACKAGE_STRING);
	if (options.manual)
		option_print_manual(rows, stdout);
	if (options.manual_settings)
		config_print_manual(stdout);
	if (options.sample_config)
		config_print_sample(stdout);
	if (options.show_config) {
		if (!start_config(process, options.config, &engine, &err))
			return fail(&err);
		config_print(engine.config, stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct service service = { .reload = reload,
		.fill = add_children,
		.restarted = note_restart };
	struct err err = { 0 };
	char **rest;

	(void)argc;
	process = mem;
	secret_init();
	secret_forbid_dumps();
	if (!option_read(mem, rows, argv, &options, &rest, &err))
		return fail(&err);
	if (*rest) {
		err_set(&err, ERR_USAGE, "'%.100s' is not an option", *rest);
		return fail(&err);
	}
	if (options.help || options.version || options.manual ||
	    options.manual_settings || options.sample_config ||
	    options.show_config)
		return print_something();
	if (!check_start(&err))
		return fail(&err);
	board = board_new(&err);
	if (!board)
		return fail(&err);
	service.drain = options.drain;
	return service_run(&service);
}
