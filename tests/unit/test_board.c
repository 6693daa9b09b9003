/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "delivery/board.h"

static struct board *new_board(void)
{
	struct err err = { 0 };
	struct board *board = board_new(&err);

	cr_assert_not_null(board, "%s", err.message);
	return board;
}

static void refuse(int fd)
{
	struct err err = { 0 };

	cr_expect_null(board_open(fd, &err), "%d", fd);
	cr_expect_eq(err.code, ERR_USAGE);
	cr_expect_not_null(strstr(err.message, "is not the board"), "%s",
	    err.message);
}

static struct delivery attempt(enum delivery_class class, int64_t took_ms)
{
	return (struct delivery){ .created_ms = clock_now_ms(),
		.outcome = { .class = class, .took_ms = took_ms } };
}

static int64_t sum_of(const struct board_histogram *histogram)
{
	int64_t sum = 0;

	for (int i = 0; i <= BOARD_BUCKETS; i++)
		sum += histogram->buckets[i];
	return sum;
}

Test(board, is_the_same_for_all_who_open_it)
{
	struct board *board = new_board();
	struct err err = { 0 };
	struct board *other = board_open(board->fd, &err);

	cr_assert_not_null(other, "%s", err.message);
	cr_expect_neq(other, board);
	cr_expect_eq(other->fd, board->fd);
	other->restarts = 3;
	board_lane(board, "SMS")->gate.faults = 2;
	cr_expect_eq(board->restarts, 3);
	cr_expect_eq(board_lane(other, "SMS")->gate.faults, 2);
	cr_expect_eq(board_lane(other, "EMAIL")->gate.faults, 0);
}

Test(board, children_write_to_it)
{
	struct board *board = new_board();
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct delivery delivery = attempt(DELIVERY_ACCEPTED, 1);
		board_count(board_lane(board, "SMS"), &delivery);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_expect_eq(board->lanes[1].attempts[DELIVERY_ACCEPTED], 1);
	cr_expect_eq(board->lanes[0].attempts[DELIVERY_ACCEPTED], 0);
}

/* usher-mail is another program: its descriptor must outlive exec. */
Test(board, its_descriptor_stays_open_on_exec)
{
	cr_expect_eq(fcntl(new_board()->fd, F_GETFD) & FD_CLOEXEC, 0);
}

Test(board, what_is_no_board_is_not_opened)
{
	char path[] = "/tmp/usher-unit-XXXXXX";
	int file = mkstemp(path);
	int ends[2];

	cr_assert_geq(file, 0);
	unlink(path);
	cr_assert_eq(pipe(ends), 0);
	refuse(-1);
	refuse(9999);
	refuse(ends[0]);
	refuse(file);
	cr_assert_eq(ftruncate(file, (off_t)sizeof(struct board) - 1), 0);
	refuse(file);
	cr_assert_eq(ftruncate(file, (off_t)sizeof(struct board) + 1), 0);
	refuse(file);
}

Test(board, what_cannot_be_written_is_not_opened)
{
	char path[] = "/tmp/usher-unit-XXXXXX";
	struct err err = { 0 };
	int file = mkstemp(path);

	cr_assert_geq(file, 0);
	cr_assert_eq(ftruncate(file, (off_t)sizeof(struct board)), 0);
	close(file);
	file = open(path, O_RDONLY);
	unlink(path);
	cr_expect_null(board_open(file, &err));
	cr_expect_eq(err.code, ERR_INTERNAL);
}

Test(board, attempts_are_counted_by_class)
{
	struct board_lane *lane = board_lane(new_board(), "EMAIL");

	for (int class = 0; class < DELIVERY_CLASSES; class ++)
		for (int i = 0; i <= class; i++) {
			struct delivery delivery =
			    attempt((enum delivery_class) class, 1);
			board_count(lane, &delivery);
		}
	for (int class = 0; class < DELIVERY_CLASSES; class ++)
		cr_expect_eq(lane->attempts[class], class + 1, "%s",
		    delivery_class_name((enum delivery_class) class));
	cr_expect_eq(sum_of(&lane->attempt),
	    DELIVERY_CLASSES * (DELIVERY_CLASSES + 1) / 2);
}

/* A bound belongs to the bucket that it names, as Prometheus has it. */
Test(board, a_bound_is_in_its_bucket)
{
	struct board_lane *lane = board_lane(new_board(), "SMS");
	int64_t sum = 0;

	for (int i = 0; i < BOARD_BUCKETS; i++) {
		struct delivery at =
		    attempt(DELIVERY_RETRY, board_bounds_ms[i]);
		struct delivery above =
		    attempt(DELIVERY_RETRY, board_bounds_ms[i] + 1);
		int64_t before = lane->attempt.buckets[i + 1];
		board_count(lane, &at);
		cr_expect_eq(lane->attempt.buckets[i + 1], before, "%d", i);
		board_count(lane, &above);
		cr_expect_eq(lane->attempt.buckets[i + 1], before + 1, "%d", i);
		sum += 2 * board_bounds_ms[i] + 1;
		cr_expect(
		    i == 0 || board_bounds_ms[i] > board_bounds_ms[i - 1]);
	}
	cr_expect_eq(lane->attempt.sum_ms, sum);
	cr_expect_eq(sum_of(&lane->attempt), 2 * BOARD_BUCKETS);
}

Test(board, the_first_bucket_has_zero_and_clocks_that_differ)
{
	struct board_lane *lane = board_lane(new_board(), "SMS");
	struct delivery zero = attempt(DELIVERY_RETRY, 0);
	struct delivery back = attempt(DELIVERY_RETRY, -5);

	board_count(lane, &zero);
	board_count(lane, &back);
	cr_expect_eq(lane->attempt.buckets[0], 2);
	cr_expect_eq(lane->attempt.sum_ms, 0);
}

Test(board, waits_end_with_acceptance)
{
	struct board_lane *lane = board_lane(new_board(), "EMAIL");
	struct delivery delivery = attempt(DELIVERY_ACCEPTED, 1);
	struct delivery refused = attempt(DELIVERY_REFUSED, 1);

	delivery.created_ms -= 7200000;
	board_count(lane, &delivery);
	delivery.created_ms += 7200000 + 600000;
	board_count(lane, &delivery);
	board_count(lane, &refused);
	cr_expect_eq(sum_of(&lane->wait), 2);
	cr_expect_eq(lane->wait.buckets[BOARD_BUCKETS], 1);
	cr_expect_eq(lane->wait.buckets[0], 1, "created by a clock ahead");
	cr_expect_geq(lane->wait.sum_ms, 7200000);
}
