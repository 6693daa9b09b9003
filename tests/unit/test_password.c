/* SPDX-License-Identifier: MIT */
/* Golden cases 24 to 28 and 30 (spec, appendix D). */
#include <criterion/criterion.h>
#include <string.h>

#include "account/password.h"
#include "base/json.h"
#include "base/secret.h"

static void begin(void)
{
	secret_init();
}

TestSuite(password, .init = begin);

/* A pool with POLICY, the members of a PasswordPolicy. */
static struct pool pool_with(struct mem *mem, const char *policy)
{
	struct err err = { 0 };
	const cJSON *json = json_read(mem,
	    mem_printf(mem,
	        "{\"PoolName\":\"p\",\"Policies\":{\"PasswordPolicy\":{%s}}}",
	        policy),
	    &err);
	struct pool pool = { .settings = pool_settings_read(mem,
		                 pool_settings_rows, json, &err) };

	cr_assert_not_null(pool.settings, "%s: %s", policy, err.message);
	return pool;
}

/* WORDS is the failure, or NULL when PASSWORD is good. */
static void expect(const char *policy, const char *password, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	struct pool pool = pool_with(mem, policy);
	bool good =
	    password_check(&work, &pool, password, PASSWORD_PREFIX_CREATE);

	cr_expect_eq(good, words == NULL, "%s: %s", password, work.err.message);
	if (!words)
		return;
	cr_expect_eq(work.err.code, ERR_INVALID_PASSWORD);
	cr_expect_str_eq(work.err.message,
	    mem_printf(mem, "Password did not conform with password policy: %s",
	        words));
}

#define TEN "\"MinimumLength\":10"

Test(password, case_24_too_short)
{
	expect(TEN, "short1A!", "Password not long enough");
	expect(TEN, "short1A!xx", NULL);
	expect(TEN, "short1A!x", "Password not long enough");
}

Test(password, case_25_to_28_classes)
{
	expect("", "password1!", "Password must have uppercase characters");
	expect("", "PASSWORD1!", "Password must have lowercase characters");
	expect("", "Password!!", "Password must have numeric characters");
	expect("", "Password11", "Password must have symbol characters");
	expect("", "Password1!", NULL);
}

Test(password, length_counts_characters)
{
	expect("",
	    "P1!\xc3\xa9\xc3\xa9\xc3\xa9"
	    "a",
	    "Password not long enough");
	expect("",
	    "P1!\xc3\xa9\xc3\xa9\xc3\xa9"
	    "ab",
	    NULL);
}

Test(password, classes_are_basic_latin)
{
	expect("", "\xc3\x89xxxxxx1!",
	    "Password must have uppercase characters");
	expect("", "Password\xd9\xa1!",
	    "Password must have numeric characters");
	expect("", "Password1\xe2\x82\xac",
	    "Password must have symbol characters");
}

Test(password, failures_in_order)
{
	expect("", "", "Password not long enough");
	expect("", "        ", "Password must have lowercase characters");
	expect("", "aaaaaaaa", "Password must have uppercase characters");
	expect("", "aaaaAAAA", "Password must have numeric characters");
	expect("", "aaaaAAA1", "Password must have symbol characters");
	expect("", "aaaAAA1 ", NULL);
}

Test(password, rules_can_be_off)
{
	expect("\"RequireUppercase\":false", "password1!", NULL);
	expect("\"RequireLowercase\":false", "PASSWORD1!", NULL);
	expect("\"RequireNumbers\":false", "Password!!", NULL);
	expect("\"RequireSymbols\":false", "Password11", NULL);
	expect("\"MinimumLength\":6", "Pass1!", NULL);
}

Test(password, every_symbol_of_the_guide)
{
	MEM_AUTO mem = mem_new(NULL);
	static const char symbols[] = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ";

	for (const char *at = symbols; *at; at++)
		expect("", mem_printf(mem, "Passw%c0rd", *at), NULL);
}

Test(password, pool_without_policy_has_the_default)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	const struct pool_settings settings = { .name = "p" };
	const struct pool pool = { .settings = &settings };

	cr_expect_not(password_check(&work, &pool, "Passw1!", ""));
	cr_expect_str_eq(work.err.message, "Password not long enough");
	cr_expect(password_check(&work, &pool, "Passwd1!", ""));
}

#define ALPHABET "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789*-+="
#define SYMBOLS  "*-+="

static void check_generated(const char *password, size_t length, bool symbol)
{
	size_t end = strlen(password);

	cr_assert_eq(end, length, "%s", password);
	cr_assert_eq(strspn(password, ALPHABET), length, "%s", password);
	cr_assert_null(strchr(SYMBOLS, password[0]), "%s", password);
	cr_assert_null(strchr(SYMBOLS, password[end - 1]), "%s", password);
	cr_assert_eq(strpbrk(password, SYMBOLS) != NULL, symbol, "%s",
	    password);
}

static void generate_many(const char *policy, size_t length, bool symbol)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem };
	struct pool pool = pool_with(mem, policy);

	for (int i = 0; i < 2000; i++) {
		const char *password = password_generate(mem, &pool);
		cr_assert(password_check(&work, &pool, password, ""), "%s: %s",
		    password, work.err.message);
		check_generated(password, length, symbol);
	}
}

Test(password, case_30_generated_ones_satisfy_the_policy, .timeout = 60)
{
	generate_many("", 16, true);
	generate_many("\"MinimumLength\":6", 16, true);
	generate_many("\"MinimumLength\":17", 17, true);
	generate_many("\"MinimumLength\":99", 99, true);
	generate_many("\"RequireSymbols\":false", 16, false);
	generate_many("\"RequireUppercase\":false,\"RequireNumbers\":false", 16,
	    true);
	generate_many("\"RequireSymbols\":false,\"RequireUppercase\":false,"
	              "\"RequireLowercase\":false,\"RequireNumbers\":false",
	    16, false);
}

Test(password, generated_ones_differ)
{
	MEM_AUTO mem = mem_new(NULL);
	struct pool pool = pool_with(mem, "");

	cr_expect_str_neq(password_generate(mem, &pool),
	    password_generate(mem, &pool));
}
