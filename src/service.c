/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define STOP_MS         10000
#define RESTART_MOST_MS 30000
#define SOUND_MS        10000 /* a child that lived so long was sound */

static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t reload_asked;

static void note_signal(int signal)
{
	if (signal == SIGHUP)
		reload_asked = 1;
	else if (signal != SIGCHLD)
		stop_asked = 1;
}

void service_add(struct service *service, const char *name,
    int (*run)(const struct service_child *child), const void *argument)
{
	int place = 0;

	for (size_t i = 0; i < service->count; i++)
		place += strcmp(service->children[i].name, name) == 0;
	if (service->count == SERVICE_CHILDREN_MOST)
		log_fatal("too many children");
	service->children[service->count++] =
	    (struct service_child){ .name = name,
		    .place = place,
		    .run = run,
		    .argument = argument };
}

/* systemd's readiness protocol, sd_notify(3): one datagram. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	socklen_t length =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	        (const struct sockaddr *)&address, length) < 0)
		log_warning("usherd", "cannot tell the service manager");
	close(fd);
}

static void start(struct service_child *child)
{
	pid_t parent = getpid();
	sigset_t stops;
	sigset_t before;

	/* A signal right behind the fork must end the child, not be noted by
	 * the supervisor's handler that the child still has. */
	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	sigprocmask(SIG_BLOCK, &stops, &before);
	child->pid = fork();
	child->started_ms = clock_steady_ms();
	if (child->pid == 0) {
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGHUP, SIG_IGN);
		sigprocmask(SIG_SETMASK, &before, NULL);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(1);
		_exit(child->run(child));
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child->pid < 0) {
		log_error("usherd", "cannot start a child", "child",
		    child->name);
		child->pid = 0;
		child->start_after_ms = clock_steady_ms() + 1000;
	}
}

static struct service_child *find(struct service *service, pid_t pid)
{
	for (size_t i = 0; i < service->count; i++)
		if (service->children[i].pid == pid)
			return &service->children[i];
	return NULL;
}

static void note_end(struct service_child *child, int status, bool expected)
{
	MEM_AUTO mem = mem_new(NULL);
	long long now_ms = clock_steady_ms();
	long long wait_ms = 100;

	child->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;

	child->pid = 0;
	child->failures =
	    now_ms - child->started_ms > SOUND_MS ? 1 : child->failures + 1;
	for (int i = 1; i < child->failures && wait_ms < RESTART_MOST_MS; i++)
		wait_ms *= 2;
	child->start_after_ms =
	    now_ms + (wait_ms < RESTART_MOST_MS ? wait_ms : RESTART_MOST_MS);
	if (expected)
		return;
	log_warning("usherd", "a child ended; it is started again", "child",
	    child->name, WIFSIGNALED(status) ? "signal" : "status",
	    mem_printf(mem, "%d",
	        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
}

static int running(const struct service *service)
{
	int count = 0;

	for (size_t i = 0; i < service->count; i++)
		count += service->children[i].pid > 0;
	return count;
}

static void reap(struct service *service, bool expected)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct service_child *child = find(service, pid);
		if (!child)
			continue;
		note_end(child, status, expected);
		if (!expected)
			service->restarted();
	}
}

static void signal_all(struct service *service, int signal)
{
	for (size_t i = 0; i < service->count; i++)
		if (service->children[i].pid > 0)
			kill(service->children[i].pid, signal);
}

static void stop_all(struct service *service)
{
	int64_t end_ms = clock_steady_ms() + STOP_MS;

	signal_all(service, SIGTERM);
	while (running(service) && clock_steady_ms() < end_ms) {
		reap(service, true);
		clock_sleep_ms(10);
	}
	signal_all(service, SIGKILL);
	while (running(service)) {
		reap(service, true);
		clock_sleep_ms(10);
	}
}

static void start_due(struct service *service)
{
	for (size_t i = 0; i < service->count; i++) {
		struct service_child *child = &service->children[i];
		if (!child->pid && clock_steady_ms() >= child->start_after_ms)
			start(child);
	}
}

static void reload(struct service *service)
{
	reload_asked = 0;
	if (!service->reload())
		return;
	log_info("usherd", "settings are read again");
	stop_all(service);
	service->count = 0;
	service->fill(service);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = note_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* Of children that ended by themselves: the first that is not 0. */
static int worst_status(const struct service *service)
{
	for (size_t i = 0; i < service->count; i++)
		if (service->children[i].status)
			return service->children[i].status;
	return 0;
}

int service_run(struct service *service)
{
	catch_signals();
	service->fill(service);
	start_due(service);
	notify("READY=1");
	log_info("usherd", "ready");
	while (!stop_asked && (!service->drain || running(service))) {
		/* Interrupted by every signal; short, since one that comes
		 * right before it would be missed. */
		clock_sleep_ms(50);
		reap(service, service->drain);
		/* What drains would not be started again. */
		if (reload_asked && !service->drain)
			reload(service);
		if (!stop_asked && !service->drain)
			start_due(service);
	}
	notify("STOPPING=1");
	stop_all(service);
	log_info("usherd", "ended");
	return service->drain ? worst_status(service) : 0;
}
