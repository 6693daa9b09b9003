/* SPDX-License-Identifier: MIT */
/*
 * ListUsers: filters, order, pages, and what a page costs.
 * covers: account/user_search.c
 */
#include <string.h>

#include "account/user.h"
#include "account/user_search.h"
#include "account/user_write.h"
#include "base/str.h"
#include "clock_turn.h"
#include "explain.h"
#include "harness.h"

static struct harness harness;
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(user_search, .init = begin, .fini = end, .timeout = 120);

static void add(const char *name, const char *attributes)
{
	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem, "{'Username':'%s','UserAttributes':[%s]}",
	        name, attributes));
}

static void add_mail(const char *name, const char *mail)
{
	add(name,
	    mem_printf(harness.mem, "{'Name':'email','Value':'%s'}", mail));
}

/* Usernames of one page, "alice bob", and its token, or NULL. */
static const char *page(const struct user_search *search, const char **token)
{
	struct str *names = str_new(harness.mem, 65536);
	const cJSON *user;

	harness.work.err = (struct err){ 0 };
	const cJSON *answer =
	    user_search(&harness.work, &harness.engine, pool, search);
	cr_assert(answer, "%s: %s", search->filter, harness.work.err.message);
	cJSON_ArrayForEach(user, json_at(answer, "/Users"))
	{
		str_addf(names, "%s%s", str_length(names) ? " " : "",
		    json_text(user, "/Username"));
	}
	*token = json_text(answer, "/PaginationToken");
	return str_text(names);
}

/* The usernames of all pages of MOST users each. */
static const char *all_pages(const char *filter, int most)
{
	struct str *names = str_new(harness.mem, 65536);
	struct user_search search = { .filter = filter, .most = most };
	int turns = 0;

	do {
		const char *found = page(&search, &search.token);
		str_addf(names, "%s%s", *found && str_length(names) ? " " : "",
		    found);
		cr_assert_lt(++turns, 100, "%s has no end", filter);
	} while (search.token);
	return str_text(names);
}

/* The same in whatever pages. */
static void expect(const char *filter, const char *names)
{
	cr_expect_str_eq(all_pages(filter, 0), names, "%s: %s", filter,
	    all_pages(filter, 0));
	cr_expect_str_eq(all_pages(filter, 1), names, "%s: %s", filter,
	    all_pages(filter, 1));
	cr_expect_str_eq(all_pages(filter, 2), names, "%s: %s", filter,
	    all_pages(filter, 2));
}

static void expect_refused(const struct user_search *search,
    const char *message)
{
	harness.work.err = (struct err){ 0 };
	cr_expect_null(
	    user_search(&harness.work, &harness.engine, pool, search), "%s",
	    message);
	cr_expect_eq(harness.work.err.code, ERR_INVALID_PARAMETER);
	cr_expect_str_eq(harness.work.err.message, message);
}

Test(user_search, addresses)
{
	pool = harness_pool(&harness, "{}");
	add_mail("dora", "b@example.com");
	add_mail("carl", "ba@example.com");
	add_mail("bob", "b@example.com");
	add_mail("alice", "a@example.com");
	add("emil", "{'Name':'phone_number','Value':'+15555550101'}");
	add("fay", "{'Name':'phone_number','Value':'+15555550100'}");
	add("gus", "{'Name':'email','Value':'\xc3\xa9@example.com'}");
	expect("email = \"b@example.com\"", "dora bob");
	expect("email = \"B@example.com\"", "");
	expect("email = \"b@example.co\"", "");
	expect("email ^= \"b\"", "dora bob carl");
	expect("email ^= \"b@\"", "dora bob");
	expect("email ^= \"\"", "alice dora bob carl gus");
	expect("email ^= \"\xc3\xa9\"", "gus");
	expect("phone_number ^= \"+1555555010\"", "fay emil");
	expect("phone_number = \"+15555550101\"", "emil");
	expect("phone_number = \"\"", "");
}

Test(user_search, usernames_as_they_are_spelled)
{
	pool = harness_pool(&harness,
	    "{'UsernameConfiguration':{'CaseSensitive':false}}");
	add("Bob", "");
	add("alice", "");
	add("Alice2", "");
	add("al", "");
	expect("username = \"Bob\"", "Bob");
	expect("username = \"bob\"", "");
	expect("username ^= \"al\"", "al alice");
	expect("username ^= \"Al\"", "Alice2");
	expect("username ^= \"\"", "al alice Alice2 Bob");
	pool = harness_pool(&harness, "{}");
	add("Bob", "");
	add("bob", "");
	expect("username = \"bob\"", "bob");
	expect("username ^= \"\"", "Bob bob");
}

