/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <locale.h>

#include "base/clock.h"

#define DAY_MS ((int64_t)86400000)

Test(clock, prints)
{
	MEM_AUTO mem = mem_new(NULL);
	int64_t time_ms = 1795427837412; /* 2026-11-23 09:57:17.412 */

	cr_expect_str_eq(clock_print(mem, time_ms), "2026-11-23T09:57:17.412Z");
	cr_expect_str_eq(clock_print_mail(mem, time_ms),
	    "Mon, 23 Nov 2026 09:57:17 +0000");
	cr_expect_str_eq(clock_print_people(mem, time_ms),
	    "2026-11-23 09:57 UTC");
}

Test(clock, prints_edges)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(clock_print(mem, 0), "1970-01-01T00:00:00.000Z");
	cr_expect_str_eq(clock_print(mem, 1), "1970-01-01T00:00:00.001Z");
	cr_expect_str_eq(clock_print_mail(mem, 0),
	    "Thu, 01 Jan 1970 00:00:00 +0000");
	/* A leap day, and the last millisecond of a year. */
	cr_expect_str_eq(clock_print(mem, 1709164800000),
	    "2024-02-29T00:00:00.000Z");
	cr_expect_str_eq(clock_print(mem, 1735689599999),
	    "2024-12-31T23:59:59.999Z");
	cr_expect_str_eq(clock_print_mail(mem, 1735689599999),
	    "Tue, 31 Dec 2024 23:59:59 +0000");
	/* Behind 2038. */
	cr_expect_str_eq(clock_print_people(mem, 4102444800000),
	    "2100-01-01 00:00 UTC");
}

Test(clock, reads)
{
	static const struct {
		const char *text;
		int64_t time_ms;
	} rows[] = {
		{ "1970", 0 },
		{ "2026", 1767225600000 },
		{ "2026-11", 1793491200000 },
		{ "2026-11-23", 1795392000000 },
		{ "2026-11-23T09:57Z", 1795427820000 },
		{ "2026-11-23T09:57:17Z", 1795427837000 },
		{ "2026-11-23T09:57:17.4Z", 1795427837400 },
		{ "2026-11-23T09:57:17.412Z", 1795427837412 },
		{ "2026-11-23T09:57:17.412987654Z", 1795427837412 },
		{ "2026-11-23T09:57+00:00", 1795427820000 },
		{ "2026-11-23T10:57:17+01:00", 1795427837000 },
		{ "2026-11-23T04:27:17.412-05:30", 1795427837412 },
		{ "2024-02-29", 1709164800000 },
		{ "2100-01-01T00:00Z", 4102444800000 },
		{ "1969-12-31T23:59:59.500Z", -500 },
	};
	int64_t time_ms;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_expect(clock_read(rows[i].text, &time_ms), "%s",
		    rows[i].text);
		cr_expect_eq(time_ms, rows[i].time_ms, "%s: %lld", rows[i].text,
		    (long long)time_ms);
	}
}

Test(clock, reads_no_other_form)
{
	static const char *const texts[] = { "", "26", "2026-", "2026-1",
		"2026-13", "2026-00", "2026-11-00", "2026-11-31", "2026-02-29",
		"2026-11-23T", "2026-11-23T09Z", "2026-11-23T09:57",
		"2026-11-23T24:00Z", "2026-11-23T09:60Z",
		"2026-11-23T09:57:60Z", "2026-11-23T09:57:17.Z",
		"2026-11-23T09:57:17", "2026-11-23 09:57:17Z",
		"2026-11-23t09:57:17Z", "2026-11-23T09:57:17z",
		"2026-11-23T09:57:17+0100", "2026-11-23T09:57:17+24:00",
		"2026-11-23T09:57:17+01:60", "2026-11-23Z", "20261123", " 2026",
		"2026 ", "2026\n", "+2026", "-2026",
		"2026-11-23T09:57:17.4123456789Z", "tomorrow",
		"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6" };
	int64_t time_ms;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_not(clock_read(texts[i], &time_ms), "'%s'", texts[i]);
}

Test(clock, mail_has_all_days_and_months)
{
	MEM_AUTO mem = mem_new(NULL);
	static const char *const printed[] = { "Sun, 01 Jan 2023",
		"Wed, 01 Feb 2023", "Wed, 01 Mar 2023", "Sat, 01 Apr 2023",
		"Mon, 01 May 2023", "Thu, 01 Jun 2023", "Sat, 01 Jul 2023",
		"Tue, 01 Aug 2023", "Fri, 01 Sep 2023", "Sun, 01 Oct 2023",
		"Wed, 01 Nov 2023", "Fri, 01 Dec 2023" };
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int64_t time_ms = 1672531200000;

	for (size_t i = 0; i < 12; i++) {
		const char *text = clock_print_mail(mem, time_ms);
		cr_expect_str_eq(mem_text_n(mem, text, 16), printed[i]);
		time_ms += days[i] * DAY_MS;
	}
}

Test(clock, sleeps)
{
	int64_t before_ms = clock_steady_ms();

	clock_sleep_ms(30);
	cr_expect_geq(clock_steady_ms(), before_ms + 29);
}
