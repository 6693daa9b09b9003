/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static enum address_reach reach_4(uint32_t address)
{
	static const struct {
		uint32_t network, mask;
	} ranges[] = {
		{ 0x00000000, 0xff000000 },
		{ 0x0a000000, 0xff000000 },
		{ 0x64400000, 0xffc00000 },
		{ 0xa9fe0000, 0xffff0000 },
		{ 0xac100000, 0xfff00000 },
		{ 0xc0a80000, 0xffff0000 },
		{ 0xe0000000, 0xe0000000 },
	};

	if (address >> 24 == 127)
		return ADDRESS_LOOPBACK;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if ((address & ranges[i].mask) == ranges[i].network)
			return ADDRESS_PRIVATE;
	return ADDRESS_PUBLIC;
}

static enum address_reach reach_6(const struct in6_addr *address)
{
	static const unsigned char nat64[12] = { 0, 0x64, 0xff, 0x9b };
	const unsigned char *b = address->s6_addr;

	if (IN6_IS_ADDR_V4MAPPED(address) ||
	    memcmp(b, nat64, sizeof(nat64)) == 0)
		return reach_4((uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 |
		               (uint32_t)b[14] << 8 | b[15]);
	if (IN6_IS_ADDR_LOOPBACK(address))
		return ADDRESS_LOOPBACK;
	return IN6_IS_ADDR_UNSPECIFIED(address) ||
	               IN6_IS_ADDR_LINKLOCAL(address) ||
	               IN6_IS_ADDR_MULTICAST(address) || (b[0] & 0xfe) == 0xfc
	           ? ADDRESS_PRIVATE
	           : ADDRESS_PUBLIC;
}

enum address_reach address_of(const struct sockaddr *address, int family)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		return reach_4(ntohl(in.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return reach_6(&in6.sin6_addr);
	default:
		return ADDRESS_PRIVATE;
	}
}
