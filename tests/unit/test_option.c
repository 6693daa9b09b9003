/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/option.h"
#include "scratch.h"

struct chosen {
	bool verbose;
	bool json;
	const char *config;
	struct option_list attributes;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG(struct chosen, verbose, "verbose", 'v', "Say more."),
	OPTION_ROW_FLAG(struct chosen, json, "json", 0, "Print JSON."),
	OPTION_ROW_TEXT(struct chosen, config, "config", 'c', "FILE",
	    "Read settings from FILE."),
	OPTION_ROW_LIST(struct chosen, attributes, "attribute", 'a',
	    "NAME=VALUE", "Set an attribute."),
	OPTION_ROW_END
};

/* LINE at its blanks, behind the program's name. */
static char **words(struct mem *mem, const char *line)
{
	char **argv = mem_array(mem, char *, 32);
	char *rest = NULL;
	size_t count = 0;
	char *copy = mem_text(mem, line);

	argv[count++] = mem_text(mem, "usher");
	for (char *word = strtok_r(copy, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest))
		argv[count++] = word;
	return argv;
}

static struct chosen taken(struct mem *mem, const char *line, char ***rest)
{
	struct chosen chosen = { 0 };
	struct err err = { 0 };

	cr_assert(option_read(mem, rows, words(mem, line), &chosen, rest, &err),
	    "%s: %s", line, err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return chosen;
}

static void expect_refused(const char *line, const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct chosen chosen = { 0 };
	struct err err = { 0 };
	char **rest;

	cr_expect_not(
	    option_read(mem, rows, words(mem, line), &chosen, &rest, &err));
	cr_expect_eq(err.code, ERR_USAGE, "%s", line);
	cr_expect_str_eq(err.message, message);
}

Test(option, nothing)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;
	struct chosen chosen = taken(mem, "", &rest);

	cr_expect_not(chosen.verbose);
	cr_expect_null(chosen.config);
	cr_expect_eq(chosen.attributes.count, 0);
	cr_expect_null(rest[0]);
}

Test(option, long_names)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;
	struct chosen chosen =
	    taken(mem, "--verbose --config=a=b --attribute x=1 --json", &rest);

	cr_expect(chosen.verbose);
	cr_expect(chosen.json);
	cr_expect_str_eq(chosen.config, "a=b");
	cr_assert_eq(chosen.attributes.count, 1);
	cr_expect_str_eq(chosen.attributes.items[0], "x=1");
}

Test(option, letters)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;

	cr_expect_str_eq(taken(mem, "-cfile", &rest).config, "file");
	cr_expect_str_eq(taken(mem, "-c file", &rest).config, "file");
	struct chosen chosen = taken(mem, "-vcfile", &rest);
	cr_expect(chosen.verbose);
	cr_expect_str_eq(chosen.config, "file");
	cr_expect_str_eq(taken(mem, "-vc file", &rest).config, "file");
	cr_expect(taken(mem, "-vv", &rest).verbose);
}

Test(option, the_last_text_counts_and_lists_grow)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;
	struct chosen chosen = taken(mem,
	    "-c one --config two -a 1 -a2 --attribute=3 -a 4 -a 5", &rest);

	cr_expect_str_eq(chosen.config, "two");
	cr_assert_eq(chosen.attributes.count, 5);
	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(chosen.attributes.items[i][0], '1' + (char)i);
}

Test(option, values_may_look_like_options)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;

	cr_expect_str_eq(taken(mem, "--config --json", &rest).config, "--json");
	cr_expect_str_eq(taken(mem, "-c -v", &rest).config, "-v");
	cr_expect_str_eq(taken(mem, "--config -- --json", &rest).config, "--");
	cr_expect_str_eq(taken(mem, "--config=", &rest).config, "");
}

Test(option, rest_is_in_order)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;

	taken(mem, "user get -v - a", &rest);
	cr_expect_str_eq(rest[0], "user");
	cr_expect_str_eq(rest[1], "get");
	cr_expect_str_eq(rest[2], "-");
	cr_expect_str_eq(rest[3], "a");
	cr_expect_null(rest[4]);
}

Test(option, two_dashes_end_the_options)
{
	MEM_AUTO mem = mem_new(NULL);
	char **rest;
	struct chosen chosen = taken(mem, "a -- -v --json -- -x", &rest);

	cr_expect_not(chosen.verbose);
	cr_expect_not(chosen.json);
	cr_expect_str_eq(rest[0], "a");
	cr_expect_str_eq(rest[1], "-v");
	cr_expect_str_eq(rest[2], "--json");
	cr_expect_str_eq(rest[3], "--");
	cr_expect_str_eq(rest[4], "-x");
	cr_expect_null(rest[5]);
}

Test(option, refusals_name_the_word)
{
	expect_refused("--nope", "unknown option '--nope'; --help lists them");
	expect_refused("--conf x",
	    "unknown option '--conf'; --help lists them");
	expect_refused("--configs x",
	    "unknown option '--configs'; --help lists them");
	expect_refused("--=x", "unknown option '--=x'; --help lists them");
	expect_refused("-x", "unknown option '-x'; --help lists them");
	expect_refused("-vx", "unknown option '-x'; --help lists them");
	expect_refused("--json=yes", "option '--json' takes no value");
	expect_refused("--config", "option '--config' needs a value: FILE");
	expect_refused("-v -a", "option '-a' needs a value: NAME=VALUE");
	expect_refused("--CONFIG x", "unknown option '--CONFIG'; --help lists "
	                             "them");
}

static void print_help(const void *subject, FILE *out)
{
	option_print_help(subject, out);
}

static void print_manual(const void *subject, FILE *out)
{
	option_print_manual(subject, out);
}

Test(option, help_has_a_line_each)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(scratch_printed(mem, print_help, rows),
	    "  -v, --verbose                    Say more.\n"
	    "      --json                       Print JSON.\n"
	    "  -c, --config FILE                Read settings from FILE.\n"
	    "  -a, --attribute NAME=VALUE       Set an attribute.\n");
}

static void print_wrapped(const void *subject, FILE *out)
{
	option_print_wrapped(subject, 70, out);
}

Test(option, help_is_wrapped_at_80_columns)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *lead = mem_printf(mem, "\n%70s", "");

	cr_expect_str_eq(scratch_printed(mem, print_wrapped, "two words"),
	    "two words\n");
	cr_expect_str_eq(scratch_printed(mem, print_wrapped, "three long ones"),
	    mem_printf(mem, "three long%sones\n", lead));
	cr_expect_str_eq(scratch_printed(mem, print_wrapped, "a 0123456789a b"),
	    mem_printf(mem, "a%s0123456789a%sb\n", lead, lead));
	cr_expect_str_eq(scratch_printed(mem, print_wrapped, ""), "\n");
}

Test(option, manual_is_mdoc)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(scratch_printed(mem, print_manual, rows),
	    ".It Fl v , Fl \\-verbose\nSay more.\n"
	    ".It Fl \\-json\nPrint JSON.\n"
	    ".It Fl c , Fl \\-config Ar FILE\nRead settings from FILE.\n"
	    ".It Fl a , Fl \\-attribute Ar NAME=VALUE\nSet an attribute.\n");
}
