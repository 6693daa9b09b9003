/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/field.h"
#include "base/json.h"
#include "scratch.h"

struct item {
	const char *name;
	const char *value;
};

struct inner {
	const char *word;
	struct field_int number;
	struct field_list items; /* of struct item */
};

struct subject {
	const char *id;
	const char *secret;
	const char *free;
	const char *choice;
	struct field_bool flag;
	struct field_int number;
	const struct inner *inner;
	struct field_list items; /* of struct item */
	struct field_words words;
	struct field_words texts;
	struct field_words few;
	struct field_list map; /* of struct field_pair */
	struct field_list tags;
};

static const char *const choices[] = { "RESEND", "SUPPRESS", NULL };

static const struct field item_rows[] = {
	ROW_TEXT(struct item, name, "Name", FIELD_REQUIRED, 1, 3, "[a-z]+"),
	ROW_TEXT(struct item, value, "Value", FIELD_SECRET, 0, 3, NULL), ROW_END
};

static const struct field inner_rows[] = { ROW_TEXT(struct inner, word, "Word",
	                                       FIELD_REQUIRED, 0, 0, NULL),
	ROW_INT(struct inner, number, "Number", 0, 0, 9),
	ROW_LIST(struct inner, items, "Items", 0, 0, item_rows, struct item),
	ROW_END };

static const struct field text_item = ROW_ITEM_TEXT(1, 3, "[a-z]+");
static const struct field few_item = ROW_ITEM_ENUM(choices);

static const struct field rows[] = { ROW_TEXT(struct subject, id, "UserPoolId",
	                                 0, 2, 4, "[a-z]+"),
	ROW_TEXT(struct subject, secret, "TemporaryPassword",
	    FIELD_SECRET | FIELD_MAY_BE_EMPTY, 2, 4, "[a-z]+"),
	ROW_TEXT(struct subject, free, "Free", 0, 0, 0, NULL),
	ROW_ENUM(struct subject, choice, "MessageAction", 0, choices),
	ROW_BOOL(struct subject, flag, "Flag"),
	ROW_INT(struct subject, number, "Number", 0, 6, 99),
	ROW_OBJECT(struct subject, inner, "Inner", 0, inner_rows, struct inner),
	ROW_LIST(struct subject, items, "UserAttributes", 1, 3, item_rows,
	    struct item),
	ROW_WORDS(struct subject, words, "Mediums", 0, choices),
	ROW_TEXTS(struct subject, texts, "CallbackURLs", 1, 3, &text_item),
	ROW_TEXTS(struct subject, few, "Flows", 0, 1, &few_item),
	ROW_MAP(struct subject, map, "ClientMetadata", 3),
	ROW_MAP_FLAGS(struct subject, tags, "Tags", 0, 1, 2, 4), ROW_END };

/* Rows that must be there. */
static const struct field needed_rows[] = { ROW_TEXTS_FLAGS(struct subject,
	                                        texts, "Words", FIELD_REQUIRED,
	                                        0, 0, &text_item),
	ROW_BOOL_FLAGS(struct subject, flag, "Flag", FIELD_REQUIRED),
	ROW_LIST_FLAGS(struct subject, items, "Items", FIELD_REQUIRED, 0, 0,
	    item_rows, struct item),
	ROW_MAP_FLAGS(struct subject, tags, "Tags", FIELD_REQUIRED, 0, 0, 0),
	ROW_END };

static const cJSON *parse(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	const cJSON *json = json_read(mem, text, &err);

	cr_assert_not_null(json, "%s: %s", text, err.message);
	return json;
}

static const struct subject *taken(struct mem *mem, const char *text)
{
	struct subject *subject = mem_make(mem, struct subject);
	struct err err = { 0 };

	cr_assert(field_read(mem, rows, parse(mem, text), subject, &err),
	    "%s: %s", text, err.message);
	cr_expect_eq(err.code, ERR_NONE);
	return subject;
}

static void expect_error(const char *text, enum err_code code,
    const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct subject subject = { 0 };
	struct err err = { 0 };

	cr_assert_not(field_read(mem, rows, parse(mem, text), &subject, &err),
	    "%s", text);
	cr_expect_eq(err.code, code, "%s", text);
	cr_expect_str_eq(err.message, message);
}

