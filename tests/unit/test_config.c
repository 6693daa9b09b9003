/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "scratch.h"

static const struct config *taken(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	const struct config *config =
	    config_read(mem, scratch_file(mem, text), &err);

	cr_assert_not_null(config, "%.200s: %s", text, err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return config;
}

/* WORDS must stand in the message. */
static void expect_refused(const char *text, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(config_read(mem, scratch_file(mem, text), &err),
	    "taken: %.200s", text);
	cr_expect_eq(err.code, ERR_CONFIG, "%.200s", text);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
}

Test(config, empty_file_means_defaults)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct config *config = taken(mem, "");

	cr_expect_not_null(config->path);
	cr_expect_str_eq(config->key_file, "/etc/usher/keys");
	cr_expect_str_eq(config->region, "us-east-1");
	cr_expect_str_eq(config->smtp_host, "127.0.0.1");
	cr_expect_eq(config->smtp_port, 25);
	cr_expect_eq(config->give_up_after, 86400);
	cr_expect_not(config->allow_capture);
	cr_expect_str_eq(config->database, "");
}

Test(config, file_is_read)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct config *config = taken(mem,
	    "# a comment\nsmtp_port = 2525\nallow_capture = yes\n"
	    "smtp_host = \"mail.example.org\"\nregion = 'eu-west-1'\n"
	    "mail_from = \"A \\\"B\\\" <a@b.example>\"\n");

	cr_expect_eq(config->smtp_port, 2525);
	cr_expect(config->allow_capture);
	cr_expect_str_eq(config->smtp_host, "mail.example.org");
	cr_expect_str_eq(config->region, "eu-west-1");
	cr_expect_str_eq(config->mail_from, "A \"B\" <a@b.example>");
}

Test(config, environment_names_the_file)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *path = scratch_file(mem, "smtp_port = 26\n");

	setenv("USHER_CONFIG", path, 1);
	const struct config *config = config_read(mem, NULL, &err);
	cr_assert_not_null(config, "%s", err.message);
	cr_expect_eq(config->smtp_port, 26);
	cr_expect_str_eq(config->path, path);
	config = config_read(mem, scratch_file(mem, "smtp_port = 27\n"), &err);
	cr_assert_not_null(config, "%s", err.message);
	cr_expect_eq(config->smtp_port, 27, "a path goes before it");
}

Test(config, named_file_must_be_there)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(config_read(mem, scratch_path(mem, "missing"), &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	cr_expect_not_null(strstr(err.message, "/missing'"), "%s", err.message);
	cr_expect_not_null(strstr(err.message, "No such file"));
	memset(&err, 0, sizeof(err));
	setenv("USHER_CONFIG", "/nonexistent/usher.conf", 1);
	cr_expect_null(config_read(mem, NULL, &err));
	cr_expect_eq(err.code, ERR_CONFIG);
}

Test(config, folder_is_no_file)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(config_read(mem, "/tmp", &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	cr_expect_not_null(strstr(err.message, "'/tmp': it is a folder"));
}

Test(config, wrong_numbers)
{
	static const char *const values[] = { "0", "65536", "-1", "x", "",
		"25x", "2.5", "99999999999999999999", "0x19" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		expect_refused(
		    mem_printf(mem, "smtp_port = \"%s\"\n", values[i]),
		    mem_printf(mem,
		        "smtp_port: '%s' is not a number from 1 to 65535",
		        values[i]));
	cr_expect_eq(taken(mem, "smtp_port = 1\n")->smtp_port, 1);
	cr_expect_eq(taken(mem, "smtp_port = 65535\n")->smtp_port, 65535);
}

Test(config, wrong_booleans)
{
	static const char *const values[] = { "true", "1", "YES", "", "no " };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		expect_refused(
		    mem_printf(mem, "log_addresses = \"%s\"\n", values[i]),
		    mem_printf(mem, "log_addresses: '%s' is not yes or no",
		        values[i]));
}

Test(config, wrong_choices)
{
	static const struct {
		const char *name;
		const char *right;
		const char *wrong;
	} cases[] = { { "log_level", "debug", "trace" },
		{ "invite_default_medium", "auto", "mail" },
		{ "invite_default_text", "aws", "own" },
		{ "alias_conflict_error", "AliasExistsException", "Other" },
		{ "mail_carrier", "none", "SMTP" },
		{ "smtp_tls", "required", "on" },
		{ "text_carrier", "capture", "smpp" } };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		taken(mem, mem_printf(mem, "%s = %s\n", cases[i].name,
		               cases[i].right));
		expect_refused(
		    mem_printf(mem, "%s = %s\n", cases[i].name, cases[i].wrong),
		    mem_printf(mem, "%s: '%s' is not one of its words",
		        cases[i].name, cases[i].wrong));
	}
}

Test(config, text_bounds)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused("account_id = 12345678901\n",
	    "account_id: '12345678901' is not a text of 12 to 12 bytes");
	expect_refused("account_id = 1234567890123\n", "12 to 12");
	expect_refused("smtp_host = \"\"\n",
	    "smtp_host: '' is not a text of 1 to 253 bytes");
	expect_refused(
	    mem_printf(mem, "smtp_host = %s\n", scratch_times(mem, "a", 254)),
	    "1 to 253");
	cr_expect_eq(strlen(taken(mem, mem_printf(mem, "smtp_host = %s\n",
	                                   scratch_times(mem, "a", 253)))
	                        ->smtp_host),
	    253);
}

Test(config, unknown_setting_is_named_with_its_line)
{
	expect_refused("# one\nsmtp_port = 25\nsmtp_prot = 25\n", "line 3");
	expect_refused("smtp_prot = 25\n", "smtp_prot");
	expect_refused("Region = eu-west-1\n", "line 1");
}

Test(config, broken_file_is_refused)
{
	expect_refused("smtp_port\n", "line");
	expect_refused("smtp_port = \n", "line");
	expect_refused("smtp_host = \"open\n", "line");
	expect_refused("{}\n", "line 1");
}

static void print(const void *subject, FILE *out)
{
	config_print(subject, out);
}

static void print_sample(const void *subject, FILE *out)
{
	(void)subject;
	config_print_sample(out);
}

static void print_manual(const void *subject, FILE *out)
{
	(void)subject;
	config_print_manual(out);
}

Test(config, print_can_be_read_again)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct config *config = taken(mem,
	    "smtp_port = 2525\nallow_capture = yes\n"
	    "mail_from = \"A \\\"B\\\\C\\\" # $x ${HOME} <a@b.example>\"\n"
	    "database = 'host=/tmp user=x'\n");
	const char *first = scratch_printed(mem, print, config);
	const struct config *again = taken(mem, first);

	cr_expect_str_eq(scratch_printed(mem, print, again), first);
	cr_expect_str_eq(again->mail_from, config->mail_from);
	cr_expect_eq(again->smtp_port, 2525);
	cr_expect(again->allow_capture);
}

