/* SPDX-License-Identifier: MIT */
#include "account/policy.h"

#include <string.h>

#include "account/policy_condition.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/str.h"

#define DOCUMENT_MOST 131072

/* JSON is a text or a list of texts. */
static bool any_matches(const cJSON *json, const char *text, bool fold)
{
	const cJSON *item;

	if (cJSON_IsString(json))
		return glob_matches(json->valuestring, text, fold);
	cJSON_ArrayForEach(item, json)
	{
		if (glob_matches(item->valuestring, text, fold))
			return true;
	}
	return false;
}

/* One of a pair: NAME must match, or its opposite must not. */
static bool element_fits(const cJSON *statement, const char *name,
    const char *opposite, const char *text, bool fold)
{
	const cJSON *of = cJSON_GetObjectItemCaseSensitive(statement, name);

	if (of)
		return any_matches(of, text, fold);
	return !any_matches(
	    cJSON_GetObjectItemCaseSensitive(statement, opposite), text, fold);
}

static enum policy_verdict decide(const cJSON *statement,
    const struct policy_question *question)
{
	const cJSON *effect =
	    cJSON_GetObjectItemCaseSensitive(statement, "Effect");

	/* Names of actions have no case in IAM. */
	if (!element_fits(statement, "Action", "NotAction", question->action,
	        true) ||
	    !element_fits(statement, "Resource", "NotResource",
	        question->resource, false) ||
	    !policy_condition_holds(
	        cJSON_GetObjectItemCaseSensitive(statement, "Condition"),
	        question))
		return POLICY_SILENT;
	return str_same(effect->valuestring, "Allow") ? POLICY_ALLOWED
	                                              : POLICY_DENIED;
}

/* A single statement may stand without its list. */
static enum policy_verdict decide_document(const cJSON *document,
    const struct policy_question *question)
{
	const cJSON *statements =
	    cJSON_GetObjectItemCaseSensitive(document, "Statement");
	enum policy_verdict verdict = POLICY_SILENT;
	const cJSON *statement;

	if (cJSON_IsObject(statements))
		return decide(statements, question);
	cJSON_ArrayForEach(statement, statements)
	{
		enum policy_verdict one = decide(statement, question);
		if (one > verdict)
			verdict = one;
	}
	return verdict;
}

enum policy_verdict policy_decide(const cJSON *documents,
    const struct policy_question *question)
{
	enum policy_verdict verdict = POLICY_SILENT;
	const cJSON *document;

	cJSON_ArrayForEach(document, documents)
	{
		enum policy_verdict one = decide_document(document, question);
		if (one > verdict)
			verdict = one;
	}
	return verdict;
}

static bool refuse(struct err *err, const char *place, const char *rule)
{
	return err_set(err, ERR_INVALID_PARAMETER, "policy: %s %s", place,
	    rule);
}

/* PATTERN is of each text; RULE says so in words. */
static bool check_texts(const cJSON *json, const char *place,
    const char *pattern, const char *rule, struct err *err)
{
	const cJSON *item = cJSON_IsArray(json) ? json->child : json;

	if (!item)
		return refuse(err, place, "is an empty list");
	for (; item; item = cJSON_IsArray(json) ? item->next : NULL) {
		if (!cJSON_IsString(item))
			return refuse(err, place,
			    "is neither a text nor a list of texts");
		if (strstr(item->valuestring, "${"))
			return refuse(err, place,
			    "has a policy variable, which is not known here");
		if (!pattern_whole(pattern, item->valuestring))
			return err_set(err, ERR_INVALID_PARAMETER,
			    "policy: %s: '%.100s' is not %s", place,
			    item->valuestring, rule);
	}
	return true;
}

/* Exactly one of a pair. */
static bool check_pair(struct mem *mem, const cJSON *statement,
    const char *place, const char *name, struct err *err)
{
	const char *opposite = mem_printf(mem, "Not%s", name);
	const cJSON *of = cJSON_GetObjectItemCaseSensitive(statement, name);
	const cJSON *not_of =
	    cJSON_GetObjectItemCaseSensitive(statement, opposite);

	if (!of == !not_of)
		return refuse(err, place,
		    mem_printf(mem, "must have either %s or %s", name,
		        opposite));
	place = mem_printf(mem, "%s, %s", place, of ? name : opposite);
	if (str_same(name, "Action"))
		return check_texts(of ? of : not_of, place,
		    "[*]|[A-Za-z0-9-]+:[A-Za-z0-9*?]+",
		    "a service and an action, as cognito-idp:Admin*, or *",
		    err);
	return check_texts(of ? of : not_of, place, "[*]|arn:(?s:.)*",
	    "an ARN, as arn:aws:cognito-idp:*:*:userpool/*, or *", err);
}

/* What is not known would be thought to have an effect. */
static bool check_names(const cJSON *object, const char *const *known,
    const char *place, struct err *err)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, object)
	{
		size_t i = 0;
		while (known[i] && strcmp(known[i], member->string) != 0)
			i++;
		if (!known[i])
			return err_set(err, ERR_INVALID_PARAMETER,
			    "policy: %s has '%.60s', which is not known here",
			    place, member->string);
	}
	return true;
}

static bool check_statement(struct mem *mem, const cJSON *statement,
    const char *place, struct err *err)
{
	static const char *const known[] = { "Sid", "Effect", "Action",
		"NotAction", "Resource", "NotResource", "Condition", NULL };
	const char *effect = json_text(statement, "/Effect");
	const cJSON *condition =
	    cJSON_GetObjectItemCaseSensitive(statement, "Condition");

	if (!cJSON_IsObject(statement))
		return refuse(err, place, "is not an object");
	if (!check_names(statement, known, place, err))
		return false;
	if (!str_same(effect, "Allow") && !str_same(effect, "Deny"))
		return refuse(err, place, "needs Effect, Allow or Deny");
	return check_pair(mem, statement, place, "Action", err) &&
	       check_pair(mem, statement, place, "Resource", err) &&
	       (!condition ||
	           policy_condition_check(mem, condition, place, err));
}

static bool check_statements(struct mem *mem, const cJSON *statements,
    struct err *err)
{
	const cJSON *statement;
	int number = 0;

	if (cJSON_IsObject(statements))
		return check_statement(mem, statements, "Statement", err);
	if (!cJSON_GetArraySize(statements))
		return refuse(err, "the document", "has no Statement");
	cJSON_ArrayForEach(statement, statements)
	{
		if (!check_statement(mem, statement,
		        mem_printf(mem, "Statement %d", ++number), err))
			return false;
	}
	return true;
}

static bool check_document(struct mem *mem, const cJSON *document,
    struct err *err)
{
	static const char *const known[] = { "Version", "Id", "Statement",
		NULL };
	const cJSON *given =
	    cJSON_GetObjectItemCaseSensitive(document, "Version");
	const char *version = json_text(document, "/Version");

	if (!cJSON_IsObject(document))
		return refuse(err, "the document", "is not an object");
	if (!check_names(document, known, "the document", err))
		return false;
	if (given && !str_same(version, "2012-10-17") &&
	    !str_same(version, "2008-10-17"))
		return refuse(err, "Version",
		    "must be 2012-10-17 or 2008-10-17");
	return check_statements(mem,
	    cJSON_GetObjectItemCaseSensitive(document, "Statement"), err);
}

cJSON *policy_read(struct mem *mem, const char *text, struct err *err)
{
	cJSON *document = NULL;

	if (strlen(text) > DOCUMENT_MOST)
		refuse(err, "the document", "has more than 131072 bytes");
	else
		document = json_read(mem, text, err);
	return document && check_document(mem, document, err) ? document : NULL;
}
