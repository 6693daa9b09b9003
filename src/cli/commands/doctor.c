/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "account/hook.h"
#include "account/keys.h"
#include "account/start.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/keyring.h"
#include "cli/cli.h"
#include "db/db.h"
#include "db/migrate.h"
#include "delivery/gateway.h"
#include "delivery/gateway_login.h"
#include "delivery/relay_check.h"
#include "delivery/render.h"
#include "delivery/text.h"
#include "message/mime.h"

struct options {
	struct cli_common common;
};

static const struct option_row rows[] = { CLI_COMMON_ROWS(struct options) };

struct doctor {
	struct cli *cli;
	cJSON *list;
	struct err worst; /* the first failure */
};

static void report(struct doctor *doctor, const char *what, bool good,
    const char *words)
{
	cJSON *json = cJSON_CreateObject();

	json_add(json, "check", what);
	cJSON_AddBoolToObject(json, "good", good);
	json_add(json, "words", words);
	cJSON_AddItemToArray(doctor->list, json);
	if (!doctor->cli->json)
		printf("%-10s %-5s %s\n", what, good ? "good" : "BAD", words);
}

static void report_error(struct doctor *doctor, const char *what,
    const struct err *err)
{
	struct mem *mem = doctor->cli->work.mem;

	if (!doctor->worst.code)
		doctor->worst = *err;
	report(doctor, what, false,
	    mem_printf(mem, "%s%s%s", err->message, *err->detail ? ": " : "",
	        err->detail));
}

static bool check_config(struct doctor *doctor, const char *path)
{
	struct cli *cli = doctor->cli;

	if (!start_config(cli->work.mem, path, &cli->engine, &cli->work.err)) {
		report_error(doctor, "settings", &cli->work.err);
		return false;
	}
	report(doctor, "settings", true,
	    cli->engine.config->path ? cli->engine.config->path
	                             : "none read; the defaults hold");
	return true;
}

static void check_keys(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct mem *mem = cli->work.mem;

	if (start_keys(mem, &cli->engine, &cli->work.err))
		report(doctor, "key file", true,
		    mem_printf(mem, "%s, current key %s",
		        cli->engine.config->key_file,
		        cli->engine.keyring->keys[0].id));
	else
		report_error(doctor, "key file", &cli->work.err);
}

static void check_database(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct work *work = &cli->work;

	work->db = db_open(work->mem, cli->engine.config->database,
	    "usher doctor", &work->err);
	if (!work->db || !migrate_check(work) || !db_prepare_all(work)) {
		report_error(doctor, "database", &work->err);
		return;
	}
	report(doctor, "database", true,
	    mem_printf(work->mem, "schema %d, every statement fits",
	        migrate_newest()));
	if (!cli->engine.keyring)
		return;
	if (keys_check(work, cli->engine.keyring))
		report(doctor, "keys", true, "the key file fits the database");
	else
		report_error(doctor, "keys", &work->err);
}

static bool check_sender(struct cli *cli)
{
	struct mem *mem = cli->work.mem;
	const char *from = render_default_from(mem, cli->engine.config);
	const char *address = mime_address(mem, from);

	if (address && mime_address_valid(address))
		return true;
	return work_fail(&cli->work, ERR_CONFIG,
	    "mail_from: '%.200s' is not a@b or Name <a@b>", from);
}

static void check_relay(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const struct config *config = cli->engine.config;
	struct mem *mem = cli->work.mem;
	const char *dialogue = "";

	if (strcmp(config->mail_carrier, "smtp") != 0) {
		report(doctor, "relay", true,
		    mem_printf(mem, "not used: mail_carrier is %s",
		        config->mail_carrier));
		return;
	}
	bool good = check_sender(cli) &&
	            relay_check(mem, config, &dialogue, &cli->work.err);
	if (good)
		report(doctor, "relay", true,
		    mem_printf(mem, "%s:%lld answers; mail is from %s",
		        config->smtp_host, (long long)config->smtp_port,
		        render_default_from(mem, config)));
	else
		report_error(doctor, "relay", &cli->work.err);
	if (!cli->json)
		fputs(dialogue, stdout);
	else if (*dialogue)
		json_add(cJSON_GetArrayItem(doctor->list,
		             cJSON_GetArraySize(doctor->list) - 1),
		    "dialogue", dialogue);
}

static void check_gateway(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const struct config *config = cli->engine.config;
	struct mem *mem = cli->work.mem;
	struct err *err = &cli->work.err;

	if (strcmp(config->text_carrier, "http") != 0 ||
	    !*config->gateway_file) {
		report(doctor, "gateway", true,
		    "not used: no text_carrier http with a gateway_file");
		return;
	}
	const char *secret =
	    config_secret(mem, config->gateway_password_file, err);
	struct gateway *gateway =
	    secret ? gateway_read(mem, config->gateway_file, secret, err)
	           : NULL;
	if (gateway && gateway_login(mem, gateway, err) &&
	    gateway_reachable(mem, gateway, err))
		report(doctor, "gateway", true,
		    mem_printf(mem, "%s answers", gateway_name(gateway)));
	else
		report_error(doctor, "gateway", err);
}

/* What would only be seen when it is too late. */
static bool check_front(struct cli *cli, struct certificate *certificate)
{
	const struct config *config = cli->engine.config;
	struct work *work = &cli->work;

	if (!text_check_public_url(config->public_url, &work->err) ||
	    !certificate_read(work->mem, config, certificate, &work->err))
		return false;
	if (*config->public_url && !*config->listen)
		return work_fail(work, ERR_CONFIG,
		    "public_url: without 'listen' no receipt can come");
	return !certificate->chain || certificate->until_ms > clock_now_ms() ||
	       work_fail(work, ERR_CONFIG,
	           "listen_cert_file: the certificate has expired, %s",
	           clock_print_people(work->mem, certificate->until_ms));
}

static void check_listener(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const struct config *config = cli->engine.config;
	struct mem *mem = cli->work.mem;
	struct certificate certificate;

	if (!check_front(cli, &certificate))
		report_error(doctor, "listener", &cli->work.err);
	else if (!*config->listen)
		report(doctor, "listener", true, "not used: no listen");
	else
		report(doctor, "listener", true,
		    mem_printf(mem, "%s, %s%s", config->listen,
		        certificate.chain ? "TLS until " : "without TLS",
		        certificate.chain
		            ? clock_print_people(mem, certificate.until_ms)
		            : ""));
}

static void check_triggers(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct mem *mem = cli->work.mem;
	const char *path = cli->engine.config->trigger_file;
	const struct hooks *hooks = hooks_read(mem, path, &cli->work.err);

	if (!hooks)
		report_error(doctor, "triggers", &cli->work.err);
	else if (!*path)
		report(doctor, "triggers", true, "not used: no trigger_file");
	else
		report(doctor, "triggers", true,
		    mem_printf(mem, "%s names %zu", path, hooks->list.count));
}

static bool run(struct cli *cli, const void *given)
{
	const struct options *options = given;
	struct doctor doctor = { .cli = cli, .list = json_list(cli->work.mem) };

	if (check_config(&doctor, options->common.config)) {
		check_keys(&doctor);
		check_database(&doctor);
		check_relay(&doctor);
		check_gateway(&doctor);
		check_listener(&doctor);
		check_triggers(&doctor);
	}
	if (cli->json)
		cli_print_json(cli, doctor.list);
	if (!doctor.worst.code)
		return true;
	/* Each was said above; the first gives the exit status. */
	return work_fail(&cli->work, doctor.worst.code,
	    "not everything is good");
}

const struct command_code command_doctor = { rows, sizeof(struct options),
	run };
