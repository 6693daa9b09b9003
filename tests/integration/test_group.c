/* SPDX-License-Identifier: MIT */
/*
 * Groups and their members, also several changes at once.
 * covers: account/group.c
 */
#include <string.h>

#include "account/group.h"
#include "base/clock.h"
#include "harness.h"

#define ROUNDS 60

static struct harness harness;
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(group, .init = begin, .fini = end, .timeout = 120);

/* One without a precedence when that is -1. */
static struct group *make_by(struct work *work, const char *name,
    int64_t precedence)
{
	const struct group_request request = { .pool_id = pool->id,
		.name = name,
		.precedence = { precedence >= 0, precedence } };

	return group_create(work, &request);
}

static struct group *make(const char *name, int64_t precedence)
{
	struct group *group = make_by(&harness.work, name, precedence);

	cr_assert(group, "%s: %s", name, harness.work.err.message);
	return group;
}

static struct user *make_user(const char *name)
{
	return harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, "{'Username':'%s'}", name));
}

static void put(const char *group, const char *user)
{
	cr_assert(group_add_user(&harness.work, pool, group, user), "%s",
	    harness.work.err.message);
}

static void expect(bool done, enum err_code code, const char *words)
{
	cr_assert_not(done);
	cr_assert_eq(harness.work.err.code, code);
	cr_assert_str_eq(harness.work.err.message, words);
}

#define NO_GROUP ERR_RESOURCE_NOT_FOUND, "Group not found."
#define NO_USER  ERR_USER_NOT_FOUND, "User does not exist."

static int64_t audits(const char *action)
{
	return harness_number(&harness,
	    mem_printf(harness.mem,
	        "select count(*) from audit where action = 'group %s'",
	        action));
}

static int64_t members(void)
{
	return harness_number(&harness, "select count(*) from group_member");
}

Test(group, made_once)
{
	struct work *work = &harness.work;
	const struct group_request request = { .pool_id = pool->id,
		.name = "g",
		.description = "d",
		.role_arn = "arn:aws:iam::000000000000:role/r",
		.precedence = { true, 0 } };

	cr_assert(group_create(work, &request));
	struct group *got = group_get(work, pool, "g");
	cr_assert_str_eq(got->pool_id, pool->id);
	cr_assert_str_eq(got->description, "d");
	cr_assert_str_eq(got->role_arn, request.role_arn);
	cr_assert_eq(got->precedence, 0);
	cr_assert_eq(got->created_ms, got->modified_ms);
	expect(group_create(work, &request), ERR_GROUP_EXISTS,
	    "A group with the name already exists");
	make("G", -1);
	cr_assert_eq(group_get(work, pool, "G")->precedence, -1);
	expect(group_get(work, pool, "none"), NO_GROUP);
	expect(group_get(work, harness_pool(&harness, "{}"), "g"), NO_GROUP);
	cr_assert_eq(audits("create"), 2);
}

Test(group, an_update_leaves_what_it_does_not_name)
{
	struct work *work = &harness.work;
	struct group_request request = { .pool_id = pool->id,
		.name = "g",
		.description = "new" };
	struct group *old = make("g", 7);

	clock_sleep_ms(2);
	struct group *group = group_update(work, &request);
	cr_assert(group);
	cr_assert_str_eq(group->description, "new");
	cr_assert_eq(group->precedence, 7);
	cr_assert_eq(group->created_ms, old->created_ms);
	cr_assert_gt(group->modified_ms, old->modified_ms);
	cr_assert_str_eq(harness_value(&harness, "select detail::text from "
	                                         "audit where action = 'group "
	                                         "update'"),
	    "{\"Description\": {\"after\": \"new\"}}");
	request.name = "none";
	expect(group_update(work, &request), NO_GROUP);
	request.pool_id = "us-east-1_x";
	expect(group_update(work, &request), ERR_RESOURCE_NOT_FOUND,
	    "User pool us-east-1_x does not exist.");
	expect(group_create(work, &request), ERR_RESOURCE_NOT_FOUND,
	    "User pool us-east-1_x does not exist.");
}

