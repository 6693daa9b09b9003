/* SPDX-License-Identifier: MIT */
/*
 * User pools: made, changed, shown, deleted.
 * covers: account/pool.c
 * covers: account/pool_change.c
 * covers: account/pool_describe.c
 * covers: account/pool_settings.c
 * covers: account/audit.c
 */
#include <string.h>

#include "account/user.h"
#include "harness.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(pool, .init = begin, .fini = end, .timeout = 60);

static void refuse(const char *settings, const char *message)
{
	cJSON *json = harness_json(&harness, settings);

	cr_assert_null(pool_create(&harness.work, &harness.engine, json), "%s",
	    settings);
	cr_assert_eq(harness.work.err.code, ERR_INVALID_PARAMETER);
	cr_assert_str_eq(harness.work.err.message, message);
}

static struct pool *update(const struct pool *pool, const char *settings)
{
	return pool_update(&harness.work, pool->id,
	    harness_json(&harness, settings));
}

#define NAME   "'PoolName':'p'"
#define LEGACY "'AdminCreateUserConfig':{'UnusedAccountValidityDays':3}"
#define DAYS                                                       \
	"'Policies':{'PasswordPolicy':{'TemporaryPasswordValidity" \
	"Days':2}}"
#define USE_INSTEAD                                            \
	"Please use TemporaryPasswordValidityDays in Password" \
	"Policy instead of UnusedAccountValidityDays"

Test(pool, what_cannot_be)
{
	refuse("{" NAME ",'UsernameAttributes':['email'],"
	       "'AliasAttributes':['email']}",
	    "Only one of the aliasAttributes or usernameAttributes can be set "
	    "in a user pool.");
	refuse("{" NAME "," LEGACY "," DAYS "}", USE_INSTEAD);
	refuse("{" NAME ",'Schema':[{'Name':'x','AttributeDataType':'String',"
	       "'Required':true}]}",
	    "Required custom attributes are not supported currently.");
	refuse("{" NAME ",'Schema':[{'Name':'x'}]}",
	    "Invalid AttributeDataType input, consider using the provided "
	    "AttributeDataType enum.");
	refuse("{" NAME ",'Schema':[{'Name':'email','AttributeDataType':"
	       "'Number'}]}",
	    "You can not change AttributeDataType or set "
	    "developerOnlyAttribute for standard schema attribute email");
	refuse("{" NAME ",'Schema':[{'Name':'x','AttributeDataType':'String',"
	       "'StringAttributeConstraints':{'MaxLength':'x'}}]}",
	    "Invalid StringAttributeConstraints for schema attribute custom:x");
	refuse("{}",
	    "1 validation error detected: Value null at 'poolName' failed to "
	    "satisfy constraint: Member must not be null");
	cr_assert_eq(harness_number(&harness, "select count(*) from user_pool"),
	    0);
}

Test(pool, days_that_a_password_is_valid)
{
	cr_assert_eq(harness_pool(&harness, "{}")->validity_days, 7);
	cr_assert_eq(harness_pool(&harness, "{" LEGACY "}")->validity_days, 3);
	struct pool *pool = harness_pool(&harness, "{" DAYS "}");
	cr_assert_eq(pool->validity_days, 2);
	cr_assert_eq(harness_pool(&harness,
	                 "{'AdminCreateUserConfig':"
	                 "{'UnusedAccountValidityDays':0}," DAYS "}")
	                 ->validity_days,
	    2);
	/* Also when the new member was set before. */
	cr_assert_null(update(pool, "{" LEGACY "}"));
	cr_assert_str_eq(harness.work.err.message, USE_INSTEAD);
}

Test(pool, an_update_replaces_the_whole)
{
	struct pool *pool = harness_pool(&harness,
	    "{'UsernameAttributes':['email'],'UsernameConfiguration':"
	    "{'CaseSensitive':false},'Schema':[{'Name':'x',"
	    "'AttributeDataType':'String'}],'MfaConfiguration':'OFF'," DAYS
	    "}");
	struct pool *after = update(pool,
	    "{'UserPoolTags':{'a':'b'},'UsernameAttributes':['phone_number']}");

	cr_assert(after, "%s", harness.work.err.message);
	after = pool_get(&harness.work, pool->id);
	cr_assert_str_eq(after->name, "test");
	cr_assert(after->username_is_email);
	cr_assert_not(after->username_is_phone);
	cr_assert_not(after->case_sensitive);
	cr_assert_eq(after->settings->schema.count, 1);
	cr_assert_eq(after->validity_days, 7);
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select (detail #>> '{Policies,before,PasswordPolicy,"
	        "TemporaryPasswordValidityDays}') || (detail #>> "
	        "'{UserPoolTags,after,a}') || (detail -> 'Schema' is null) "
	        "from audit where action = 'pool update' and object = '%s'",
	        pool->id),
	    "2btrue");
	cr_assert_null(json_at(after->stored, "/UserPoolId"));
	cr_assert_null(pool_update(&harness.work, "us-east-1_x",
	    harness_json(&harness, "{}")));
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
}

