/* SPDX-License-Identifier: MIT */
/*
 * Access keys: made, shown, disabled, deleted, and what they may do.
 * covers: account/access_key.c
 */
#include <string.h>

#include "account/access_key.h"
#include "account/keys.h"
#include "account/policy.h"
#include "harness.h"

#define ALLOW(action)                                                             \
	"{'Version':'2012-10-17','Statement':{'Effect':'Allow','Action':'" action \
	"','Resource':'*'}}"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(access_key, .init = begin, .fini = end, .timeout = 60);

static const cJSON *policy(const char *text)
{
	struct err err = { 0 };
	const cJSON *read = policy_read(harness.mem,
	    json_print(harness.mem, harness_json(&harness, text)), &err);

	cr_assert(read, "%s", err.message);
	return read;
}

static struct access_key *create(const char *user)
{
	struct access_key *key = access_key_create(&harness.work,
	    &harness.engine, user, policy(ALLOW("cognito-idp:*")));

	cr_assert(key, "%s", harness.work.err.message);
	return key;
}

static struct access_key *get(const char *id)
{
	return access_key_get(&harness.work, &harness.engine, id);
}

static enum policy_verdict verdict(const char *id, const char *action)
{
	const struct policy_question question = { .action = action,
		.resource = "*" };

	return policy_decide(get(id)->policies, &question);
}

static void fails(bool done, enum err_code code, const char *message)
{
	cr_assert_not(done);
	cr_assert_eq(harness.work.err.code, code);
	cr_assert_str_eq(harness.work.err.message, message);
}

Test(access_key, as_the_service_shapes_it)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
	                          "mnopqrstuvwxyz0123456789+/";
	struct access_key *key = create("alice");
	struct access_key *other = create("alice");

	cr_assert_eq(strlen(key->id), 20);
	cr_assert_eq(strncmp(key->id, "AKIA", 4), 0);
	cr_assert_eq(strspn(key->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 20);
	cr_assert_eq(strlen(key->secret), 40);
	cr_assert_eq(strspn(key->secret, all), 40);
	cr_assert_str_neq(key->id, other->id);
	cr_assert_str_neq(key->secret, other->secret);
}

Test(access_key, read_as_it_was_made)
{
	struct access_key *made = create("alice");
	struct access_key *key = get(made->id);

	cr_assert_str_eq(key->id, made->id);
	cr_assert_str_eq(key->secret, made->secret);
	cr_assert_str_eq(key->user_name, "alice");
	cr_assert(key->enabled);
	cr_assert_eq(key->created_ms, made->created_ms);
	cr_assert(cJSON_Compare(key->policies, made->policies, true));
	cr_assert_eq(cJSON_GetArraySize(key->policies), 1);
	cr_assert_eq(verdict(key->id, "cognito-idp:ListUsers"), POLICY_ALLOWED);
	fails(get("AKIAAAAAAAAAAAAAAAAA"), ERR_UNRECOGNIZED_CLIENT,
	    "The security token included in the request is invalid.");
}

/* Sealed for its id: who swaps two rows' secrets gains nothing. */
Test(access_key, secret_belongs_to_its_id)
{
	struct access_key *key = create("alice");
	struct access_key *other = create("bob");

	harness_value(&harness,
	    "update access_key set sealed = (select sealed from access_key "
	    "where id = '%s') where id = '%s'",
	    other->id, key->id);
	cr_assert_null(get(key->id));
	cr_assert_eq(harness.work.err.code, ERR_KEYS);
	cr_assert(get(other->id));
}

Test(access_key, secret_is_shown_nowhere)
{
	struct access_key *key = create("alice");

	cr_assert(access_key_put_policy(&harness.work, key->id, "more",
	    policy(ALLOW("sns:*"))));
	cr_assert(access_key_enable(&harness.work, key->id, false));
	cr_assert_null(access_key_show(&harness.work, key->id)->secret);
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select count(*) || ' ' || count(*) filter (where strpos("
	        "detail::text || object || who, '%s') > 0) from audit",
	        key->secret),
	    "3 0");
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select position(convert_to('%s', 'UTF8') in sealed) from "
	        "access_key",
	        key->secret),
	    "0");
}

