/* SPDX-License-Identifier: MIT */
/*
 * smtp_socket - rules for the one socket that libesmtp opens.
 *
 * libesmtp gives no access to its socket and knows no deadline. This file
 * defines connect(), poll(), read() and write() for the whole executable; they
 * act as the C library's unless a session is on. Then connect() has a deadline
 * and sets TCP_NODELAY; what is written leaves at once when a reply is waited
 * for; and poll() arms TCP_QUICKACK (without both, two small writes and a
 * delayed acknowledgement cost 44 ms a message) and ends at the reply's or the
 * session's deadline, however slowly bytes drip in.
 *
 * libesmtp waits for the answer to each MAIL, though RFC 2920 lets it go out
 * with RCPT and DATA: smtp_socket_join_mail() makes two round trips a message
 * of three. And it spends more on the lines of a message than on all the rest,
 * which smtp_socket_write_message() spares.
 *
 * Link it into the mail lane's executable only.
 */
#ifndef DELIVERY_SMTP_SOCKET_H
#define DELIVERY_SMTP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smtp_socket_limits {
	int64_t connect_ms;
	int64_t reply_ms;
	int64_t session_ms;
	/* Called when a reply is waited for that is not expected at once: what
	 * it takes is not the relay's time. */
	void (*waiting)(void *context);
	/* Bytes of the relay's answer to a MAIL that was joined, as they come;
	 * NULL when none ever is. */
	void (*mail_answered)(void *context, const char *bytes, size_t length);
	void *context;
};

/* What libesmtp reads for that answer, before there is one. */
#define SMTP_SOCKET_MAIL_JOINED "250 joined\r\n"

/* From now on the rules hold, for one session. */
void smtp_socket_begin(const struct smtp_socket_limits *limits);
void smtp_socket_end(void);

/* While paused, other sockets of this process (the database's) are spared. */
void smtp_socket_pause(void);
void smtp_socket_resume(void);

/* The time for one reply begins anew. */
void smtp_socket_expect_reply(void);

/* If the next command is MAIL, it goes out with what follows it, as a relay
 * that offers PIPELINING allows; not where TLS hides the commands. */
void smtp_socket_join_mail(void);

/*
 * Behind the answer to DATA: writes a message, as it goes over the wire, and
 * the dot that ends it; what libesmtp writes until it waits for a reply is
 * dropped. Not where TLS hides that. False when libesmtp had begun already.
 * Sets errno, which libesmtp asks when it has read a message: 0, or EPIPE when
 * the relay did not take all.
 */
bool smtp_socket_write_message(const char *bytes, size_t length);

/* The session ends within this time. */
void smtp_socket_hurry(int64_t most_ms);

/* Ends the session at once: nothing more is written or read. */
void smtp_socket_kill(void);

/* Why connect() failed last (errno), or 0; true when a deadline passed. */
int smtp_socket_connect_error(void);
bool smtp_socket_timed_out(void);

#endif