#define MUST " failed to satisfy constraint: Member must "

static void expect_one(const char *text, const char *where, const char *rule)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_error(text, ERR_INVALID_PARAMETER,
	    mem_printf(mem, "1 validation error detected: %s" MUST "%s", where,
	        rule));
}

static void expect_whole(const char *text, const char *violation)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_error(text, ERR_INVALID_PARAMETER,
	    mem_printf(mem, "1 validation error detected: %s", violation));
}

Test(field, reads_every_kind)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct subject *subject = taken(mem,
	    "{\"UserPoolId\":\"abc\",\"TemporaryPassword\":\"pw\","
	    "\"Free\":\"\",\"MessageAction\":\"RESEND\",\"Flag\":true,"
	    "\"Number\":42,\"Inner\":{\"Word\":\"w\",\"Number\":3},"
	    "\"UserAttributes\":[{\"Name\":\"a\",\"Value\":\"1\"},"
	    "{\"Name\":\"b\"}],\"Mediums\":[\"SUPPRESS\",\"RESEND\"],"
	    "\"CallbackURLs\":[\"a\",\"bc\"],\"Flows\":[\"RESEND\"],"
	    "\"ClientMetadata\":{\"k\":\"v\",\"l\":\"\"}}");
	const struct item *items = subject->items.items;
	const struct field_pair *pairs = subject->map.items;

	cr_expect_str_eq(subject->id, "abc");
	cr_expect_str_eq(subject->secret, "pw");
	cr_expect_str_eq(subject->free, "");
	cr_expect_str_eq(subject->choice, "RESEND");
	cr_expect(subject->flag.given && subject->flag.value);
	cr_expect(subject->number.given);
	cr_expect_eq(subject->number.value, 42);
	cr_expect_str_eq(subject->inner->word, "w");
	cr_expect_eq(subject->inner->number.value, 3);
	cr_assert_eq(subject->items.count, 2);
	cr_expect_str_eq(items[0].name, "a");
	cr_expect_str_eq(items[0].value, "1");
	cr_expect_str_eq(items[1].name, "b");
	cr_expect_null(items[1].value);
	cr_assert_eq(subject->words.count, 2);
	cr_expect_str_eq(subject->words.items[0], "SUPPRESS");
	cr_expect_str_eq(subject->words.items[1], "RESEND");
	cr_assert_eq(subject->texts.count, 2);
	cr_expect_str_eq(subject->texts.items[0], "a");
	cr_expect_str_eq(subject->texts.items[1], "bc");
	cr_assert_eq(subject->few.count, 1);
	cr_expect_str_eq(subject->few.items[0], "RESEND");
	cr_assert_eq(subject->map.count, 2);
	cr_expect_str_eq(pairs[0].name, "k");
	cr_expect_str_eq(pairs[0].value, "v");
	cr_expect_str_eq(pairs[1].value, "");
}

static void expect_empty(const struct subject *subject)
{
	cr_expect_null(subject->id);
	cr_expect_null(subject->secret);
	cr_expect_null(subject->choice);
	cr_expect_not(subject->flag.given);
	cr_expect_not(subject->number.given);
	cr_expect_null(subject->inner);
	cr_expect_eq(subject->items.count, 0);
	cr_expect_eq(subject->words.count, 0);
	cr_expect_eq(subject->texts.count, 0);
	cr_expect_eq(subject->map.count, 0);
}

Test(field, what_is_absent_or_null_stays_empty)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_empty(taken(mem, "{}"));
	expect_empty(taken(mem,
	    "{\"UserPoolId\":null,\"TemporaryPassword\":null,"
	    "\"MessageAction\":null,\"Flag\":null,\"Number\":null,"
	    "\"Inner\":null,\"UserAttributes\":null,\"Mediums\":null,"
	    "\"CallbackURLs\":null,"
	    "\"ClientMetadata\":null}"));
	expect_empty(taken(mem, "{\"userPoolId\":\"abc\",\"flag\":true}"));
}

Test(field, false_is_given)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct subject *subject = taken(mem, "{\"Flag\":false}");

	cr_expect(subject->flag.given);
	cr_expect_not(subject->flag.value);
}

