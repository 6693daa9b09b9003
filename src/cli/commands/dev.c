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
#include "account/policy.h"
#include "account/start.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/reach.h"
#include "cli/show.h"
#include "db/cluster.h"
#include "db/db.h"
#include "db/migrate.h"
#include "delivery/capture.h"
#include "delivery/sandbox.h"

#define LOOK_MS   100
#define ANSWER_MS 30000 /* until usherd must answer */
#define USER      "admin"

struct options {
	struct cli_common common;
	const char *folder;
	const char *listen;
	bool sandbox;
	bool quiet;
};

static const struct option_row rows[] = {
	OPTION_ROW_TEXT(struct options, folder, "dir", 'd', "DIR",
	    "Keep everything in DIR; without it in $XDG_DATA_HOME/usher-dev, "
	    "for root in /var/tmp/usher-dev."),
	OPTION_ROW_TEXT(struct options, listen, "listen", 'l', "ADDRESS",
	    "Serve the API at this address and port, of which 0 is any that is "
	    "free; without it at 127.0.0.1:9229, or any port when that is "
	    "taken."),
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
	const char *listen;
	const struct access_key *key;
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
	    "listen = \"%s\"\n"
	    "mail_from = \"no-reply@usher.test\"\n"
	    "log_level = \"warning\"\n"
	    "poll_ms = 50\n",
	    escaped(cli->work.mem, dev->cluster->database),
	    escaped(cli->work.mem, dev->folder), dev->listen);
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

/* *ID is NULL when there is none. */
static bool find_key(struct work *work, const char **id)
{
	int count = 0;
	struct access_key *keys = access_key_list(work, &count);

	*id = NULL;
	for (int i = count - 1; i >= 0; i--)
		if (keys[i].enabled && strcmp(keys[i].user_name, USER) == 0)
			*id = keys[i].id;
	return keys != NULL;
}

/*
 * The key of the first start, as long as it is there and enabled: what was
 * exported or written to a file of a test suite stays right. Its secret can be
 * shown each time because it is sealed, not hashed, and the folder that holds
 * the database holds the key file too: who can start usher dev there can open
 * it anyway, and a file with the secret beside them would add nothing.
 */
