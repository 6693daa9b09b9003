/* SPDX-License-Identifier: MIT */
/*
 * log - one line an event on standard error: level=info tag=... msg="..." k=v
 *
 * Secrets never come here: no password, code or message body is a field.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* What is less urgent than LEVEL is left out; info at the start. */
void log_set_level(enum log_level level);

/* Pairs of key and value, then NULL; a value of NULL leaves its pair out. */
void log_line(enum log_level level, const char *tag, const char *message, ...)
    __attribute__((sentinel));

#define log_error(tag, ...) log_line(LOG_LEVEL_ERROR, tag, __VA_ARGS__, NULL)
#define log_warning(tag, ...) \
	log_line(LOG_LEVEL_WARNING, tag, __VA_ARGS__, NULL)
#define log_info(tag, ...)  log_line(LOG_LEVEL_INFO, tag, __VA_ARGS__, NULL)
#define log_debug(tag, ...) log_line(LOG_LEVEL_DEBUG, tag, __VA_ARGS__, NULL)

/* From here on this thread's lines are gathered, but for warnings and errors,
 * until log_flush(): many for one write(). Who waits flushes before. */
void log_keep(void);
void log_flush(void);

/* Says MESSAGE and ends the process. */
void log_fatal(const char *message) __attribute__((noreturn));

#endif
