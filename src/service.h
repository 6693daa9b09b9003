/* SPDX-License-Identifier: MIT */
/*
 * service - the daemon's skeleton: children, signals, reload, readiness,
 * drain. The supervisor never touches the network.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/mem.h"

#define SERVICE_CHILDREN_MOST 80

struct service_child {
	const char *name;
	int place; /* among those of its name, from 0 */
	/* Runs in the new process; its answer is the exit status. */
	int (*run)(const struct service_child *child);
	const void *argument;

	pid_t pid;    /* 0: not running */
	int status;   /* exit status of its last end */
	int failures; /* in a row */
	long long started_ms;
	long long start_after_ms;
};

struct service {
	size_t count;
	struct service_child children[SERVICE_CHILDREN_MOST];
	bool drain; /* children end by themselves; do not start them again */
	/* Reads the settings again; false keeps the old ones. */
	bool (*reload)(void);
	/* Adds the children that the settings ask for. */
	void (*fill)(struct service *service);
	/* A child ended by itself. */
	void (*restarted)(void);
};

void service_add(struct service *service, const char *name,
    int (*run)(const struct service_child *child), const void *argument);

/*
 * Starts the children and keeps them running until SIGTERM or SIGINT, which
 * stops them; a child that does not end within 10 seconds is killed. SIGHUP
 * reloads the settings and starts the children anew. Answers the exit status.
 */
int service_run(struct service *service);

#endif
