/* SPDX-License-Identifier: MIT */
#include "delivery/queue.h"

#include <string.h>
#include <unistd.h>

#include "account/audit.h"
#include "account/pool.h"
#include "base/json.h"
#include "cli/cli.h"
#include "delivery/queue_counts.h"

struct options {
	struct cli_common common;
	const char *state;
	const char *pool;
	const char *limit;
	const char *reason;
	bool yes;
};

static const struct option_row list_rows[] = {
	OPTION_ROW_TEXT(struct options, state, "state", 's', "STATE",
	    "Only those that are queued, sending, retry, blocked, sent, "
	    "delivered, bounced, refused, cancelled, held or skipped."),
	OPTION_ROW_TEXT(struct options, pool, "pool", 'p', "POOL",
	    "Only those of this user pool."),
	OPTION_ROW_TEXT(struct options, limit, "limit", 'n', "NUMBER",
	    "At most so many, the newest; 50 without it."),
	CLI_COMMON_ROWS(struct options)
};

static const struct option_row cancel_rows[] = {
	OPTION_ROW_TEXT(struct options, pool, "pool", 'p', "POOL",
	    "All messages of this user pool that wait, instead of one: told "
	    "first, and cancelled with --yes."),
	OPTION_ROW_FLAG(struct options, yes, "yes", 'y',
	    "With --pool: cancel them."),
	OPTION_ROW_TEXT(struct options, reason, "reason", 'r', "TEXT",
	    "Why, for the record: one line of at most 200 bytes."),
	CLI_COMMON_ROWS(struct options)
};

static const struct option_row plain_rows[] = { CLI_COMMON_ROWS(
    struct options) };

