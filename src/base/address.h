/* SPDX-License-Identifier: MIT */
/*
 * address - an IP address and a port, as sockets and as people have them.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/mem.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:9229", "[::1]:9229"; false when TEXT is no such thing. No name is
 * looked up. */
bool address_read(const char *text, union address *address);

/* The same way. */
char *address_print(struct mem *mem, const union address *address);

/* 0 means any that is free. */
int address_port(const union address *address);

socklen_t address_size(const union address *address);

#endif
