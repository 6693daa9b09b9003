/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "scratch.h"

static void expect_refused(const char *text, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(json_read(mem, text, &err), "taken: %.100s", text);
	cr_expect_eq(err.code, ERR_SERIALIZATION, "%.100s", text);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
}

static const cJSON *taken(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	cJSON *json = json_read(mem, text, &err);

	cr_assert_not_null(json, "%.100s: %s", text, err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return json;
}

Test(json, names_must_differ)
{
	expect_refused("{\"a\":1,\"a\":2}", "names 'a' twice");
	expect_refused("{\"x\":{\"b\":1,\"c\":2,\"b\":1}}", "names 'b' twice");
	expect_refused("[[{\"d\":1,\"d\":1}]]", "names 'd' twice");
	expect_refused("{\"a\":1,\"\\u0061\":2}", "names 'a' twice");
	expect_refused("{\"\":1,\"\":2}", "names '' twice");
}

/* To compare each with all would take minutes. */
Test(json, many_names_are_compared_at_once, .timeout = 60)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *text = str_new(mem, STR_LIMIT_LARGE);

	str_add(text, "{");
	for (unsigned i = 0; i < 100000; i++)
		str_addf(text, "\"%x\":1,", i);
	const char *names = mem_text(mem, str_text(text));
	taken(mem, mem_printf(mem, "%s\"last\":1}", names));
	expect_refused(mem_printf(mem, "%s\"1869f\":1}", names),
	    "names '1869f' twice");
}

Test(json, equal_names_in_different_objects_may_be)
{
	MEM_AUTO mem = mem_new(NULL);

	taken(mem, "{\"a\":{\"a\":1},\"b\":{\"a\":2}}");
	taken(mem, "[{\"a\":1},{\"a\":2}]");
	taken(mem, "{\"a\":1,\"A\":2}");
	taken(mem, "[1,1]");
}

Test(json, escaped_nul_is_refused)
{
	expect_refused("\"\\u0000\"", "NUL");
	expect_refused("{\"a\":\"b\\u0000c\"}", "NUL");
	expect_refused("{\"a\\u0000\":1}", "NUL");
	expect_refused("\"\\\\\\u0000\"", "NUL");
	expect_refused("\"\\\\u0000\\u0000\"", "NUL");
	expect_refused("\\u0000", "NUL");
}

/* An even count of backslashes in front of it makes it plain letters. */
Test(json, escaped_backslash_before_u0000_is_text)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(json_text(taken(mem, "\"\\\\u0000\""), ""), "\\u0000");
	cr_expect_str_eq(json_text(taken(mem, "\"\\\\\\\\u0000\""), ""),
	    "\\\\u0000");
	cr_expect_str_eq(json_text(taken(mem, "\"u0000\""), ""), "u0000");
}

Test(json, invalid_utf8_is_refused)
{
	expect_refused("\"\xff\"", "UTF-8");
	expect_refused("\"\xc3\"", "UTF-8");
	expect_refused("\"\xc0\xaf\"", "UTF-8");
	expect_refused("\"\xed\xa0\x80\"", "UTF-8");
	expect_refused("{\"\x80\":1}", "UTF-8");
}

Test(json, lone_surrogates_are_refused)
{
	expect_refused("\"\\ud800\"", "cannot be read");
	expect_refused("\"\\udc00\"", "cannot be read");
	expect_refused("\"\\ud83dx\"", "cannot be read");
}

Test(json, nothing_may_stand_behind)
{
	expect_refused("{} x", "at byte 3");
	expect_refused("{}{}", "at byte 2");
	expect_refused("1,", "at byte 1");
	expect_refused("null]", "at byte 4");
}

Test(json, blanks_may_stand_around)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect(cJSON_IsObject(taken(mem, " \t\r\n{} \n")));
}

Test(json, what_is_no_json_is_refused)
{
	static const char *const texts[] = { "", " ", "{", "[1", "[1,]",
		"{\"a\"}", "{\"a\":}", "{a:1}", "'a'", "\"a", "nul", "\"\\x\"",
		"\"\\u12\"", "// c\n1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_refused(texts[i], "cannot be read");
}

Test(json, deep_nesting_ends_in_an_error)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_refused(scratch_times(mem, "[", 200000), "cannot be read");
	expect_refused(scratch_times(mem, "{\"a\":", 200000), "cannot be read");
	taken(mem, mem_printf(mem, "%s%s", scratch_times(mem, "[", 500),
	               scratch_times(mem, "]", 500)));
}