static bool check_state(struct cli *cli, const char *state)
{
	static const char *const states[] = { "queued", "sending", "retry",
		"blocked", "sent", "delivered", "bounced", "refused",
		"cancelled", "held", "skipped" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (!state || strcmp(states[i], state) == 0)
			return true;
	return work_fail(&cli->work, ERR_USAGE,
	    "state '%.40s' is none; --help lists them", state);
}

static void print_row(const cJSON *message)
{
	const char *reason = json_text(message, "/reason");

	printf("%-8.0f %-9s %-5s %-28s %s%s%s\n",
	    cJSON_GetNumberValue(json_at(message, "/id")),
	    json_text(message, "/state"), json_text(message, "/medium"),
	    json_text(message, "/destination"), json_text(message, "/created"),
	    reason ? "  " : "", reason ? reason : "");
}

static bool list_messages(struct cli *cli, const void *given)
{
	const struct options *options = given;
	const cJSON *message;
	int64_t most = 50;

	if (!check_state(cli, options->state) ||
	    (options->limit &&
	        !cli_number(cli, options->limit, "limit", 1, 100000, &most)))
		return false;
	if (options->pool && !pool_get(&cli->work, options->pool))
		return false;
	cJSON *list =
	    queue_list(&cli->work, options->state, options->pool, 0, (int)most);
	if (!list)
		return false;
	if (cli->json) {
		cli_print_json(cli, list);
		return true;
	}
	cJSON_ArrayForEach(message, list) print_row(message);
	return true;
}

static void print_history(const cJSON *history)
{
	const cJSON *attempt;

	cJSON_ArrayForEach(attempt, history)
	{
		const char *words = json_text(attempt, "/words");
		printf("attempt %.0f at %s: %s%s%s (%.0f ms, %s)\n",
		    cJSON_GetNumberValue(json_at(attempt, "/attempt")),
		    json_text(attempt, "/at"), json_text(attempt, "/class"),
		    words ? ": " : "", words ? words : "",
		    cJSON_GetNumberValue(json_at(attempt, "/took_ms")),
		    json_text(attempt, "/lane"));
	}
}

static void print_receipts(const cJSON *receipts)
{
	const cJSON *receipt;

	cJSON_ArrayForEach(receipt, receipts)
	{
		const char *code = json_text(receipt, "/code");
		const char *words = json_text(receipt, "/words");
		printf("receipt at %s from %s: %s%s%s%s%s\n",
		    json_text(receipt, "/at"), json_text(receipt, "/source"),
		    json_text(receipt, "/state"), code ? ", code " : "",
		    code ? code : "", words ? ": " : "", words ? words : "");
	}
}

static bool get_id(struct cli *cli, int64_t *id)
{
	return cli_number(cli, cli->rest[0], "message", 1, INT64_MAX, id);
}

static bool show(struct cli *cli, const void *given)
{
	int64_t id;
	cJSON *json = get_id(cli, &id) ? queue_show(&cli->work, id) : NULL;
	const cJSON *member;

	(void)given;
	if (!json)
		return false;
	if (cli->json) {
		cli_print_json(cli, json);
		return true;
	}
	cJSON_ArrayForEach(member, json)
	{
		if (cJSON_IsString(member))
			printf("%s: %s\n", member->string, member->valuestring);
		else if (cJSON_IsNumber(member))
			printf("%s: %.0f\n", member->string,
			    member->valuedouble);
	}
	print_history(json_at(json, "/history"));
	print_receipts(json_at(json, "/receipts"));
	return true;
}

static bool retry(struct cli *cli, const void *given)
{
	int64_t id;

	(void)given;
	if (!get_id(cli, &id) || !queue_retry(&cli->work, id) ||
	    !audit(&cli->work, "queue retry", cli->rest[0], NULL))
		return false;
	cli_say(cli, "message %s goes as soon as a lane is free\n",
	    cli->rest[0]);
	return true;
}

/* Bounded steps, so that lanes and others go on meanwhile. */
static bool cancel_all(struct cli *cli, const char *pool, const char *reason)
{
	bool terminal = isatty(STDERR_FILENO) && !cli->json;
	long long all = 0;
	int count = 0;

	do {
		if (!queue_cancel_some(&cli->work, pool, reason, &count))
			return false;
		all += count;
		if (terminal)
			fprintf(stderr, "\r%lld cancelled", all);
	} while (count);
	if (terminal)
		fputs("\n", stderr);
	cli_say(cli, "%lld messages are cancelled\n", all);
	return true;
}

static bool cancel_pool(struct cli *cli, const struct options *options,
    const char *reason)
{
	cJSON *counts = NULL;

	if (cli->rest_count)
		return work_fail(&cli->work, ERR_USAGE,
		    "either a message or --pool, not both");
	if (pool_get(&cli->work, options->pool))
		counts = queue_count_pool(&cli->work, options->pool);
	if (!counts)
		return false;
	if (cli->json)
		cli_print_json(cli, counts);
	cli_say(cli,
	    "waiting in this user pool: %.0f queued, %.0f for a retry, %.0f "
	    "blocked\n",
	    cJSON_GetNumberValue(json_at(counts, "/queued")),
	    cJSON_GetNumberValue(json_at(counts, "/retry")),
	    cJSON_GetNumberValue(json_at(counts, "/blocked")));
	if (options->yes)
		return audit(&cli->work, "queue cancel", options->pool,
		           counts) &&
		       cancel_all(cli, options->pool, reason);
	cli_say(cli, "nothing is cancelled yet; --yes cancels them\n");
	return true;
}

static bool cancel(struct cli *cli, const void *given)
{
	const struct options *options = given;
	const char *reason =
	    options->reason ? options->reason : "cancelled by the operator";
	int64_t id;

	if (!cli_check_reason(cli, reason))
		return false;
	if (options->pool)
		return cancel_pool(cli, options, reason);
	if (!cli->rest_count)
		return work_fail(&cli->work, ERR_USAGE,
		    "something is missing: a message or --pool");
	if (!get_id(cli, &id) || !queue_cancel(&cli->work, id, reason) ||
	    !audit(&cli->work, "queue cancel", cli->rest[0], NULL))
		return false;
	cli_say(cli, "message %s is cancelled\n", cli->rest[0]);
	return true;
}

/* False when there are none. */
static bool print_state(const cJSON *item)
{
	const char *oldest = json_text(item, "/oldest");
	bool some = cJSON_GetNumberValue(json_at(item, "/count")) >= 1;

	if (some)
		printf("%-10s %s%.0f%s%s\n", json_text(item, "/state"),
		    cJSON_IsTrue(json_at(item, "/about")) ? "about " : "",
		    cJSON_GetNumberValue(json_at(item, "/count")),
		    oldest ? ", the oldest of " : "", oldest ? oldest : "");
	return some;
}

static void print_counts(const cJSON *counts)
{
	const cJSON *item;
	bool some = false;

	cJSON_ArrayForEach(item, json_at(counts, "/states"))
	{
		some |= print_state(item);
	}
	if (!some)
		puts("no messages");
	cJSON_ArrayForEach(item, json_at(counts, "/reasons"))
	{
		const char *reason = json_text(item, "/reason");
		printf("%-10s %-5s %8.0f  %s\n", json_text(item, "/state"),
		    json_text(item, "/medium"),
		    cJSON_GetNumberValue(json_at(item, "/count")),
		    reason ? reason : "");
	}
}

static bool count(struct cli *cli, const void *given)
{
	cJSON *counts = queue_counts(&cli->work);

	(void)given;
	if (!counts)
		return false;
	if (cli->json)
		cli_print_json(cli, counts);
	else
		print_counts(counts);
	return true;
}

const struct command_code command_queue = { plain_rows, sizeof(struct options),
	count };

const struct command_code command_queue_list = { list_rows,
	sizeof(struct options), list_messages };

const struct command_code command_queue_show = { plain_rows,
	sizeof(struct options), show };

const struct command_code command_queue_retry = { plain_rows,
	sizeof(struct options), retry };

const struct command_code command_queue_cancel = { cancel_rows,
	sizeof(struct options), cancel };
