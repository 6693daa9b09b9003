/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "delivery/capture.h"

#define MESSAGES_MOST 100000
#define WAIT_MS       50

struct options {
	struct cli_common common;
	const char *to;
	const char *medium;
	const char *after;
	const char *count;
	const char *timeout;
	bool clear;
};

static const struct option_row rows[] = {
	OPTION_ROW_TEXT(struct options, to, "to", 't', "ADDRESS",
	    "Only messages to this address or number."),
	OPTION_ROW_TEXT(struct options, medium, "medium", 'm', "MEDIUM",
	    "Only EMAIL or SMS."),
	OPTION_ROW_TEXT(struct options, after, "after", 0, "ID",
	    "Only those captured after the one of this id."),
	OPTION_ROW_TEXT(struct options, count, "count", 'n', "NUMBER",
	    "Wait until there are so many; print the newest so many."),
	OPTION_ROW_TEXT(struct options, timeout, "timeout", 0, "SECONDS",
	    "With --count: wait at most so long; 10 without it."),
	OPTION_ROW_FLAG(struct options, clear, "clear", 0,
	    "Throw all captured messages away."),
	CLI_COMMON_ROWS(struct options)
};

/* The newest MOST of the list, as the list. */
static void keep_newest(cJSON *list, int most)
{
	while (most > 0 && cJSON_GetArraySize(list) > most)
		cJSON_DeleteItemFromArray(list, 0);
}

static cJSON *wait_for(struct cli *cli, const struct capture_filter *filter,
    int count, int64_t timeout_ms)
{
	int64_t end_ms = clock_steady_ms() + timeout_ms;

	for (;;) {
		cJSON *list = capture_list(&cli->work, &cli->engine, filter);
		if (!list || cJSON_GetArraySize(list) >= count)
			return list;
		if (clock_steady_ms() > end_ms) {
			work_fail(&cli->work, ERR_RESOURCE_NOT_FOUND,
			    "only %d of %d messages came in %lld seconds; is "
			    "usher dev running?",
			    cJSON_GetArraySize(list), count,
			    (long long)timeout_ms / 1000);
			return NULL;
		}
		clock_sleep_ms(WAIT_MS);
	}
}

static bool run(struct cli *cli, const void *given)
{
	const struct options *options = given;
	struct capture_filter filter = { .destination = options->to,
		.medium = options->medium,
		.most = MESSAGES_MOST };
	int64_t count = 0;
	int64_t timeout_s = 10;
	const cJSON *message;

	if (options->clear)
		return capture_clear(&cli->work);
	if (options->medium && strcmp(options->medium, "EMAIL") != 0 &&
	    strcmp(options->medium, "SMS") != 0)
		return work_fail(&cli->work, ERR_USAGE,
		    "medium '%.20s' is not EMAIL or SMS", options->medium);
	if ((options->after && !cli_number(cli, options->after, "after", 0,
	                           INT64_MAX, &filter.after)) ||
	    (options->count && !cli_number(cli, options->count, "count", 1,
	                           MESSAGES_MOST, &count)) ||
	    (options->timeout && !cli_number(cli, options->timeout, "timeout",
	                             0, 86400, &timeout_s)))
		return false;
	cJSON *list = wait_for(cli, &filter, (int)count, timeout_s * 1000);
	if (!list)
		return false;
	keep_newest(list, (int)count);
	if (cli->json) {
		cli_print_json(cli, list);
		return true;
	}
	cJSON_ArrayForEach(message, list) show_captured(message, stdout);
	return true;
}

const struct command_code command_inbox = { rows, sizeof(struct options), run };
