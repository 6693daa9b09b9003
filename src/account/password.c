/* SPDX-License-Identifier: MIT */
#include "account/password.h"

#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"

#define LOWER          "abcdefghijklmnopqrstuvwxyz"
#define UPPER          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS         "0123456789"
#define SYMBOLS        "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "
#define LENGTH_DEFAULT 8
#define LENGTH_LEAST   16

/* Without 0 O 1 l I o, which are taken for each other. */
#define SAFE_LETTERS "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#define SAFE_SYMBOLS "*-+="

struct rules {
	int64_t length;
	bool lower, upper, digit, symbol;
};

static bool on(const struct field_bool *rule)
{
	return !rule->given || rule->value;
}

/* What a policy does not name has the default of a pool without one. */
static struct rules rules_of(const struct pool *pool)
{
	const struct pool_policies *policies = pool->settings->policies;
	const struct password_policy *policy =
	    policies ? policies->password : NULL;

	if (!policy)
		return (struct rules){ LENGTH_DEFAULT, true, true, true, true };
	return (struct rules){
		.length = policy->minimum_length.given
		              ? policy->minimum_length.value
		              : LENGTH_DEFAULT,
		.lower = on(&policy->require_lowercase),
		.upper = on(&policy->require_uppercase),
		.digit = on(&policy->require_numbers),
		.symbol = on(&policy->require_symbols),
	};
}

static const char *failure(const struct rules *rules, const char *password)
{
	if ((int64_t)utf8_length(password) < rules->length)
		return "Password not long enough";
	if (rules->lower && !strpbrk(password, LOWER))
		return "Password must have lowercase characters";
	if (rules->upper && !strpbrk(password, UPPER))
		return "Password must have uppercase characters";
	if (rules->digit && !strpbrk(password, DIGITS))
		return "Password must have numeric characters";
	if (rules->symbol && !strpbrk(password, SYMBOLS))
		return "Password must have symbol characters";
	return NULL;
}

bool password_check(struct work *work, const struct pool *pool,
    const char *password, const char *prefix)
{
	struct rules rules = rules_of(pool);
	const char *words = failure(&rules, password);

	if (words)
		return work_fail(work, ERR_INVALID_PASSWORD, "%s%s", prefix,
		    words);
	return true;
}

static char pick(const char *letters)
{
	return letters[secret_random_below((uint32_t)strlen(letters))];
}

/* Drawn anew until every class is there: all that pass are equally likely. */
char *password_generate(struct mem *mem, const struct pool *pool)
{
	struct rules rules = rules_of(pool);
	uint32_t length =
	    rules.length > LENGTH_LEAST ? (uint32_t)rules.length : LENGTH_LEAST;
	char *password = mem_secret(mem_alloc(mem, length + 1));

	do {
		for (uint32_t i = 0; i < length; i++)
			password[i] = pick(SAFE_LETTERS);
		if (rules.symbol)
			password[1 + secret_random_below(length - 2)] =
			    pick(SAFE_SYMBOLS);
	} while (failure(&rules, password));
	return password;
}