Test(access_key, listed_by_age)
{
	int count;
	struct access_key *keys = access_key_list(&harness.work, &count);

	cr_assert(keys);
	cr_assert_eq(count, 0);
	struct access_key *first = create("zoe");
	struct access_key *second = create("alice");
	harness_value(&harness, "delete from access_policy where key_id = '%s'",
	    second->id);
	keys = access_key_list(&harness.work, &count);
	cr_assert_eq(count, 2);
	cr_assert_str_eq(keys[0].id, first->id);
	cr_assert_str_eq(keys[0].user_name, "zoe");
	cr_assert_null(keys[0].secret);
	cr_assert_str_eq(keys[0].policies->child->string, "policy");
	cr_assert_str_eq(keys[1].id, second->id);
	cr_assert_eq(cJSON_GetArraySize(keys[1].policies), 0);
}

Test(access_key, disabled_and_enabled)
{
	struct access_key *key = create("alice");

	cr_assert(access_key_enable(&harness.work, key->id, false));
	cr_assert_not(get(key->id)->enabled);
	cr_assert(access_key_enable(&harness.work, key->id, true));
	cr_assert(get(key->id)->enabled);
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select string_agg(action || ' ' || (detail ->> 'UserName'), "
	        "', ' order by id) from audit where object = '%s'",
	        key->id),
	    "access key create alice, access key disable alice, access key "
	    "enable alice");
}

Test(access_key, deleted_with_its_policies)
{
	struct access_key *key = create("alice");
	struct access_key *other = create("bob");

	cr_assert(access_key_delete(&harness.work, key->id));
	cr_assert_null(get(key->id));
	cr_assert_eq(
	    harness_number(&harness, "select count(*) from access_policy"), 1);
	cr_assert(get(other->id));
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select detail ->> 'UserName' from audit where action = "
	        "'access key delete' and object = '%s'",
	        key->id),
	    "alice");
}

Test(access_key, policies_by_name)
{
	struct work *work = &harness.work;
	const char *id = create("alice")->id;

	cr_assert(
	    access_key_put_policy(work, id, "more", policy(ALLOW("sns:*"))));
	cr_assert_eq(verdict(id, "cognito-idp:ListUsers"), POLICY_ALLOWED);
	cr_assert_eq(verdict(id, "sns:Publish"), POLICY_ALLOWED);
	cr_assert(access_key_put_policy(work, id, "more",
	    policy("{'Statement':{'Effect':'Deny','Action':'*','Resource':"
	           "'*'}}")));
	cr_assert_eq(verdict(id, "cognito-idp:ListUsers"), POLICY_DENIED);
	const cJSON *more = access_key_get_policy(work, id, "more");
	cr_assert_str_eq(json_text(more, "/Statement/Effect"), "Deny");
	cr_assert(access_key_delete_policy(work, id, "more"));
	cr_assert_eq(verdict(id, "cognito-idp:ListUsers"), POLICY_ALLOWED);
	cr_assert(access_key_delete_policy(work, id, "policy"));
	cr_assert_eq(verdict(id, "cognito-idp:ListUsers"), POLICY_SILENT);
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select string_agg(concat_ws(' ', action, "
	        "detail #>> '{more,before,Statement,Effect}', '>', "
	        "detail #>> '{more,after,Statement,Effect}'), ', ' order by id) "
	        "from audit where action like 'access key policy %%' and "
	        "detail ? 'more'"),
	    "access key policy put > Allow, "
	    "access key policy put Allow > Deny, "
	    "access key policy delete Deny >");
}

Test(access_key, ten_policies_at_most)
{
	struct work *work = &harness.work;
	struct mem *mem = harness.mem;
	const char *id = create("alice")->id;
	const cJSON *document = policy(ALLOW("sns:*"));

	for (int i = 2; i <= 10; i++)
		cr_assert(access_key_put_policy(work, id,
		    mem_printf(mem, "p%d", i), document));
	fails(access_key_put_policy(work, id, "p11", document),
	    ERR_LIMIT_EXCEEDED,
	    mem_printf(mem,
	        "access key %s has 10 policies, the most there can be", id));
	cr_assert(access_key_put_policy(work, id, "p10", document));
	cr_assert(access_key_delete_policy(work, id, "p2"));
	cr_assert(access_key_put_policy(work, id, "p11", document));
}

