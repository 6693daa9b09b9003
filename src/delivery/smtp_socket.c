/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_socket.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

/* Under these names they stand in the place of the C library's. */
int smtp_connect(int fd, const struct sockaddr *address,
    socklen_t length) __asm__("connect");
int smtp_poll(struct pollfd *fds, nfds_t count, int timeout_ms) __asm__("poll");
ssize_t smtp_read(int fd, void *into, size_t size) __asm__("read");
ssize_t smtp_write(int fd, const void *bytes, size_t size) __asm__("write");

typedef int connect_function(int, const struct sockaddr *, socklen_t);
typedef int poll_function(struct pollfd *, nfds_t, int);

#define OUT_ROOM 16384
#define IN_ROOM  4096

static struct {
	bool active;
	bool killed;
	bool timed_out;
	int fd;
	/* What libesmtp wrote and the relay has not got, and the other way. */
	size_t out_length;
	size_t in_at;
	size_t in_length;
	char out[OUT_ROOM];
	char in[IN_ROOM];
	bool dropping;    /* what libesmtp writes: it was written for it */
	bool join_mail;   /* when it comes next */
	bool mail_joined; /* its answer is still to come */
	char line[4];     /* the first bytes of that answer's newest line */
	size_t line_length;
	int connect_error;
	int64_t reply_since_ms;
	int64_t session_end_ms;
	struct smtp_socket_limits limits;
} session = { .fd = -1 };

void smtp_socket_begin(const struct smtp_socket_limits *limits)
{
	int64_t now_ms = clock_steady_ms();

	session.active = true;
	session.killed = session.timed_out = false;
	session.dropping = session.join_mail = session.mail_joined = false;
	session.limits = *limits;
	session.out_length = session.in_at = session.in_length = 0;
	session.fd = -1;
	session.connect_error = 0;
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

void smtp_socket_join_mail(void)
{
	session.join_mail = true;
}

void smtp_socket_hurry(int64_t most_ms)
{
	int64_t end_ms = clock_steady_ms() + most_ms;

	if (end_ms < session.session_end_ms)
		session.session_end_ms = end_ms;
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
	int ready = real_poll(&wait, 1, (int)session.limits.connect_ms);

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
	/* Of an address before, which did not want us. */
	session.out_length = session.in_at = session.in_length = 0;
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
	int64_t reply =
	    session.reply_since_ms + session.limits.reply_ms - now_ms;
	int64_t whole = session.session_end_ms - now_ms;
	int64_t least = reply < whole ? reply : whole;

	return least > 0 ? least : 0;
}

/* Sends all that was written; false when it cannot be. libesmtp would go on
 * writing, and the relay take a mail with a hole. */
static bool flush(void)
{
	size_t sent = 0;

	while (sent < session.out_length) {
		ssize_t part = send(session.fd, session.out + sent,
		    session.out_length - sent, MSG_NOSIGNAL);
		struct pollfd wait = { .fd = session.fd, .events = POLLOUT };
		bool full = part <= 0 && (errno == EAGAIN || errno == EINTR);
		if (part > 0)
			sent += (size_t)part;
		else if (!full || real_poll(&wait, 1, (int)left_ms()) == 0)
			break;
	}
	bool all = sent == session.out_length;
	session.out_length = 0;
	if (!all)
		shutdown(session.fd, SHUT_RDWR);
	return all;
}

/* The answer to a MAIL that was joined is not libesmtp's to read: it had one.
 * How many of the bytes that came belong to it. */
static size_t take_mail_answer(void)
{
	size_t length = 0;

	for (; session.mail_joined && length < session.in_length; length++) {
		char byte = session.in[length];
		if (byte == '\n') {
			session.mail_joined =
			    session.line_length == 4 && session.line[3] == '-';
			session.line_length = 0;
		} else if (session.line_length < sizeof(session.line)) {
			session.line[session.line_length++] = byte;
		}
	}
	if (length)
		session.limits.mail_answered(session.limits.context, session.in,
		    length);
	return length;
}

/* Takes what came. When nothing is left and nothing will come libesmtp would
 * go on reading the answers to pipelined commands and jump through a null
 * pointer; so the end is an error already when it waits. */
static bool take(void)
{
	ssize_t got = recv(session.fd, session.in, IN_ROOM, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	session.in_length = got > 0 ? (size_t)got : 0;
	session.in_at = take_mail_answer();
	return true;
}

/* Waits for the relay; 1: something came, 0: not in time, -1: it went. */
static int wait_for_peer(int wait_ms)
{
	struct pollfd wait = { .fd = session.fd, .events = POLLIN };
	bool again = session.out_length == 0;
	int on = 1;

	session.dropping = false;
	if (!flush()) {
		errno = ECONNRESET;
		return -1;
	}
	if (!again && session.limits.waiting) {
		int64_t since_ms = clock_steady_ms();
		/* It may connect to the database anew. */
		smtp_socket_pause();
		session.limits.waiting(session.limits.context);
		smtp_socket_resume();
		int64_t took_ms = clock_steady_ms() - since_ms;
		session.reply_since_ms += took_ms;
	}
	/* A part of the reply came; the relay may hold the rest back until
	 * that is acknowledged. */
	if (again)
		setsockopt(session.fd, IPPROTO_TCP, TCP_QUICKACK, &on,
		    sizeof(on));
	int ready = real_poll(&wait, 1, wait_ms);
	/* This process was stopped meanwhile, and its lease may be over: what
	 * came is read, but nothing more is sent. */
	if (ready > 0 && left_ms() == 0)
		shutdown(session.fd, SHUT_WR);
	if (ready <= 0 || take())
		return ready;
	errno = ECONNRESET;
	return -1;
}

static int wait_within_limits(int timeout_ms)
{
	int64_t most_ms = session.killed ? 0 : left_ms();

	if (most_ms == 0) {
		session.timed_out = !session.killed;
		shutdown(session.fd, SHUT_RDWR);
		return 0;
	}
	int ready = wait_for_peer(
	    timeout_ms < 0 || timeout_ms > most_ms ? (int)most_ms : timeout_ms);
	if (ready == 0)
		session.timed_out = true;
	return ready;
}

static bool is_session(const struct pollfd *fds, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].fd != session.fd)
			return false;
	return session.active && session.fd >= 0 && count > 0;
}

