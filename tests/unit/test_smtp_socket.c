/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery/smtp_socket.h"

#define BLOCK  ((size_t)4096)
#define BLOCKS 512

static const struct smtp_socket_limits limits = { 1000, 200, 60000, NULL,
	NULL };

/* A socket that listens on a free port of the loopback. */
static int listen_at(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int room = 4096;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	cr_assert_eq(bind(fd, (struct sockaddr *)address, length), 0);
	cr_assert_eq(listen(fd, 5), 0);
	getsockname(fd, (struct sockaddr *)address, &length);
	return fd;
}

/* As libesmtp does it. */
static int connect_to(const struct sockaddr_in *address)
{
	int room = 4096;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	cr_assert_eq(
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void expect_readable(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	cr_assert_eq(poll(&wait, 1, 1000), 1);
}

Test(smtp_socket, a_second_address_gets_nothing_of_the_first, .timeout = 20)
{
	struct sockaddr_in address;
	char text[16] = "";
	int listener = listen_at(&address);

	smtp_socket_begin(&limits);
	int first = connect_to(&address);
	int peer = accept(listener, NULL, NULL);
	send(peer, "554 no\r\n250 stale\r\n", 19, 0);
	expect_readable(first);
	cr_assert_eq(read(first, text, 8), 8);
	cr_assert_eq(write(first, "QUIT\r\n", 6), 6);
	close(first);

	int second = connect_to(&address);
	int other = accept(listener, NULL, NULL);
	send(other, "220 hi\r\n", 8, 0);
	expect_readable(second);
	cr_expect_eq(read(second, text, sizeof(text)), 8);
	cr_expect_arr_eq(text, "220 hi\r\n", 8);
	cr_assert_eq(write(second, "EHLO x\r\n", 8), 8);
	cr_expect_lt(read(second, text, sizeof(text)), 0);
	cr_expect_eq(recv(other, text, sizeof(text), 0), 8);
	cr_expect_arr_eq(text, "EHLO x\r\n", 8);
	smtp_socket_end();
}

/* The number of blocks that came whole and in their order; one more than
 * there are when anything else came. */
static void *read_all(void *argument)
{
	int fd = *(int *)argument;
	uint32_t block[BLOCK / sizeof(uint32_t)];
	uintptr_t count = 0;

	while (recv(fd, block, BLOCK, MSG_WAITALL) == BLOCK) {
		if (block[0] != count)
			return (void *)(uintptr_t)(BLOCKS + 1);
		count++;
	}
	return (void *)count;
}

Test(smtp_socket, what_could_not_be_sent_ends_the_session, .timeout = 20)
{
	struct sockaddr_in address;
	uint32_t block[BLOCK / sizeof(uint32_t)] = { 0 };
	pthread_t reader;
	void *whole = NULL;
	bool reading = false;
	int listener = listen_at(&address);

	smtp_socket_begin(&limits);
	int fd = connect_to(&address);
	int peer = accept(listener, NULL, NULL);
	/* libesmtp does not look whether it could write. */
	for (uint32_t i = 0; i < BLOCKS; i++) {
		block[0] = i;
		bool written = write(fd, block, BLOCK) == (ssize_t)BLOCK;
		cr_assert(i || written);
		if (written || reading)
			continue;
		cr_assert_eq(pthread_create(&reader, NULL, read_all, &peer), 0);
		reading = true;
		usleep(100000);
	}
	cr_assert(reading);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	cr_expect_leq(poll(&wait, 1, 1000), 0);
	close(fd);
	pthread_join(reader, &whole);
	cr_expect_leq((uintptr_t)whole, BLOCKS, "there is a hole");
	smtp_socket_end();
}