Test(field, length_texts)
{
	expect_one("{\"UserPoolId\":\"a\"}", "Value 'a' at 'userPoolId'",
	    "have length greater than or equal to 2");
	expect_one("{\"UserPoolId\":\"abcde\"}",
	    "Value 'abcde' at 'userPoolId'",
	    "have length less than or equal to 4");
}

Test(field, length_counts_characters)
{
	MEM_AUTO mem = mem_new(NULL);

	taken(mem, "{\"ClientMetadata\":{\"k\":\"\xf0\x9f\x98\x80"
	           "\xe6\xbc\xa2\xc3\xa9\"}}");
	expect_whole("{\"ClientMetadata\":{\"k\":\"\xc3\xa9\xc3\xa9\xc3\xa9"
	             "\xc3\xa9\"}}",
	    "Value '{k=\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9}' at 'clientMetadata' "
	    "failed to satisfy constraint: Map value must satisfy constraint: "
	    "[Member must have length less than or equal to 3, Member must "
	    "have length greater than or equal to 0]");
}

/* As AWS words it of other services' tags. */
Test(field, map_texts)
{
	expect_whole("{\"Tags\":{\"abc\":\"1\",\"d\":\"2\"}}",
	    "Value '{abc=1, d=2}' at 'tags' failed to satisfy constraint: Map "
	    "keys must satisfy constraint: [Member must have length less than "
	    "or equal to 2, Member must have length greater than or equal to "
	    "1]");
	expect_whole("{\"Tags\":{\"\":\"1\"}}",
	    "Value '{=1}' at 'tags' failed to satisfy constraint: Map keys "
	    "must satisfy constraint: [Member must have length less than or "
	    "equal to 2, Member must have length greater than or equal to 1]");
}

Test(field, lists_of_texts)
{
	expect_one("{\"CallbackURLs\":[\"a\",\"B\"]}",
	    "Value '[a, B]' at 'callbackURLs'",
	    "satisfy constraint: [Member must have length less than or equal "
	    "to 3, Member must have length greater than or equal to 1, Member "
	    "must satisfy regular expression pattern: [a-z]+]");
	expect_one("{\"CallbackURLs\":[]}", "Value '[]' at 'callbackURLs'",
	    "have length greater than or equal to 1");
	expect_one("{\"CallbackURLs\":[\"a\",\"a\",\"a\",\"a\"]}",
	    "Value '[a, a, a, a]' at 'callbackURLs'",
	    "have length less than or equal to 3");
	expect_one("{\"Flows\":[\"RESEND\",\"SUPPRESS\"]}",
	    "Value '[RESEND, SUPPRESS]' at 'flows'",
	    "have length less than or equal to 1");
	expect_one("{\"Flows\":[\"x\"]}", "Value '[x]' at 'flows'",
	    "satisfy constraint: [Member must satisfy enum value set: "
	    "[RESEND, SUPPRESS]]");
}

Test(field, a_long_value_is_not_shown_to_its_end)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *most = scratch_times(mem, "x", 256);
	/* Its 256th byte is the second of a character. */
	const char *cut =
	    mem_printf(mem, "%s", scratch_times(mem, "\xc3\xa9", 127));

	expect_one(mem_printf(mem, "{\"UserPoolId\":\"%s\"}", most),
	    mem_printf(mem, "Value '%s' at 'userPoolId'", most),
	    "have length less than or equal to 4");
	expect_error(mem_printf(mem, "{\"UserPoolId\":\"a%s\xc3\xa9\"}", cut),
	    ERR_INVALID_PARAMETER,
	    mem_printf(mem,
	        "2 validation errors detected: Value 'a%s...' at "
	        "'userPoolId'" MUST
	        "have length less than or equal to 4; Value 'a%s...' at "
	        "'userPoolId'" MUST "satisfy regular expression pattern: "
	        "[a-z]+",
	        cut, cut));
}

Test(field, pattern_text)
{
	expect_one("{\"UserPoolId\":\"a b\"}", "Value 'a b' at 'userPoolId'",
	    "satisfy regular expression pattern: [a-z]+");
}

