/* SPDX-License-Identifier: MIT */
/*
 * What administrators change of a user: attributes and the names that follow
 * them, states.
 * covers: account/alias.c
 * covers: account/user_write.c
 */
#include <stdio.h>
#include <string.h>

#include "account/attribute.h"
#include "account/user.h"
#include "account/user_write.h"
#include "base/clock.h"
#include "harness.h"

#define ALIAS "{'AliasAttributes':['email','phone_number']}"
#define MAIL(value)                                         \
	"{'Name':'email','Value':'" value "@example.com'}," \
	"{'Name':'email_verified','Value':'true'}"

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

TestSuite(user_write, .init = begin, .fini = end, .timeout = 120);

/* PAIRS: "email=a@b email_verified=true name= sub" - without '=': null. */
static struct field_list list_of(struct mem *mem, const char *pairs)
{
	struct attribute *items = mem_array(mem, struct attribute, 8);
	char *rest = mem_text(mem, pairs);
	struct field_list list = { 0, items };
	char *word;

	while ((word = strsep(&rest, " "))) {
		char *equals = strchr(word, '=');
		items[list.count].name = word;
		items[list.count++].value = equals ? equals + 1 : NULL;
		if (equals)
			*equals = '\0';
	}
	return list;
}

static bool update_by(struct work *work, const char *name, const char *pairs)
{
	struct field_list list = list_of(work->mem, pairs);

	work->err = (struct err){ 0 };
	return user_update_attributes(work, pool, name, &list);
}

static bool update(const char *name, const char *pairs)
{
	return update_by(&harness.work, name, pairs);
}

static void must_update(const char *name, const char *pairs)
{
	cr_assert(update(name, pairs), "%s %s: %s", name, pairs,
	    harness.work.err.message);
}

static void must_refuse(const char *name, const char *pairs, enum err_code code,
    const char *message)
{
	cr_assert_not(update(name, pairs), "%s %s", name, pairs);
	cr_expect_eq(harness.work.err.code, code, "%s", pairs);
	cr_expect_str_eq(harness.work.err.message, message);
}

static bool forget(const char *name, const char *one, const char *two)
{
	const char *items[] = { one, two };
	struct field_words names = { two ? 2 : 1, items };

	harness.work.err = (struct err){ 0 };
	return user_delete_attributes(&harness.work, pool, name, &names);
}

static const char *attributes_of(const char *username)
{
	return harness_value(&harness,
	    "select string_agg(key || '=' || value, ' ') from account, "
	    "json_each_text(attributes) where username = '%s'",
	    username);
}

static const char *names_of(const char *username)
{
	return harness_value(&harness,
	    "select coalesce(string_agg(kind || '=' || value, ' ' order by "
	    "kind), '') from name join account using (pool_id, sub) where "
	    "username = '%s'",
	    username);
}

static struct user *invite_user(const char *name, const char *attributes)
{
	return harness_must_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'%s','UserAttributes':[%s],"
	        "'DesiredDeliveryMediums':['EMAIL']}",
	        name, attributes));
}

static int64_t modified_of(const char *username)
{
	return harness_number(&harness,
	    mem_printf(harness.mem,
	        "select ms(modified_at) from account where username = '%s'",
	        username));
}

Test(user_write, a_value_changes_in_its_place_and_blank_deletes)
{
	pool = harness_pool(&harness, "{}");
	invite_user("alice", "{'Name':'name','Value':'A'},"
	                     "{'Name':'nickname','Value':'B'}");
	must_update("alice", "name=C gender=x");
	cr_assert_str_eq(attributes_of("alice"), "name=C nickname=B gender=x");
	must_update("alice", "nickname= name=D");
	cr_assert_str_eq(attributes_of("alice"), "name=D gender=x");
	cr_assert(forget("alice", "name", "locale"));
	cr_assert_str_eq(attributes_of("alice"), "gender=x");
}

Test(user_write, a_changed_address_is_not_verified)
{
	pool = harness_pool(&harness, "{}");
	invite_user("alice", MAIL("a"));
	must_update("alice", "email=a@example.com");
	cr_assert_str_eq(attributes_of("alice"),
	    "email=a@example.com email_verified=true");
	must_update("alice", "email=b@example.com");
	cr_assert_str_eq(attributes_of("alice"),
	    "email=b@example.com email_verified=false");
	must_update("alice", "phone_number=+15555550100");
	cr_assert_str_eq(attributes_of("alice"),
	    "email=b@example.com email_verified=false "
	    "phone_number=+15555550100 phone_number_verified=false");
	must_update("alice",
	    "email=c@example.com email_verified=TRUE phone_number=");
	cr_assert_str_eq(attributes_of("alice"),
	    "email=c@example.com email_verified=true");
	cr_assert(forget("alice", "email", NULL));
	cr_assert_str_eq(attributes_of("alice"), "");
}

