/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define SECRET_MOST 16384 /* an access token may be long */

static bool failed(struct err *err, const char *what, const char *path)
{
	return err_set(err, ERR_FILE, "cannot %s '%s': %s", what, path,
	    strerror(errno));
}

static bool read_all(struct str *text, int fd, const char *path,
    struct err *err)
{
	char block[8192];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0) {
		if (memchr(block, '\0', (size_t)got))
			return err_set(err, ERR_FILE,
			    "'%s' is not a text: it has a NUL byte", path);
		str_add_n(text, block, (size_t)got);
	}
	explicit_bzero(block, sizeof(block));
	if (got < 0)
		return failed(err, "read", path);
	if (str_full(text))
		return err_set(err, ERR_FILE, "'%s' is too long", path);
	return true;
}

char *file_read(struct mem *mem, const char *path, size_t limit,
    struct err *err)
{
	struct str *text = str_new(mem, limit);
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	str_secret(text);
	if (fd < 0) {
		failed(err, "read", path);
		return NULL;
	}
	bool done = read_all(text, fd, path, err);
	if (!standard)
		close(fd);
	return done ? mem_text(mem, str_text(text)) : NULL;
}

char *file_first_line(struct mem *mem, const char *path, struct err *err)
{
	char *text = file_read(mem, path, SECRET_MOST, err);

	if (!text)
		return NULL;
	text[strcspn(text, "\r\n")] = '\0';
	return mem_secret(text);
}

static bool write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t put = write(fd, text, left);
		if (put < 0)
			return false;
		text += put;
		left -= (size_t)put;
	}
	return fsync(fd) == 0;
}

bool file_create(const char *path, const char *text, mode_t mode,
    struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return failed(err, "create", path);
	bool done = write_all(fd, text);
	if (close(fd) < 0 || !done) {
		failed(err, "write", path);
		unlink(path);
		return false;
	}
	return true;
}

bool file_replace(const char *path, const char *text, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *fresh = mem_printf(mem, "%s.new", path);
	struct stat status;
	bool old = stat(path, &status) == 0;

	unlink(fresh);
	if (!file_create(fresh, text, 0600, err))
		return false;
	/* Whoever read it must be able to go on. */
	if ((!old || (chown(fresh, status.st_uid, status.st_gid) == 0 &&
	                 chmod(fresh, status.st_mode & 0777) == 0)) &&
	    rename(fresh, path) == 0)
		return true;
	failed(err, "replace", path);
	unlink(fresh);
	return false;
}

static bool make_folder(const char *path, mode_t mode)
{
	struct stat status;

	if (mkdir(path, mode) == 0)
		return true;
	if (errno != EEXIST || stat(path, &status) < 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(status.st_mode);
}

bool file_make_folder(const char *path, mode_t mode, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	char *part = mem_text(mem, path);

	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (!make_folder(part, 0755))
			return failed(err, "make folder", part);
		*slash = '/';
	}
	if (!make_folder(path, mode))
		return failed(err, "make folder", path);
	return true;
}
