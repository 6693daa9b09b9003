/* SPDX-License-Identifier: MIT */
#include "cli/invitation.h"

#include <string.h>

#include "account/hook.h"
#include "account/invite.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "message/phone.h"

/* "NAME=VALUE" options as a list of {Name, Value}. */
static bool add_pairs(struct cli *cli, cJSON *json, const char *member,
    const struct option_list *pairs, const char *option)
{
	cJSON *list =
	    pairs->count ? cJSON_AddArrayToObject(json, member) : NULL;

	for (size_t i = 0; i < pairs->count; i++) {
		char *name;
		char *value;
		if (!cli_split(cli, pairs->items[i], option, &name, &value))
			return false;
		cJSON *pair = cJSON_CreateObject();
		json_add(pair, "Name", name);
		json_add(pair, "Value", value);
		cJSON_AddItemToArray(list, pair);
	}
	return true;
}

static bool add_metadata(struct cli *cli, cJSON *json,
    const struct option_list *pairs)
{
	cJSON *map = pairs->count
	                 ? cJSON_AddObjectToObject(json, "ClientMetadata")
	                 : NULL;

	for (size_t i = 0; i < pairs->count; i++) {
		char *name;
		char *value;
		if (!cli_split(cli, pairs->items[i], "client-metadata", &name,
		        &value))
			return false;
		json_add(map, name, value);
	}
	return true;
}

static void add_media(cJSON *json, const struct option_list *media)
{
	cJSON *list = media->count ? cJSON_AddArrayToObject(json,
	                                 "DesiredDeliveryMediums")
	                           : NULL;

	for (size_t i = 0; i < media->count; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(media->items[i]));
}

static bool add_password(struct cli *cli, cJSON *json, const char *path)
{
	if (!path)
		return true;
	const char *password =
	    file_first_line(cli->work.mem, path, &cli->work.err);
	if (password)
		json_add(json, "TemporaryPassword", password);
	return password != NULL;
}

/* The API's request, so that the same table checks it. */
static cJSON *make_request(struct cli *cli,
    const struct invitation_options *options, const char *action)
{
	cJSON *json = json_object(cli->work.mem);

	json_add(json, "UserPoolId", options->pool);
	json_add(json, "Username", options->username);
	json_add(json, "MessageAction", action);
	if (options->force_alias)
		cJSON_AddTrueToObject(json, "ForceAliasCreation");
	add_media(json, &options->media);
	if (add_pairs(cli, json, "UserAttributes", &options->attributes,
	        "attribute") &&
	    add_pairs(cli, json, "ValidationData", &options->validation,
	        "validation-data") &&
	    add_metadata(cli, json, &options->metadata) &&
	    add_password(cli, json, options->password_file))
		return json;
	return NULL;
}

static const char *outcome_of(const struct invitation_message *message)
{
	if (message->outcome)
		return message->outcome;
	return message->block ? "blocked" : "queued";
}

static bool has_carrier(const struct cli *cli, const char *medium)
{
	const struct config *config = cli->engine.config;

	if (strcmp(medium, "EMAIL") == 0)
		return strcmp(config->mail_carrier, "none") != 0;
	return strcmp(config->text_carrier, "capture") == 0 ||
	       (strcmp(config->text_carrier, "http") == 0 &&
	           *config->gateway_file);
}

static bool needs_origination(const struct cli *cli,
    const struct invitation_message *message)
{
	return strcmp(message->medium, "SMS") == 0 &&
	       strcmp(cli->engine.config->text_carrier, "http") == 0 &&
	       *cli->engine.config->gateway_file &&
	       phone_is_us(message->destination);
}

static const char *hint_for(const struct cli *cli,
    const struct invitation_message *message)
{
	const char *why = message->block ? message->block : "";

	if (strcmp(why, "sandbox") == 0)
		return "sandbox: the number is not verified; usher sandbox "
		       "add and verify it, or leave the sandbox";
	if (!message->block && needs_origination(cli, message))
		return "a US number: carriers there take SMS from registered "
		       "origination numbers only; the gateway must have one";
	if (!message->block && !has_carrier(cli, message->medium))
		return "no carrier is set for it; it waits until one is";
	return why;
}

