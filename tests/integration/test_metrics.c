/* SPDX-License-Identifier: MIT */
/*
 * What Prometheus reads.
 * covers: delivery/metrics.c
 */
#include <regex.h>
#include <string.h>

#include "base/clock.h"
#include "delivery/metrics.h"
#include "queue_help.h"

static struct harness harness;
static struct board board;

static void begin(void)
{
	harness_begin(&harness);
	memset(&board, 0, sizeof(board)); /* too large for the stack */
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(metrics, .init = begin, .fini = end, .timeout = 60);

static const char *print(void)
{
	const char *text = metrics_print(&harness.work, &board);

	cr_assert(text, "%s", harness.work.err.detail);
	return text;
}

static void expect_line(const char *text, const char *line)
{
	const char *whole = mem_printf(harness.mem, "\n%s\n", line);

	cr_expect(strstr(text, whole), "no '%s'", line);
}

static void expect_form(const char *line)
{
	static const char form[] =
	    "^(# (HELP usher_[a-z_]+ .+|TYPE usher_[a-z_]+ "
	    "(counter|gauge|histogram))|usher_[a-z_]+(\\{([a-z]+=\"([^\\\"]|"
	    "\\\\[\\\"n])*\",?)+\\})? [0-9.e+]+)$";
	regex_t regex;

	cr_assert_eq(regcomp(&regex, form, REG_EXTENDED | REG_NOSUB), 0);
	cr_expect_eq(regexec(&regex, line, 0, NULL, 0), 0, "'%s'", line);
	regfree(&regex);
}

/* Text format 0.0.4. */
Test(metrics, each_line_has_the_form)
{
	help_every_state(&harness, harness_pool(&harness, "{}"));
	harness_value(&harness,
	    "update blocked set reason = E'a \"quote\", a \\\\ and\\nan end'");
	char *text = mem_text(harness.mem, print());
	int lines = 0;
	size_t length = strlen(text);

	cr_assert_eq(text[length - 1], '\n');
	expect_line(text,
	    "usher_blocked_messages{medium=\"EMAIL\",reason=\"a \\\"quote\\\", "
	    "a \\\\ and\\nan end\"} 1");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		expect_form(line);
		lines++;
	}
	cr_assert_gt(lines, 50);
}

Test(metrics, messages_by_state)
{
	help_every_state(&harness, harness_pool(&harness, "{}"));
	harness_value(&harness,
	    "update message set created_at = now() - interval '1 h'");
	const char *text = print();

	for (int i = 0; help_states[i]; i++)
		expect_line(text,
		    mem_printf(harness.mem, "usher_messages{state=\"%s\"} 1",
		        help_states[i]));
	cr_expect(strstr(text, "usher_oldest_seconds{state=\"queued\"} 36"));
	cr_expect_null(strstr(text, "usher_oldest_seconds{state=\"sent\"}"));
}

Test(metrics, attempts_of_each_medium)
{
	struct delivery delivery = { .created_ms = clock_now_ms() - 20000,
		.outcome = { .class = DELIVERY_ACCEPTED, .took_ms = 7 } };

	board_count(board_lane(&board, "SMS"), &delivery);
	delivery.outcome.took_ms = 400000;
	board_count(board_lane(&board, "SMS"), &delivery);
	delivery.outcome.took_ms = 4000000;
	delivery.outcome.class = DELIVERY_REFUSED;
	board_count(board_lane(&board, "SMS"), &delivery);
	const char *text = print();
#define A "usher_attempt_seconds_"
	expect_line(text,
	    "usher_attempts_total{medium=\"SMS\",class=\"ACCEPTED\"} 2");
	expect_line(text,
	    "usher_attempts_total{medium=\"SMS\",class=\"REFUSED\"} 1");
	expect_line(text,
	    "usher_attempts_total{medium=\"EMAIL\",class=\"ACCEPTED\"} 0");
	expect_line(text, A "bucket{medium=\"SMS\",le=\"0.005\"} 0");
	expect_line(text, A "bucket{medium=\"SMS\",le=\"0.01\"} 1");
	expect_line(text, A "bucket{medium=\"SMS\",le=\"300\"} 1");
	expect_line(text, A "bucket{medium=\"SMS\",le=\"3600\"} 2");
	expect_line(text, A "bucket{medium=\"SMS\",le=\"+Inf\"} 3");
	expect_line(text, A "sum{medium=\"SMS\"} 4400.007");
	expect_line(text, A "count{medium=\"SMS\"} 3");
	expect_line(text, A "count{medium=\"EMAIL\"} 0");
	expect_line(text, "usher_wait_seconds_count{medium=\"SMS\"} 2");
	expect_line(text,
	    "usher_wait_seconds_bucket{medium=\"SMS\",le=\"5\"} 0");
	expect_line(text,
	    "usher_wait_seconds_bucket{medium=\"SMS\",le=\"300\"} 2");
#undef A
}

/* After months of work a sum still moves with each attempt. */
Test(metrics, large_sums_are_exact)
{
	board.lanes[0].attempt.sum_ms = 123456789012;
	expect_line(print(),
	    "usher_attempt_seconds_sum{medium=\"EMAIL\"} 123456789.012");
}

Test(metrics, gates_and_others)
{
	board.lanes[0].gate.opens_ms = clock_steady_ms() + 3600000;
	board.lanes[0].gate.faults = 3;
	board.lanes[1].gate.sessions_fewer = 2;
	board.receipts = 5;
	board.receipts_refused = 6;
	board.restarts = 7;
	const char *text = print();

	expect_line(text, "usher_lane_open{medium=\"EMAIL\"} 0");
	expect_line(text, "usher_lane_open{medium=\"SMS\"} 1");
	expect_line(text, "usher_lane_faults{medium=\"EMAIL\"} 3");
	expect_line(text, "usher_lane_sessions_fewer{medium=\"SMS\"} 2");
	expect_line(text, "usher_receipts_total 5");
	expect_line(text, "usher_receipts_refused_total 6");
	expect_line(text, "usher_child_restarts_total 7");
}

Test(metrics, without_the_database)
{
	harness_value(&harness, "alter table later rename to gone");
	const char *text = metrics_print(&harness.work, &board);
	cr_assert_eq(harness.work.err.code, ERR_DATABASE);
	expect_line(text, "usher_database_up 0");
	expect_line(text, "usher_receipts_total 0");
	cr_assert_null(strstr(text, "usher_messages"));
}