Test(user_write, texts_of_refused_attributes)
{
	pool = harness_pool(&harness,
	    "{'Schema':[{'Name':'fixed','AttributeDataType':'String'},"
	    "{'Name':'short','AttributeDataType':'String','Mutable':true,"
	    "'StringAttributeConstraints':{'MinLength':'2','MaxLength':'3'}},"
	    "{'Name':'locale','Required':false}]}");
	static const struct {
		const char *pairs;
		const char *message;
	} cases[] = {
		{ "thing=1",
		    "user.thing: Attribute does not exist in the schema.\n" },
		{ "thing=1 custom:x=2",
		    "user.thing: Attribute does not exist in the schema.\n"
		    "user.custom:x: Attribute does not exist in the "
		    "schema.\n" },
		{ "custom:fixed=1",
		    "user.custom:fixed: Attribute cannot be updated.\n" },
		{ "locale=de", "user.locale: Attribute cannot be updated.\n" },
		{ "custom:short=1",
		    "user.custom:short: String must be no shorter than 2 "
		    "characters\n" },
		{ "custom:short=1234",
		    "user.custom:short: String must be no longer than 3 "
		    "characters\n" },
		{ "sub=1", "Cannot modify the non-mutable attribute sub" },
		{ "name", "Attribute value for name must not be null" },
		{ "email=foo", "Invalid email address format." },
		{ "phone_number=555", "Invalid phone number format." },
		{ "email_verified=true",
		    "Email is required to verify/un-verify an email" },
		{ "phone_number_verified=false",
		    "Phone Number is required to verify/un-verify a phone "
		    "number" },
	};

	invite_user("alice", "{'Name':'custom:fixed','Value':'x'}");
	int64_t modified = modified_of("alice");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		must_refuse("alice", cases[i].pairs, ERR_INVALID_PARAMETER,
		    cases[i].message);
	cr_assert_str_eq(attributes_of("alice"), "custom:fixed=x");
	cr_assert_eq(modified_of("alice"), modified);
	must_refuse("bob", "name=x", ERR_USER_NOT_FOUND,
	    "User does not exist.");
	cr_assert_not(forget("alice", "thing", "custom:x"));
	cr_assert_str_eq(harness.work.err.message,
	    "Invalid user attributes: user.thing: Attribute does not exist in "
	    "the schema.\nuser.custom:x: Attribute does not exist in the "
	    "schema.\n");
	cr_assert_not(forget("alice", "sub", NULL));
	cr_assert_str_eq(harness.work.err.message,
	    "Cannot modify the non-mutable attribute sub");
	cr_assert_not(forget("alice", "custom:fixed", NULL));
}

Test(user_write, bounds_that_a_pool_sets_on_standard_attributes)
{
	pool = harness_pool(&harness,
	    "{'Schema':[{'Name':'email','Mutable':true,"
	    "'StringAttributeConstraints':{'MaxLength':'10'}},"
	    "{'Name':'name','Mutable':true,"
	    "'StringAttributeConstraints':{'MinLength':'2'}},"
	    "{'Name':'updated_at','Mutable':true,"
	    "'NumberAttributeConstraints':{'MaxValue':'9'}}]}");
	invite_user("alice", "{'Name':'name','Value':'AB'}");
	must_refuse("alice", "email=a@b.example", ERR_INVALID_PARAMETER,
	    "user.email: String must be no longer than 10 characters\n");
	must_refuse("alice", "name=A", ERR_INVALID_PARAMETER,
	    "user.name: String must be no shorter than 2 characters\n");
	must_refuse("alice", "updated_at=10", ERR_INVALID_PARAMETER,
	    "user.updated_at: Number must be no greater than 9\n");
	cr_assert_str_eq(attributes_of("alice"), "name=AB");
	must_update("alice", "name=BC email=a@b.exampl updated_at=9");
	/* What is blank has no length: it is deleted. */
	must_update("alice", "name= email=");
	cr_assert_str_eq(attributes_of("alice"), "updated_at=9");
}

Test(user_write, what_is_required_cannot_be_deleted)
{
	pool = harness_pool(&harness,
	    "{'Schema':[{'Name':'email','Required':true,'Mutable':true},"
	    "{'Name':'name','Required':true}]}");
	/* An administrator need not give it. */
	invite_user("bob", "{'Name':'email','Value':''}");
	invite_user("alice", MAIL("a"));
	must_refuse("alice", "email= locale=de", ERR_INVALID_PARAMETER,
	    "user.email: Required attribute cannot be deleted.");
	cr_assert_not(forget("alice", "locale", "email"));
	cr_assert_str_eq(harness.work.err.message,
	    "Invalid user attributes: email: Required attribute cannot be "
	    "deleted.");
	/* That it is not mutable is said first. */
	must_refuse("alice", "name=", ERR_INVALID_PARAMETER,
	    "user.name: Attribute cannot be updated.\n");
	cr_assert_str_eq(attributes_of("alice"),
	    "email=a@example.com email_verified=true");
	must_update("alice", "email=b@example.com email_verified=");
	cr_assert_str_eq(attributes_of("alice"), "email=b@example.com");
}

