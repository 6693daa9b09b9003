/* SPDX-License-Identifier: MIT */
/*
 * clock - now, sleep and times as texts.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* Milliseconds since 1970 UTC. */
int64_t clock_now_ms(void);

/* Milliseconds of a clock that never jumps; only differences mean anything. */
int64_t clock_steady_ms(void);
void clock_sleep_ms(int64_t duration_ms);

/* "2026-11-23T09:57:17.412Z" */
char *clock_print(struct mem *mem, int64_t time_ms);

/*
 * A time in the W3C's profile of ISO 8601: "2026", "2026-11", "2026-11-23", or
 * with "T09:57", "T09:57:17" or "T09:57:17.412" and "Z" or an offset as
 * "+01:00" behind. False when TEXT is none, or no day of the calendar.
 */
bool clock_read(const char *text, int64_t *time_ms);

/* "Mon, 23 Nov 2026 09:57:17 +0000" (RFC 5322, 3.3), always in UTC. */
char *clock_print_mail(struct mem *mem, int64_t time_ms);

/* "2026-11-23 09:57 UTC", for people. */
char *clock_print_people(struct mem *mem, int64_t time_ms);

#endif