static bool get_key(struct dev *dev)
{
	struct cli *cli = dev->cli;
	struct work *work = &cli->work;
	const cJSON *policy =
	    policy_read(work->mem, access_key_full_access, &work->err);
	const char *id;

	if (!policy || !find_key(work, &id))
		return false;
	dev->key = id ? access_key_get(work, &cli->engine, id)
	              : access_key_create(work, &cli->engine, USER, policy);
	return dev->key != NULL;
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

/* False when it ended by itself. */
static bool check_daemon(struct dev *dev)
{
	int status;

	if (waitpid(dev->daemon, &status, WNOHANG) != dev->daemon)
		return true;
	dev->daemon = 0;
	return work_fail(&dev->cli->work, ERR_INTERNAL,
	    "usherd ended by itself; %s/usherd.log says why", dev->folder);
}

/* Somebody took the port after we had looked. */
static bool move(struct dev *dev, const char *given)
{
	struct work *work = &dev->cli->work;

	if (given)
		return work_fail(work, ERR_CONFLICT,
		    "another server answers at %s", dev->listen);
	stop_daemon(dev);
	dev->listen = reach_choose(work->mem, NULL, &work->err);
	return dev->listen && write_config(dev) && start_daemon(dev);
}

/* Until usherd answers a request that our key signed, or a signal comes:
 * whoever reads "ready" may send one at once. */
static bool await_answer(struct dev *dev, const char *given)
{
	const struct config *config = dev->cli->engine.config;
	int64_t end_ms = clock_steady_ms() + ANSWER_MS;

	while (!stopping) {
		enum reach_answer answer =
		    reach_ask(dev->listen, config->region, dev->key);
		if (answer == REACH_OURS)
			return true;
		if (!check_daemon(dev) ||
		    (answer == REACH_OTHERS && !move(dev, given)))
			return false;
		if (clock_steady_ms() > end_ms)
			return work_fail(&dev->cli->work, ERR_INTERNAL,
			    "usherd does not answer at %s; %s/usherd.log says "
			    "why",
			    dev->listen, dev->folder);
		clock_sleep_ms(10);
	}
	return true;
}

/* What a client of the API needs, as variables. */
static cJSON *environment(const struct dev *dev)
{
	struct mem *mem = dev->cli->work.mem;
	const char *region = dev->cli->engine.config->region;
	cJSON *json = json_object(mem);

	json_add(json, "USHER_CONFIG", dev->config_path);
	json_add(json, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
	    mem_printf(mem, "http://%s", dev->listen));
	json_add(json, "AWS_ACCESS_KEY_ID", dev->key->id);
	json_add(json, "AWS_SECRET_ACCESS_KEY", dev->key->secret);
	json_add(json, "AWS_DEFAULT_REGION", region);
	json_add(json, "AWS_REGION", region);
	return json;
}

/* GIVEN is what --listen says. */
static void say_ready(const struct dev *dev, const char *given)
{
	struct cli *cli = dev->cli;
	struct mem *mem = cli->work.mem;
	cJSON *variables = environment(dev);
	struct str *exports = str_new(mem, STR_LIMIT_LARGE);
	const cJSON *variable;

	if (cli->json) {
		cJSON *json = json_object(mem);
		json_add(json, "config", dev->config_path);
		json_add(json, "endpoint",
		    mem_printf(mem, "http://%s", dev->listen));
		cJSON_AddItemReferenceToObject(json, "environment", variables);
		puts(json_print(mem, json));
		fflush(stdout);
	}
	if (!given && strcmp(dev->listen, REACH_USUAL) != 0)
		cli_say(cli, "%s is taken, so the API is at %s\n", REACH_USUAL,
		    dev->listen);
	cJSON_ArrayForEach(variable, variables)
	    str_addf(exports, "  export %s=%s\n", variable->string,
	        shell_word(mem, variable->valuestring));
	/* At once: whoever waits for "ready" reads on. */
	cli_say(cli,
	    "ready\n"
	    "%s"
	    "In another terminal, with these set:\n"
	    "  usher pool create --name demo\n"
	    "  usher invite --pool POOL --username alice "
	    "--attribute email=alice@example.com\n"
	    "  usher inbox\n"
	    "  aws cognito-idp list-user-pools --max-results 5 --endpoint-url "
	    "http://%s\n"
	    "Nothing is sent: messages are kept and shown here. Ctrl-C "
	    "stops; %s stays.\n\n",
	    str_text(exports), dev->listen, dev->folder);
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

static bool watch(struct dev *dev, const struct options *options)
{
	dev->shown = capture_newest(&dev->cli->work);
	if (dev->shown < 0)
		return false;
	say_ready(dev, options->listen);
	while (!stopping) {
		if (!show_new(dev, options->quiet) || !check_daemon(dev))
			return false;
		clock_sleep_ms(LOOK_MS);
	}
	return true;
}

static bool run_in_cluster(struct dev *dev, const struct options *options)
{
	struct cli *cli = dev->cli;
	struct work *work = &cli->work;

	dev->listen = reach_choose(work->mem, options->listen, &work->err);
	if (!dev->listen || !write_config(dev) ||
	    !start_config(work->mem, dev->config_path, &cli->engine,
	        &work->err) ||
	    !make_keys(dev) || !make_schema(dev, options->sandbox) ||
	    !get_key(dev) || !start_daemon(dev))
		return false;
	bool done = await_answer(dev, options->listen) &&
	            (stopping || watch(dev, options));
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
	/* Before PostgreSQL is started for nothing. */
	if (options->listen &&
	    !reach_choose(work->mem, options->listen, &work->err))
		return false;
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