Test(user_write, a_verified_flag_steals_the_alias)
{
	pool = harness_pool(&harness, ALIAS);
	invite_user("alice", MAIL("a"));
	invite_user("bob", "{'Name':'email','Value':'a@example.com'}");
	clock_sleep_ms(3);
	must_update("bob", "email_verified=true");
	cr_assert_str_eq(attributes_of("alice"),
	    "email=a@example.com email_verified=false");
	cr_assert_str_eq(attributes_of("bob"),
	    "email=a@example.com email_verified=true");
	cr_assert_str_eq(names_of("alice"), "username=alice");
	cr_assert_str_eq(names_of("bob"), "email=a@example.com username=bob");
	cr_assert_gt(modified_of("alice"),
	    harness_number(&harness,
	        "select ms(created_at) from account where username = 'alice'"));
	cr_assert_str_eq(
	    user_find(&harness.work, pool, "a@example.com")->username, "bob");
	/* Again is no move. */
	must_update("bob", "email_verified=true");
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from audit where action = "
	                 "'alias move'"),
	    1);
}

Test(user_write, an_alias_goes_with_its_flag)
{
	pool = harness_pool(&harness, ALIAS);
	invite_user("alice", MAIL("a"));
	must_update("alice", "email=b@example.com");
	cr_assert_str_eq(names_of("alice"), "username=alice");
	must_update("alice", "email_verified=true");
	cr_assert_str_eq(names_of("alice"),
	    "email=b@example.com username=alice");
	must_update("alice", "email_verified=false");
	cr_assert_str_eq(names_of("alice"), "username=alice");
	must_update("alice", "email=c@example.com email_verified=true "
	                     "phone_number=+15555550100 "
	                     "phone_number_verified=true");
	cr_assert_str_eq(names_of("alice"),
	    "email=c@example.com phone_number=+15555550100 username=alice");
	cr_assert(forget("alice", "email", NULL));
	cr_assert_str_eq(names_of("alice"),
	    "phone_number=+15555550100 username=alice");
}

Test(user_write, a_preferred_username_is_not_stolen)
{
	pool = harness_pool(&harness,
	    "{'AliasAttributes':['preferred_username']}");
	invite_user("alice", "{'Name':'preferred_username','Value':'al'}");
	invite_user("bob", "");
	must_refuse("bob", "preferred_username=al", ERR_ALIAS_EXISTS,
	    "An account with the preferred_username already exists.");
	must_update("bob", "preferred_username=bo");
	cr_assert_str_eq(names_of("bob"), "preferred_username=bo username=bob");
}

Test(user_write, names_follow_where_an_address_is_the_username)
{
	pool = harness_pool(&harness,
	    "{'UsernameAttributes':['email','phone_number'],"
	    "'UsernameConfiguration':{'CaseSensitive':false}}");
	const struct user *alice =
	    harness_must_invite(&harness, pool, "{'Username':'a@example.com'}");
	const struct user *bob =
	    harness_must_invite(&harness, pool, "{'Username':'b@example.com'}");

	must_refuse("b@example.com", "email=A@example.com", ERR_ALIAS_EXISTS,
	    "An account with the given email already exists.");
	must_refuse("b@example.com",
	    "phone_number=+15555550100 email=a@example.com", ERR_ALIAS_EXISTS,
	    "An account with the given email already exists.");
	cr_assert_str_eq(names_of(bob->sub), "email=b@example.com");
	must_update("b@example.com", "email=C@example.com");
	cr_assert_str_eq(names_of(bob->sub), "email=c@example.com");
	cr_assert_str_eq(attributes_of(bob->sub),
	    "email=C@example.com email_verified=false");
	cr_assert_null(user_find(&harness.work, pool, "b@example.com"));
	must_update("c@EXAMPLE.com", "phone_number=+15555550100");
	cr_assert_str_eq(user_find(&harness.work, pool, "+15555550100")->sub,
	    bob->sub);
	must_refuse(alice->sub, "phone_number=+15555550100", ERR_ALIAS_EXISTS,
	    "An account with the given phone_number already exists.");
	must_update("+15555550100", "phone_number=");
	must_update(alice->sub, "phone_number=+15555550100");
}