/* The names of others, and aliases, are no usernames. */
Test(user_search, a_username_is_no_alias)
{
	pool = harness_pool(&harness,
	    "{'AliasAttributes':['email','preferred_username']}");
	add("alice", "{'Name':'email','Value':'a@example.com'},"
	             "{'Name':'email_verified','Value':'true'},"
	             "{'Name':'preferred_username','Value':'al'}");
	expect("username = \"al\"", "");
	expect("username ^= \"a\"", "alice");
	expect("preferred_username = \"al\"", "alice");
	harness_pool(&harness, "{}");
}

Test(user_search, an_address_as_username_is_stored_as_the_sub)
{
	pool = harness_pool(&harness, "{'UsernameAttributes':['email']}");
	const struct user *alice =
	    harness_must_invite(&harness, pool, "{'Username':'a@example.com'}");
	const struct user *bob =
	    harness_must_invite(&harness, pool, "{'Username':'b@example.com'}");

	expect("username = \"a@example.com\"", "");
	expect(mem_printf(harness.mem, "username = \"%s\"", alice->sub),
	    alice->sub);
	expect("email = \"b@example.com\"", bob->sub);
}

Test(user_search, subs)
{
	const char *subs[5];

	pool = harness_pool(&harness, "{}");
	for (int i = 0; i < 5; i++)
		subs[i] = harness_must_invite(&harness, pool,
		    mem_printf(harness.mem, "{'Username':'u%d'}", i))
		              ->sub;
	for (int i = 0; i < 5; i++) {
		const char *name = mem_printf(harness.mem, "u%d", i);
		expect(mem_printf(harness.mem, "sub = \"%s\"", subs[i]), name);
		expect(mem_printf(harness.mem, "sub ^= \"%s\"", subs[i]), name);
		expect(mem_printf(harness.mem, "sub = \"%.35s\"", subs[i]), "");
	}
	/* Ids of one moment begin alike; without a filter all come by sub. */
	const char *order = harness_value(&harness,
	    "select string_agg(username, ' ' order by sub) from account");
	expect(mem_printf(harness.mem, "sub ^= \"%.4s\"", subs[0]), order);
	expect("sub ^= \"x\"", "");
	expect("sub ^= \"ffff\"", "");
	expect(NULL, order);
	expect("", order);
}

Test(user_search, other_attributes)
{
	pool = harness_pool(&harness, "{}");
	add("alice", "{'Name':'name','Value':'Bb'},"
	             "{'Name':'given_name','Value':'x'}");
	add("bob", "{'Name':'name','Value':'Ba'}");
	add("carl", "{'Name':'name','Value':'Bb'}");
	add("dora", "{'Name':'family_name','Value':'\\\"'}");
	expect("name = \"Bb\"", "alice carl");
	expect("name = \"bb\"", "");
	expect("name ^= \"B\"", "bob alice carl");
	expect("name ^= \"\"", "bob alice carl");
	expect("name ^= \"%\"", "");
	expect("given_name = \"x\"", "alice");
	expect("family_name = \"\\\"\"", "dora");
	expect("family_name = \"\"", "");
}

Test(user_search, states)
{
	pool = harness_pool(&harness, "{}");
	add("alice", "");
	add("bob", "");
	add("carl", "");
	cr_assert(user_set_enabled(&harness.work, pool, "bob", false));
	harness_value(&harness,
	    "update account set status = 'CONFIRMED' where username = 'carl'");
	expect("status = \"Enabled\"", "alice carl");
	expect("status = \"enabled\"", "");
	expect("status ^= \"Dis\"", "bob");
	expect("cognito:user_status = \"CONFIRMED\"", "carl");
	expect("cognito:user_status = \"confirmed\"", "carl");
	expect("cognito:user_status = \"FORCE_change_PASSWORD\"", "alice bob");
	expect("cognito:user_status ^= \"force\"", "alice bob");
}