Test(pool, pages_of_a_list)
{
	const char *after = "";
	int total = 0;
	int found;

	for (int i = 0; i < 5; i++)
		harness_pool(&harness, "{}");
	do {
		struct pool *pools = pool_list(&harness.work, after, 2, &found);
		cr_assert(pools);
		for (int i = 0; i < found; i++, total++) {
			cr_assert_lt(strcmp(after, pools[i].id), 0);
			after = pools[i].id;
		}
	} while (found);
	cr_assert_eq(total, 5);
}

static void expect(const cJSON *json, const char *pointer, const char *printed)
{
	cr_assert_str_eq(json_print(harness.mem, json_at(json, pointer)),
	    printed, "%s", pointer);
}

Test(pool, shown_with_the_service_s_defaults)
{
	struct pool *pool = harness_pool(&harness, "{}");
	const cJSON *json = pool_describe(&harness.work, &harness.engine, pool);

	cr_assert(json, "%s %s", harness.work.err.message,
	    harness.work.err.detail);
	expect(json, "/DeletionProtection", "\"INACTIVE\"");
	expect(json, "/LambdaConfig", "{}");
	expect(json, "/MfaConfiguration", "\"OFF\"");
	expect(json, "/EstimatedNumberOfUsers", "0");
	expect(json, "/EmailConfiguration",
	    "{\"EmailSendingAccount\":\"COGNITO_DEFAULT\"}");
	expect(json, "/AdminCreateUserConfig",
	    "{\"AllowAdminCreateUserOnly\":false,"
	    "\"UnusedAccountValidityDays\":7}");
	expect(json, "/Policies/SignInPolicy/AllowedFirstAuthFactors",
	    "[\"PASSWORD\"]");
	expect(json, "/UserPoolTier", "\"ESSENTIALS\"");
	expect(json, "/Name", "\"test\"");
	cr_assert_null(json_at(json, "/Status"));
	cr_assert_null(json_at(json, "/PoolName"));
	cr_assert_eq(cJSON_GetArraySize(json_at(json, "/SchemaAttributes")),
	    20);
	expect(json, "/SchemaAttributes/0",
	    "{\"Name\":\"sub\",\"AttributeDataType\":\"String\","
	    "\"DeveloperOnlyAttribute\":false,\"Mutable\":false,"
	    "\"Required\":true,\"StringAttributeConstraints\":"
	    "{\"MinLength\":\"1\",\"MaxLength\":\"2048\"}}");
	cr_assert_str_eq(json_text(json, "/Arn"),
	    mem_printf(harness.mem,
	        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/%s",
	        pool->id));
}

Test(pool, deleted_with_all_that_is_in_it)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct pool *other = harness_pool(&harness, "{}");
	const char *request =
	    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[{'Name':'email','Value':'a@example.com'}]}";

	harness_must_invite(&harness, pool, request);
	harness_must_invite(&harness, other, request);
	cr_assert(pool_delete(&harness.work, pool->id));
	cr_assert_null(pool_get(&harness.work, pool->id));
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
	cr_assert_eq(harness_number(&harness, "select count(*) from account"),
	    1);
	cr_assert_eq(harness_number(&harness, "select count(*) from name"), 1);
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 1);
	cr_assert_eq(harness_number(&harness, "select count(*) from backlog"),
	    1);
	cr_assert_str_eq(
	    harness_value(&harness,
	        "select outcome || reason || destination || username || "
	        "coalesce(sealed::text, '') from message_state where pool_id = '%s'",
	        pool->id),
	    "cancelledthe user pool went");
	cr_assert_not(pool_delete(&harness.work, pool->id));
	cr_assert_eq(harness.work.err.code, ERR_RESOURCE_NOT_FOUND);
}

