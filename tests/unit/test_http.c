/* SPDX-License-Identifier: MIT */
/* What is asked and answered over sockets: tests/integration/peers. */
#include <criterion/criterion.h>

#include "delivery/http.h"

#define NOW_S 1795421237 /* Mon, 23 Nov 2026 08:07:17 GMT */

Test(http, retry_after)
{
	static const struct {
		const char *value;
		int64_t seconds;
	} cases[] = { { NULL, 0 }, { "", 0 }, { "soon", 0 }, { "1.5.2x", 0 },
		{ "0", 1 }, { "1", 1 }, { "17", 17 }, { "3600", 3600 },
		{ "3601", 3600 }, { "315360000", 3600 }, { "-5", 1 },
		{ "99999999999999999999", 3600 },
		{ "-99999999999999999999", 1 },
		{ "Mon, 23 Nov 2026 08:07:47 GMT", 30 },
		{ "Mon, 23 Nov 2026 08:07:17 GMT", 1 },
		{ "Sun, 22 Nov 2026 08:07:17 GMT", 1 },
		{ "Mon, 23 Nov 2036 08:07:17 GMT", 3600 },
		{ "Monday, 23-Nov-26 08:07:27 GMT", 10 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(http_retry_after_s(cases[i].value, NOW_S),
		    cases[i].seconds, "%s: %lld", cases[i].value,
		    (long long)http_retry_after_s(cases[i].value, NOW_S));
}

Test(http, header)
{
	const char *headers[] = { "X-Id:  7", "x-id: 8", "X: y",
		"Empty:", NULL };

	cr_expect_str_eq(http_header(headers, "x-ID"), "7");
	cr_expect_str_eq(http_header(headers, "X"), "y");
	cr_expect_str_eq(http_header(headers, "Empty"), "");
	cr_expect_null(http_header(headers, "X-I"));
	cr_expect_null(http_header(NULL, "X"));
}

Test(http, escape)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(http_escape(mem, "aZ0-._~ &=/?%+\xc3\xa9"),
	    "aZ0-._~%20%26%3D%2F%3F%25%2B%C3%A9");
}
