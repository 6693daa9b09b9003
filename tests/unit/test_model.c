/* SPDX-License-Identifier: MIT */
/* Our tables against the service's published model (tests/data). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "account/client_settings.h"
#include "account/group.h"
#include "account/invite.h"
#include "account/pool_settings.h"
#include "base/json.h"
#include "base/str.h"
#include "scratch.h"

/* Where we differ on purpose. */
static const struct {
	const char *member;
	const char *what;
	const char *reason;
} differences[] = {
	{ "TemporaryPassword", "pattern",
	    "the live service answers with ^[\\S]+.*[\\S]+$" },
	{ "AllowedFirstAuthFactors", "bounds",
	    "a list of words has no bounds in our tables; none is harmless" },
	{ "Precedence", "bounds",
	    "the service's guide bounds it by 2^31 - 1, its model does not" },
	{ "CaseSensitive", "required",
	    "an empty UsernameConfiguration reads as the default" },
	{ "Name", "required",
	    "a schema attribute without a name would mean nothing" },
};

static const cJSON *shapes;

static bool excused(const char *member, const char *what)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(*differences); i++)
		if (strcmp(differences[i].member, member) == 0 &&
		    strcmp(differences[i].what, what) == 0)
			return true;
	return false;
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
	if (excused(row->name, "bounds"))
		return;
	cr_expect_eq(row->least, bound(shape, "min"), "least of %s", row->name);
	cr_expect_eq(row->most, bound(shape, "max"), "most of %s", row->name);
}

static void check_text(const struct field *row, const cJSON *shape)
{
	const char *pattern = json_text(shape, "/pattern");
	bool sensitive = cJSON_IsTrue(member(shape, "sensitive"));

	cr_expect_str_eq(json_text(shape, "/type"), "string", "%s", row->name);
	check_bounds(row, shape);
	cr_expect_eq((row->flags & FIELD_SECRET) != 0, sensitive, "%s",
	    row->name);
	cr_expect_eq(str_same(pattern, row->pattern),
	    !excused(row->name, "pattern"), "pattern of %s: %s", row->name,
	    row->pattern ? row->pattern : "none");
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

static int check_rows(const struct field *rows, const cJSON *shape);

static int check_value(const struct field *row, const cJSON *shape)
{
	switch (row->kind) {
	case FIELD_TEXT:
		check_text(row, shape);
		break;
	case FIELD_ENUM:
		check_words(row, shape);
		break;
	case FIELD_BOOL:
		cr_expect_str_eq(json_text(shape, "/type"), "boolean");
		break;
	case FIELD_INT:
		cr_expect_str_eq(json_text(shape, "/type"), "integer");
		check_bounds(row, shape);
		break;
	case FIELD_OBJECT:
		return check_rows(row->rows, shape);
	case FIELD_LIST:
		check_bounds(row, shape);
		return check_rows(row->rows, shape_of(member(shape, "member")));
	case FIELD_WORDS:
		check_bounds(row, shape);
		check_words(row, shape_of(member(shape, "member")));
		break;
	case FIELD_TEXTS:
		check_bounds(row, shape);
		check_value(row->rows, shape_of(member(shape, "member")));
		break;
	case FIELD_MAP:
		check_bounds(row, shape_of(member(shape, "value")));
		break;
	case FIELD_END:
		break;
	}
	return 0;
}

static bool is_required(const cJSON *shape, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item,
	    member(shape, "required")) if (strcmp(item->valuestring, name) ==
	                                   0) return true;
	return false;
}

/* How many rows were compared. */
static int check_rows(const struct field *rows, const cJSON *shape)
{
	int count = 0;

	cr_expect_str_eq(json_text(shape, "/type"), "structure");
	for (; rows->kind != FIELD_END; rows++) {
		const cJSON *reference =
		    member(member(shape, "members"), rows->name);
		cr_expect_not_null(reference, "the model has no %s",
		    rows->name);
		if (!reference)
			continue;
		bool required = (rows->flags & FIELD_REQUIRED) != 0;
		cr_expect(required == is_required(shape, rows->name) ||
		              excused(rows->name, "required"),
		    "required: %s", rows->name);
		count += 1 + check_value(rows, shape_of(reference));
	}
	return count;
}

static int check_request(const struct field *rows, const char *name)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *path = mem_printf(mem,
	    "%s/tests/data/cognito-idp.subset.json", getenv("SRCDIR"));
	const cJSON *json = json_read(mem, scratch_read(mem, path), &err);

	cr_assert_not_null(json, "%s", err.message);
	shapes = member(json, "shapes");
	cr_assert_not_null(member(shapes, name));
	return check_rows(rows, member(shapes, name));
}

Test(model, admin_create_user)
{
	/* All nine members, and Name and Value twice. */
	cr_expect_eq(check_request(invite_rows, "AdminCreateUserRequest"), 13);
}

Test(model, create_user_pool)
{
	cr_expect_geq(
	    check_request(pool_settings_rows, "CreateUserPoolRequest"), 40);
}

/* 24 members, 10 of structures inside, and the same without the secret. */
Test(model, user_pool_client)
{
	cr_expect_eq(
	    check_request(client_create_rows, "CreateUserPoolClientRequest"),
	    34);
	cr_expect_eq(
	    check_request(client_update_rows, "UpdateUserPoolClientRequest"),
	    33);
}

Test(model, group)
{
	cr_expect_eq(check_request(group_rows, "CreateGroupRequest"), 5);
	cr_expect_eq(check_request(group_rows, "UpdateGroupRequest"), 5);
}
