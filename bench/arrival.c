/* SPDX-License-Identifier: MIT */
/*
 * arrival API-PORT SMTP-PORT COUNT REST-MS - a client of the API and the relay
 * behind it in one, so that one clock sees both ends: it sends COUNT requests
 * that it reads as sign prints them, each when the mail of the one before was
 * taken, and prints how many microseconds went until the answer and until the
 * mail was taken.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS_MOST 16
#define LONGEST_MS    30000
#define HELLO         "250-arrival\r\n250-PIPELINING\r\n250 8BITMIME\r\n"

enum { API, LISTENER, SESSIONS };

/* What came by one socket and is not done with. */
struct input {
	char bytes[16384];
	size_t size;
	bool in_data; /* of a session: behind DATA */
};

struct stage {
	struct pollfd fds[SESSIONS + SESSIONS_MOST];
	struct input inputs[SESSIONS + SESSIONS_MOST];
	long start_us;
	long answered_us; /* 0: not yet */
	long taken_us;
};

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *words)
{
	fprintf(stderr, "arrival: %s\n", words);
	exit(1);
}

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (long)strlen(text))
		fail("cannot write");
}

static int open_socket(const char *port, bool listening)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)strtol(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listening ? bind(fd, (void *)&address, sizeof(address)) ||
	                    listen(fd, SESSIONS_MOST)
	              : connect(fd, (void *)&address, sizeof(address)))
		fail("cannot connect or listen");
	return fd;
}

/* False at the end of the stream. */
static bool fill(struct input *input, int fd)
{
	size_t room = sizeof(input->bytes) - 1 - input->size;
	ssize_t got = recv(fd, input->bytes + input->size, room, 0);

	if (got <= 0)
		return false;
	input->size += (size_t)got;
	input->bytes[input->size] = '\0';
	return true;
}

static void drop(struct input *input, size_t size)
{
	input->size -= size;
	memmove(input->bytes, input->bytes + size, input->size + 1);
}

static void read_answer(struct stage *stage)
{
	struct input *input = &stage->inputs[API];

	if (!fill(input, stage->fds[API].fd))
		fail("the API closed the connection");
	const char *end = strstr(input->bytes, "\r\n\r\n");
	const char *length = strstr(input->bytes, "Content-Length: ");
	if (!end || !length)
		return;
	if (strncmp(input->bytes, "HTTP/1.1 200", 12) != 0)
		fail(input->bytes);
	if (input->bytes + input->size - (end + 4) <
	    strtol(length + strlen("Content-Length: "), NULL, 10))
		return;
	input->size = 0;
	stage->answered_us = now_us();
}

static void obey(struct stage *stage, int place, const char *line)
{
	int fd = stage->fds[place].fd;
	bool data = strncmp(line, "DATA", 4) == 0;

	if (strncmp(line, "EHLO", 4) == 0)
		say(fd, HELLO);
	else if (data)
		say(fd, "354 go on\r\n");
	else
		say(fd, strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n"
		                                      : "250 ok\r\n");
	stage->inputs[place].in_data = data;
}

/* One command, or the end of a mail; what came of a mail before it goes. */
static bool step(struct stage *stage, int place)
{
	struct input *input = &stage->inputs[place];
	const char *mark = input->in_data ? "\r\n.\r\n" : "\r\n";
	char *end = strstr(input->bytes, mark);
	size_t kept = strlen(mark) - 1;

	if (!end) {
		if (input->in_data && input->size > kept)
			drop(input, input->size - kept);
		return false;
	}
	if (input->in_data) {
		input->in_data = false;
		stage->taken_us = now_us();
		say(stage->fds[place].fd, "250 taken\r\n");
	} else {
		obey(stage, place, input->bytes);
	}
	drop(input, (size_t)(end - input->bytes) + strlen(mark));
	return true;
}

static void serve_session(struct stage *stage, int place)
{
	struct pollfd *session = &stage->fds[place];

	if (!fill(&stage->inputs[place], session->fd)) {
		close(session->fd);
		session->fd = -1;
		return;
	}
	while (step(stage, place))
		;
}

static void greet(struct stage *stage)
{
	int place = SESSIONS;

	while (stage->fds[place].fd >= 0)
		if (++place == SESSIONS + SESSIONS_MOST)
			fail("there are too many sessions");
	stage->inputs[place] = (struct input){ 0 };
	stage->fds[place].fd = accept(stage->fds[LISTENER].fd, NULL, NULL);
	say(stage->fds[place].fd, "220 arrival\r\n");
}

/* Serves what comes, for so long at most; false when nothing came. */
static bool turn(struct stage *stage, int wait_ms)
{
	if (poll(stage->fds, SESSIONS + SESSIONS_MOST, wait_ms) <= 0)
		return false;
	if (stage->fds[API].revents)
		read_answer(stage);
	if (stage->fds[LISTENER].revents)
		greet(stage);
	for (int i = SESSIONS; i < SESSIONS + SESSIONS_MOST; i++)
		if (stage->fds[i].fd >= 0 && stage->fds[i].revents)
			serve_session(stage, i);
	return true;
}

static void send_one(struct stage *stage)
{
	char digits[9] = "";
	char request[4096] = "";

	if (fread(digits, 1, 8, stdin) != 8 ||
	    fread(request, 1, (size_t)strtol(digits, NULL, 10), stdin) < 100)
		fail("there are too few requests");
	stage->answered_us = stage->taken_us = 0;
	stage->start_us = now_us();
	say(stage->fds[API].fd, request);
	while (!stage->answered_us || !stage->taken_us)
		if (!turn(stage, LONGEST_MS))
			fail("an answer or a mail did not come");
	printf("%ld %ld\n", stage->answered_us - stage->start_us,
	    stage->taken_us - stage->start_us);
}

int main(int argc, char **argv)
{
	static struct stage stage;

	if (argc != 5) {
		fputs("usage: arrival API-PORT SMTP-PORT COUNT REST-MS\n",
		    stderr);
		return 2;
	}
	for (int i = 0; i < SESSIONS + SESSIONS_MOST; i++)
		stage.fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	stage.fds[API].fd = open_socket(argv[1], false);
	stage.fds[LISTENER].fd = open_socket(argv[2], true);
	int rest_ms = (int)strtol(argv[4], NULL, 10);
	for (long left = strtol(argv[3], NULL, 10); left > 0; left--) {
		send_one(&stage);
		for (long end = now_us() + rest_ms * 1000L; now_us() < end;)
			turn(&stage, (int)((end - now_us()) / 1000) + 1);
	}
	return 0;
}
