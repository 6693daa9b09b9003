/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/keyring.h"
#include "base/secret.h"
#include "scratch.h"

static struct keyring keyring = { .count = 2,
	.keys = { { .id = "0123456789abcdef", .bytes = { 1, 2, 3 } },
	    { .id = "fedcba9876543210", .bytes = { 9 } } } };

/* After a rotation: the key in front is new, the old ones follow. */
static struct keyring rotated = { .count = 3,
	.keys = { { .id = "1111111111111111", .bytes = { 7 } },
	    { .id = "0123456789abcdef", .bytes = { 1, 2, 3 } },
	    { .id = "fedcba9876543210", .bytes = { 9 } } } };

static void begin(void)
{
	secret_init();
}

TestSuite(secret, .init = begin);

static char *opened(struct mem *mem, const struct keyring *keys,
    const char *sealed, const char *place)
{
	struct err err = { 0 };
	char *text = secret_open(mem, keys, sealed, place, &err);

	cr_expect_eq(err.code, text ? ERR_NONE : ERR_KEYS);
	return text;
}

static void expect_damaged(const char *sealed, const char *words)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(secret_open(mem, &keyring, sealed, "p", &err), "%s",
	    sealed);
	cr_expect_eq(err.code, ERR_KEYS);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
}

Test(secret, what_is_sealed_opens)
{
	MEM_AUTO mem = mem_new(NULL);
	static const char *const texts[] = { "", "a", "s3cret-Passw0rd",
		"\xe6\xbc\xa2\n\"", "{username}" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *sealed =
		    secret_seal(mem, &keyring, texts[i], "place");
		cr_expect_null(strstr(sealed, "s3cret"));
		cr_expect_eq(strncmp(sealed, "\\x0123456789abcdef", 18), 0);
		cr_expect_str_eq(opened(mem, &keyring, sealed, "place"),
		    texts[i]);
		cr_expect_str_eq(opened(mem, &rotated, sealed, "place"),
		    texts[i]);
	}
}

Test(secret, sealing_twice_differs)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_neq(secret_seal(mem, &keyring, "a", "p"),
	    secret_seal(mem, &keyring, "a", "p"));
}

Test(secret, a_sealed_text_cannot_be_moved)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *sealed = secret_seal(mem, &keyring, "text", "message 1");

	cr_expect_null(opened(mem, &keyring, sealed, "message 2"));
	cr_expect_null(opened(mem, &keyring, sealed, ""));
	cr_expect_null(opened(mem, &keyring, sealed, "message 11"));
	cr_expect_str_eq(opened(mem, &keyring, sealed, "message 1"), "text");
}

Test(secret, each_damaged_digit_is_noticed)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *sealed = secret_seal(mem, &keyring, "text", "p");

	for (size_t i = 0; i < strlen(sealed); i++) {
		char *damaged = mem_text(mem, sealed);
		damaged[i] = damaged[i] == '0' ? '1' : '0';
		cr_expect_null(opened(mem, &keyring, damaged, "p"), "digit %zu",
		    i);
		damaged[i] = 'g';
		cr_expect_null(opened(mem, &keyring, damaged, "p"), "g at %zu",
		    i);
	}
}

Test(secret, each_truncation_is_noticed)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *sealed = secret_seal(mem, &keyring, "text", "p");

	for (size_t i = 0; i < strlen(sealed); i++)
		cr_expect_null(
		    opened(mem, &keyring, mem_text_n(mem, sealed, i), "p"),
		    "%zu left", i);
}

Test(secret, what_is_added_is_noticed)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *sealed = secret_seal(mem, &keyring, "text", "p");

	expect_damaged(mem_printf(mem, "%s00", sealed), "damaged");
	expect_damaged(mem_printf(mem, "%s0", sealed), "damaged");
	expect_damaged(mem_printf(mem, "%szz", sealed), "damaged");
	expect_damaged(mem_printf(mem, "%s ", sealed), "damaged");
}

Test(secret, unknown_key_is_named)
{
	MEM_AUTO mem = mem_new(NULL);

	expect_damaged(secret_seal(mem, &rotated, "a", "p"),
	    "key '1111111111111111', which the key file does not hold");
	expect_damaged("", "damaged");
	expect_damaged("plain text", "damaged");
}

/* The same id with other bytes: a key file that someone edited. */
Test(secret, wrong_key_does_not_open)
{
	MEM_AUTO mem = mem_new(NULL);
	struct keyring other = keyring;

	other.keys[0].bytes[31] ^= 1;
	cr_expect_null(
	    opened(mem, &other, secret_seal(mem, &keyring, "a", "p"), "p"));
}

