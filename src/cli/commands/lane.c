/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "delivery/lane_state.h"

struct options {
	struct cli_common common;
	const char *reason;
};

static const struct option_row pause_rows[] = {
	OPTION_ROW_TEXT(struct options, reason, "reason", 'r', "TEXT",
	    "Why, for the record and for who asks: one line of at most 200 "
	    "bytes."),
	CLI_COMMON_ROWS(struct options)
};

static const struct option_row plain_rows[] = { CLI_COMMON_ROWS(
    struct options) };

/* A lane tells of itself every few seconds. */
#define LOST_SECONDS 60

static void print_lane(const cJSON *lane)
{
	double seen = cJSON_GetNumberValue(json_at(lane, "/seen_seconds_ago"));
	const char *words = json_text(lane, "/words");

	printf("%-5s %-9s %-32s %.0f of %.0f at a time, up to %.0f each, since "
	       "%s%s%s\n",
	    json_text(lane, "/medium"),
	    seen > LOST_SECONDS ? "lost" : json_text(lane, "/state"),
	    json_text(lane, "/owner"),
	    cJSON_GetNumberValue(json_at(lane, "/sessions")),
	    cJSON_GetNumberValue(json_at(lane, "/sessions_most")),
	    cJSON_GetNumberValue(json_at(lane, "/batch")),
	    json_text(lane, "/since"), words ? ": " : "", words ? words : "");
}

static bool show(struct cli *cli, const void *given)
{
	cJSON *json = lane_state(&cli->work);
	const cJSON *item;

	(void)given;
	if (!json)
		return false;
	if (cli->json) {
		cli_print_json(cli, json);
		return true;
	}
	cJSON_ArrayForEach(item, json_at(json, "/pauses"))
	    printf("%s is paused since %s by %s: %s\n",
	        json_text(item, "/medium"), json_text(item, "/since"),
	        json_text(item, "/who"), json_text(item, "/reason"));
	cJSON_ArrayForEach(item, json_at(json, "/lanes")) print_lane(item);
	if (!cJSON_GetArraySize(json_at(json, "/lanes")))
		printf("no lane is at work: start usherd\n");
	return true;
}

static const char *get_medium(struct cli *cli)
{
	const char *name = cli->rest[0];

	if (strcasecmp(name, "mail") == 0 || strcasecmp(name, "email") == 0)
		return "EMAIL";
	if (strcasecmp(name, "text") == 0 || strcasecmp(name, "sms") == 0)
		return "SMS";
	work_fail(&cli->work, ERR_USAGE,
	    "'%.40s' is no lane: mail (EMAIL) or text (SMS)", name);
	return NULL;
}

static bool pause_one(struct cli *cli, const void *given)
{
	const struct options *options = given;
	const char *reason =
	    options->reason ? options->reason : "paused by the operator";
	const char *medium = get_medium(cli);

	if (!medium || !cli_check_reason(cli, reason) ||
	    !lane_pause(&cli->work, medium, reason))
		return false;
	cli_say(cli,
	    "%s is paused on all hosts; what waits stays until 'usher lane "
	    "resume %s'\n",
	    medium, cli->rest[0]);
	return true;
}

static bool resume_one(struct cli *cli, const void *given)
{
	const char *medium = get_medium(cli);

	(void)given;
	if (!medium || !lane_resume(&cli->work, medium))
		return false;
	cli_say(cli, "%s goes on\n", medium);
	return true;
}

const struct command_code command_lane_show = { plain_rows,
	sizeof(struct options), show };

const struct command_code command_lane_pause = { pause_rows,
	sizeof(struct options), pause_one };

const struct command_code command_lane_resume = { plain_rows,
	sizeof(struct options), resume_one };