Test(pool, a_protected_pool_is_not_deleted)
{
	struct work *work = &harness.work;
	struct pool *pool =
	    harness_pool(&harness, "{\"DeletionProtection\":\"ACTIVE\"}");

	cr_assert_not(pool_delete(work, pool->id));
	cr_assert_eq(work->err.code, ERR_INVALID_PARAMETER);
	cr_assert_str_eq(work->err.message,
	    "The user pool cannot be deleted because deletion protection is "
	    "activated. Deletion protection must be inactivated first.");
	cr_assert(pool_get(work, pool->id));
}

static const char *raced;

static int change(struct harness *on, struct work *work, int number)
{
	const char *attribute = mem_printf(work->mem,
	    "[{'Name':'x%d','AttributeDataType':'String'}]", number);
	const char *tags =
	    mem_printf(work->mem, "{'UserPoolTags':{'n':'%d'}}", number);

	if (number % 2)
		return !pool_add_attributes(work, raced,
		    harness_json(on, attribute));
	return !pool_update(work, raced, harness_json(on, tags));
}

/* What one adds, another that replaces the rest does not take away. */
Test(pool, changes_at_once)
{
	int results[8];

	raced = harness_pool(&harness, "{}")->id;
	harness_race(&harness, 8, change, results);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(results[i], 0, "%d", i);
	const struct pool *pool = pool_get(&harness.work, raced);
	cr_assert_eq(pool->settings->schema.count, 4);
	cr_assert_eq(pool->settings->tags.count, 1);
	cr_assert_eq(harness_number(&harness, "select count(*) from audit"), 9);
}

static void fill(const struct pool *pool, int count)
{
	harness_value(&harness,
	    "insert into account (pool_id, sub, username, status, attributes) "
	    "select '%s', gen_random_uuid(), i::text, 'CONFIRMED', '{}' from "
	    "generate_series(1, %d) as i",
	    pool->id, count);
}

Test(pool, many_users_are_estimated)
{
	const struct pool *few = harness_pool(&harness, "{}");
	const struct pool *many = harness_pool(&harness, "{}");

	fill(few, 10000);
	cr_assert_eq(pool_count_users(&harness.work, few->id), 10000);
	fill(many, 40000);
	harness_value(&harness, "analyze account");
	cr_assert_eq(pool_count_users(&harness.work, few->id), 10000);
	int64_t users = pool_count_users(&harness.work, many->id);
	cr_assert(users > 36000 && users < 44000, "%lld %s", (long long)users,
	    harness.work.err.detail);
	/* Nobody analyzed yet: more than are counted, in any case. */
	fill(few, 1);
	cr_assert_gt(pool_count_users(&harness.work, few->id), 10000);
}

Test(pool, deleted_with_its_clients_and_groups)
{
	struct pool *pool = harness_pool(&harness, "{}");

	harness_must_invite(&harness, pool, "{'Username':'alice'}");
	harness_value(&harness,
	    "insert into pool_client (id, pool_id, name, settings) values "
	    "('c', '%s', 'c', '{}')",
	    pool->id);
	harness_value(&harness,
	    "insert into user_group (pool_id, name) values ('%s', 'g')",
	    pool->id);
	harness_value(&harness,
	    "insert into group_member (pool_id, group_name, sub) select "
	    "pool_id, 'g', sub from account where pool_id = '%s'",
	    pool->id);
	cr_assert(pool_delete(&harness.work, pool->id));
	cr_assert_eq(
	    harness_number(&harness,
	        "select (select count(*) from pool_client) + (select count(*) "
	        "from user_group) + (select count(*) from group_member)"),
	    0);
}

Test(pool, of_an_arn)
{
	static const char *const others[] = { "", "arn:aws:cognito-idp:",
		"arn:aws:cognito-idp:eu-west-1:000000000000:userpool/x",
		"arn:aws:cognito-idp:us-east-1:000000000001:userpool/x",
		"arn:aws:cognito-idp:us-east-1:000000000000:userpool" };
	struct work *work = &harness.work;

	cr_assert_str_eq(
	    pool_id_of_arn(work, &harness.engine,
	        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/x"),
	    "x");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		cr_assert_null(
		    pool_id_of_arn(work, &harness.engine, others[i]));
		cr_assert_eq(work->err.code, ERR_RESOURCE_NOT_FOUND);
	}
}
