/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/socket_address.h"

Test(socket_address, read_and_printed)
{
	static const struct {
		const char *text, *printed;
		int family, port;
	} rows[] = {
		{ "127.0.0.1:9229", "127.0.0.1:9229", AF_INET, 9229 },
		{ "0.0.0.0:0", "0.0.0.0:0", AF_INET, 0 },
		{ "192.0.2.1:65535", "192.0.2.1:65535", AF_INET, 65535 },
		{ "[::1]:9229", "[::1]:9229", AF_INET6, 9229 },
		{ "[2001:DB8:0::1]:80", "[2001:db8::1]:80", AF_INET6, 80 },
		{ "[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]:80", AF_INET6,
		    80 },
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		union socket_address address;
		cr_expect(socket_address_read(rows[i].text, &address), "%s",
		    rows[i].text);
		cr_expect_eq(address.any.sa_family, rows[i].family);
		cr_expect_eq(socket_address_port(&address), rows[i].port);
		cr_expect_eq(socket_address_size(&address),
		    rows[i].family == AF_INET ? sizeof(struct sockaddr_in)
		                              : sizeof(struct sockaddr_in6));
		cr_expect_str_eq(socket_address_print(mem, &address),
		    rows[i].printed);
	}
}

Test(socket_address, no_other_form)
{
	static const char *const texts[] = { "", "x", ":", ":9229", "9229",
		"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
		"127.0.0.1:100000", "127.0.0.1:-1", "127.0.0.1: 80",
		"127.0.0.1:80 ", "127.1:80", "0x7f000001:80", "localhost:80",
		"[127.0.0.1]:80", "[127.0.0.1:80", "::1:80", "[::1]", "[::1]80",
		"[::1]:", "[::1:80", "[]:80", "[::1%lo]:80",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:80" };
	union socket_address address;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_not(socket_address_read(texts[i], &address), "'%s'",
		    texts[i]);
}
