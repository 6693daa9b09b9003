/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/pattern.h"

#define FORM                                              \
	"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}" \
	"(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"

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

/* The two digits at TEXT. */
static int pair(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

/* What a point in front of the digits at TEXT makes of them. */
static int64_t fraction_ms(const char *text)
{
	int64_t ms = 0;

	for (int64_t unit = 100; *text >= '0' && *text <= '9'; text++) {
		ms += unit * (*text - '0');
		unit /= 10;
	}
	return ms;
}

/* A time must be read back as it was written: there is no 30th of February. */
static bool to_seconds(const struct tm *written, int64_t *seconds)
{
	struct tm tm = *written;

	*seconds = (int64_t)timegm(&tm);
	return tm.tm_year == written->tm_year && tm.tm_mon == written->tm_mon &&
	       tm.tm_mday == written->tm_mday &&
	       tm.tm_hour == written->tm_hour && tm.tm_min == written->tm_min &&
	       tm.tm_sec == written->tm_sec;
}

/* Seconds that local time is ahead, of "Z" or "+01:00" at the end of TEXT. */
static bool read_offset(const char *text, size_t length, int64_t *seconds)
{
	*seconds = 0;
	if (length <= 10 || text[length - 1] == 'Z')
		return true;
	const char *at = text + length - 6;
	*seconds = pair(at + 1) * 3600 + pair(at + 4) * 60;
	if (*at == '-')
		*seconds = -*seconds;
	return pair(at + 1) < 24 && pair(at + 4) < 60;
}

bool clock_read(const char *text, int64_t *time_ms)
{
	struct tm tm = { .tm_mday = 1 };
	size_t length = strlen(text);
	int64_t seconds;
	int64_t offset;

	*time_ms = 0;
	if (!pattern_whole(FORM, text))
		return false;
	tm.tm_year = pair(text) * 100 + pair(text + 2) - 1900;
	if (length > 4)
		tm.tm_mon = pair(text + 5) - 1;
	if (length > 7)
		tm.tm_mday = pair(text + 8);
	if (length > 10) {
		tm.tm_hour = pair(text + 11);
		tm.tm_min = pair(text + 14);
	}
	if (length > 19 && text[16] == ':')
		tm.tm_sec = pair(text + 17);
	if (!to_seconds(&tm, &seconds) || !read_offset(text, length, &offset))
		return false;
	*time_ms = (seconds - offset) * 1000;
	if (length > 19 && text[19] == '.')
		*time_ms += fraction_ms(text + 20);
	return true;
}