static void print_json(struct cli *cli, const struct user *user,
    const struct invite_report *report, bool show_password)
{
	struct mem *mem = cli->work.mem;
	cJSON *json = json_object(mem);
	cJSON *list;

	cJSON_AddItemReferenceToObject(json, "User",
	    user_describe(mem, user, "Attributes"));
	list = cJSON_AddArrayToObject(json, "Messages");
	for (size_t i = 0; i < report->plan.count; i++) {
		const struct invitation_message *message =
		    &report->plan.messages[i];
		cJSON *item = cJSON_CreateObject();
		json_add_int(item, "id", message->id);
		json_add(item, "medium", message->medium);
		json_add(item, "to", message->destination);
		json_add(item, "state", outcome_of(message));
		json_add(item, "reason", message->block);
		cJSON_AddItemToArray(list, item);
	}
	if (report->expires_ms)
		json_add(json, "TemporaryPasswordExpires",
		    clock_print(mem, report->expires_ms));
	if (show_password)
		json_add(json, "TemporaryPassword", report->password);
	cli_print_json(cli, json);
}

static void print_people(struct cli *cli, const struct user *user,
    const struct invite_report *report,
    const struct invitation_options *options)
{
	printf("user %s (%s), %s\n", report->plan.shown_username, user->sub,
	    user->status);
	if (report->expires_ms)
		printf("temporary password valid until %s\n",
		    clock_print_people(cli->work.mem, report->expires_ms));
	for (size_t i = 0; i < report->plan.count; i++) {
		const struct invitation_message *message =
		    &report->plan.messages[i];
		const char *hint = hint_for(cli, message);
		printf("%s %lld to %s: %s%s%s\n", message->medium,
		    (long long)message->id,
		    *message->destination ? message->destination : "nobody",
		    outcome_of(message), *hint ? ": " : "", hint);
	}
	if (!report->plan.count)
		puts(options->suppress ? "nothing is sent (--suppress)"
		                       : "nothing is sent: the user has no "
		                         "address for a medium");
	if (options->show_password && report->password)
		printf("temporary password: %s\n", report->password);
	else if (options->suppress && report->password)
		puts("nobody learns the generated password; usher resend "
		     "makes and sends a new one");
}

/* The command takes SMS or mail, whichever can reach the user; the API's
 * default is SMS alone. */
static struct engine with_auto_medium(struct cli *cli)
{
	struct engine engine = cli->engine;
	struct config *config =
	    mem_copy(cli->work.mem, engine.config, sizeof(*config));

	config->invite_default_medium = "auto";
	engine.config = config;
	return engine;
}

bool invitation_run(struct cli *cli, const struct invitation_options *options,
    const char *action)
{
	struct work *work = &cli->work;
	struct invite_request request = { 0 };
	struct invite_report report;
	struct engine engine = with_auto_medium(cli);

	if (!cli_need(cli, options->pool, "pool") ||
	    !cli_need(cli, options->username, "username"))
		return false;
	if (options->show_password && !options->suppress)
		return work_fail(work, ERR_USAGE,
		    "--show-password goes with --suppress: a password that is "
		    "sent is not shown");
	cJSON *json = make_request(cli, options, action);
	if (!json ||
	    !field_read(work->mem, invite_rows, json, &request, &work->err))
		return false;
	engine.hooks =
	    hooks_read(work->mem, engine.config->trigger_file, &work->err);
	struct user *user =
	    engine.hooks ? invite(work, &engine, &request, &report) : NULL;
	if (!user)
		return false;
	if (cli->json)
		print_json(cli, user, &report, options->show_password);
	else
		print_people(cli, user, &report, options);
	return true;
}
