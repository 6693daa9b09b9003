/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "base/address.h"

static enum address_reach reach(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return address_of((struct sockaddr *)&in, AF_INET);
	cr_assert_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1, "%s", text);
	return address_of((struct sockaddr *)&in6, AF_INET6);
}

Test(address, reach)
{
	static const struct {
		const char *text;
		enum address_reach reach;
	} cases[] = {
		{ "127.0.0.1", ADDRESS_LOOPBACK },
		{ "127.255.0.9", ADDRESS_LOOPBACK },
		{ "::1", ADDRESS_LOOPBACK },
		{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
		{ "64:ff9b::127.0.0.1", ADDRESS_LOOPBACK },
		{ "0.0.0.0", ADDRESS_PRIVATE },
		{ "10.1.2.3", ADDRESS_PRIVATE },
		{ "100.64.0.1", ADDRESS_PRIVATE },
		{ "169.254.169.254", ADDRESS_PRIVATE },
		{ "172.16.0.1", ADDRESS_PRIVATE },
		{ "172.31.255.255", ADDRESS_PRIVATE },
		{ "192.168.0.1", ADDRESS_PRIVATE },
		{ "224.0.0.1", ADDRESS_PRIVATE },
		{ "255.255.255.255", ADDRESS_PRIVATE },
		{ "::", ADDRESS_PRIVATE },
		{ "fe80::1", ADDRESS_PRIVATE },
		{ "fd00::1", ADDRESS_PRIVATE },
		{ "ff02::1", ADDRESS_PRIVATE },
		{ "::ffff:10.0.0.1", ADDRESS_PRIVATE },
		{ "64:ff9b::10.0.0.1", ADDRESS_PRIVATE },
		{ "8.8.8.8", ADDRESS_PUBLIC },
		{ "126.0.0.1", ADDRESS_PUBLIC },
		{ "128.0.0.1", ADDRESS_PUBLIC },
		{ "172.32.0.1", ADDRESS_PUBLIC },
		{ "100.128.0.1", ADDRESS_PUBLIC },
		{ "2001:db8::1", ADDRESS_PUBLIC },
		{ "64:ff9b::8.8.8.8", ADDRESS_PUBLIC },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(reach(cases[i].text), cases[i].reach, "%s: %d",
		    cases[i].text, reach(cases[i].text));
}

Test(address, another_family)
{
	struct sockaddr address = { .sa_family = AF_UNIX };

	cr_expect_eq(address_of(&address, AF_UNIX), ADDRESS_PRIVATE);
}