Test(secret, chosen_password_matches_its_hash)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *hash = secret_password_hash(mem, "Passw0rd!", &err);

	cr_assert_not_null(hash, "%s", err.message);
	cr_expect_eq(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0,
	    "%s", hash);
	cr_expect(secret_password_matches(&keyring, hash, "Passw0rd!"));
	cr_expect_not(secret_password_matches(&keyring, hash, "passw0rd!"));
	cr_expect_not(secret_password_matches(&keyring, hash, "Passw0rd! "));
	cr_expect_not(secret_password_matches(&keyring, hash, ""));
	cr_expect_str_neq(secret_password_hash(mem, "Passw0rd!", &err), hash);
}

Test(secret, generated_password_matches_its_hash)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *hash = secret_generated_hash(mem, &keyring, "abcDEF234-");

	cr_expect_eq(strncmp(hash, "$b2$0123456789abcdef$", 21), 0, "%s", hash);
	cr_expect_eq(strlen(hash), 21 + 64);
	cr_expect(secret_password_matches(&keyring, hash, "abcDEF234-"));
	cr_expect_not(secret_password_matches(&keyring, hash, "abcDEF234"));
	cr_expect_not(secret_password_matches(&keyring, hash, "abcDEF234+"));
}

Test(secret, older_key_still_matches)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *hash = secret_generated_hash(mem, &keyring, "abcDEF234-");

	cr_expect(secret_password_matches(&rotated, hash, "abcDEF234-"));
	cr_expect_not(secret_password_matches(&rotated, hash, "abcDEF235-"));
	const char *newer = secret_generated_hash(mem, &rotated, "abcDEF234-");
	cr_expect_not(secret_password_matches(&keyring, newer, "abcDEF234-"),
	    "its key is not there");
}

Test(secret, damaged_hashes_match_nothing)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *hash = secret_generated_hash(mem, &keyring, "a");
	static const char *const hashes[] = { "", "a", "$b2$", "$b2$a",
		"$b2$0123456789abcdef", "$b2$0123456789abcdef$", "$argon2id$",
		"$argon2id$v=19$m=19456,t=2,p=1$x$y" };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++)
		cr_expect_not(secret_password_matches(&keyring, hashes[i], "a"),
		    "%s", hashes[i]);
	for (size_t i = 0; i < strlen(hash); i++) {
		char *damaged = mem_text(mem, hash);
		damaged[i] = damaged[i] == '0' ? '1' : '0';
		cr_expect_not(secret_password_matches(&keyring, damaged, "a"),
		    "byte %zu", i);
	}
}

Test(secret, digest_names_content)
{
	MEM_AUTO mem = mem_new(NULL);

	/* BLAKE2b-256 of "" and "abc". */
	cr_expect_str_eq(secret_digest(mem, ""),
	    "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
	cr_expect_str_eq(secret_digest(mem, "abc"),
	    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/* RFC 4231, 4.3 and 4.7, and a key of 131 bytes. */
Test(secret, sign)
{
	MEM_AUTO mem = mem_new(NULL);
	char key[132] = "";

	cr_expect_str_eq(
	    secret_sign(mem, "Jefe", "what do ya want for nothing?"),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key) - 1);
	cr_expect_str_eq(
	    secret_sign(mem, key,
	        "Test Using Larger Than Block-Size Key - Hash Key First"),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 4648, 10. */
Test(secret, base64)
{
	static const struct {
		const char *text, *encoded;
	} cases[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff", "+/8=" } };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_str_eq(secret_base64(mem, cases[i].text),
		    cases[i].encoded);
}

Test(secret, same)
{
	cr_expect(secret_same("", ""));
	cr_expect(secret_same("abc", "abc"));
	cr_expect_not(secret_same("abc", "abd"));
	cr_expect_not(secret_same("xbc", "abc"));
	cr_expect_not(secret_same("abc", "ab"));
	cr_expect_not(secret_same("ab", "abc"));
	cr_expect_not(secret_same("", "a"));
}

Test(secret, random)
{
	MEM_AUTO mem = mem_new(NULL);
	unsigned seen[10] = { 0 };
	const char *hex = secret_random_hex(mem, 16);

	cr_expect_eq(strlen(hex), 32);
	cr_expect_eq(strspn(hex, "0123456789abcdef"), 32);
	cr_expect_str_neq(hex, secret_random_hex(mem, 16));
	for (int i = 0; i < 10000; i++) {
		uint32_t number = secret_random_below(10);
		cr_assert_lt(number, 10);
		seen[number]++;
	}
	/* A thousand each; beyond 800 and 1200 is past six sigma. */
	for (int i = 0; i < 10; i++)
		cr_expect(seen[i] > 800 && seen[i] < 1200, "%d: %u", i,
		    seen[i]);
	cr_expect_eq(secret_random_below(1), 0);
}

Test(secret, no_dump_of_what_it_holds)
{
	struct rlimit limit;

	secret_forbid_dumps();
	cr_assert_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	cr_expect_eq(limit.rlim_max, 0);
	cr_expect_eq(prctl(PR_GET_DUMPABLE), 0);
}
