/* SPDX-License-Identifier: MIT */
#include "delivery/metrics.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "delivery/queue_counts.h"

static const char *const media[] = { "EMAIL", "SMS" };

static void head(struct str *text, const char *name, const char *type,
    const char *help)
{
	str_addf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A value of a label: backslash, quote and line end are escaped. */
static const char *label(struct mem *mem, const char *value)
{
	struct str *text = str_new(mem, STR_LIMIT_LARGE);

	for (; value && *value; value++) {
		if (*value == '\n') {
			str_add(text, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			str_add_char(text, '\\');
		str_add_char(text, *value);
	}
	return str_text(text);
}

static void add_attempts(struct str *text, const struct board *board)
{
	head(text, "usher_attempts_total", "counter",
	    "Attempts by medium and what came of them.");
	for (size_t i = 0; i < 2; i++)
		for (int class = 0; class < DELIVERY_CLASSES; class ++)
			str_addf(text,
			    "usher_attempts_total{medium=\"%s\",class=\"%s\"} "
			    "%" PRId64 "\n",
			    media[i],
			    delivery_class_name((enum delivery_class) class),
			    board->lanes[i].attempts[class]);
}

static void add_histogram(struct str *text, const char *name,
    const char *medium, const struct board_histogram *histogram)
{
	int64_t count = 0;

	for (int i = 0; i < BOARD_BUCKETS; i++) {
		count += histogram->buckets[i];
		str_addf(text,
		    "%s_bucket{medium=\"%s\",le=\"%g\"} %" PRId64 "\n", name,
		    medium, (double)board_bounds_ms[i] / 1000, count);
	}
	count += histogram->buckets[BOARD_BUCKETS];
	str_addf(text,
	    "%s_bucket{medium=\"%s\",le=\"+Inf\"} %" PRId64
	    "\n%s_sum{medium=\"%s\"} %.3f\n%s_count{medium=\"%s\"} %" PRId64
	    "\n",
	    name, medium, count, name, medium, (double)histogram->sum_ms / 1000,
	    name, medium, count);
}

static void add_histograms(struct str *text, const struct board *board)
{
	head(text, "usher_attempt_seconds", "histogram",
	    "How long an attempt took.");
	for (size_t i = 0; i < 2; i++)
		add_histogram(text, "usher_attempt_seconds", media[i],
		    &board->lanes[i].attempt);
	head(text, "usher_wait_seconds", "histogram",
	    "From an invitation's creation to its acceptance by the carrier.");
	for (size_t i = 0; i < 2; i++)
		add_histogram(text, "usher_wait_seconds", media[i],
		    &board->lanes[i].wait);
}

static void add_gates(struct str *text, const struct board *board)
{
	int64_t now_ms = clock_steady_ms();

	head(text, "usher_lane_open", "gauge",
	    "1: the lanes of the medium send; 0: they pause.");
	for (size_t i = 0; i < 2; i++)
		str_addf(text, "usher_lane_open{medium=\"%s\"} %d\n", media[i],
		    board->lanes[i].gate.opens_ms <= now_ms);
	head(text, "usher_lane_faults", "gauge",
	    "Faults of the carrier as a whole, in a row.");
	for (size_t i = 0; i < 2; i++)
		str_addf(text, "usher_lane_faults{medium=\"%s\"} %d\n",
		    media[i], board->lanes[i].gate.faults);
	head(text, "usher_lane_sessions_fewer", "gauge",
	    "By how many sessions at a time the lanes hold back, since the "
	    "carrier asked for less.");
	for (size_t i = 0; i < 2; i++)
		str_addf(text, "usher_lane_sessions_fewer{medium=\"%s\"} %d\n",
		    media[i], board->lanes[i].gate.sessions_fewer);
}

static void add_others(struct str *text, const struct board *board)
{
	head(text, "usher_receipts_total", "counter",
	    "Receipts that were taken.");
	str_addf(text, "usher_receipts_total %" PRId64 "\n", board->receipts);
	head(text, "usher_receipts_refused_total", "counter",
	    "Receipts that were not genuine, or named no message.");
	str_addf(text, "usher_receipts_refused_total %" PRId64 "\n",
	    board->receipts_refused);
	head(text, "usher_child_restarts_total", "counter",
	    "Children that ended by themselves and were started again.");
	str_addf(text, "usher_child_restarts_total %" PRId64 "\n",
	    board->restarts);
}

static void add_queue(struct mem *mem, struct str *text, const cJSON *counts)
{
	const cJSON *item;

	head(text, "usher_messages", "gauge",
	    "Messages by state, of the whole installation; beyond 100000 of a "
	    "state about.");
	cJSON_ArrayForEach(item, json_at(counts, "/states")) str_addf(text,
	    "usher_messages{state=\"%s\"} %.0f\n", json_text(item, "/state"),
	    cJSON_GetNumberValue(json_at(item, "/count")));
	head(text, "usher_oldest_seconds", "gauge",
	    "Age of the oldest message that is not settled, by state.");
	cJSON_ArrayForEach(item, json_at(counts, "/states"))
	{
		if (json_at(item, "/age_seconds"))
			str_addf(text,
			    "usher_oldest_seconds{state=\"%s\"} %.0f\n",
			    json_text(item, "/state"),
			    cJSON_GetNumberValue(
			        json_at(item, "/age_seconds")));
	}
	head(text, "usher_blocked_messages", "gauge",
	    "Messages that a rule holds, of the newest 10000.");
	cJSON_ArrayForEach(item, json_at(counts, "/reasons"))
	{
		if (str_same(json_text(item, "/state"), "blocked"))
			str_addf(text,
			    "usher_blocked_messages{medium=\"%s\","
			    "reason=\"%s\"} %.0f\n",
			    json_text(item, "/medium"),
			    label(mem, json_text(item, "/reason")),
			    cJSON_GetNumberValue(json_at(item, "/count")));
	}
}

const char *metrics_print(struct work *work, const struct board *board)
{
	struct str *text = str_new(work->mem, STR_LIMIT_LARGE);
	const cJSON *counts = work->db ? queue_counts(work) : NULL;

	head(text, "usher_database_up", "gauge",
	    "1: the database answers; 0: what it knows is missing here.");
	str_addf(text, "usher_database_up %d\n", counts != NULL);
	if (counts)
		add_queue(work->mem, text, counts);
	add_attempts(text, board);
	add_histograms(text, board);
	add_gates(text, board);
	add_others(text, board);
	return str_text(text);
}
