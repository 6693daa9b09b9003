/* SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <string.h>

/* Columns of a terminal, and those of an option's name in --help. */
#define WIDTH 80
#define LEFT  35

struct parse {
	struct mem *mem;
	const struct option_row *rows;
	char *into;
	char **argv;
	char **rest;
	size_t rest_count;
	struct err *err;
};

static const struct option_row *find_long(const struct option_row *rows,
    const char *name, size_t length)
{
	for (; rows->kind != OPTION_END; rows++)
		if (strlen(rows->name) == length &&
		    strncmp(rows->name, name, length) == 0)
			return rows;
	return NULL;
}

static const struct option_row *find_letter(const struct option_row *rows,
    char letter)
{
	for (; rows->kind != OPTION_END; rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

static void list_add(struct mem *mem, struct option_list *list,
    const char *value)
{
	list->items = list->items
	                  ? mem_resize(mem, list->items,
	                        (list->count + 1) * sizeof(*list->items))
	                  : mem_array(mem, const char *, 1);
	list->items[list->count++] = value;
}

static void store(struct parse *parse, const struct option_row *row,
    const char *value)
{
	void *place = parse->into + row->offset;

	if (row->kind == OPTION_FLAG)
		*(bool *)place = true;
	else if (row->kind == OPTION_TEXT)
		*(const char **)place = value;
	else
		list_add(parse->mem, place, value);
}

/* VALUE is what stood in the same word, or NULL: then the next word is it. */
static bool take(struct parse *parse, const struct option_row *row,
    const char *value, const char *shown)
{
	bool flag = row->kind == OPTION_FLAG;

	if (flag && value)
		return err_set(parse->err, ERR_USAGE,
		    "option '%s' takes no value", shown);
	if (!flag && !value) {
		value = parse->argv[1];
		if (!value)
			return err_set(parse->err, ERR_USAGE,
			    "option '%s' needs a value: %s", shown,
			    row->argument);
		parse->argv++;
	}
	store(parse, row, value);
	return true;
}

static bool read_long(struct parse *parse, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const struct option_row *row = find_long(parse->rows, word + 2, length);

	if (!row)
		return err_set(parse->err, ERR_USAGE,
		    "unknown option '%.100s'; --help lists them", word);
	return take(parse, row, word[2 + length] ? word + 3 + length : NULL,
	    mem_printf(parse->mem, "--%s", row->name));
}

static bool read_letters(struct parse *parse, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct option_row *row = find_letter(parse->rows, *at);
		if (!row)
			return err_set(parse->err, ERR_USAGE,
			    "unknown option '-%c'; --help lists them", *at);
		const char *shown = mem_printf(parse->mem, "-%c", *at);
		if (row->kind != OPTION_FLAG)
			return take(parse, row, at[1] ? at + 1 : NULL, shown);
		store(parse, row, NULL);
	}
	return true;
}

static bool read_words(struct parse *parse)
{
	bool only_rest = false;

	for (; *parse->argv; parse->argv++) {
		const char *word = *parse->argv;
		bool done = true;
		if (only_rest || *word != '-' || !word[1])
			parse->rest[parse->rest_count++] = *parse->argv;
		else if (strcmp(word, "--") == 0)
			only_rest = true;
		else if (word[1] == '-')
			done = read_long(parse, word);
		else
			done = read_letters(parse, word);
		if (!done)
			return false;
	}
	return true;
}

bool option_read(struct mem *mem, const struct option_row *rows, char **argv,
    void *into, char ***rest, struct err *err)
{
	size_t count = 0;

	while (argv[count])
		count++;
	struct parse parse = { mem, rows, into, argv + 1,
		mem_array(mem, char *, count + 1), 0, err };
	*rest = parse.rest;
	return read_words(&parse);
}

void option_print_wrapped(const char *text, int column, FILE *out)
{
	int room = WIDTH - column;

	while (*text) {
		int length = (int)strcspn(text, " ");
		if (length > room && room < WIDTH - column) {
			fprintf(out, "\n%*s", column, "");
			room = WIDTH - column;
		}
		fprintf(out, "%s%.*s", room < WIDTH - column ? " " : "", length,
		    text);
		room -= length + 1;
		text += length + (text[length] == ' ');
	}
	fputc('\n', out);
}

void option_print_help(const struct option_row *rows, FILE *out)
{
	for (; rows->kind != OPTION_END; rows++) {
		char left[64];
		char letter[5] = "    ";
		if (rows->letter)
			snprintf(letter, sizeof(letter), "-%c, ", rows->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, rows->name,
		    rows->argument ? " " : "",
		    rows->argument ? rows->argument : "");
		fprintf(out, "  %-*s", LEFT - 2, left);
		if (strlen(left) > LEFT - 3)
			fprintf(out, "\n%*s", LEFT, "");
		option_print_wrapped(rows->meaning, LEFT, out);
	}
}

void option_print_manual_row(const struct option_row *row, FILE *out)
{
	fprintf(out, ".It ");
	if (row->letter)
		fprintf(out, "Fl %c , ", row->letter);
	fprintf(out, "Fl \\-%s%s%s\n%s\n", row->name,
	    row->argument ? " Ar " : "", row->argument ? row->argument : "",
	    row->meaning);
}

void option_print_manual(const struct option_row *rows, FILE *out)
{
	for (; rows->kind != OPTION_END; rows++)
		option_print_manual_row(rows, out);
}
