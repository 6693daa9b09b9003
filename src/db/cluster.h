/* SPDX-License-Identifier: MIT */
/*
 * cluster - a private PostgreSQL in a folder, for usher dev and the tests.
 *
 * It listens on a unix socket in its folder only. PostgreSQL refuses to run
 * as root, so root runs it as the user postgres (or nobody).
 */
#ifndef DB_CLUSTER_H
#define DB_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

struct cluster {
	const char *folder;
	const char *socket_folder;
	const char *database; /* connection string */
	const char *bindir;
	pid_t pid;
};

/*
 * Makes the cluster in FOLDER when it is not there (initdb), starts it and
 * waits until it answers. It stops when this process ends. ERR_DATABASE says
 * what is missing, and where its log is.
 */
struct cluster *cluster_start(struct mem *mem, const char *folder,
    struct err *err);

/* Stops it and waits for its end. */
void cluster_stop(struct cluster *cluster);

#endif