Test(field, enum_text)
{
	expect_one("{\"MessageAction\":\"NOPE\"}",
	    "Value 'NOPE' at 'messageAction'",
	    "satisfy enum value set: [RESEND, SUPPRESS]");
	expect_one("{\"MessageAction\":\"resend\"}",
	    "Value 'resend' at 'messageAction'",
	    "satisfy enum value set: [RESEND, SUPPRESS]");
	expect_one("{\"Mediums\":[\"RESEND\",\"FAX\"]}",
	    "Value '[RESEND, FAX]' at 'mediums'",
	    "satisfy constraint: [Member must satisfy enum value set: [RESEND, "
	    "SUPPRESS]]");
}

Test(field, number_texts)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_eq(taken(mem, "{\"Number\":6}")->number.value, 6);
	cr_expect_eq(taken(mem, "{\"Number\":99}")->number.value, 99);
	cr_expect_eq(taken(mem, "{\"Number\":7.0}")->number.value, 7);
	expect_one("{\"Number\":5}", "Value '5' at 'number'",
	    "have value greater than or equal to 6");
	expect_one("{\"Number\":-1}", "Value '-1' at 'number'",
	    "have value greater than or equal to 6");
	expect_one("{\"Number\":100}", "Value '100' at 'number'",
	    "have value less than or equal to 99");
}

Test(field, required_text)
{
	expect_one("{\"Inner\":{}}", "Value null at 'inner.word'",
	    "not be null");
	expect_one("{\"Inner\":{\"Word\":null}}", "Value null at 'inner.word'",
	    "not be null");
	expect_one("{\"UserAttributes\":[{\"Name\":\"a\"},{\"Value\":\"v\"}]}",
	    "Value null at 'userAttributes.2.member.name'", "not be null");
}

Test(field, list_paths)
{
	expect_one("{\"UserAttributes\":[{\"Name\":\"A\"}]}",
	    "Value 'A' at 'userAttributes.1.member.name'",
	    "satisfy regular expression pattern: [a-z]+");
	expect_one("{\"Inner\":{\"Word\":\"\",\"Items\":[{\"Name\":\"a\"},"
	           "{\"Name\":\"abcd\"}]}}",
	    "Value 'abcd' at 'inner.items.2.member.name'",
	    "have length less than or equal to 3");
}

Test(field, list_bounds)
{
	expect_one("{\"UserAttributes\":[]}", "Value '[]' at 'userAttributes'",
	    "have length greater than or equal to 1");
	expect_one("{\"UserAttributes\":[{\"Name\":\"a\"},{\"Name\":\"a\"},"
	           "{\"Name\":\"a\"},{\"Name\":\"a\"}]}",
	    "Value '[...]' at 'userAttributes'",
	    "have length less than or equal to 3");
}

Test(field, secrets_are_not_echoed)
{
	expect_one("{\"TemporaryPassword\":\"secret\"}",
	    "Value at 'temporaryPassword'",
	    "have length less than or equal to 4");
	expect_one("{\"TemporaryPassword\":\"s3c\"}",
	    "Value at 'temporaryPassword'",
	    "satisfy regular expression pattern: [a-z]+");
	expect_one("{\"UserAttributes\":[{\"Name\":\"a\",\"Value\":"
	           "\"secret\"}]}",
	    "Value at 'userAttributes.1.member.value'",
	    "have length less than or equal to 3");
}

Test(field, several_violations_are_counted)
{
	expect_error("{\"UserPoolId\":\"1\",\"Number\":5}",
	    ERR_INVALID_PARAMETER,
	    "3 validation errors detected: Value '1' at 'userPoolId'" MUST
	    "have length greater than or equal to 2; Value '1' at 'userPoolId'" MUST
	    "satisfy regular expression pattern: [a-z]+; Value '5' at "
	    "'number'" MUST "have value greater than or equal to 6");
}

Test(field, empty_may_be_allowed)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(taken(mem, "{\"TemporaryPassword\":\"\"}")->secret,
	    "");
	expect_error("{\"UserPoolId\":\"\"}", ERR_INVALID_PARAMETER,
	    "2 validation errors detected: Value '' at 'userPoolId'" MUST
	    "have length greater than or equal to 2; Value '' at 'userPoolId'" MUST
	    "satisfy regular expression pattern: [a-z]+");
}

