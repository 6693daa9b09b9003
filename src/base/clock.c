/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t clock_steady_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t duration_ms)
{
	struct timespec left = { .tv_sec = duration_ms / 1000,
		.tv_nsec = (duration_ms % 1000) * 1000000 };

	nanosleep(&left, NULL);
}

static struct tm parts(int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return tm;
}

char *clock_print(struct mem *mem, int64_t time_ms)
{
	struct tm tm = parts(time_ms);
	char text[40];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return mem_printf(mem, "%s.%03dZ", text, (int)(time_ms % 1000));
}

/* Names by hand: strftime's would follow the locale. */
char *clock_print_mail(struct mem *mem, int64_t time_ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = parts(time_ms);

	return mem_printf(mem, "%s, %02d %s %04d %02d:%02d:%02d +0000",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *clock_print_people(struct mem *mem, int64_t time_ms)
{
	struct tm tm = parts(time_ms);

	return mem_printf(mem, "%04d-%02d-%02d %02d:%02d UTC",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min);
}
