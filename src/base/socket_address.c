/* SPDX-License-Identifier: MIT */
#include "base/socket_address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool is_v6(const union socket_address *address)
{
	return address->any.sa_family == AF_INET6;
}

static bool read_port(const char *text, in_port_t *port)
{
	size_t length = strlen(text);

	if (!length || length > 5 || strspn(text, "0123456789") != length)
		return false;
	long number = strtol(text, NULL, 10);
	*port = htons((in_port_t)number);
	return number < 65536;
}

bool socket_address_read(const char *text, union socket_address *address)
{
	char host[INET6_ADDRSTRLEN + 1] = "";
	bool v6 = *text == '[';
	const char *end = v6 ? strstr(text, "]:") : strrchr(text, ':');
	size_t length = end ? (size_t)(end - text - v6) : 0;

	memset(address, 0, sizeof(*address));
	if (!end || length >= sizeof(host))
		return false;
	memcpy(host, text + v6, length);
	if (v6) {
		address->v6.sin6_family = AF_INET6;
		return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 &&
		       read_port(end + 2, &address->v6.sin6_port);
	}
	address->v4.sin_family = AF_INET;
	return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 &&
	       read_port(end + 1, &address->v4.sin_port);
}

char *socket_address_print(struct mem *mem, const union socket_address *address)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (is_v6(address))
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
	return mem_printf(mem, is_v6(address) ? "[%s]:%d" : "%s:%d", host,
	    socket_address_port(address));
}

int socket_address_port(const union socket_address *address)
{
	return ntohs(
	    is_v6(address) ? address->v6.sin6_port : address->v4.sin_port);
}

socklen_t socket_address_size(const union socket_address *address)
{
	return is_v6(address) ? sizeof(address->v6) : sizeof(address->v4);
}