/* "\n" in libconfuse's double quotes is a line end. */
Test(config, print_keeps_what_single_quotes_hold)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct config *config =
	    taken(mem, "database = 'a\\nb ${HOME}'\n");

	cr_expect_str_eq(config->database, "a\\nb ${HOME}");
	const struct config *again =
	    taken(mem, scratch_printed(mem, print, config));
	cr_expect_str_eq(again->database, "a\\nb ${HOME}");
}

static char *without_hashes(struct mem *mem, const char *sample)
{
	char *text = mem_text(mem, sample);

	/* What is a setting: "# name = value" with name in lower case. */
	for (char *line = text; (line = strstr(line, "\n# ")); line++) {
		const char *name = line + 3;
		size_t length =
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
		if (strncmp(name + length, " = ", 3) == 0)
			line[1] = ' ';
	}
	return text;
}

Test(config, sample_is_a_file_of_the_defaults)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *sample = scratch_printed(mem, print_sample, NULL);
	const char *defaults = scratch_printed(mem, print, taken(mem, ""));

	cr_expect_str_eq(scratch_printed(mem, print, taken(mem, sample)),
	    defaults);
	cr_expect_str_eq(scratch_printed(mem, print,
	                     taken(mem, without_hashes(mem, sample))),
	    defaults);
	cr_expect_not_null(strstr(sample, "\n# smtp_port = 25\n"));
	cr_expect_not_null(strstr(sample, "\n# smtp_host = \"127.0.0.1\"\n"));
}

Test(config, manual_names_every_setting)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *manual = scratch_printed(mem, print_manual, NULL);
	static const char *const names[] = {
#define CONFIG(kind, name, preset, least, most, flags, meaning) #name,
#include "base/config.def"
#undef CONFIG
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		cr_expect_not_null(
		    strstr(manual, mem_printf(mem, ".It Ic %s\n", names[i])),
		    "%s", names[i]);
	cr_expect_not_null(strstr(manual, "From 1 to 65535.\nDefault: 25.\n"));
	cr_expect_not_null(strstr(manual, "From 0 to 64.\nDefault: 2.\n"));
	cr_expect_not_null(strstr(manual, "Default: empty.\n"));
}

Test(config, secret_is_the_first_line)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_str_eq(config_secret(mem, "", &err), "");
	cr_expect_str_eq(
	    config_secret(mem, scratch_file(mem, "a b \nrest\n"), &err),
	    "a b ");
	cr_expect_str_eq(config_secret(mem, scratch_file(mem, "pw\r\n"), &err),
	    "pw");
	cr_expect_str_eq(config_secret(mem, scratch_file(mem, "pw"), &err),
	    "pw");
	cr_expect_eq(err.code, ERR_NONE);
	cr_expect_null(config_secret(mem, scratch_path(mem, "no"), &err));
	cr_expect_eq(err.code, ERR_CONFIG);
}

/* libconfuse counts comments threefold; the sample is full of them. */
Test(config, lines_are_counted_behind_comments)
{
	expect_refused(
	    "# a\n\n# b\n// c\nregion = \"eu # west\" # d\n\nx = 1\n",
	    "line 7: ");
	expect_refused("database = 'a // b'\n#\n\nx = 1", "line 4: ");
}
