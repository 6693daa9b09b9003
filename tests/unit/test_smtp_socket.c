/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
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

static char mail_answer[64];

static void note_mail_answer(void *context, const char *bytes, size_t length)
{
	(void)context;
	strncat(mail_answer, bytes, length);
}

static const struct smtp_socket_limits limits = { .connect_ms = 1000,
	.reply_ms = 200,
	.session_ms = 60000,
	.mail_answered = note_mail_answer };

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

/* A session whose peer is the one that was connected to. */
static int begin_session(int *peer)
{
	struct sockaddr_in address;
	int listener = listen_at(&address);

	smtp_socket_begin(&limits);
	int fd = connect_to(&address);
	*peer = accept(listener, NULL, NULL);
	close(listener);
	return fd;
}

static void expect_read(int fd, const char *expected)
{
	char text[256] = "";

	expect_readable(fd);
	cr_expect_geq(read(fd, text, sizeof(text) - 1), 0);
	cr_expect_str_eq(text, expected);
}

static void say(int fd, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void tell(int peer, const char *text)
{
	cr_assert_eq(send(peer, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void expect_got(int peer, const char *expected)
{
	char text[256] = "";

	cr_expect_geq(recv(peer, text, sizeof(text) - 1, 0), 0);
	cr_expect_str_eq(text, expected);
}

Test(smtp_socket, mail_goes_out_with_what_follows, .timeout = 20)
{
	struct pollfd wait = { .events = POLLIN };
	int peer;
	int fd = begin_session(&peer);

	smtp_socket_join_mail();
	say(fd, "MAIL FROM:<a@b.test> BODY=8BITMIME\r\n");
	expect_read(fd, SMTP_SOCKET_MAIL_JOINED);
	say(fd, "RCPT TO:<c@d.test>\r\nDATA\r\n");
	tell(peer, "250-one\r\n25");
	wait.fd = fd;
	cr_expect_eq(poll(&wait, 1, 50), 0, "nothing of it is libesmtp's");
	expect_got(peer, "MAIL FROM:<a@b.test> BODY=8BITMIME\r\n"
	                 "RCPT TO:<c@d.test>\r\nDATA\r\n");
	tell(peer, "0 two\r\n250 three\r\n354 go\r\n");
	expect_read(fd, "250 three\r\n354 go\r\n");
	cr_expect_str_eq(mail_answer, "250-one\r\n250 two\r\n");
	smtp_socket_end();
}

Test(smtp_socket, what_is_not_mail_is_not_joined, .timeout = 20)
{
	int peer;
	int fd = begin_session(&peer);

	smtp_socket_join_mail();
	say(fd, "QUIT\r\n");
	tell(peer, "221 bye\r\n");
	expect_read(fd, "221 bye\r\n");
	expect_got(peer, "QUIT\r\n");
	say(fd, "MAIL FROM:<a@b.test>\r\n");
	tell(peer, "250 ok\r\n");
	expect_read(fd, "250 ok\r\n");
	smtp_socket_end();
}

Test(smtp_socket, the_end_comes_in_the_place_of_an_answer, .timeout = 20)
{
	struct pollfd wait = { .events = POLLIN };
	int peer;
	int fd = begin_session(&peer);

	smtp_socket_join_mail();
	say(fd, "MAIL FROM:<a@b.test>\r\n");
	expect_read(fd, SMTP_SOCKET_MAIL_JOINED);
	say(fd, "RCPT TO:<c@d.test>\r\n");
	tell(peer, "421");
	close(peer);
	wait.fd = fd;
	cr_expect_leq(poll(&wait, 1, 1000), 0);
	cr_expect_str_eq(mail_answer, "421");
	smtp_socket_end();
}

Test(smtp_socket, a_message_goes_out_in_the_place_of_another, .timeout = 20)
{
	int peer;
	int fd = begin_session(&peer);

	cr_assert(smtp_socket_write_message("Subject: a\r\n\r\nb\r\n", 17));
	say(fd, "Date: today\r\n");
	say(fd, "\r\n.\r\n");
	tell(peer, "250 ok\r\n");
	expect_read(fd, "250 ok\r\n");
	expect_got(peer, "Subject: a\r\n\r\nb\r\n.\r\n");
	say(fd, "QUIT\r\n");
	cr_expect_not(smtp_socket_write_message("late\r\n", 6));
	tell(peer, "221 bye\r\n");
	expect_read(fd, "221 bye\r\n");
	expect_got(peer, "QUIT\r\n");
	smtp_socket_end();
}

#define MESSAGE (BLOCK * BLOCKS)

static void *take_message(void *argument)
{
	static char got[MESSAGE + 4];
	int peer = *(int *)argument;

	cr_expect_eq(recv(peer, got, MESSAGE + 3, MSG_WAITALL),
	    (ssize_t)MESSAGE + 3);
	tell(peer, "250 ok\r\n");
	return got;
}

Test(smtp_socket, a_large_message_goes_out_whole, .timeout = 20)
{
	static char text[MESSAGE];
	pthread_t reader;
	void *got = NULL;
	int peer;
	int fd = begin_session(&peer);

	memset(text, 'x', sizeof(text));
	cr_assert_eq(pthread_create(&reader, NULL, take_message, &peer), 0);
	errno = EAGAIN;
	cr_expect(smtp_socket_write_message(text, sizeof(text)));
	cr_expect_eq(errno, 0, "libesmtp would take it for a failure");
	expect_read(fd, "250 ok\r\n");
	pthread_join(reader, &got);
	cr_expect_arr_eq(got, text, sizeof(text));
	cr_expect_str_eq((char *)got + sizeof(text), ".\r\n");
	smtp_socket_end();
}

Test(smtp_socket, a_message_that_is_not_taken_has_no_end, .timeout = 20)
{
	static char text[MESSAGE];
	static char got[MESSAGE];
	ssize_t part = 1;
	int peer;
	int fd = begin_session(&peer);

	memset(text, 'x', sizeof(text));
	cr_expect(smtp_socket_write_message(text, sizeof(text)));
	cr_expect_eq(errno, EPIPE);
	close(fd);
	while (part > 0) {
		part = recv(peer, got, sizeof(got), 0);
		cr_expect(part <= 0 || !memchr(got, '.', (size_t)part));
	}
	smtp_socket_end();
}
