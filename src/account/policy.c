/* SPDX-License-Identifier: MIT */
#include "account/policy.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

#define DOCUMENT_MOST 131072

/* '*' is any text, '?' any character; both without end and not quadratic:
 * only the latest '*' is tried again. */
static bool matches(const char *pattern, const char *text, bool fold)
{
	const char *star = NULL;
	const char *from = NULL;

	while (*text) {
		int a = fold ? tolower((unsigned char)*pattern) : *pattern;
		int b = fold ? tolower((unsigned char)*text) : *text;
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || (*pattern && a == b)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* JSON is a text or a list of texts. */
static bool any_matches(const cJSON *json, const char *text, bool fold)
{
	const cJSON *item;

	if (cJSON_IsString(json))
		return matches(json->valuestring, text, fold);
	cJSON_ArrayForEach(item, json)
	{
		if (matches(item->valuestring, text, fold))
			return true;
	}
	return false;
}

/* One of a pair: NAME must match, or Not<NAME> must not. */
static bool element_fits(const cJSON *statement, const char *name,
    const char *text, bool fold)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *of = cJSON_GetObjectItemCaseSensitive(statement, name);
	const cJSON *not_of = cJSON_GetObjectItemCaseSensitive(statement,
	    mem_printf(mem, "Not%s", name));

	return of ? any_matches(of, text, fold)
	          : !any_matches(not_of, text, fold);
}

static enum policy_verdict decide(const cJSON *statement,
    const struct policy_question *question)
{
	const char *effect = json_text(statement, "/Effect");

	/* Names of actions have no case in IAM. */
	if (!element_fits(statement, "Action", question->action, true) ||
	    !element_fits(statement, "Resource", question->resource, false))
		return POLICY_SILENT;
	return str_same(effect, "Allow") ? POLICY_ALLOWED : POLICY_DENIED;
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

static bool is_texts(const cJSON *json)
{
	const cJSON *item;

	if (cJSON_IsString(json))
		return true;
	if (!cJSON_IsArray(json) || !cJSON_GetArraySize(json))
		return false;
	cJSON_ArrayForEach(item, json)
	{
		if (!cJSON_IsString(item))
			return false;
	}
	return true;
}

/* Exactly one of a pair, with texts. */
static bool check_pair(struct mem *mem, const cJSON *statement,
    const char *place, const char *name, struct err *err)
{
	const char *other = mem_printf(mem, "Not%s", name);
	const cJSON *of = cJSON_GetObjectItemCaseSensitive(statement, name);
	const cJSON *not_of =
	    cJSON_GetObjectItemCaseSensitive(statement, other);

	if (!of == !not_of)
		return refuse(err, place,
		    mem_printf(mem, "must have either %s or %s", name, other));
	return is_texts(of ? of : not_of) ||
	       refuse(err, place,
	           mem_printf(mem, "%s must be a text or a list of texts",
	               of ? name : other));
}

static bool check_statement(struct mem *mem, const cJSON *statement,
    const char *place, struct err *err)
{
	static const char *const known[] = { "Sid", "Effect", "Action",
		"NotAction", "Resource", "NotResource", NULL };
	const char *effect = json_text(statement, "/Effect");
	const cJSON *member;

	if (!cJSON_IsObject(statement))
		return refuse(err, place, "is not an object");
	cJSON_ArrayForEach(member, statement)
	{
		size_t i = 0;
		while (known[i] && strcmp(known[i], member->string) != 0)
			i++;
		if (!known[i])
			return refuse(err, place,
			    mem_printf(mem,
			        "has '%.60s', which is not known here",
			        member->string));
	}
	if (!str_same(effect, "Allow") && !str_same(effect, "Deny"))
		return refuse(err, place, "Effect must be Allow or Deny");
	return check_pair(mem, statement, place, "Action", err) &&
	       check_pair(mem, statement, place, "Resource", err);
}

static bool check_document(struct mem *mem, const cJSON *document,
    struct err *err)
{
	const cJSON *statements =
	    cJSON_GetObjectItemCaseSensitive(document, "Statement");
	const cJSON *statement;
	int number = 0;

	if (!cJSON_IsObject(document) || !statements)
		return refuse(err, "the document", "has no Statement");
	if (cJSON_IsObject(statements))
		return check_statement(mem, statements, "Statement", err);
	if (!cJSON_GetArraySize(statements))
		return refuse(err, "Statement", "is empty");
	cJSON_ArrayForEach(statement, statements)
	{
		if (!check_statement(mem, statement,
		        mem_printf(mem, "Statement %d", ++number), err))
			return false;
	}
	return true;
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
