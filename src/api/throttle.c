/* SPDX-License-Identifier: MIT */
#include "api/throttle.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define RATE_MOST 1000000

static const struct category {
	const char *name;
	int aws_rate;           /* requests a second */
	const char *operations; /* each with a blank on both sides */
} categories[] = {
	{ "UserCreation", 50, " AdminCreateUser AdminConfirmSignUp " },
	{ "UserRead", 120, " AdminGetUser " },
	{ "UserUpdate", 25,
	    " AdminUpdateUserAttributes AdminDeleteUserAttributes "
	    "AdminDeleteUser AdminDisableUser AdminEnableUser " },
	{ "UserAccountRecovery", 30,
	    " AdminResetUserPassword AdminSetUserPassword " },
	{ "UserList", 30, " ListUsers " },
	{ "UserPoolRead", 15,
	    " DescribeUserPool ListUserPools GetUserPoolMfaConfig "
	    "ListTagsForResource " },
	{ "UserPoolUpdate", 15,
	    " CreateUserPool UpdateUserPool DeleteUserPool AddCustomAttributes "
	    "TagResource UntagResource " },
	{ "UserPoolResourceRead", 20,
	    " GetGroup ListGroups ListUsersInGroup AdminListGroupsForUser " },
	{ "UserPoolResourceUpdate", 15,
	    " CreateGroup UpdateGroup DeleteGroup AdminAddUserToGroup "
	    "AdminRemoveUserFromGroup " },
	{ "UserPoolClientRead", 15,
	    " DescribeUserPoolClient ListUserPoolClients " },
	{ "UserPoolClientUpdate", 15,
	    " CreateUserPoolClient UpdateUserPoolClient DeleteUserPoolClient " },
};

#define CATEGORIES (sizeof(categories) / sizeof(*categories))

struct throttle {
	pthread_mutex_t lock;
	struct bucket {
		int rate; /* 0: no bound */
		double tokens;
		int64_t filled_ms;
	} buckets[CATEGORIES];
};

static size_t category_find(const char *name)
{
	size_t i = 0;

	while (i < CATEGORIES && strcmp(categories[i].name, name) != 0)
		i++;
	return i;
}

static void set_rate(struct throttle *throttle, size_t category, int rate)
{
	throttle->buckets[category].rate = rate;
	throttle->buckets[category].tokens = rate;
}

static bool refuse(struct err *err, const char *word)
{
	return err_set(err, ERR_CONFIG,
	    "api_rates: '%.80s' is not off, aws or a category with its "
	    "requests a second, as UserCreation=50",
	    word);
}

/* "UserCreation=50" */
static bool take_pair(struct throttle *throttle, char *word, struct err *err)
{
	char *equals = strchr(word, '=');
	char *end = NULL;
	long rate = equals ? strtol(equals + 1, &end, 10) : 0;

	if (!equals || end == equals + 1 || *end || rate < 1 ||
	    rate > RATE_MOST)
		return refuse(err, word);
	*equals = '\0';
	size_t category = category_find(word);
	if (category == CATEGORIES)
		return refuse(err, word);
	set_rate(throttle, category, (int)rate);
	return true;
}

static bool take_word(struct throttle *throttle, char *word, struct err *err)
{
	if (strcmp(word, "off") == 0)
		return true;
	if (strcmp(word, "aws") != 0)
		return take_pair(throttle, word, err);
	for (size_t i = 0; i < CATEGORIES; i++)
		set_rate(throttle, i, categories[i].aws_rate);
	return true;
}

struct throttle *throttle_new(struct mem *mem, const char *text,
    struct err *err)
{
	struct throttle *throttle = mem_make(mem, struct throttle);

	pthread_mutex_init(&throttle->lock, NULL);
	while (*text) {
		size_t length = strcspn(text, " ,");
		if (length &&
		    !take_word(throttle, mem_text_n(mem, text, length), err))
			return NULL;
		text += length + (text[length] != '\0');
	}
	return throttle;
}

static size_t category_of(const char *operation)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *word = mem_printf(mem, " %s ", operation);
	size_t i = 0;

	while (i < CATEGORIES && !strstr(categories[i].operations, word))
		i++;
	return i;
}

bool throttle_take(struct throttle *throttle, const char *operation,
    int64_t now_ms)
{
	size_t category = category_of(operation);

	if (category == CATEGORIES || !throttle->buckets[category].rate)
		return true;
	pthread_mutex_lock(&throttle->lock);
	struct bucket *bucket = &throttle->buckets[category];
	bucket->tokens +=
	    (double)bucket->rate * (double)(now_ms - bucket->filled_ms) / 1000;
	bucket->filled_ms = now_ms;
	if (bucket->tokens > bucket->rate)
		bucket->tokens = bucket->rate;
	bool may = bucket->tokens >= 1;
	if (may)
		bucket->tokens -= 1;
	pthread_mutex_unlock(&throttle->lock);
	return may;
}