Test(group, users_come_and_go)
{
	struct work *work = &harness.work;
	int found;
	struct user *user = make_user("alice");
	struct group *group = make("g", -1);

	put("g", "alice");
	put("g", user->sub);
	cr_assert_eq(members(), 1);
	cr_assert_eq(audits("add user"), 1);
	struct user *users = group_list_users(work, group, "", 9, &found);
	cr_assert_eq(found, 1);
	cr_assert_str_eq(users[0].username, "alice");
	cr_assert_str_eq(json_print(harness.mem, users[0].attributes),
	    json_print(harness.mem, user->attributes));
	cr_assert(group_remove_user(work, pool, "g", "alice"));
	cr_assert(group_remove_user(work, pool, "g", "alice"));
	cr_assert_eq(members(), 0);
	cr_assert_eq(audits("remove user"), 1);
	expect(group_add_user(work, pool, "g", "bob"), NO_USER);
	expect(group_add_user(work, pool, "none", "alice"), NO_GROUP);
	expect(group_remove_user(work, pool, "g", "bob"), NO_USER);
	expect(group_remove_user(work, pool, "none", "alice"), NO_GROUP);
}

Test(group, memberships_end_with_user_group_and_pool)
{
	struct work *work = &harness.work;
	int found;

	make_user("alice");
	make_user("bob");
	make("g", -1);
	make("h", -1);
	put("g", "alice");
	put("g", "bob");
	put("h", "alice");
	put("h", "bob");
	cr_assert(user_delete(work, pool, "alice"));
	cr_assert_eq(members(), 2);
	make_user("alice");
	group_list_of_user(work, user_find(work, pool, "alice"), "", 9, &found);
	cr_assert_eq(found, 0);
	cr_assert(group_delete(work, pool, "g"));
	cr_assert_eq(members(), 1);
	make("g", -1);
	group_list_users(work, group_get(work, pool, "g"), "", 9, &found);
	cr_assert_eq(found, 0);
	expect(group_delete(work, pool, "none"), NO_GROUP);
	cr_assert_eq(audits("delete"), 1);
	cr_assert(pool_delete(work, pool->id));
	cr_assert_eq(members(), 0);
	cr_assert_eq(
	    harness_number(&harness, "select count(*) from user_group"), 0);
}

/* All of alice's groups by pages of two. */
static const char *all_of_alice(void)
{
	struct user *user = user_find(&harness.work, pool, "alice");
	const char *after = "";
	const char *names = "";
	int found;

	do {
		struct group *groups =
		    group_list_of_user(&harness.work, user, after, 2, &found);
		for (int i = 0; i < found; i++) {
			names = mem_printf(harness.mem, "%s%s,", names,
			    groups[i].name);
			after = group_rank(harness.mem, &groups[i]);
		}
	} while (found);
	return names;
}

Test(group, groups_of_a_user_by_precedence_then_name)
{
	static const struct {
		const char *name;
		int64_t precedence;
	} cases[] = { { "zero", 0 }, { "none-b", -1 }, { "ten-b", 10 },
		{ "last", INT32_MAX }, { "none-a", -1 }, { "ten-a", 10 },
		{ "two", 2 } };

	make_user("alice");
	make("foreign", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make(cases[i].name, cases[i].precedence);
		put(cases[i].name, "alice");
	}
	cr_assert_str_eq(all_of_alice(),
	    "zero,two,ten-a,ten-b,last,none-a,none-b,");
}