Test(field, wrong_types)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "{\"UserPoolId\":1}", "'userPoolId' is not a text" },
		{ "{\"TemporaryPassword\":{}}",
		    "'temporaryPassword' is not a text" },
		{ "{\"MessageAction\":[]}", "'messageAction' is not a text" },
		{ "{\"Flag\":\"true\"}", "'flag' is not true or false" },
		{ "{\"Flag\":1}", "'flag' is not true or false" },
		{ "{\"Number\":\"7\"}", "'number' is not a whole number" },
		{ "{\"Number\":7.5}", "'number' is not a whole number" },
		{ "{\"Number\":1e300}", "'number' is not a whole number" },
		{ "{\"Number\":1e999}", "'number' is not a whole number" },
		{ "{\"Number\":true}", "'number' is not a whole number" },
		{ "{\"Inner\":[]}", "'inner' is not an object" },
		{ "{\"Inner\":\"x\"}", "'inner' is not an object" },
		{ "{\"UserAttributes\":{}}", "'userAttributes' is not a list" },
		{ "{\"UserAttributes\":[1]}",
		    "'userAttributes.1.member' is not an object" },
		{ "{\"UserAttributes\":[null]}",
		    "'userAttributes.1.member' is not an object" },
		{ "{\"UserAttributes\":[{\"Name\":1}]}",
		    "'userAttributes.1.member.name' is not a text" },
		{ "{\"Mediums\":\"RESEND\"}", "'mediums' is not a list" },
		{ "{\"Mediums\":[1]}", "'mediums.1.member' is not a text" },
		{ "{\"CallbackURLs\":\"a\"}", "'callbackURLs' is not a list" },
		{ "{\"CallbackURLs\":[{}]}",
		    "'callbackURLs.1.member' is not a text" },
		{ "{\"ClientMetadata\":[]}",
		    "'clientMetadata' is not an object" },
		{ "{\"ClientMetadata\":{\"k\":1}}",
		    "'clientMetadata' is not a map of texts" },
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_error(cases[i].text, ERR_SERIALIZATION,
		    mem_printf(mem, "the value at %s", cases[i].message));
}

Test(field, request_must_be_an_object)
{
	static const char *const texts[] = { "[]", "1", "\"a\"", "null" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_error(texts[i], ERR_SERIALIZATION,
		    "the request is not a JSON object");
}

Test(field, a_wrong_type_wins_over_violations)
{
	expect_error("{\"UserPoolId\":\"1\",\"Number\":\"x\"}",
	    ERR_SERIALIZATION, "the value at 'number' is not a whole number");
}

/* A list of thousands of wrong items must not make a message of megabytes. */
Test(field, violations_are_counted_beyond_what_is_shown)
{
	MEM_AUTO mem = mem_new(NULL);
	struct subject subject = { 0 };
	struct err err = { 0 };
	const char *text =
	    mem_printf(mem, "{\"UserAttributes\":[%s{\"Name\":\"A\"}]}",
	        scratch_times(mem, "{\"Name\":\"A\"},", 4999));

	cr_assert_not(field_read(mem, rows, parse(mem, text), &subject, &err));
	cr_expect(
	    strncmp(err.message, "5001 validation errors detected: ", 33) == 0,
	    "%s", err.message);
}

static void expect_unknown(const char *text, const char *path)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *found = field_unknown(mem, rows, parse(mem, text));

	if (path)
		cr_expect_str_eq(found ? found : "(none)", path);
	else
		cr_expect_null(found, "%s: %s", text, found);
}

Test(field, finds_unknown_members)
{
	expect_unknown("{\"UserPoolId\":\"a\"}", NULL);
	expect_unknown("{\"Nope\":1}", "Nope");
	expect_unknown("{\"userPoolId\":1}", "userPoolId");
	expect_unknown("{\"Inner\":{\"Word\":\"\",\"Wort\":1}}", "Inner.Wort");
	expect_unknown("{\"UserAttributes\":[{\"Name\":\"a\"},{\"Nam\":1}]}",
	    "UserAttributes.Nam");
	expect_unknown("{\"Inner\":{\"Items\":[{\"Name\":\"a\",\"X\":1}]}}",
	    "Inner.Items.X");
	expect_unknown("{\"ClientMetadata\":{\"anything\":\"1\"}}", NULL);
	expect_unknown("{\"Mediums\":[\"RESEND\"]}", NULL);
	expect_unknown("{\"CallbackURLs\":[{\"a\":1}]}", NULL);
	expect_unknown("{}", NULL);
}

