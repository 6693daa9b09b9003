/* SPDX-License-Identifier: MIT */
#include "db/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "db/db.h"

/* Room in sockaddr_un for "/.s.PGSQL.5432". */
#define SOCKET_FOLDER_MOST 90
#define START_MS           30000

static bool failed(struct err *err, const char *message, const char *detail)
{
	return err_set_detail(err, ERR_DATABASE, message, detail);
}

/* Debian keeps the server's programs in a folder a version. */
static const char *find_bindir(struct mem *mem)
{
	glob_t found;
	const char *bindir = NULL;

	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0) {
		char *path = mem_text(mem, found.gl_pathv[found.gl_pathc - 1]);
		*strrchr(path, '/') = '\0';
		bindir = path;
	}
	globfree(&found);
	if (!bindir && access("/usr/bin/initdb", X_OK) == 0)
		bindir = "/usr/bin";
	return bindir;
}

static const struct passwd *server_user(void)
{
	if (geteuid() != 0)
		return NULL;
	const struct passwd *user = getpwnam("postgres");
	return user ? user : getpwnam("nobody");
}

/* In the child: becomes the server's user and dies with the parent. */
static void become(const struct passwd *user, const char *log_path)
{
	int log =
	    open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	/* Its own group: a Ctrl-C at the terminal is for usher dev alone. */
	setpgid(0, 0);
	if (user && (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 ||
	                setuid(user->pw_uid) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (chdir("/") < 0)
		_exit(126);
}

static pid_t spawn(struct mem *mem, const char *const *words,
    const char *log_path)
{
	const struct passwd *user = server_user();
	char *copies[24] = { NULL };

	for (size_t i = 0; words[i]; i++)
		copies[i] = mem_text(mem, words[i]);
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		become(user, log_path);
		if (getppid() != parent)
			_exit(126);
		if (copies[0])
			execv(copies[0], copies);
		_exit(127);
	}
	return pid;
}

/* Under another name until it is whole: a power cut leaves no half of it. */
static bool make_data(struct mem *mem, struct cluster *cluster,
    const char *data, const char *log_path, struct err *err)
{
	int status = 0;
	const char *half = mem_printf(mem, "%s.half", data);
	const char *const words[] = { mem_printf(mem, "%s/initdb",
		                          cluster->bindir),
		"-D", half, "-U", "usher", "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--no-instructions", NULL };
	pid_t pid = spawn(mem, words, log_path);

	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return failed(err,
		    "PostgreSQL's initdb failed; its log says why", log_path);
	if (rename(half, data) < 0)
		return failed(err, "cannot rename the database's folder", half);
	return true;
}

/* The server's user must own the folder and reach it. */
static bool make_folder(const char *folder, struct err *err)
{
	const struct passwd *user = server_user();

	if (!file_make_folder(folder, 0700, err))
		return false;
	if (user && chown(folder, user->pw_uid, user->pw_gid) < 0)
		return failed(err,
		    "cannot give the database's folder to the "
		    "user it runs as",
		    folder);
	return true;
}

static bool wait_until_ready(struct cluster *cluster, struct err *err,
    const char *log_path)
{
	int64_t start = clock_steady_ms();
	int status;

	while (clock_steady_ms() - start < START_MS) {
		if (db_answers(cluster->database))
			return true;
		if (waitpid(cluster->pid, &status, WNOHANG) == cluster->pid)
			return failed(err,
			    "PostgreSQL ended at its start; its "
			    "log says why",
			    log_path);
		clock_sleep_ms(20);
	}
	cluster_stop(cluster);
	return failed(err,
	    "PostgreSQL did not get ready in 30 seconds; its "
	    "log may say why",
	    log_path);
}

static bool start_server(struct mem *mem, struct cluster *cluster,
    const char *data, const char *log_path, struct err *err)
{
	const char *const words[] = {
		mem_printf(mem, "%s/postgres", cluster->bindir), "-D", data,
		"-k", cluster->socket_folder, "-c", "listen_addresses=", "-c",
		"unix_socket_permissions=0700", "-c", "shared_buffers=64MB",
		"-c", "max_connections=60", "-c", "log_checkpoints=off", NULL
	};

	cluster->pid = spawn(mem, words, log_path);
	if (cluster->pid < 0)
		return failed(err, "cannot start PostgreSQL", strerror(errno));
	return wait_until_ready(cluster, err, log_path);
}

/* libpq takes a comma for the end of a host, and a blank or quote must not
 * stand bare in a connection string. */
static const char *choose_socket_folder(struct mem *mem, const char *folder)
{
	if (strlen(folder) <= SOCKET_FOLDER_MOST &&
	    !strpbrk(folder, ", \t\n'\\"))
		return folder;
	char *path = mem_text(mem, "/tmp/usher-XXXXXX");
	return mkdtemp(path);
}

struct cluster *cluster_start(struct mem *mem, const char *folder,
    struct err *err)
{
	struct cluster *cluster = mem_make(mem, struct cluster);
	const char *data = mem_printf(mem, "%s/data", folder);
	const char *log_path = mem_printf(mem, "%s/postgres.log", folder);

	cluster->folder = mem_text(mem, folder);
	cluster->bindir = find_bindir(mem);
	if (!cluster->bindir) {
		failed(err,
		    "PostgreSQL's server is not installed; on Debian: apt "
		    "install postgresql",
		    "no initdb in /usr/lib/postgresql/*/bin or /usr/bin");
		return NULL;
	}
	cluster->socket_folder = choose_socket_folder(mem, folder);
	cluster->database = mem_printf(mem,
	    "host=%s user=usher dbname=postgres", cluster->socket_folder);
	if (!make_folder(folder, err) ||
	    (cluster->socket_folder != folder &&
	        !make_folder(cluster->socket_folder, err)))
		return NULL;
	if (db_answers(cluster->database)) {
		failed(err,
		    "a PostgreSQL is running in that folder already; "
		    "is another usher dev at work there?",
		    folder);
		return NULL;
	}
	if (access(mem_printf(mem, "%s/PG_VERSION", data), F_OK) < 0 &&
	    !make_data(mem, cluster, data, log_path, err))
		return NULL;
	return start_server(mem, cluster, data, log_path, err) ? cluster : NULL;
}

void cluster_stop(struct cluster *cluster)
{
	int status;

	if (cluster->pid > 0) {
		kill(cluster->pid, SIGINT);
		waitpid(cluster->pid, &status, 0);
		cluster->pid = 0;
	}
	if (cluster->socket_folder != cluster->folder)
		rmdir(cluster->socket_folder);
}
