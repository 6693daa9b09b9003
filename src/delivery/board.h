/* SPDX-License-Identifier: MIT */
/*
 * board - what the processes of one usherd share: gates and counters.
 *
 * The supervisor makes it before its first child. Children that are forked
 * have it; a program of its own is given the number of its descriptor.
 */
#ifndef DELIVERY_BOARD_H
#define DELIVERY_BOARD_H

#include <stdint.h>

#include "base/err.h"
#include "delivery/delivery.h"
#include "delivery/gate.h"
#include "delivery/settle.h"

#define BOARD_BUCKETS 14

/* Bounds of the histograms in ms; above the last there is one bucket more. */
extern const int64_t board_bounds_ms[BOARD_BUCKETS];

struct board_histogram {
	_Atomic int64_t buckets[BOARD_BUCKETS + 1];
	_Atomic int64_t sum_ms;
};

/* Of one medium. */
struct board_lane {
	struct gate gate;
	_Atomic int64_t attempts[DELIVERY_CLASSES]; /* by class */
	struct board_histogram attempt;             /* how long attempts took */
	struct board_histogram wait; /* from creation to acceptance */
};

#define BOARD_PLACES 65 /* 64 mail lanes, one of text */

struct board {
	int fd;
	struct board_lane lanes[2];
	struct settle_journal journals[BOARD_PLACES];
	_Atomic int64_t receipts;         /* that moved a message */
	_Atomic int64_t receipts_refused; /* not genuine, or of no message */
	_Atomic int64_t restarts;         /* of children */
};

/* It stays for the life of the process. */
struct board *board_new(struct err *err);
struct board *board_open(int fd, struct err *err);

/* Forgets all faults and throttles; while no lane runs. */
void board_open_gates(struct board *board);

/* The part of a medium, EMAIL or SMS. */
struct board_lane *board_lane(struct board *board, const char *medium);

/* The journal of the lane at PLACE among those of its medium. */
struct settle_journal *board_journal(struct board *board, const char *medium,
    int place);

/* Counts an attempt that was made. */
void board_count(struct board_lane *lane, const struct delivery *delivery);

#endif
