/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/keys.h"
#include "account/start.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "db/cluster.h"
#include "db/db.h"
#include "db/migrate.h"
#include "delivery/capture.h"
#include "delivery/sandbox.h"

#define LOOK_MS 100

struct options {
	struct cli_common common;
	const char *folder;
	bool sandbox;
	bool quiet;
};

static const struct option_row rows[] = {
	OPTION_ROW_TEXT(struct options, folder, "dir", 'd', "DIR",
	    "Keep everything in DIR; without it in $XDG_DATA_HOME/usher-dev, "
	    "for root in /var/tmp/usher-dev."),
	OPTION_ROW_FLAG(struct options, sandbox, "sandbox", 0,
	    "Begin inside the SMS sandbox."),
	OPTION_ROW_FLAG(struct options, quiet, "quiet", 'q',
	    "Do not show the messages as they arrive."),
	CLI_COMMON_ROWS(struct options)
};

struct dev {
	struct cli *cli;
	const char *folder;
	const char *config_path;
	struct cluster *cluster;
	pid_t daemon;
	int64_t shown; /* id of the last message that was shown */
};

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static void catch_signals(void)
{
	/* Restarted: initdb and PostgreSQL are waited for to their end. */
	struct sigaction action = { .sa_handler = stop,
		.sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static const char *choose_folder(struct mem *mem, const char *given)
{
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (given)
		return *given == '/'
		           ? given
		           : mem_printf(mem, "%s/%s",
		                 getcwd(mem_alloc(mem, 4096), 4096), given);
	if (geteuid() == 0)
		return "/var/tmp/usher-dev";
	if (data && *data == '/')
		return mem_printf(mem, "%s/usher-dev", data);
	return mem_printf(mem, "%s/.local/share/usher-dev",
	    home ? home : "/tmp");
}

/* As it stands between the quotes of a setting: "${NAME}" would be replaced. */
static const char *escaped(struct mem *mem, const char *value)
{
	struct str *text = str_new(mem, 16384);

	for (; *value; value++) {
		if (strchr("\"\\$", *value))
			str_add_char(text, '\\');
		str_add_char(text, *value);
	}
	return str_text(text);
}

/* As a word of the shell. */
static const char *shell_word(struct mem *mem, const char *word)
{
	struct str *text = str_new(mem, 16384);

	if (!strpbrk(word, " \t\n'\"\\$`&;|<>()*?[]{}~#!"))
		return word;
	str_add_char(text, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			str_add(text, "'\\'");
		str_add_char(text, *word);
	}
	str_add_char(text, '\'');
	return str_text(text);
}

static bool write_config(struct dev *dev)
{
	struct cli *cli = dev->cli;
	struct str *text = str_new(cli->work.mem, 65536);

	str_addf(text,
	    "# Written by usher dev at each start.\n"
	    "database = \"%s\"\n"
	    "key_file = \"%s/keys\"\n"
	    "mail_carrier = \"capture\"\n"
	    "text_carrier = \"capture\"\n"
	    "allow_capture = yes\n"
	    "mail_from = \"no-reply@usher.test\"\n"
	    "log_level = \"warning\"\n"
	    "poll_ms = 50\n",
	    escaped(cli->work.mem, dev->cluster->database),
	    escaped(cli->work.mem, dev->folder));
	if (access(dev->config_path, F_OK) == 0)
		return file_replace(dev->config_path, str_text(text),
		    &cli->work.err);
	return file_create(dev->config_path, str_text(text), 0600,
	    &cli->work.err);
}

static bool make_keys(struct dev *dev)
{
	struct cli *cli = dev->cli;
	const char *path = cli->engine.config->key_file;

	return (access(path, F_OK) == 0 ||
	           keyring_create(path, &cli->work.err)) &&
	       start_keys(cli->work.mem, &cli->engine, &cli->work.err);
}

static bool make_schema(struct dev *dev, bool sandbox)
{
	struct cli *cli = dev->cli;
	struct work *work = &cli->work;
	int ran;

	work->db = db_open(work->mem, cli->engine.config->database, "usher dev",
	    &work->err);
	return work->db && migrate_run(work, &ran) &&
	       keys_prove(work, cli->engine.keyring) &&
	       keys_check(work, cli->engine.keyring) &&
	       sandbox_set(work, sandbox);
}

static void run_daemon(const struct dev *dev, const char *program)
{
	struct mem *mem = dev->cli->work.mem;
	const char *log_path = mem_printf(mem, "%s/usherd.log", dev->folder);
	int log =
	    open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char *words[] = { mem_text(mem, program), mem_text(mem, "--config"),
		mem_text(mem, dev->config_path), NULL };

	dup2(log, STDERR_FILENO);
	dup2(log, STDOUT_FILENO);
	/* Its own group: a Ctrl-C is for usher dev, which stops it. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execv(program, words);
	dprintf(STDERR_FILENO, "usher dev: cannot start '%s': %s\n", program,
	    strerror(errno));
	_exit(127);
}

static bool start_daemon(struct dev *dev)
{
	const char *program =
	    start_program(dev->cli->work.mem, "usherd", SBINDIR);

	sigset_t term;
	sigset_t before;

	/* A signal right behind the fork must not be taken by our handler,
	 * which is gone with the exec: usherd would never hear of it. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	dev->daemon = fork();
	if (dev->daemon == 0) {
		signal(SIGTERM, SIG_DFL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		run_daemon(dev, program);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (dev->daemon < 0)
		return work_fail(&dev->cli->work, ERR_INTERNAL,
		    "cannot start usherd: %s", strerror(errno));
	return true;
}

static void stop_daemon(struct dev *dev)
{
	int status;

	if (dev->daemon > 0) {
		kill(dev->daemon, SIGTERM);
		waitpid(dev->daemon, &status, 0);
	}
	dev->daemon = 0;
}

static void say_ready(const struct dev *dev)
{
	struct cli *cli = dev->cli;

	if (cli->json) {
		cJSON *json = json_object(cli->work.mem);
		json_add(json, "config", dev->config_path);
		puts(json_print(cli->work.mem, json));
		fflush(stdout);
	}
	cli_say(cli,
	    "ready\n"
	    "  export USHER_CONFIG=%s\n"
	    "In another terminal, with that set:\n"
	    "  usher pool create --name demo\n"
	    "  usher invite --pool POOL --username alice "
	    "--attribute email=alice@example.com\n"
	    "  usher inbox\n"
	    "Nothing is sent: messages are kept and shown here. Ctrl-C "
	    "stops; %s stays.\n\n",
	    shell_word(cli->work.mem, dev->config_path), dev->folder);
}

static bool show_new(struct dev *dev, bool quiet)
{
	struct cli *cli = dev->cli;
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem,
		.db = cli->work.db,
		.tag = "usher dev" };
	struct capture_filter filter = { .after = dev->shown, .most = 100 };
	cJSON *list = capture_list(&work, &cli->engine, &filter);
	const cJSON *message;

	if (!list) {
		cli->work.err = work.err;
		return false;
	}
	cJSON_ArrayForEach(message, list)
	{
		dev->shown =
		    (int64_t)cJSON_GetNumberValue(json_at(message, "/id"));
		if (!quiet && cli->json)
			puts(json_print(mem, message));
		else if (!quiet)
			show_captured(message, stdout);
	}
	return fflush(stdout) == 0;
}

static bool watch(struct dev *dev, bool quiet)
{
	int status;

	dev->shown = capture_newest(&dev->cli->work);
	if (dev->shown < 0)
		return false;
	say_ready(dev);
	while (!stopping) {
		if (!show_new(dev, quiet))
			return false;
		if (waitpid(dev->daemon, &status, WNOHANG) == dev->daemon) {
			dev->daemon = 0;
			return work_fail(&dev->cli->work, ERR_INTERNAL,
			    "usherd ended by itself; %s/usherd.log says why",
			    dev->folder);
		}
		clock_sleep_ms(LOOK_MS);
	}
	return true;
}

static bool run_in_cluster(struct dev *dev, const struct options *options)
{
	struct cli *cli = dev->cli;

	if (!write_config(dev) ||
	    !start_config(cli->work.mem, dev->config_path, &cli->engine,
	        &cli->work.err) ||
	    !make_keys(dev) || !make_schema(dev, options->sandbox) ||
	    !start_daemon(dev))
		return false;
	bool done = watch(dev, options->quiet);
	stop_daemon(dev);
	return done;
}

static bool run(struct cli *cli, const void *given)
{
	const struct options *options = given;
	struct work *work = &cli->work;
	struct dev dev = { .cli = cli };

	if (options->folder && !*options->folder)
		return work_fail(work, ERR_USAGE,
		    "option '--dir' needs a folder's name, not an empty text");
	catch_signals();
	dev.folder = choose_folder(work->mem, options->folder);
	dev.config_path = mem_printf(work->mem, "%s/usher.conf", dev.folder);
	if (!file_make_folder(dev.folder, 0755, &work->err))
		return false;
	cli_say(cli, "starting PostgreSQL in %s\n", dev.folder);
	dev.cluster = cluster_start(work->mem,
	    mem_printf(work->mem, "%s/pg", dev.folder), &work->err);
	if (!dev.cluster)
		return false;
	bool done = stopping || run_in_cluster(&dev, options);
	cluster_stop(dev.cluster);
	cli->printed = true;
	if (done)
		cli_say(cli, "stopped\n");
	return done;
}

const struct command_code command_dev = { rows, sizeof(struct options), run };
