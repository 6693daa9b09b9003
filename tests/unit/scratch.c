/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

/* Removes the files of a folder, then the folder. */
static void remove_folder(void *argument)
{
	const char *path = argument;
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(path);
}

char *scratch_path(struct mem *mem, const char *name)
{
	char *folder = mem_text(mem, "/tmp/usher-unit-XXXXXX");

	cr_assert_not_null(mkdtemp(folder));
	mem_defer(mem, remove_folder, folder);
	return mem_printf(mem, "%s/%s", folder, name);
}

char *scratch_file(struct mem *mem, const char *text)
{
	char *path = scratch_path(mem, "file");
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
	return path;
}

char *scratch_read(struct mem *mem, const char *path)
{
	struct str *text = str_new(mem, STR_LIMIT_LARGE);
	FILE *file = fopen(path, "r");
	int byte;

	cr_assert_not_null(file, "%s", path);
	while ((byte = fgetc(file)) != EOF)
		str_add_char(text, (char)byte);
	fclose(file);
	return mem_text(mem, str_text(text));
}

char *scratch_printed(struct mem *mem,
    void (*print)(const void *subject, FILE *out), const void *subject)
{
	char *path = scratch_file(mem, "");
	FILE *out = fopen(path, "w");

	cr_assert_not_null(out);
	print(subject, out);
	fclose(out);
	return scratch_read(mem, path);
}

char *scratch_times(struct mem *mem, const char *text, int count)
{
	struct str *str = str_new(mem, STR_LIMIT_LARGE);

	while (count-- > 0)
		str_add(str, text);
	return mem_text(mem, str_text(str));
}
