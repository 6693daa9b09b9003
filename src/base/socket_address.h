/* SPDX-License-Identifier: MIT */
/*
 * socket_address - an IP address and a port, as sockets and as people have
 * them.
 */
#ifndef BASE_SOCKET_ADDRESS_H
#define BASE_SOCKET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/mem.h"

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:9229", "[::1]:9229"; false when TEXT is no such thing. No name is
 * looked up. */
bool socket_address_read(const char *text, union socket_address *address);

/* The same way. */
char *socket_address_print(struct mem *mem,
    const union socket_address *address);

/* 0 means any that is free. */
int socket_address_port(const union socket_address *address);

socklen_t socket_address_size(const union socket_address *address);

#endif
