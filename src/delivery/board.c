/* SPDX-License-Identifier: MIT */
#include "delivery/board.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

const int64_t board_bounds_ms[BOARD_BUCKETS] = { 1, 2, 5, 10, 20, 50, 100, 200,
	500, 1000, 5000, 30000, 300000, 3600000 };

static struct board *map(int fd, struct err *err)
{
	struct board *board = mmap(NULL, sizeof(struct board),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (board != MAP_FAILED)
		return board;
	err_set(err, ERR_INTERNAL, "cannot map shared memory: %s",
	    strerror(errno));
	return NULL;
}

struct board *board_new(struct err *err)
{
	/* Not closed on exec: usher-mail gets it. */
	int fd = memfd_create("usher", 0);
	struct board *board = NULL;

	if (fd < 0 || ftruncate(fd, sizeof(struct board)) != 0)
		err_set(err, ERR_INTERNAL, "cannot make shared memory: %s",
		    strerror(errno));
	else
		board = map(fd, err);
	if (board)
		board->fd = fd;
	return board;
}

struct board *board_open(int fd, struct err *err)
{
	struct stat stat;

	if (fstat(fd, &stat) != 0 ||
	    stat.st_size != (off_t)sizeof(struct board)) {
		err_set(err, ERR_USAGE,
		    "board: descriptor %d is not the board of this usherd; "
		    "after an upgrade, restart usherd",
		    fd);
		return NULL;
	}
	return map(fd, err);
}

void board_open_gates(struct board *board)
{
	for (size_t i = 0; i < sizeof(board->lanes) / sizeof(*board->lanes);
	     i++)
		memset(&board->lanes[i].gate, 0, sizeof(struct gate));
}

struct board_lane *board_lane(struct board *board, const char *medium)
{
	return &board->lanes[strcmp(medium, "SMS") == 0];
}

struct settle_journal *board_journal(struct board *board, const char *medium,
    int place)
{
	bool sms = strcmp(medium, "SMS") == 0;

	assert(place >= 0 && place < BOARD_PLACES - 1);
	return &board->journals[sms ? BOARD_PLACES - 1 : place];
}

static void add(struct board_histogram *histogram, int64_t duration_ms)
{
	int i = 0;

	if (duration_ms < 0)
		duration_ms = 0; /* the clocks of two hosts */
	while (i < BOARD_BUCKETS && duration_ms > board_bounds_ms[i])
		i++;
	histogram->buckets[i]++;
	histogram->sum_ms += duration_ms;
}

void board_count(struct board_lane *lane, const struct delivery *delivery)
{
	const struct delivery_outcome *outcome = &delivery->outcome;

	lane->attempts[outcome->class]++;
	add(&lane->attempt, outcome->took_ms);
	if (outcome->class == DELIVERY_ACCEPTED)
		add(&lane->wait, clock_now_ms() - delivery->created_ms);
}