/* Sets what is there of what was asked for; how many of FDS have some. */
static int set_ready(struct pollfd *fds, nfds_t count)
{
	bool in = session.in_at < session.in_length;
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		int there = (in ? POLLIN : 0) | (session.killed ? 0 : POLLOUT);
		fds[i].revents = (short)(fds[i].events & there);
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* libesmtp asks for reading and writing in entries of their own. */
int smtp_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (!is_session(fds, count))
		return real_poll(fds, count, timeout_ms);
	int ready = set_ready(fds, count);
	/* With 0 it only looks whether there is more: the next wait tells. */
	if (ready || timeout_ms == 0)
		return ready;
	while ((ready = wait_within_limits(timeout_ms)) > 0) {
		int there = set_ready(fds, count);
		if (there || !session.in_length)
			return there;
		/* All that came was the answer to a MAIL. */
	}
	return ready;
}

ssize_t smtp_read(int fd, void *into, size_t size)
{
	size_t left = session.in_length - session.in_at;

	if (!session.active || fd < 0 || fd != session.fd)
		return syscall(SYS_read, fd, into, size);
	if (!left && session.mail_joined) {
		errno = EAGAIN;
		return -1;
	}
	if (!left) {
		if (!flush()) {
			errno = ECONNRESET;
			return -1;
		}
		return recv(fd, into, size, 0);
	}
	if (size > left)
		size = left;
	memcpy(into, session.in + session.in_at, size);
	session.in_at += size;
	return (ssize_t)size;
}

static bool is_mail(const char *bytes, size_t size)
{
	static const char mail[] = "MAIL FROM:";
	size_t length = strlen(mail);

	return size > length && strncasecmp(bytes, mail, length) == 0 &&
	       memchr(bytes, '\n', size) == bytes + size - 1;
}

/* Where nothing else is under way. */
static void join_mail(const char *bytes, size_t size)
{
	static const char answer[] = SMTP_SOCKET_MAIL_JOINED;
	bool idle = !session.out_length && session.in_at == session.in_length;

	session.join_mail = false;
	if (!idle || !is_mail(bytes, size))
		return;
	session.mail_joined = true;
	session.line_length = 0;
	session.in_at = 0;
	session.in_length = strlen(answer);
	memcpy(session.in, answer, session.in_length);
}

/* What is written leaves as one when the library waits for a reply. How much
 * of it was taken; -1 when the relay takes nothing. */
static ssize_t put(const char *bytes, size_t size)
{
	if (size > OUT_ROOM - session.out_length && !flush()) {
		errno = EPIPE;
		return -1;
	}
	if (size > OUT_ROOM)
		size = OUT_ROOM;
	memcpy(session.out + session.out_length, bytes, size);
	session.out_length += size;
	return (ssize_t)size;
}

static bool put_all(const char *bytes, size_t length)
{
	ssize_t part = 0;

	for (size_t at = 0; at < length && part >= 0; at += (size_t)part)
		part = put(bytes + at, length - at);
	return part >= 0;
}

bool smtp_socket_write_message(const char *bytes, size_t length)
{
	static const char dot[] = ".\r\n";

	if (session.out_length)
		return false;
	/* By errno libesmtp knows whether it got its text: then only it goes
	 * on, and without the dot it ends the session. */
	errno = put_all(bytes, length) && put_all(dot, strlen(dot)) ? 0 : EPIPE;
	session.dropping = true;
	return true;
}

ssize_t smtp_write(int fd, const void *bytes, size_t size)
{
	if (!session.active || fd < 0 || fd != session.fd)
		return syscall(SYS_write, fd, bytes, size);
	if (session.dropping)
		return (ssize_t)size;
	if (session.join_mail)
		join_mail(bytes, size);
	return put(bytes, size);
}