Test(json, at_follows_names_and_indexes)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *json = taken(mem,
	    "{\"messages\":[{\"status\":\"0\"},{\"status\":\"1\"}],"
	    "\"\":\"empty\",\"a/b\":\"slash\",\"m~n\":\"tilde\",\"~1\":\"raw\","
	    "\"0\":\"zero\",\"A\":\"upper\"}");

	cr_expect_eq(json_at(json, ""), json);
	cr_expect_str_eq(json_text(json, "/messages/0/status"), "0");
	cr_expect_str_eq(json_text(json, "/messages/1/status"), "1");
	cr_expect_str_eq(json_text(json, "/"), "empty");
	cr_expect_str_eq(json_text(json, "/a~1b"), "slash");
	cr_expect_str_eq(json_text(json, "/m~0n"), "tilde");
	cr_expect_str_eq(json_text(json, "/~01"), "raw");
	cr_expect_str_eq(json_text(json, "/0"), "zero");
	cr_expect_null(json_text(json, "/a"), "names heed case");
}

Test(json, at_finds_nothing)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *json = taken(mem, "{\"list\":[\"a\",\"b\"],\"n\":1}");
	static const char *const pointers[] = { "/list/2", "/list/-1", "/list/",
		"/list/x", "/list/1x", "/list/-", "/list/0/0", "/n/0", "/none",
		"/none/0", "//", "/list/99999999999999999999",
		"/list/4294967296" };

	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
		cr_expect_null(json_at(json, pointers[i]), "%s", pointers[i]);
	cr_expect_null(json_text(json, "/n"), "a number is no text");
	cr_expect_null(json_text(json, "/list"));
}

/* RFC 6901, 3 and 4: "/" begins each token, an index is digits alone. */
Test(json, at_refuses_what_is_no_pointer)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *json = taken(mem, "{\"list\":[\"a\",\"b\"]}");

	cr_expect_null(json_at(json, "list"));
	cr_expect_null(json_at(json, "#/list"));
	cr_expect_null(json_at(json, "/list/+1"));
	cr_expect_null(json_at(json, "/list/ 1"));
	cr_expect_null(json_at(json, "/list/01"));
	cr_expect_str_eq(json_text(json, "/list/0"), "a");
}

Test(json, prints_in_one_line_and_for_people)
{
	MEM_AUTO mem = mem_new(NULL);
	cJSON *json = json_object(mem);

	json_add(json, "text", "a\n\"b\"");
	json_add(json, "none", NULL);
	json_add_int(json, "int", 999999999999999);
	json_add_int(json, "below", -3);
	cr_expect_str_eq(json_print(mem, json),
	    "{\"text\":\"a\\n\\\"b\\\"\",\"int\":999999999999999,"
	    "\"below\":-3}");
	cr_expect_not_null(strchr(json_print_people(mem, json), '\n'));
	cr_expect_str_eq(json_print(mem, json_list(mem)), "[]");
}

static char *time_printed(struct mem *mem, int64_t time_ms)
{
	cJSON *json = json_object(mem);

	json_add_time(json, "t", time_ms);
	return json_print(mem, json);
}

Test(json, times_have_milliseconds_as_a_fraction)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(time_printed(mem, 1503844026875),
	    "{\"t\":1503844026.875}");
	cr_expect_str_eq(time_printed(mem, 1503844026005),
	    "{\"t\":1503844026.005}");
	cr_expect_str_eq(time_printed(mem, 1503844026000),
	    "{\"t\":1503844026.000}");
	cr_expect_str_eq(time_printed(mem, 0), "{\"t\":0.000}");
}

Test(json, word_is_a_text_or_a_number)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *json =
	    taken(mem, "{\"a\":\"x\",\"b\":20429,\"c\":true,\"d\":[1]}");

	cr_expect_str_eq(json_word(mem, json, "/a"), "x");
	cr_expect_str_eq(json_word(mem, json, "/b"), "20429");
	cr_expect_null(json_word(mem, json, "/c"));
	cr_expect_null(json_word(mem, json, "/d"));
	cr_expect_null(json_word(mem, json, "/e"));
}
