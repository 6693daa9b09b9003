/* SPDX-License-Identifier: MIT */
#include "account/user.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "delivery/queue.h"

#define PAGE 60

struct options {
	struct cli_common common;
	const char *pool;
	const char *password_file;
};

static const struct option_row show_rows[] = { OPTION_ROW_TEXT(struct options,
	                                           pool, "pool", 'p', "POOL",
	                                           "Id of the user pool."),
	OPTION_ROW_TEXT(struct options, password_file, "password-file", 0,
	    "FILE",
	    "Tell whether the first line of FILE, - for standard input, is the "
	    "user's password: what a user copied may be wrong, or too old."),
	CLI_COMMON_ROWS(struct options) };

static const struct option_row rows[] = { OPTION_ROW_TEXT(struct options, pool,
	                                      "pool", 'p', "POOL",
	                                      "Id of the user pool."),
	CLI_COMMON_ROWS(struct options) };

static struct pool *open_pool(struct cli *cli, const void *given)
{
	const struct options *options = given;

	return cli_need(cli, options->pool, "pool")
	           ? pool_get(&cli->work, options->pool)
	           : NULL;
}

static void print_messages(const cJSON *messages)
{
	const cJSON *message;

	cJSON_ArrayForEach(message, messages)
	{
		const char *reason = json_text(message, "/reason");
		printf("message %.0f: %s to %s: %s%s%s\n",
		    cJSON_GetNumberValue(json_at(message, "/id")),
		    json_text(message, "/medium"),
		    json_text(message, "/destination"),
		    json_text(message, "/state"), reason ? ": " : "",
		    reason ? reason : "");
	}
}

static bool is_expired(const struct user *user)
{
	return user->password_expires_ms &&
	       user->password_expires_ms < clock_now_ms();
}

/* *VERDICT on the password in the file: right, wrong or expired. */
static bool try_password(struct cli *cli, const struct user *user,
    const char *path, const char **verdict)
{
	const char *password =
	    path ? file_first_line(cli->work.mem, path, &cli->work.err) : NULL;

	*verdict = NULL;
	if (!path)
		return true;
	if (!password)
		return false;
	*verdict = "wrong";
	if (user->password_hash && secret_password_matches(cli->engine.keyring,
	                               user->password_hash, password))
		*verdict = is_expired(user) ? "expired" : "right";
	return true;
}

static void print_user(struct cli *cli, const struct user *user)
{
	struct mem *mem = cli->work.mem;
	const cJSON *attribute;

	printf("username: %s\nsub: %s\nstatus: %s%s\n", user->username,
	    user->sub, user->status, user->enabled ? "" : " (disabled)");
	printf("created: %s\nmodified: %s\n",
	    clock_print(mem, user->created_ms),
	    clock_print(mem, user->modified_ms));
	if (user->password_expires_ms)
		printf("temporary password valid until: %s%s\n",
		    clock_print(mem, user->password_expires_ms),
		    is_expired(user) ? " (expired)" : "");
	cJSON_ArrayForEach(attribute, user->attributes)
	{
		printf("%s: %s\n", attribute->string,
		    cJSON_GetStringValue(attribute));
	}
}

static cJSON *user_json(struct cli *cli, const struct user *user,
    cJSON *messages, const char *verdict)
{
	cJSON *json = user_describe(cli->work.mem, user, "UserAttributes");

	if (user->password_expires_ms)
		json_add(json, "TemporaryPasswordExpires",
		    clock_print(cli->work.mem, user->password_expires_ms));
	json_add(json, "Password", verdict);
	cJSON_AddItemReferenceToObject(json, "Messages", messages);
	return json;
}

static bool show(struct cli *cli, const void *given)
{
	const struct options *options = given;
	const char *verdict;
	struct pool *pool = open_pool(cli, given);
	struct user *user =
	    pool ? user_find(&cli->work, pool, cli->rest[0]) : NULL;
	cJSON *messages =
	    user ? queue_list_user(&cli->work, pool->id, user->sub) : NULL;

	if (!messages ||
	    !try_password(cli, user, options->password_file, &verdict))
		return false;
	if (cli->json) {
		cli_print_json(cli, user_json(cli, user, messages, verdict));
		return true;
	}
	print_user(cli, user);
	if (verdict)
		printf("the password is %s\n", verdict);
	print_messages(messages);
	return true;
}

static void list_one(struct cli *cli, const struct user *user, cJSON *list)
{
	if (cli->json)
		cJSON_AddItemReferenceToArray(list,
		    user_describe(cli->work.mem, user, "Attributes"));
	else
		printf("%-36s %-22s %s  %s\n", user->username, user->status,
		    user->enabled ? "enabled " : "disabled",
		    clock_print(cli->work.mem, user->created_ms));
}

static bool list_users(struct cli *cli, const void *given)
{
	struct pool *pool = open_pool(cli, given);
	cJSON *json = json_object(cli->work.mem);
	cJSON *list = cJSON_AddArrayToObject(json, "Users");
	const char *after = NULL;
	int found = 0;

	if (!pool)
		return false;
	do {
		struct user *users =
		    user_list(&cli->work, pool, after, PAGE, &found);
		if (!users)
			return false;
		for (int i = 0; i < found; i++)
			list_one(cli, &users[i], list);
		after = found ? users[found - 1].sub : after;
	} while (found == PAGE);
	if (cli->json)
		cli_print_json(cli, json);
	return true;
}

static bool delete_user(struct cli *cli, const void *given)
{
	struct pool *pool = open_pool(cli, given);

	if (!pool || !user_delete(&cli->work, pool, cli->rest[0]))
		return false;
	cli_say(cli, "%s deleted; what waited is cancelled\n", cli->rest[0]);
	return true;
}

const struct command_code command_user_show = { show_rows,
	sizeof(struct options), show };

const struct command_code command_user_list = { rows, sizeof(struct options),
	list_users };

const struct command_code command_user_delete = { rows, sizeof(struct options),
	delete_user };