Test(group, pages_of_groups_and_of_users)
{
	struct work *work = &harness.work;
	struct group *group = make("n0", -1);
	const char *after = "";
	int total = 0;
	int found;

	make_by(work, "n1", -1);
	for (int i = 2; i < 7; i++)
		make(mem_printf(harness.mem, "n%d", i), -1);
	do {
		struct group *groups = group_list(work, pool, after, 3, &found);
		cr_assert(groups);
		for (int i = 0; i < found; i++, total++)
			cr_assert_str_eq(after = groups[i].name,
			    mem_printf(harness.mem, "n%d", total));
	} while (found);
	cr_assert_eq(total, 7);
	for (int i = 0; i < 7; i++) {
		make_user(mem_printf(harness.mem, "u%d", i));
		put("n0", mem_printf(harness.mem, "u%d", i));
	}
	after = "";
	total = 0;
	do {
		struct user *users =
		    group_list_users(work, group, after, 3, &found);
		cr_assert(users);
		for (int i = 0; i < found; i++, total++) {
			cr_assert_gt(strcmp(users[i].sub, after), 0);
			after = users[i].sub;
		}
	} while (found);
	cr_assert_eq(total, 7);
}

/* Two put alice in and two take her out. */
static int move_alice(struct harness *all, struct work *work, int number)
{
	(void)all;
	for (int i = 0; i < ROUNDS; i++)
		if (!(number % 2 ? group_add_user : group_remove_user)(work,
		        pool, "g", "alice"))
			return 255;
	return 0;
}

Test(group, many_who_add_and_remove_at_once)
{
	int results[4];

	make_user("alice");
	make("g", -1);
	harness_race(&harness, 4, move_alice, results);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(results[i], 0, "%d: %d", i, results[i]);
	/* The audit tells of each coming and going. */
	cr_assert_eq(audits("add user") - audits("remove user"), members());
	cr_assert_gt(audits("add user"), 0);
}

/* Users and groups come and go underneath; nothing else may be wrong. */
static int stir(struct harness *all, struct work *work, int number)
{
	(void)all;
	for (int i = 0; i < ROUNDS; i++) {
		const char *name = mem_printf(work->mem, "x%d", i);
		enum err_code allowed = ERR_USER_NOT_FOUND;
		bool done = true;
		if (number == 0)
			done = user_delete(work, pool, name);
		else if (number == 1)
			done = group_delete(work, pool, name);
		else
			done = group_add_user(work, pool, name, name);
		if (number == 1 || (number > 1 && work->err.code != allowed))
			allowed = ERR_RESOURCE_NOT_FOUND;
		if (!done && work->err.code != allowed)
			return 255;
	}
	return 0;
}

Test(group, users_and_groups_that_go_underneath)
{
	int results[4];

	for (int i = 0; i < ROUNDS; i++) {
		make_user(mem_printf(harness.mem, "x%d", i));
		make(mem_printf(harness.mem, "x%d", i), -1);
	}
	harness_race(&harness, 4, stir, results);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(results[i], 0, "%d: %d", i, results[i]);
	cr_assert_eq(members(), 0);
}

#define FILLERS 3

/* The last deletes the pool while the others fill it. */
static int fill_until_gone(struct harness *all, struct work *work, int number)
{
	int64_t end_ms = clock_steady_ms() + 30000;

	if (number == FILLERS) {
		while (*all->begun < FILLERS && clock_steady_ms() < end_ms)
			clock_sleep_ms(1);
		return pool_delete(work, pool->id) ? 0 : 255;
	}
	for (int i = 0; clock_steady_ms() < end_ms; i++) {
		const char *name = mem_printf(work->mem, "x%d-%d", number, i);
		if (make_by(work, name, -1) &&
		    group_add_user(work, pool, name, "alice")) {
			*all->begun += i == 0;
			continue;
		}
		/* The user goes before the pool is seen to be gone. */
		return i && (work->err.code == ERR_RESOURCE_NOT_FOUND ||
		                work->err.code == ERR_USER_NOT_FOUND)
		           ? 0
		           : 255;
	}
	return 254;
}

Test(group, none_outlives_a_pool_that_goes_underneath)
{
	int results[FILLERS + 1];

	make_user("alice");
	harness_race(&harness, FILLERS + 1, fill_until_gone, results);
	for (int i = 0; i <= FILLERS; i++)
		cr_assert_eq(results[i], 0, "%d: %d", i, results[i]);
	cr_assert_gt(audits("add user"), 0);
	cr_assert_eq(members(), 0);
	cr_assert_eq(
	    harness_number(&harness, "select count(*) from user_group"), 0);
}
