/* SPDX-License-Identifier: MIT */
/* Our tables against the service's published model (tests/data). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "api/operation.h"
#include "base/json.h"
#include "base/str.h"
#include "scratch.h"

/* Where we differ on purpose. */
static const struct {
	const char *member;
	const char *what; /* absent: our table lacks it */
	const char *reason;
} differences[] = {
	{ "TemporaryPassword", "pattern",
	    "the live service answers with ^[\\S]+.*[\\S]+$" },
	{ "Password", "pattern", "the same" },
	{ "Precedence", "bounds",
	    "the service's guide bounds it by 2^31 - 1, its model does not" },
	{ "Name", "required",
	    "a schema attribute without a name would mean nothing" },
};

#define DIFFERENCES (sizeof(differences) / sizeof(*differences))

static bool seen[DIFFERENCES];
static const cJSON *shapes;

static bool excused(const char *member, const char *what)
{
	for (size_t i = 0; i < DIFFERENCES; i++)
		if (strcmp(differences[i].member, member) == 0 &&
		    strcmp(differences[i].what, what) == 0)
			return seen[i] = true;
	return false;
}

/* Whether it is so, or is known not to be. */
static void expect(bool fits, const struct field *row, const char *what)
{
	cr_expect(fits || excused(row->name, what), "%s: %s", row->name, what);
}

static const cJSON *member(const cJSON *json, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(json, name);
}

static const cJSON *shape_of(const cJSON *reference)
{
	const cJSON *shape = member(shapes, json_text(reference, "/shape"));

	cr_assert_not_null(shape);
	return shape;
}

static int64_t bound(const cJSON *shape, const char *name)
{
	const cJSON *value = member(shape, name);

	return cJSON_IsNumber(value) ? (int64_t)value->valuedouble : 0;
}

static void check_bounds(const struct field *row, const cJSON *shape)
{
	expect(row->least == bound(shape, "min") &&
	           row->most == bound(shape, "max"),
	    row, "bounds");
}

static void check_type(const struct field *row, const cJSON *shape,
    const char *type)
{
	expect(str_same(json_text(shape, "/type"), type), row, type);
}

static void check_text(const struct field *row, const cJSON *shape)
{
	bool sensitive = cJSON_IsTrue(member(shape, "sensitive"));

	check_type(row, shape, "string");
	check_bounds(row, shape);
	expect(((row->flags & FIELD_SECRET) != 0) == sensitive, row,
	    "sensitive");
	expect(str_same(json_text(shape, "/pattern"), row->pattern), row,
	    "pattern");
	expect(!member(shape, "enum"), row, "enum");
}

/* The same words in the same order, which stands in the error's text. */
static void check_words(const struct field *row, const cJSON *shape)
{
	const cJSON *word;
	size_t count = 0;

	cJSON_ArrayForEach(word, member(shape, "enum"))
	{
		cr_assert_not_null(row->words[count], "%s lacks '%s'",
		    row->name, word->valuestring);
		cr_expect_str_eq(row->words[count++], word->valuestring);
	}
	cr_expect_gt(count, 0, "%s", row->name);
	cr_expect_null(row->words[count], "%s", row->name);
}

static void check_rows(const struct field *rows, const cJSON *shape);

static void check_list(const struct field *row, const cJSON *shape)
{
	const cJSON *item = shape_of(member(shape, "member"));

	check_type(row, shape, "list");
	check_bounds(row, shape);
	if (row->kind == FIELD_WORDS)
		check_words(row, item);
	else if (row->kind == FIELD_LIST)
		check_rows(row->rows, item);
	else if (row->rows->kind == FIELD_ENUM)
		check_words(row->rows, item);
	else
		check_text(row->rows, item);
}

static void check_map(const struct field *row, const cJSON *shape)
{
	const cJSON *name = shape_of(member(shape, "key"));
	const cJSON *value = shape_of(member(shape, "value"));

	check_type(row, shape, "map");
	check_bounds(row, value);
	expect(row->name_least == bound(name, "min") &&
	           row->name_most == bound(name, "max"),
	    row, "bounds of names");
	expect(!member(name, "pattern") && !member(value, "pattern"), row,
	    "pattern");
}

static void check_value(const struct field *row, const cJSON *shape)
{
	switch (row->kind) {
	case FIELD_TEXT:
		check_text(row, shape);
		break;
	case FIELD_ENUM:
		check_words(row, shape);
		break;
	case FIELD_BOOL:
		check_type(row, shape, "boolean");
		break;
	case FIELD_INT:
		check_type(row, shape, "integer");
		check_bounds(row, shape);
		break;
	case FIELD_OBJECT:
		check_rows(row->rows, shape);
		break;
	case FIELD_LIST:
	case FIELD_WORDS:
	case FIELD_TEXTS:
		check_list(row, shape);
		break;
	case FIELD_MAP:
		check_map(row, shape);
		break;
	case FIELD_END:
		break;
	}
}

static bool is_required(const cJSON *shape, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item,
	    member(shape, "required")) if (strcmp(item->valuestring, name) ==
	                                   0) return true;
	return false;
}

static const struct field *row_of(const struct field *rows, const char *name)
{
	for (; rows->kind != FIELD_END; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static int compared;

static void check_rows(const struct field *rows, const cJSON *shape)
{
	const cJSON *members = member(shape, "members");
	const cJSON *reference;

	cr_expect_str_eq(json_text(shape, "/type"), "structure");
	cJSON_ArrayForEach(reference, members)
	    cr_expect(row_of(rows, reference->string) ||
	                  excused(reference->string, "absent"),
	        "no table has %s", reference->string);
	for (; rows->kind != FIELD_END; rows++) {
		reference = member(members, rows->name);
		cr_expect_not_null(reference, "the model has no %s",
		    rows->name);
		if (!reference)
			continue;
		compared++;
		expect(((rows->flags & FIELD_REQUIRED) != 0) ==
		           is_required(shape, rows->name),
		    rows, "required");
		check_value(rows, shape_of(reference));
	}
}

static const cJSON *read_shapes(struct mem *mem)
{
	struct err err = { 0 };
	const char *path = mem_printf(mem,
	    "%s/tests/data/cognito-idp.subset.json", getenv("SRCDIR"));
	const cJSON *json = json_read(mem, scratch_read(mem, path), &err);

	cr_assert_not_null(json, "%s", err.message);
	return member(json, "shapes");
}

/* Every request that is known here, with every member that the model has. */
Test(model, requests)
{
	MEM_AUTO mem = mem_new(NULL);

	shapes = read_shapes(mem);
	for (const struct operation *row = operations; row->name; row++) {
		const cJSON *shape =
		    member(shapes, mem_printf(mem, "%sRequest", row->name));
		cr_assert_not_null(shape, "%s", row->name);
		check_rows(row->code->rows, shape);
	}
	cr_expect_gt(compared, 200);
	for (size_t i = 0; i < DIFFERENCES; i++)
		cr_expect(seen[i], "no longer different: %s of %s",
		    differences[i].what, differences[i].member);
}
