/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_socket.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Under these names they stand in the place of the C library's. */
int smtp_connect(int fd, const struct sockaddr *address,
    socklen_t length) __asm__("connect");
int smtp_poll(struct pollfd *fds, nfds_t count, int timeout_ms) __asm__("poll");

typedef int connect_function(int, const struct sockaddr *, socklen_t);
typedef int poll_function(struct pollfd *, nfds_t, int);

static struct {
	bool active;
	bool killed;
	bool timed_out;
	bool held;
	int fd;
	int connect_error;
	int64_t connect_ms;
	int64_t reply_ms;
	int64_t reply_since_ms;
	int64_t session_end_ms;
} session = { .fd = -1 };

void smtp_socket_begin(const struct smtp_socket_limits *limits)
{
	int64_t now_ms = clock_steady_ms();

	session.active = true;
	session.killed = session.timed_out = session.held = false;
	session.fd = -1;
	session.connect_error = 0;
	session.connect_ms = limits->connect_ms;
	session.reply_ms = limits->reply_ms;
	session.reply_since_ms = now_ms;
	session.session_end_ms = now_ms + limits->session_ms;
}

void smtp_socket_end(void)
{
	session.active = false;
	session.fd = -1;
}

void smtp_socket_pause(void)
{
	session.active = false;
}

void smtp_socket_resume(void)
{
	session.active = true;
}

void smtp_socket_expect_reply(void)
{
	session.reply_since_ms = clock_steady_ms();
}

void smtp_socket_hurry(int64_t most_ms)
{
	int64_t end_ms = clock_steady_ms() + most_ms;

	if (end_ms < session.session_end_ms)
		session.session_end_ms = end_ms;
}

static void cork(bool on)
{
	int value = on;

	setsockopt(session.fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
	session.held = on;
}

void smtp_socket_hold(void)
{
	if (session.fd >= 0)
		cork(true);
}

void smtp_socket_kill(void)
{
	session.killed = true;
	if (session.fd >= 0)
		shutdown(session.fd, SHUT_RDWR);
}

int smtp_socket_connect_error(void)
{
	return session.connect_error;
}

bool smtp_socket_timed_out(void)
{
	return session.timed_out;
}

static int real_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	static poll_function *function;

	if (!function)
		*(void **)&function = dlsym(RTLD_NEXT, "poll");
	return function(fds, count, timeout_ms);
}

static int real_connect(int fd, const struct sockaddr *address,
    socklen_t length)
{
	static connect_function *function;

	if (!function)
		*(void **)&function = dlsym(RTLD_NEXT, "connect");
	return function(fd, address, length);
}

static int finish_connect(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t length = sizeof(error);
	int ready = real_poll(&wait, 1, (int)session.connect_ms);

	if (ready == 0)
		error = ETIMEDOUT;
	else if (ready < 0)
		error = errno;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	session.timed_out = error == ETIMEDOUT;
	return error;
}

static void tune(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	session.fd = fd;
	smtp_socket_expect_reply();
}

int smtp_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (!session.active)
		return real_connect(fd, address, length);
	int flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	int error = real_connect(fd, address, length) == 0 ? 0 : errno;
	if (error == EINPROGRESS)
		error = finish_connect(fd);
	fcntl(fd, F_SETFL, flags);
	session.connect_error = error;
	if (!error)
		tune(fd);
	errno = error;
	return error ? -1 : 0;
}

static int64_t left_ms(void)
{
	int64_t now_ms = clock_steady_ms();
	int64_t reply = session.reply_since_ms + session.reply_ms - now_ms;
	int64_t whole = session.session_end_ms - now_ms;
	int64_t least = reply < whole ? reply : whole;

	return least > 0 ? least : 0;
}

/* Nothing is left to read and nothing will come. libesmtp would go on reading
 * the answers to pipelined commands and jump through a null pointer. */
static bool has_ended(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* Of the session's socket; WAIT_MS is within the limits. */
static int wait_for_peer(struct pollfd *wait, int wait_ms)
{
	int ready = real_poll(wait, 1, wait_ms);

	/* This process was stopped meanwhile, and its lease may be over: what
	 * came is read, but nothing more is sent. */
	if (ready > 0 && left_ms() == 0)
		shutdown(session.fd, SHUT_WR);
	if (ready <= 0 || !has_ended(session.fd))
		return ready;
	errno = ECONNRESET;
	return -1;
}

int smtp_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int on = 1;

	if (!session.active || session.fd < 0 || count != 1 ||
	    fds[0].fd != session.fd)
		return real_poll(fds, count, timeout_ms);
	if (session.held)
		cork(false);
	/* Not where the library only looks whether there is more. */
	if (timeout_ms != 0)
		setsockopt(session.fd, IPPROTO_TCP, TCP_QUICKACK, &on,
		    sizeof(on));
	int64_t most_ms = session.killed ? 0 : left_ms();
	if (most_ms == 0) {
		session.timed_out = !session.killed;
		shutdown(session.fd, SHUT_RDWR);
		return 0;
	}
	int ready = wait_for_peer(fds,
	    timeout_ms < 0 || timeout_ms > most_ms ? (int)most_ms : timeout_ms);
	if (ready == 0 && timeout_ms != 0)
		session.timed_out = true;
	return ready;
}
