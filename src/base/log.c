/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whole lines are written by one write(), so that processes do not mix. */
#define LINE_ROOM 4096

struct line {
	char text[LINE_ROOM];
	size_t length;
};

static enum log_level most = LOG_LEVEL_INFO;
static _Thread_local struct line kept; /* whole lines */
static _Thread_local bool keeping;

void log_set_level(enum log_level level)
{
	most = level;
}

static void add(struct line *line, char byte)
{
	if (line->length < LINE_ROOM - 1)
		line->text[line->length++] = byte;
}

static void add_n(struct line *line, const char *text, size_t length)
{
	size_t room = LINE_ROOM - 1 - line->length;

	if (length > room)
		length = room;
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

static void add_text(struct line *line, const char *text)
{
	add_n(line, text, strlen(text));
}

static bool is_control(char byte)
{
	return (unsigned char)byte < ' ' || byte == 0x7f;
}

/* How many bytes stand at its begin that mislead nobody. */
static size_t plain_length(const char *value)
{
	const char *at = value;

	while (*at && *at != '"' && *at != '\\' && *at != '=' && *at != ' ' &&
	       !is_control(*at))
		at++;
	return (size_t)(at - value);
}

/* Quoted where blanks, quotes or control characters would mislead. */
static void add_value(struct line *line, const char *value)
{
	size_t plain = plain_length(value);

	if (plain && !value[plain]) {
		add_n(line, value, plain);
		return;
	}
	add(line, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			add(line, '\\');
		char byte = *value;
		if (is_control(byte))
			byte = ' ';
		add(line, byte);
	}
	add(line, '"');
}

static void add_pair(struct line *line, const char *key, const char *value)
{
	if (line->length)
		add(line, ' ');
	add_text(line, key);
	add(line, '=');
	add_value(line, value);
}

static void write_kept(void)
{
	const char *at = kept.text;
	size_t left = kept.length;

	kept.length = 0;
	while (left) {
		ssize_t written = write(STDERR_FILENO, at, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* nowhere left to say it */
		at += written;
		left -= (size_t)written;
	}
}

void log_keep(void)
{
	keeping = true;
}

void log_flush(void)
{
	write_kept();
	keeping = false;
}

/* What is urgent goes at once, behind what was kept. */
static void put_out(enum log_level level, const struct line *line)
{
	if (kept.length + line->length > LINE_ROOM)
		write_kept();
	memcpy(kept.text + kept.length, line->text, line->length);
	kept.length += line->length;
	if (!keeping || level < LOG_LEVEL_INFO)
		write_kept();
}

void log_line(enum log_level level, const char *tag, const char *message, ...)
{
	static const char *const names[] = { "error", "warning", "info",
		"debug" };
	struct line line;
	const char *key;
	va_list list;

	if (level > most)
		return;
	line.length = 0; /* its text is not cleared: each message has a line */
	add_pair(&line, "level", names[level]);
	if (tag)
		add_pair(&line, "tag", tag);
	add_pair(&line, "msg", message);
	va_start(list, message);
	while ((key = va_arg(list, const char *))) {
		const char *value = va_arg(list, const char *);
		if (value)
			add_pair(&line, key, value);
	}
	va_end(list);
	line.text[line.length++] = '\n';
	put_out(level, &line);
}

void log_fatal(const char *message)
{
	log_line(LOG_LEVEL_ERROR, NULL, message, NULL);
	_exit(1);
}
