/* SPDX-License-Identifier: MIT */
/*
 * address - whether an IP address is of this host, of a network that is not
 * everybody's, or public: what a URL of the settings may lead to.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <sys/socket.h>

enum address_reach {
	ADDRESS_PUBLIC,
	ADDRESS_PRIVATE, /* also link-local, multicast, of unknown families */
	ADDRESS_LOOPBACK
};

/* Of ADDRESS, which is of FAMILY; one of IPv4 in IPv6 counts as itself. */
enum address_reach address_of(const struct sockaddr *address, int family);

#endif
