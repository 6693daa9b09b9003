/* SPDX-License-Identifier: MIT */
#include "base/config.h"

#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define FILE_DEFAULT "/etc/usher/usher.conf"
#define FILE_MOST    ((size_t)1024 * 1024)

enum kind { KIND_TEXT, KIND_INT, KIND_BOOL };

enum flag { SECRET = 1 };

static const struct setting {
	const char *name;
	const char *preset;
	const char *meaning;
	int64_t least, most;
	size_t offset;
	enum kind kind;
	unsigned flags;
} settings[] = {
#define CONFIG(kind, name, preset, least, most, flags, meaning)               \
	{ #name, preset, meaning, least, most, offsetof(struct config, name), \
		KIND_##kind, flags },
#include "base/config.def"
#undef CONFIG
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

/* Settings that are one of a few words. */
static const struct choice {
	const char *name;
	const char *words[5];
} choices[] = {
	{ "log_level", { "error", "warning", "info", "debug" } },
	{ "invite_default_medium", { "sms", "auto" } },
	{ "invite_default_text", { "usher", "aws" } },
	{ "alias_conflict_error",
	    { "UsernameExistsException", "AliasExistsException" } },
	{ "mail_carrier", { "smtp", "capture", "none" } },
	{ "smtp_tls", { "auto", "required", "implicit", "off" } },
	{ "smtp_auth", { "password", "xoauth2" } },
	{ "text_carrier", { "http", "capture", "none" } },
};

static bool is_choice(const struct choice *choice, const char *value)
{
	for (size_t i = 0; choice->words[i]; i++)
		if (strcmp(choice->words[i], value) == 0)
			return true;
	return false;
}

static bool check_choice(const struct setting *setting, const char *value,
    struct err *err)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (strcmp(choices[i].name, setting->name) == 0 &&
		    !is_choice(&choices[i], value))
			return err_set(err, ERR_CONFIG,
			    "%s: '%.100s' is not one of its words: %s",
			    setting->name, value, setting->meaning);
	return true;
}

static bool read_text(const struct setting *setting, const char *value,
    void *place, struct err *err)
{
	int64_t length = (int64_t)strlen(value);

	if (!check_choice(setting, value, err))
		return false;
	if (length < setting->least || length > setting->most)
		return err_set(err, ERR_CONFIG,
		    "%s: '%.100s' is not a text of %" PRId64 " to %" PRId64
		    " bytes",
		    setting->name, value, setting->least, setting->most);
	*(const char **)place = value;
	return true;
}

static bool read_int(const struct setting *setting, const char *value,
    void *place, struct err *err)
{
	char *end;

	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (!*value || *end || errno || number < setting->least ||
	    number > setting->most)
		return err_set(err, ERR_CONFIG,
		    "%s: '%.100s' is not a number from %" PRId64 " to %" PRId64,
		    setting->name, value, setting->least, setting->most);
	*(int64_t *)place = number;
	return true;
}

static bool read_bool(const struct setting *setting, const char *value,
    void *place, struct err *err)
{
	bool yes = strcmp(value, "yes") == 0;

	if (!yes && strcmp(value, "no") != 0)
		return err_set(err, ERR_CONFIG, "%s: '%.100s' is not yes or no",
		    setting->name, value);
	*(bool *)place = yes;
	return true;
}

static bool read_value(const struct setting *setting, const char *value,
    struct config *config, struct err *err)
{
	void *place = (char *)config + setting->offset;

	switch (setting->kind) {
	case KIND_TEXT:
		return read_text(setting, value, place, err);
	case KIND_INT:
		return read_int(setting, value, place, err);
	case KIND_BOOL:
		return read_bool(setting, value, place, err);
	}
	return false;
}

/* libconfuse reports through a callback without an argument of ours. */
static struct err *parse_err;

static bool has_comment(const char *line)
{
	char quote = '\0';

	for (; *line; line++) {
		if (quote && *line == quote)
			quote = '\0';
		else if (!quote && (*line == '"' || *line == '\''))
			quote = *line;
		else if (!quote && (*line == '#' || str_starts(line, "//")))
			return true;
	}
	return false;
}

/* libconfuse 3.3 counts a line with a comment of # or // three times. */
static int true_line(struct mem *mem, const char *path, int counted)
{
	struct err err = { 0 };
	char *text = file_read(mem, path, FILE_MOST, &err);
	int passed = 0;
	int line = 0;

	for (; text && passed < counted; line++)
		passed += has_comment(strsep(&text, "\n")) ? 3 : 1;
	return line ? line : counted;
}

__attribute__((format(printf, 2, 0))) static void parse_failed(cfg_t *cfg,
    const char *format, va_list list)
{
	MEM_AUTO mem = mem_new(NULL);

	err_set(parse_err, ERR_CONFIG, "%s, line %d: %s", cfg->filename,
	    true_line(mem, cfg->filename, cfg->line),
	    mem_vprintf(mem, format, list));
}

static void let_go(void *cfg)
{
	cfg_free(cfg);
}

/* libconfuse would end the process at one. */
static bool is_folder(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static cfg_t *parse(struct mem *mem, const char *path, struct err *err)
{
	cfg_opt_t *rows = mem_array(mem, cfg_opt_t, SETTINGS + 1);

	for (size_t i = 0; i < SETTINGS; i++)
		rows[i] =
		    (cfg_opt_t)CFG_STR(settings[i].name, NULL, CFGF_NODEFAULT);
	rows[SETTINGS] = (cfg_opt_t)CFG_END();
	cfg_t *cfg = cfg_init(rows, CFGF_NONE);
	mem_defer(mem, let_go, cfg);
	cfg_set_error_function(cfg, parse_failed);
	parse_err = err;
	if (is_folder(path)) {
		err_set(err, ERR_CONFIG,
		    "cannot read settings '%s': it is a folder", path);
		return NULL;
	}
	int done = cfg_parse(cfg, path);
	if (done == CFG_FILE_ERROR)
		err_set(err, ERR_CONFIG, "cannot read settings '%s': %s", path,
		    strerror(errno));
	return done == CFG_SUCCESS ? cfg : NULL;
}

static const char *chosen_path(const char *path)
{
	if (!path)
		path = getenv("USHER_CONFIG");
	if (path && *path)
		return path;
	return access(FILE_DEFAULT, F_OK) == 0 ? FILE_DEFAULT : NULL;
}

const struct config *config_read(struct mem *mem, const char *path,
    struct err *err)
{
	struct config *config = mem_make(mem, struct config);
	cfg_t *cfg = NULL;

	config->path = chosen_path(path);
	if (config->path && !(cfg = parse(mem, config->path, err)))
		return NULL;
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *value = cfg && cfg_size(cfg, settings[i].name)
		                        ? cfg_getstr(cfg, settings[i].name)
		                        : settings[i].preset;
		if (!read_value(&settings[i], mem_text(mem, value), config,
		        err))
			return NULL;
	}
	return config;
}

/* "${NAME}" would be replaced from the environment. */
static void print_quoted(const char *value, FILE *out)
{
	fputc('"', out);
	for (; *value; value++) {
		if (strchr("\"\\$", *value))
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

/* libpq takes a password in both forms of a connection string. */
static bool holds_password(const char *value)
{
	const char *scheme = strstr(value, "://");
	const char *host = scheme ? strchr(scheme, '@') : NULL;
	const char *colon = scheme ? strchr(scheme + 3, ':') : NULL;

	return strstr(value, "password") || (host && colon && colon < host);
}

static const char *shown(const struct setting *setting, const char *value)
{
	return (setting->flags & SECRET) && holds_password(value)
	           ? "(holds a password)"
	           : value;
}

void config_print(const struct config *config, FILE *out)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		const void *place = (const char *)config + setting->offset;
		fprintf(out, "%s = ", setting->name);
		if (setting->kind == KIND_TEXT)
			print_quoted(
			    shown(setting, *(const char *const *)place), out);
		else if (setting->kind == KIND_INT)
			fprintf(out, "%" PRId64, *(const int64_t *)place);
		else
			fputs(*(const bool *)place ? "yes" : "no", out);
		fputc('\n', out);
	}
}

void config_print_sample(FILE *out)
{
	fputs("# Settings of usher; usher.conf(5) explains them.\n", out);
	for (size_t i = 0; i < SETTINGS; i++) {
		fprintf(out, "\n# %s\n# %s = ", settings[i].meaning,
		    settings[i].name);
		if (settings[i].kind == KIND_TEXT)
			print_quoted(settings[i].preset, out);
		else
			fputs(settings[i].preset, out);
		fputc('\n', out);
	}
}

void config_print_manual(FILE *out)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		fprintf(out, ".It Ic %s\n%s.\n", setting->name,
		    setting->meaning);
		if (setting->kind == KIND_INT)
			fprintf(out, "From %" PRId64 " to %" PRId64 ".\n",
			    setting->least, setting->most);
		fprintf(out, "Default: %s.\n",
		    *setting->preset ? setting->preset : "empty");
	}
}

const char *config_secret(struct mem *mem, const char *path, struct err *err)
{
	const char *secret = *path ? file_first_line(mem, path, err) : "";

	if (!secret)
		err->code = ERR_CONFIG;
	return secret;
}
