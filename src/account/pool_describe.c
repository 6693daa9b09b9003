/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "account/pool.h"
#include "base/config.h"
#include "base/json.h"
#include "base/str.h"

/* Defaults that an answer shows though the request lacked them (API). */
static const char defaults[] =
    "{\"DeletionProtection\":\"INACTIVE\",\"LambdaConfig\":{},"
    "\"MfaConfiguration\":\"OFF\",\"UserPoolTags\":{},"
    "\"UserPoolTier\":\"ESSENTIALS\","
    "\"EmailConfiguration\":{\"EmailSendingAccount\":\"COGNITO_DEFAULT\"},"
    "\"VerificationMessageTemplate\":"
    "{\"DefaultEmailOption\":\"CONFIRM_WITH_CODE\"},"
    "\"AdminCreateUserConfig\":{\"AllowAdminCreateUserOnly\":false,"
    "\"UnusedAccountValidityDays\":7},"
    "\"Policies\":{\"PasswordPolicy\":{\"MinimumLength\":8,"
    "\"RequireUppercase\":true,\"RequireLowercase\":true,"
    "\"RequireNumbers\":true,\"RequireSymbols\":true,"
    "\"TemporaryPasswordValidityDays\":7},"
    "\"SignInPolicy\":{\"AllowedFirstAuthFactors\":[\"PASSWORD\"]}}}";

static const struct attribute_bounds no_bounds;

/* Adds what INTO lacks of PRESETS, in objects all the way down. */
static void add_missing(cJSON *into, const cJSON *presets)
{
	const cJSON *preset;

	cJSON_ArrayForEach(preset, presets)
	{
		cJSON *member =
		    cJSON_GetObjectItemCaseSensitive(into, preset->string);
		if (!member)
			cJSON_AddItemToObject(into, preset->string,
			    cJSON_Duplicate(preset, true));
		else if (cJSON_IsObject(member))
			add_missing(member, preset);
	}
}

static void add_bounds(cJSON *object, const char *name,
    const struct attribute_bounds *bounds, const char *least, const char *most)
{
	if (!bounds)
		return;
	cJSON *constraints = cJSON_AddObjectToObject(object, name);
	json_add(constraints, least, bounds->least);
	json_add(constraints, most, bounds->most);
}

static void add_attribute(struct mem *mem, cJSON *list,
    const struct schema_attribute *attribute)
{
	cJSON *object = cJSON_CreateObject();
	const char *type = attribute->type;
	const struct attribute_bounds *number = attribute->number;
	const struct attribute_bounds *string = attribute->string;

	/* The bounds of a custom attribute show though it has none. */
	if (!number && strcmp(type, "Number") == 0)
		number = &no_bounds;
	if (!string && strcmp(type, "String") == 0)
		string = &no_bounds;
	json_add(object, "Name", schema_name(mem, attribute));
	json_add(object, "AttributeDataType", type);
	cJSON_AddBoolToObject(object, "DeveloperOnlyAttribute",
	    attribute->developer_only.value);
	/* Named without Mutable means immutable, as the service has it. */
	cJSON_AddBoolToObject(object, "Mutable", attribute->mutable.value);
	cJSON_AddBoolToObject(object, "Required", attribute->required.value);
	add_bounds(object, "NumberAttributeConstraints", number, "MinValue",
	    "MaxValue");
	add_bounds(object, "StringAttributeConstraints", string, "MinLength",
	    "MaxLength");
	cJSON_AddItemToArray(list, object);
}

static void add_schema(struct work *work, cJSON *answer,
    const struct pool *pool)
{
	const struct field_list *schema = &pool->settings->schema;
	const struct schema_attribute *own = schema->items;
	cJSON *list = cJSON_AddArrayToObject(answer, "SchemaAttributes");
	struct schema_attribute attribute;

	for (size_t i = 0; i < schema_standard_count(); i++)
		if (schema_find(schema, schema_standard_at(i)->name,
		        &attribute))
			add_attribute(work->mem, list, &attribute);
	for (size_t i = 0; i < schema->count; i++)
		if (own[i].custom)
			add_attribute(work->mem, list, &own[i]);
}

static const char *arn_prefix(struct work *work, const struct engine *engine)
{
	return mem_printf(work->mem, "arn:aws:cognito-idp:%s:%s:userpool/",
	    engine->config->region, engine->config->account_id);
}

const char *pool_id_of_arn(struct work *work, const struct engine *engine,
    const char *arn)
{
	const char *prefix = arn_prefix(work, engine);

	if (str_starts(arn, prefix))
		return arn + strlen(prefix);
	work_fail(work, ERR_RESOURCE_NOT_FOUND, "%.300s does not exist.", arn);
	return NULL;
}

cJSON *pool_describe(struct work *work, const struct engine *engine,
    const struct pool *pool)
{
	int64_t users = pool_count_users(work, pool->id);
	cJSON *answer = json_read(work->mem,
	    json_print(work->mem, pool->stored), &work->err);

	if (users < 0 || !answer)
		return NULL;
	cJSON_DeleteItemFromObjectCaseSensitive(answer, "PoolName");
	cJSON_DeleteItemFromObjectCaseSensitive(answer, "Schema");
	add_missing(answer, json_read(work->mem, defaults, &work->err));
	json_add(answer, "Id", pool->id);
	json_add(answer, "Name", pool->name);
	json_add(answer, "Arn",
	    mem_printf(work->mem, "%s%s", arn_prefix(work, engine), pool->id));
	json_add_time(answer, "CreationDate", pool->created_ms);
	json_add_time(answer, "LastModifiedDate", pool->modified_ms);
	json_add_int(answer, "EstimatedNumberOfUsers", users);
	add_schema(work, answer, pool);
	return answer;
}