Test(access_key, what_is_not_there)
{
	struct work *work = &harness.work;
	static const char id[] = "AKIAAAAAAAAAAAAAAAAA";
	static const char none[] =
	    "Access key AKIAAAAAAAAAAAAAAAAA does not exist.";
	const char *mine = create("alice")->id;

	fails(access_key_show(work, id), ERR_RESOURCE_NOT_FOUND, none);
	fails(access_key_enable(work, id, true), ERR_RESOURCE_NOT_FOUND, none);
	fails(access_key_delete(work, id), ERR_RESOURCE_NOT_FOUND, none);
	fails(access_key_put_policy(work, id, "p", policy(ALLOW("sns:*"))),
	    ERR_RESOURCE_NOT_FOUND, none);
	fails(access_key_get_policy(work, id, "p"), ERR_RESOURCE_NOT_FOUND,
	    none);
	fails(access_key_delete_policy(work, id, "p"), ERR_RESOURCE_NOT_FOUND,
	    none);
	const char *no_policy =
	    mem_printf(harness.mem, "Access key %s has no policy 'p'.", mine);
	fails(access_key_get_policy(work, mine, "p"), ERR_RESOURCE_NOT_FOUND,
	    no_policy);
	fails(access_key_delete_policy(work, mine, "p"), ERR_RESOURCE_NOT_FOUND,
	    no_policy);
	cr_assert_eq(harness_number(&harness,
	                 "select count(*) from audit where action <> "
	                 "'access key create'"),
	    0);
}

Test(access_key, names)
{
	struct work *work = &harness.work;
	struct mem *mem = harness.mem;
	const char *id = create("alice")->id;
	static const char *const wrong[] = { "", "a b", "a/b", "a\n",
		"\xc3\xa9" };
	const cJSON *document = policy(ALLOW("sns:*"));

	create("a.b+c=d,e@f-g_H1");
	create(mem_printf(mem, "%064d", 0));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		fails(access_key_create(work, &harness.engine, wrong[i],
		          document),
		    ERR_INVALID_PARAMETER,
		    mem_printf(mem,
		        "user name '%s' is not 1 to 64 letters, digits or "
		        "+=,.@-_",
		        wrong[i]));
		fails(access_key_put_policy(work, id, wrong[i], document),
		    ERR_INVALID_PARAMETER,
		    mem_printf(mem,
		        "policy name '%s' is not 1 to 128 letters, digits or "
		        "+=,.@-_",
		        wrong[i]));
	}
	cr_assert_null(access_key_create(work, &harness.engine,
	    mem_printf(mem, "%065d", 0), document));
	cr_assert(access_key_put_policy(work, id, mem_printf(mem, "%0128d", 0),
	    document));
	cr_assert_not(access_key_put_policy(work, id,
	    mem_printf(mem, "%0129d", 0), document));
}

Test(access_key, the_first_is_made_once)
{
	struct access_key *first;
	struct access_key *second;

	cr_assert(
	    access_key_create_first(&harness.work, &harness.engine, &first));
	cr_assert_str_eq(first->user_name, "admin");
	cr_assert_str_eq(get(first->id)->secret, first->secret);
	cr_assert_eq(verdict(first->id, "any:Thing"), POLICY_ALLOWED);
	cr_assert(
	    access_key_create_first(&harness.work, &harness.engine, &second));
	cr_assert_null(second);
	cr_assert(access_key_delete(&harness.work, first->id));
	create("bob");
	cr_assert(
	    access_key_create_first(&harness.work, &harness.engine, &second));
	cr_assert_null(second);
}

static int make_first(struct harness *given, struct work *work, int number)
{
	struct access_key *key;

	(void)number;
	if (!access_key_create_first(work, &given->engine, &key))
		return 2;
	return key != NULL;
}

Test(access_key, the_first_is_made_by_one_of_many)
{
	int results[8];
	int made = 0;

	harness_race(&harness, 8, make_first, results);
	for (int i = 0; i < 8; i++) {
		cr_assert_neq(results[i], 2);
		made += results[i];
	}
	cr_assert_eq(made, 1);
	cr_assert_eq(
	    harness_number(&harness, "select count(*) from access_key"), 1);
}

/* A key of the key file that seals a secret must not be thrown away. */
Test(access_key, counts_as_a_use_of_its_key)
{
	create("alice");
	create("bob");
	cr_assert_eq(
	    (int)cJSON_GetNumberValue(json_at(
	        keys_uses(&harness.work, harness.engine.keyring), "/0/uses")),
	    2);
}