/* A page goes on behind its last user, whoever came or went meanwhile. */
Test(user_search, pages_while_users_come_and_go)
{
	struct user_search search = { .filter = "email ^= \"u\"", .most = 2 };

	pool = harness_pool(&harness, "{}");
	add_mail("b", "ub@example.com");
	add_mail("d", "ud@example.com");
	add_mail("f", "uf@example.com");
	cr_assert_str_eq(page(&search, &search.token), "b d");
	cr_assert_not_null(search.token);
	cr_assert(user_delete(&harness.work, pool, "d"));
	add_mail("a", "ua@example.com");
	add_mail("e", "ue@example.com");
	cr_assert_str_eq(page(&search, &search.token), "e f");
	cr_assert_null(search.token);
}

Test(user_search, a_token_belongs_to_its_pool_and_filter)
{
	struct user_search search = { .filter = "email ^= \"u\"", .most = 1 };
	static const char *const wrong[] = { "x", "\\x", "0000", "..", "%s" };

	pool = harness_pool(&harness, "{}");
	add_mail("a", "u1@example.com");
	add_mail("b", "u2@example.com");
	cr_assert_str_eq(page(&search, &search.token), "a");
	const char *token = search.token;
	cr_assert_null(strstr(token, "u1"));
	search.filter = "email ^= \"u2\"";
	expect_refused(&search, "Invalid pagination token");
	search.filter = NULL;
	expect_refused(&search, "Invalid pagination token");
	search.filter = "email ^= \"u\"";
	char *bent = mem_text(harness.mem, token);
	bent[strlen(bent) - 1] = bent[strlen(bent) - 1] == '0' ? '1' : '0';
	search.token = bent;
	expect_refused(&search, "Invalid pagination token");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		search.token = wrong[i];
		expect_refused(&search, "Invalid pagination token");
	}
	search.token = token;
	cr_assert_str_eq(page(&search, &search.token), "b");
	search.token = token;
	pool = harness_pool(&harness, "{}");
	expect_refused(&search, "Invalid pagination token");
}

Test(user_search, a_token_holds_for_an_hour)
{
	struct user_search search = { .most = 1 };

	pool = harness_pool(&harness, "{}");
	add("a", "");
	add("b", "");
	add("c", "");
	cr_assert_str_eq(page(&search, &search.token), "a");
	const char *token = search.token;
	clock_turn((int64_t)3590 * 1000);
	cr_assert_str_eq(page(&search, &search.token), "b");
	clock_turn((int64_t)3601 * 1000);
	cr_assert_str_eq(page(&search, &search.token), "c");
	search.token = token;
	expect_refused(&search, "Invalid pagination token");
}

Test(user_search, refused_filters)
{
	struct user_search search = { .filter = "email" };

	pool = harness_pool(&harness, "{}");
	expect_refused(&search, "Error while parsing filter");
	search.filter = "locale = \"de\"";
	expect_refused(&search, "Invalid search attribute: locale");
}

static const char *attributes_got(const char **names, size_t count)
{
	struct field_words wanted = { count, names };
	struct user_search search = { .wanted = wanted };
	const cJSON *answer =
	    user_search(&harness.work, &harness.engine, pool, &search);

	cr_assert(answer, "%s", harness.work.err.message);
	struct str *got = str_new(harness.mem, 65536);
	const cJSON *user;
	const cJSON *attribute;
	cJSON_ArrayForEach(user, json_at(answer, "/Users"))
	{
		cJSON_ArrayForEach(attribute, json_at(user, "/Attributes"))
		{
			str_addf(got, "%s ", json_text(attribute, "/Name"));
		}
		str_add(got, "|");
	}
	return str_text(got);
}

Test(user_search, attributes_to_get)
{
	const char *one[] = { "email" };
	const char *two[] = { "name", "sub" };
	const char *unknown[] = { "email", "thing" };
	const char *unset[] = { "locale" };
	struct user_search search = { .wanted = { 2, unknown } };

	pool = harness_pool(&harness, "{}");
	expect_refused(&search,
	    "One or more requested attributes do not exist.");
	cr_expect_str_eq(attributes_got(one, 1), "");
	add("alice", "{'Name':'email','Value':'a@b'},"
	             "{'Name':'name','Value':'A'}");
	add("bob", "{'Name':'email','Value':'b@b'}");
	cr_expect_str_eq(attributes_got(NULL, 0),
	    "email name sub |email sub |");
	cr_expect_str_eq(attributes_got(one, 1), "email |email |");
	cr_expect_str_eq(attributes_got(two, 2), "name sub |sub |");
	expect_refused(&search,
	    "One or more requested attributes do not exist.");
	search.wanted = (struct field_words){ 1, unset };
	expect_refused(&search,
	    "One or more requested attributes do not exist.");
}