Test(field, unknown_members_do_not_hinder_reading)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(
	    taken(mem, "{\"Nope\":[{}],\"UserPoolId\":\"abc\"}")->id, "abc");
}

Test(field, every_kind_can_be_needed)
{
	MEM_AUTO mem = mem_new(NULL);
	struct subject subject = { 0 };
	struct err err = { 0 };

	cr_assert_not(
	    field_read(mem, needed_rows, parse(mem, "{}"), &subject, &err));
	cr_expect_str_eq(err.message,
	    "4 validation errors detected: Value null at 'words'" MUST
	    "not be null; Value null at 'flag'" MUST
	    "not be null; Value null at 'items'" MUST
	    "not be null; Value null at 'tags'" MUST "not be null");
	cr_expect(field_read(mem, needed_rows,
	    parse(mem, "{\"Words\":[],\"Flag\":false,\"Items\":[],\"Tags\":"
	               "{}}"),
	    &subject, &err));
}

/* What was stored by another version is still read. */
Test(field, what_was_stored_is_not_checked)
{
	MEM_AUTO mem = mem_new(NULL);
	struct subject *subject = mem_make(mem, struct subject);

	field_take(mem, rows,
	    parse(mem, "{\"UserPoolId\":\"TOO LONG\",\"Free\":1,\"Flag\":7,"
	               "\"MessageAction\":\"NOPE\",\"Number\":5,\"Inner\":"
	               "{\"Number\":100,\"Items\":[{\"Value\":\"long\"}]},"
	               "\"UserAttributes\":{},\"Mediums\":[\"FAX\"],"
	               "\"CallbackURLs\":7,\"Tags\":[],\"ClientMetadata\":"
	               "{\"k\":\"long\"}}"),
	    subject);
	cr_expect_str_eq(subject->id, "TOO LONG");
	cr_expect_null(subject->free);
	cr_expect_not(subject->flag.given);
	cr_expect_str_eq(subject->choice, "NOPE");
	cr_expect_eq(subject->number.value, 5);
	cr_assert_not_null(subject->inner);
	cr_expect_null(subject->inner->word);
	cr_expect_eq(subject->inner->number.value, 100);
	cr_expect_eq(subject->inner->items.count, 1);
	cr_expect_eq(subject->items.count, 0);
	cr_expect_str_eq(subject->words.items[0], "FAX");
	cr_expect_eq(subject->texts.count, 0);
	cr_expect_eq(subject->tags.count, 0);
	cr_expect_eq(subject->map.count, 1);
}

static void expect_only(const char *text, const char *left)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *json = parse(mem, text);

	cr_expect_str_eq(json_print(mem, field_only(mem, rows, json)), left);
	cr_expect_str_eq(json_print(mem, json), text);
}

Test(field, only_what_rows_name)
{
	expect_only("{\"Free\":\"x\",\"free\":1,\"Other\":{\"Free\":1}}",
	    "{\"Free\":\"x\"}");
	expect_only("{\"Free\":null,\"Inner\":{\"Word\":null,\"No\":[]}}",
	    "{\"Inner\":{}}");
	expect_only("{\"UserAttributes\":[{\"Name\":\"a\",\"No\":1},{},"
	            "\"wrong\"],\"Inner\":7}",
	    "{\"UserAttributes\":[{\"Name\":\"a\"},{},\"wrong\"],"
	    "\"Inner\":7}");
	expect_only("{\"Tags\":{\"Free\":\"a\",\"any\":\"b\"},\"CallbackURLs\":"
	            "[\"a\"]}",
	    "{\"Tags\":{\"Free\":\"a\",\"any\":\"b\"},\"CallbackURLs\":[\"a\"]}");
}
