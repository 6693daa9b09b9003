/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "api/listener.h"

static void expect(const char *address, bool good)
{
	struct err err = { 0 };

	cr_expect_eq(listener_check(address, &err), good, "'%s'", address);
	cr_expect_eq(err.code, good ? ERR_NONE : ERR_CONFIG, "'%s'", address);
}

Test(listener, addresses_of_both_kinds)
{
	static const char *const addresses[] = { "127.0.0.1:9229", "0.0.0.0:80",
		"255.255.255.255:65535", "127.0.0.1:1", "[::1]:9229", "[::]:80",
		"[::ffff:127.0.0.1]:9229", "[fe80::1]:65535",
		"[2001:db8:1111:2222:3333:4444:5555:6666]:1",
		"[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535" };

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		expect(addresses[i], true);
}

Test(listener, what_is_no_address)
{
	static const char *const addresses[] = { "", ":", ":80", "80",
		"127.0.0.1", "localhost:80", "127.0.0:80", "127.0.0.256:80",
		"127.0.0.1.1:80", " 127.0.0.1:80", "::1:80", "::1", "[::1]",
		"[]:80", "[", "]", "]:80", "[:80", "[::1:80", "::1]:80",
		"[::1]80", "[[::1]]:80", "[::g]:80", "[127.0.0.1]:80",
		"[fe80::1%lo]:80", "*:80", "[::1]:80]:80",
		"0000000000000000000000000000000000000000000000000000:1",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1" };

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		expect(addresses[i], false);
}

Test(listener, what_is_no_port)
{
	static const char *const ports[] = { "", "0", "65536", "-1", "+80",
		" 80", "80 ", "80x", "0x50", "http", "8.0", "80:80",
		"4294967376", "18446744073709551696",
		"99999999999999999999999999999" };
	char address[80];

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		snprintf(address, sizeof(address), "127.0.0.1:%s", ports[i]);
		expect(address, false);
		snprintf(address, sizeof(address), "[::1]:%s", ports[i]);
		expect(address, false);
	}
}

Test(listener, says_which_setting_and_how)
{
	struct err err = { 0 };

	listener_check("localhost", &err);
	cr_expect_str_eq(err.message,
	    "listen: 'localhost' is not an address and a port, as "
	    "127.0.0.1:9229 or [::1]:9229");
}

static bool at_once(void)
{
	return true;
}

Test(listener, does_not_run_at_what_is_no_address)
{
	struct listener listener = { .address = "localhost:80",
		.stopping = at_once };
	struct err err = { 0 };

	cr_expect_not(listener_run(&listener, &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	/* Of another host (RFC 5737). */
	listener.address = "192.0.2.1:9229";
	cr_expect_not(listener_run(&listener, &err));
	cr_expect_not_null(strstr(err.message, "cannot listen"));
}
