/* SPDX-License-Identifier: MIT */
/*
 * cluster DIR - runs a private PostgreSQL for tests and benchmarks: prints
 * its connection string when it is ready and stops it at a signal, or when
 * whoever started it closes standard input (with --stdin).
 */
#include "db/cluster.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct sigaction action = { .sa_handler = stop };
	struct err err = { 0 };
	char byte;

	if (argc < 2 || *argv[1] != '/') {
		fputs("usage: cluster /DIR [--stdin]\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	struct cluster *cluster =
	    file_make_folder(argv[1], 0755, &err)
	        ? cluster_start(mem, mem_printf(mem, "%s/pg", argv[1]), &err)
	        : NULL;
	if (!cluster) {
		fprintf(stderr, "%s: %s\n", err.message, err.detail);
		return 1;
	}
	puts(cluster->database);
	fflush(stdout);
	while (!stopping)
		if (argc > 2 && read(STDIN_FILENO, &byte, 1) <= 0)
			break;
		else if (argc <= 2)
			pause();
	cluster_stop(cluster);
	return 0;
}