Test(user_write, enabled_and_disabled_and_both_again)
{
	static const bool wishes[] = { false, false, true, true };

	pool = harness_pool(&harness, "{}");
	invite_user("alice", "");
	for (size_t i = 0; i < 4; i++) {
		int64_t before = modified_of("alice");
		clock_sleep_ms(3);
		cr_assert(
		    user_set_enabled(&harness.work, pool, "alice", wishes[i]));
		const struct user *user =
		    user_find(&harness.work, pool, "alice");
		cr_assert_eq(user->enabled, wishes[i]);
		cr_assert_str_eq(user->status, USER_FORCE_CHANGE_PASSWORD);
		cr_assert_gt(user->modified_ms, before);
		cr_assert_lt(user->created_ms, before + 1);
	}
	cr_assert_not(user_set_enabled(&harness.work, pool, "bob", true));
	cr_assert_eq(harness.work.err.code, ERR_USER_NOT_FOUND);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from audit where action in ('user "
	                 "enable', 'user disable')"),
	    4);
}

Test(user_write, who_may_be_confirmed)
{
	pool = harness_pool(&harness, "{}");
	invite_user("alice", "");
	cr_assert_not(user_confirm(&harness.work, pool, "alice"));
	cr_assert_eq(harness.work.err.code, ERR_NOT_AUTHORIZED);
	cr_assert_str_eq(harness.work.err.message,
	    "User cannot be confirmed. Current status is "
	    "FORCE_CHANGE_PASSWORD");
	harness_value(&harness, "update account set status = 'UNCONFIRMED'");
	cr_assert(user_confirm(&harness.work, pool, "alice"));
	cr_assert_not(user_confirm(&harness.work, pool, "alice"));
	cr_assert_str_eq(harness.work.err.message,
	    "User cannot be confirmed. Current status is CONFIRMED");
}

#define HOSTS  4
#define ROUNDS 40

/* Each takes both addresses of the others, half of them the other way. */
static int take_turns(struct harness *all, struct work *work, int number)
{
	const char *name = mem_printf(work->mem, "user%d", number);
	int failed = 0;

	(void)all;
	for (int i = 0; i < ROUNDS; i++) {
		bool mail = (i + number) % 2;
		if (!update_by(work, name,
		        mail ? "email=a@example.com email_verified=true"
		             : "phone_number=+15555550100 "
		               "phone_number_verified=true")) {
			fprintf(stderr, "%s: %s\n", work->err.message,
			    work->err.detail);
			failed++;
		}
	}
	return failed;
}

Test(user_write, aliases_stolen_from_each_other_at_once)
{
	int failed[HOSTS];

	pool = harness_pool(&harness, ALIAS);
	for (int i = 0; i < HOSTS; i++)
		invite_user(mem_printf(harness.mem, "user%d", i), "");
	harness_race(&harness, HOSTS, take_turns, failed);
	for (int i = 0; i < HOSTS; i++)
		cr_expect_eq(failed[i], 0, "%d: %d", i, failed[i]);
	static const char *const kinds[] = { "email", "phone_number" };
	for (int i = 0; i < 2; i++) {
		cr_expect_str_eq(harness_value(&harness,
		                     "select count(*) || ' ' || max(username) "
		                     "from account where attributes ->> "
		                     "'%s_verified' = 'true'",
		                     kinds[i]),
		    harness_value(&harness,
		        "select count(*) || ' ' || max(username) from name "
		        "join account using (pool_id, sub) where kind = '%s'",
		        kinds[i]));
		cr_expect_eq(harness_number(&harness,
		                 mem_printf(harness.mem,
		                     "select count(*) from name where kind = "
		                     "'%s'",
		                     kinds[i])),
		    1);
	}
}

/* Host N wants the username of host 1 - N, at the same moment. */
static int swap(struct harness *all, struct work *work, int number)
{
	int wrong = 0;

	(void)all;
	for (int i = 0; i < ROUNDS; i++) {
		const char *own =
		    mem_printf(work->mem, "%d-%d@example.com", i, number);
		const char *other = mem_printf(work->mem,
		    "email=%d-%d@example.com", i, 1 - number);
		if (!update_by(work, own, other) &&
		    work->err.code != ERR_ALIAS_EXISTS)
			wrong++;
	}
	return wrong;
}

Test(user_write, usernames_are_never_shared)
{
	int wrong[2];

	pool = harness_pool(&harness, "{'UsernameAttributes':['email']}");
	for (int i = 0; i < ROUNDS; i++)
		for (int n = 0; n < 2; n++)
			harness_must_invite(&harness, pool,
			    mem_printf(harness.mem,
			        "{'Username':'%d-%d@example.com'}", i, n));
	harness_race(&harness, 2, swap, wrong);
	cr_expect_eq(wrong[0] + wrong[1], 0);
	cr_expect_eq(harness_number(&harness,
	                 "select count(*) from name n join account a using "
	                 "(pool_id, sub) where a.attributes ->> 'email' = "
	                 "n.value"),
	    (int64_t)2 * ROUNDS);
}