/* A pool with many users; half of them beside it, in another. */
static void fill(void)
{
	harness_value(&harness,
	    "with made as (insert into account (pool_id, sub, username, "
	    "status, attributes) select case when i %% 2 = 0 then '%s' else "
	    "'other' end, gen_random_uuid(), 'u' || i, 'CONFIRMED', "
	    "json_build_object('email', 'u' || i || '@example.com', "
	    "'phone_number', '+1555' || i) from generate_series(1, 20000) i "
	    "returning pool_id, sub, username) "
	    "insert into name (pool_id, value, kind, sub) "
	    "select pool_id, username, 'username', sub from made",
	    pool->id);
}

/* ARGUMENTS stand behind the pool's. */
static int64_t cost(enum query query, const char *arguments)
{
	return explain_rows(&harness, query,
	    mem_printf(harness.mem, "'%s', %s", pool->id, arguments), NULL);
}

Test(user_search, a_page_costs_the_same_in_a_large_pool)
{
	static const struct {
		enum query query;
		const char *arguments; /* behind the pool */
	} cases[] = {
		{ QUERY_user_search_email, "'u', null, 'v', 61" },
		{ QUERY_user_search_email,
		    "'u500@example.com', null, 'u500@example.com\x01', 61" },
		{ QUERY_user_search_email,
		    "'u5@example.com', '0000000f-0000-0000-0000-000000000000', "
		    "'v', 61" },
		{ QUERY_user_search_phone, "'+1555', null, '+1556', 61" },
		{ QUERY_user_search_username, "'u', 'v', 'u', true, 61" },
		{ QUERY_user_search_username,
		    "'u500', 'u500\x01', 'u500', false, 61" },
		{ QUERY_user_search_sub,
		    "'00000000-0000-0000-0000-000000000000', "
		    "'ffffffff-ffff-ffff-ffff-ffffffffffff', null, 61" },
		{ QUERY_user_search_sub,
		    "'80000000-0000-0000-0000-000000000000', "
		    "'ffffffff-ffff-ffff-ffff-ffffffffffff', "
		    "'80000000-0000-0000-0000-000000000000', 61" },
		{ QUERY_user_search_equal, "'status', 'Enabled', null, 61" },
	};

	pool = harness_pool(&harness, "{}");
	for (int i = 0; i < 2; i++) {
		if (i)
			fill();
		for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
			int64_t rows = cost(cases[c].query, cases[c].arguments);
			cr_expect_leq(rows, 4 * 61, "%zu: %lld rows", c,
			    (long long)rows);
			cr_expect(i == 0 || rows > 0, "%zu", c);
		}
	}
}

/* The users of a page, and the names of one who changes. */
Test(user_search, users_and_names_are_found_by_their_keys)
{
	pool = harness_pool(&harness, "{}");
	fill();
	const char *subs = harness_value(&harness,
	    "select array_agg(sub) from (select sub from account where "
	    "pool_id = '%s' limit 5) a",
	    pool->id);
	const char *sub = harness_value(&harness,
	    "select sub from account where username = 'u500'");
	static const char names[] =
	    "'{username,email}', '{u500,a@example.com}'";
	const struct {
		enum query query;
		const char *arguments;
	} cases[] = {
		{ QUERY_user_get_many, mem_printf(harness.mem, "'%s'", subs) },
		{ QUERY_alias_lock,
		    mem_printf(harness.mem, "%s, '%s'", names, sub) },
		{ QUERY_alias_set,
		    mem_printf(harness.mem, "'%s', %s, '{}'", sub, names) },
		{ QUERY_alias_holders,
		    mem_printf(harness.mem,
		        "%s, '{%s}', '00000000-0000-0000-0000-000000000000'",
		        names, sub) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t rows = cost(cases[i].query, cases[i].arguments);
		cr_expect(rows >= 1 && rows <= 8, "%zu: %lld rows", i,
		    (long long)rows);
	}
}
