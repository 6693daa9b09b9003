/* SPDX-License-Identifier: MIT */
#include "account/invite.h"

#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "cli/cli.h"

struct options {
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

#define SHARED_ROWS                                                            \
	OPTION_ROW_TEXT(struct options, pool, "pool", 'p', "POOL",             \
	    "Id of the user pool (UserPoolId)."),                              \
	    OPTION_ROW_TEXT(struct options, username, "username", 'u', "NAME", \
	        "Name of the user (Username)."),                               \
	    OPTION_ROW_LIST(struct options, media, "medium", 'm', "MEDIUM",    \
	        "EMAIL or SMS; may be repeated (DesiredDeliveryMediums). "     \
	        "Without it: SMS to who has a telephone number, else mail."),  \
	    OPTION_ROW_TEXT(struct options, password_file,                     \
	        "temporary-password-file", 0, "FILE",                          \
	        "Take the temporary password from the first line of FILE, - "  \
	        "for standard input (TemporaryPassword)."),                    \
	    OPTION_ROW_LIST(struct options, metadata, "client-metadata", 0,    \
	        "NAME=VALUE",                                                  \
	        "For triggers (ClientMetadata); may be "                       \
	        "repeated.")

static const struct option_row invite_options[] = { SHARED_ROWS,
	OPTION_ROW_LIST(struct options, attributes, "attribute", 'a',
	    "NAME=VALUE",
	    "An attribute, such as email=a@example.com; may be repeated "
	    "(UserAttributes)."),
	OPTION_ROW_FLAG(struct options, suppress, "suppress", 's',
	    "Make the user and send nothing (MessageAction SUPPRESS)."),
	OPTION_ROW_FLAG(struct options, show_password, "show-password", 0,
	    "With --suppress: print the generated password, this once."),
	OPTION_ROW_FLAG(struct options, force_alias, "force-alias", 0,
	    "Take a verified address over from another user "
	    "(ForceAliasCreation)."),
	OPTION_ROW_LIST(struct options, validation, "validation-data", 0,
	    "NAME=VALUE", "For triggers (ValidationData); may be repeated."),
	CLI_COMMON_ROWS(struct options) };

static const struct option_row resend_options[] = { SHARED_ROWS,
	CLI_COMMON_ROWS(struct options) };

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
	    config_secret(cli->work.mem, path, &cli->work.err);
	if (password)
		json_add(json, "TemporaryPassword", password);
	return password != NULL;
}

/* The API's request, so that the same table checks it. */
static cJSON *make_request(struct cli *cli, const struct options *options,
    const char *action)
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

static const char *hint_for(const struct cli *cli,
    const struct invitation_message *message)
{
	const char *why = message->block ? message->block : "";

	if (strcmp(why, "sandbox") == 0)
		return "sandbox: the number is not verified; usher sandbox "
		       "add and verify it, or leave the sandbox";
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
    const struct invite_report *report, const struct options *options)
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

static bool run_action(struct cli *cli, const struct options *options,
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
	struct user *user = invite(work, &engine, &request, &report);
	if (!user)
		return false;
	if (cli->json)
		print_json(cli, user, &report, options->show_password);
	else
		print_people(cli, user, &report, options);
	return true;
}

static bool run_invite(struct cli *cli, const void *given)
{
	const struct options *options = given;

	return run_action(cli, options, options->suppress ? "SUPPRESS" : NULL);
}

static bool run_resend(struct cli *cli, const void *given)
{
	return run_action(cli, given, "RESEND");
}

const struct command command_invite = {
	.name = "invite",
	.arguments = "",
	.summary = "Create a user and queue the invitation (AdminCreateUser).",
	.rows = invite_options,
	.options_size = sizeof(struct options),
	.needs = CLI_NEEDS_ALL,
	.run = run_invite,
};

const struct command command_resend = {
	.name = "resend",
	.arguments = "",
	.summary = "Give an invited user a new password and invitation; what "
	           "waits is cancelled (RESEND).",
	.rows = resend_options,
	.options_size = sizeof(struct options),
	.needs = CLI_NEEDS_ALL,
	.run = run_resend,
};
