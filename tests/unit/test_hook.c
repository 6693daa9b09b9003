/* SPDX-License-Identifier: MIT */
/* What is asked and answered: tests/clients/triggers.py. */
#include <criterion/criterion.h>
#include <string.h>

#include "account/hook.h"
#include "scratch.h"

#define ARN    "arn:aws:lambda:us-east-1:000000000000:function:"
#define SECRET "0123456789abcdef"
#define URL    "\"url\":\"https://hooks.example/\""

/* ROWS with %s where the path of the secret stands. */
static const struct hooks *hooks_of(struct mem *mem, const char *rows,
    const char *secret, struct err *err)
{
	const char *path = scratch_file(mem, secret);
	const char *at = strstr(rows, "%s");
	const char *text = at ? mem_printf(mem, "%.*s%s%s", (int)(at - rows),
	                            rows, path, at + 2)
	                      : rows;

	return hooks_read(mem, scratch_file(mem, text), err);
}

static void expect_refused(const char *rows, const char *secret,
    const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(hooks_of(mem, rows, secret, &err), "%s", rows);
	cr_expect_eq(err.code, ERR_CONFIG, "%s", rows);
	cr_expect_not_null(strstr(err.message, words), "%s: %s", rows,
	    err.message);
	cr_expect_not_null(strstr(err.message, "trigger_file '/"), "%s",
	    err.message);
}

Test(hook, none)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const struct hooks *hooks = hooks_read(mem, "", &err);

	cr_assert_not_null(hooks);
	cr_expect_null(hook_find(hooks, ARN "a"));
	cr_expect_null(hook_find(NULL, ARN "a"));
}

Test(hook, is_found_by_its_arn)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const struct hooks *hooks = hooks_of(mem,
	    "{\"triggers\":[{\"arn\":\"" ARN "a\"," URL
	    ",\"secret_file\":\"%s\"}]}",
	    SECRET "\n", &err);

	cr_assert_not_null(hooks, "%s", err.message);
	const struct hook *hook = hook_find(hooks, ARN "a");
	cr_assert_not_null(hook);
	cr_expect_str_eq(hook->url, "https://hooks.example/");
	cr_expect_str_eq(hook->secret, SECRET);
	cr_expect_null(hook->ca_file);
	cr_expect_not(hook->allow_private.value);
	cr_expect_null(hook_find(hooks, ARN "b"));
	cr_expect_null(hook_find(hooks, ARN "a:1"));
}

#define ROW_A "{\"arn\":\"" ARN "a\"," URL ",\"secret_file\":\"%s\""

Test(hook, file_that_breaks_a_rule)
{
	static const struct {
		const char *rows, *secret, *words;
	} cases[] = {
		{ "{", SECRET, "cannot be read" },
		{ "[]", SECRET, "JSON object" },
		{ "{\"trigger\":[]}", SECRET, "'trigger' is not a member" },
		{ "{\"triggers\":[{}]}", SECRET, "'triggers.1.member.arn'" },
		{ "{\"triggers\":[" ROW_A ",\"uri\":\"\"}]}", SECRET,
		    "is not a member" },
		{ "{\"triggers\":[" ROW_A "}]}", "short", "trigger 1: " },
		{ "{\"triggers\":[" ROW_A "}]}", "", "shorter than 16" },
		{ "{\"triggers\":[" ROW_A ",\"ca_file\":\"/no/where\"}]}",
		    SECRET, "trigger 1: ca_file '/no/where'" },
		{ "{\"triggers\":[{\"arn\":\"" ARN "a\"," URL
		  ",\"secret_file\":\"/no/where\"}]}",
		    SECRET, "trigger 1: cannot read '/no/where'" },
		{ "{\"triggers\":[{\"arn\":\"" ARN "a\",\"url\":"
		  "\"http://hooks.example/\",\"secret_file\":\"%s\"}]}",
		    SECRET, "trigger 1: the url is not https" },
		{ "{\"triggers\":[{\"arn\":\"" ARN "a\",\"url\":"
		  "\"https://u:p@hooks.example/\",\"secret_file\":\"%s\"}]}",
		    SECRET, "'triggers.1.member.url'" },
		{ "{\"triggers\":[{\"arn\":\"" ARN "a\",\"url\":"
		  "\"ftp://hooks.example/\",\"secret_file\":\"%s\"}]}",
		    SECRET, "'triggers.1.member.url'" },
		{ "{\"triggers\":[{\"arn\":\"function-that-is-no-arn\"," URL
		  ",\"secret_file\":\"%s\"}]}",
		    SECRET, "'triggers.1.member.arn'" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_refused(cases[i].rows, cases[i].secret, cases[i].words);
}

Test(hook, same_arn_twice)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *row = mem_printf(mem, ROW_A "}", scratch_file(mem, SECRET));
	const char *text = mem_printf(mem, "{\"triggers\":[%s,%s]}", row, row);

	cr_expect_null(hooks_read(mem, scratch_file(mem, text), &err));
	cr_expect_not_null(strstr(err.message, "trigger 2: the arn is there "
	                                       "twice"),
	    "%s", err.message);
}

Test(hook, no_file)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(hooks_read(mem, "/no/where", &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	cr_expect_not_null(strstr(err.message, "cannot read '/no/where'"));
}

Test(hook, keeps_secrets)
{
	static const struct {
		const char *url;
		bool keeps;
	} cases[] = { { "https://hooks.example/", true },
		{ "http://127.0.0.1:9000/x", true }, { "http://[::1]/", true },
		{ "http://localhost:80", true }, { "http://10.0.0.1/", false },
		{ "http://127.0.0.1.example/", false },
		{ "http://localhost.example/", false },
		{ "http://hooks/127.0.0.1/", false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct hook hook = { .url = cases[i].url };
		cr_expect_eq(hook_keeps_secrets(&hook), cases[i].keeps, "%s",
		    cases[i].url);
	}
}

/* echo -n '17.{}' | openssl dgst -sha256 -hmac 0123456789abcdef */
Test(hook, signature)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct hook hook = { .secret = SECRET };

	cr_expect_str_eq(hook_signature(mem, &hook, "{}", 17),
	    "X-Usher-Signature: t=17,v1=47fbe0b0fc46f5c1c83c07456c70992bb9ad376f5f8bd7e3c695a76445ac2cbc");
}
