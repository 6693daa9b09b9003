/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/policy.h"
#include "base/json.h"
#include "scratch.h"

#define POOL "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a"

/* TEXT with ' for ". */
static char *quoted(struct mem *mem, const char *text)
{
	char *copy = mem_text(mem, text);

	for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
		*at = '"';
	return copy;
}

/* One document, or a list of them between []. */
static const cJSON *read_all(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	cJSON *list = json_list(mem);
	const cJSON *given = json_read(mem, quoted(mem, text), &err);
	const cJSON *one = cJSON_IsArray(given) ? given->child : given;

	cr_assert(given, "%s: %s", text, err.message);
	for (; one; one = cJSON_IsArray(given) ? one->next : NULL) {
		cJSON *read = policy_read(mem, json_print(mem, one), &err);
		cr_assert(read, "%s: %s", text, err.message);
		cJSON_AddItemToArray(list, cJSON_Duplicate(read, true));
	}
	return list;
}

static enum policy_verdict decide(const char *text, const char *action,
    const char *resource)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct policy_question question = { .action = action,
		.resource = resource,
		.user_name = "alice",
		.source_ip = "127.0.0.1" };

	return policy_decide(read_all(mem, text), &question);
}

static void check(const char *text, const char *action, const char *resource,
    enum policy_verdict verdict)
{
	enum policy_verdict got = decide(text, action, resource);

	cr_expect_eq(got, verdict, "%s: %s on %s: %d, not %d", text, action,
	    resource, got, verdict);
}

#define ALLOW(action, resource) \
	"{'Effect':'Allow','Action':" action ",'Resource':" resource "}"
#define DENY(action, resource) \
	"{'Effect':'Deny','Action':" action ",'Resource':" resource "}"
#define ONE(statement)  "{'Version':'2012-10-17','Statement':" statement "}"
#define TWO(one, other) ONE("[" one "," other "]")
#define CREATE          "cognito-idp:AdminCreateUser"
#define DELETE          "cognito-idp:AdminDeleteUser"
#define ANY             "'*'"

Test(policy, actions_and_resources)
{
	static const struct {
		const char *text, *action, *resource;
		enum policy_verdict verdict;
	} rows[] = {
		{ "[]", CREATE, POOL, POLICY_SILENT },
		{ ONE(ALLOW(ANY, ANY)), CREATE, POOL, POLICY_ALLOWED },
		{ ONE("[" ALLOW(ANY, ANY) "]"), CREATE, POOL, POLICY_ALLOWED },
		{ "{'Statement':" ALLOW(ANY, ANY) "}", CREATE, POOL,
		    POLICY_ALLOWED },
		{ ONE(ALLOW("'" CREATE "'", ANY)), CREATE, POOL,
		    POLICY_ALLOWED },
		{ ONE(ALLOW("'" CREATE "'", ANY)), DELETE, POOL,
		    POLICY_SILENT },
		{ ONE(ALLOW("'" CREATE "'", ANY)), CREATE "2", POOL,
		    POLICY_SILENT },
		{ ONE(ALLOW("['sns:*','" CREATE "']", ANY)), CREATE, POOL,
		    POLICY_ALLOWED },
		{ ONE(ALLOW("'cognito-idp:Admin*'", ANY)), CREATE, POOL,
		    POLICY_ALLOWED },
		{ ONE(ALLOW("'cognito-idp:Admin*'", ANY)),
		    "cognito-idp:ListUsers", POOL, POLICY_SILENT },
		{ ONE(ALLOW("'cognito-idp:Admin??????User'", ANY)), CREATE,
		    POOL, POLICY_ALLOWED },
		{ ONE(ALLOW("'cognito-idp:Admin?????User'", ANY)), CREATE, POOL,
		    POLICY_SILENT },
		/* Actions have no case, resources have. */
		{ ONE(ALLOW("'COGNITO-IDP:admincreateuser'", ANY)), CREATE,
		    POOL, POLICY_ALLOWED },
		{ ONE(ALLOW(ANY, "'" POOL "'")), CREATE, POOL, POLICY_ALLOWED },
		{ ONE(ALLOW(ANY, "'" POOL "'")), CREATE, POOL "b",
		    POLICY_SILENT },
		{ ONE(ALLOW(ANY, "'arn:aws:cognito-idp:us-east-1:000000000000:"
		                 "userpool/us-east-1_A'")),
		    CREATE, POOL, POLICY_SILENT },
		{ ONE(ALLOW(ANY, "'arn:aws:cognito-idp:*:*:userpool/*'")),
		    CREATE, POOL, POLICY_ALLOWED },
		/* What has no resource is asked for as "*". */
		{ ONE(ALLOW(ANY, "'arn:aws:cognito-idp:*:*:userpool/*'")),
		    "cognito-idp:ListUserPools", "*", POLICY_SILENT },
		{ ONE(ALLOW(ANY, "['arn:aws:sns:*:*:x','" POOL "']")), CREATE,
		    POOL, POLICY_ALLOWED },
		/* A '*' that a caller sends is no pattern. */
		{ ONE(ALLOW(ANY, "'" POOL "'")), CREATE,
		    "arn:aws:cognito-idp:us-east-1:000000000000:userpool/*",
		    POLICY_SILENT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(rows[i].text, rows[i].action, rows[i].resource,
		    rows[i].verdict);
}

Test(policy, all_but)
{
	static const char not_delete[] =
	    ONE("{'Effect':'Allow','NotAction':'cognito-idp:*Delete*',"
	        "'Resource':'*'}");
	static const char not_two[] =
	    ONE("{'Effect':'Allow','NotAction':['cognito-idp:*Delete*',"
	        "'cognito-idp:AdminCreate*'],'Resource':'*'}");
	static const char not_there[] =
	    ONE("{'Effect':'Deny','Action':'*','NotResource':['" POOL "',"
	        "'arn:x']}");

	check(not_delete, CREATE, POOL, POLICY_ALLOWED);
	check(not_delete, DELETE, POOL, POLICY_SILENT);
	check(not_two, CREATE, POOL, POLICY_SILENT);
	check(not_two, DELETE, POOL, POLICY_SILENT);
	check(not_two, "sns:Publish", POOL, POLICY_ALLOWED);
	check(not_there, CREATE, POOL, POLICY_SILENT);
	check(not_there, CREATE, POOL "b", POLICY_DENIED);
}

Test(policy, a_denial_is_stronger)
{
	static const char *const denying[] = {
		TWO(ALLOW(ANY, ANY), DENY("'" CREATE "'", ANY)),
		TWO(DENY("'" CREATE "'", ANY), ALLOW(ANY, ANY)),
		TWO(ALLOW("'" CREATE "'", "'" POOL "'"), DENY(ANY, ANY)),
		"[" ONE(ALLOW(ANY, ANY)) "," ONE(DENY("'" CREATE "'", ANY)) "]",
		"[" ONE(DENY("'" CREATE "'", ANY)) "," ONE(ALLOW(ANY, ANY)) "]",
	};

	for (size_t i = 0; i < sizeof(denying) / sizeof(*denying); i++)
		check(denying[i], CREATE, POOL, POLICY_DENIED);
	check(denying[0], DELETE, POOL, POLICY_ALLOWED);
	check(denying[1], DELETE, POOL, POLICY_ALLOWED);
	check("[" ONE(ALLOW("'sns:*'", ANY)) "," ONE(
	          ALLOW("'cognito-idp:*'", ANY)) "]",
	    CREATE, POOL, POLICY_ALLOWED);
}

Test(policy, condition_of_a_statement)
{
	static const char text[] = TWO(ALLOW(ANY, ANY),
	    "{'Effect':'Deny','Action':'*','Resource':'*','Condition':"
	    "{'StringEquals':{'aws:username':'alice'}}}");
	static const char other[] =
	    ONE("{'Effect':'Allow','Action':'*','Resource':'*','Condition':"
	        "{'StringEquals':{'aws:username':'bob'}}}");

	check(text, CREATE, POOL, POLICY_DENIED);
	check(other, CREATE, POOL, POLICY_SILENT);
}

Test(policy, pathological_patterns_end, .timeout = 60)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *text = mem_printf(mem, ONE(ALLOW(ANY, "'arn:%sb'")),
	    scratch_times(mem, "*a", 2000));
	const char *long_arn =
	    mem_printf(mem, "arn:%s", scratch_times(mem, "a", 20000));

	check(text, CREATE, long_arn, POLICY_SILENT);
	check(text, CREATE, mem_printf(mem, "%sb", long_arn), POLICY_ALLOWED);
}

static void refuse(const char *text, enum err_code code, const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	cr_expect_null(policy_read(mem, quoted(mem, text), &err), "%s", text);
	cr_expect_eq(err.code, code, "%s", text);
	cr_expect_str_eq(err.message, message);
}

#define BAD(statement, words)                             \
	{                                                 \
		ONE(statement), "policy: Statement" words \
	}
#define NO_ACTION " is not a service and an action, as cognito-idp:Admin*, or *"
#define NO_ARN    " is not an ARN, as arn:aws:cognito-idp:*:*:userpool/*, or *"

Test(policy, refused)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "[]", "policy: the document is not an object" },
		{ "'x'", "policy: the document is not an object" },
		{ "{}", "policy: the document has no Statement" },
		{ ONE("[]"), "policy: the document has no Statement" },
		{ ONE("'x'"), "policy: the document has no Statement" },
		{ "{'Version':'2012-10-18','Statement':" ALLOW(ANY, ANY) "}",
		    "policy: Version must be 2012-10-17 or 2008-10-17" },
		{ "{'Version':2012,'Statement':" ALLOW(ANY, ANY) "}",
		    "policy: Version must be 2012-10-17 or 2008-10-17" },
		{ "{'version':'2012-10-17','Statement':" ALLOW(ANY, ANY) "}",
		    "policy: the document has 'version', which is not known "
		    "here" },
		BAD("['x']", " 1 is not an object"),
		BAD("[" ALLOW(ANY, ANY) ",{}]", " 2 needs Effect, Allow or "
		                                "Deny"),
		BAD("{'Effect':'allow','Action':'*','Resource':'*'}",
		    " needs Effect, Allow or Deny"),
		BAD("{'Effect':true,'Action':'*','Resource':'*'}",
		    " needs Effect, Allow or Deny"),
		BAD("{'Effect':'Allow','Resource':'*'}",
		    " must have either Action or NotAction"),
		BAD("{'Effect':'Allow','Action':'*','NotAction':'sns:*',"
		    "'Resource':'*'}",
		    " must have either Action or NotAction"),
		BAD("{'Effect':'Allow','Action':'*'}",
		    " must have either Resource or NotResource"),
		BAD("{'Effect':'Allow','Action':'*','Resource':'*',"
		    "'NotResource':'*'}",
		    " must have either Resource or NotResource"),
		BAD("{'Effect':'Allow','Action':'*','Resource':'*',"
		    "'Principal':'*'}",
		    " has 'Principal', which is not known here"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refuse(rows[i].text, ERR_INVALID_PARAMETER, rows[i].message);
	refuse("{", ERR_SERIALIZATION, "the JSON cannot be read at byte 1");
	refuse("{'Statement':1,'Statement':2}", ERR_SERIALIZATION,
	    "the JSON names 'Statement' twice in one object");
}

Test(policy, values_refused)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		BAD(ALLOW("[]", ANY), ", Action is an empty list"),
		BAD(ALLOW("['*',1]", ANY),
		    ", Action is neither a text nor a list of texts"),
		BAD(ALLOW("{}", ANY),
		    ", Action is neither a text nor a list of texts"),
		BAD(ALLOW("null", ANY),
		    ", Action is neither a text nor a list of texts"),
		BAD(ALLOW("'AdminCreateUser'", ANY),
		    ", Action: 'AdminCreateUser'" NO_ACTION),
		BAD(ALLOW("'cognito-idp:'", ANY),
		    ", Action: 'cognito-idp:'" NO_ACTION),
		BAD(ALLOW("'*:*'", ANY), ", Action: '*:*'" NO_ACTION),
		BAD(ALLOW("['*','a:b c']", ANY), ", Action: 'a:b c'" NO_ACTION),
		BAD(ALLOW("''", ANY), ", Action: ''" NO_ACTION),
		BAD("{'Effect':'Allow','NotAction':'x','Resource':'*'}",
		    ", NotAction: 'x'" NO_ACTION),
		BAD(ALLOW(ANY, "'us-east-1_a'"),
		    ", Resource: 'us-east-1_a'" NO_ARN),
		BAD(ALLOW(ANY, "'**'"), ", Resource: '**'" NO_ARN),
		BAD("{'Effect':'Allow','Action':'*','NotResource':'x'}",
		    ", NotResource: 'x'" NO_ARN),
		BAD(ALLOW(ANY, "'arn:aws:x:${aws:username}'"),
		    ", Resource has a policy variable, which is not known "
		    "here"),
		BAD("{'Effect':'Allow','Action':'*','Resource':'*',"
		    "'Condition':[]}",
		    ", Condition is not an object of operators"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refuse(rows[i].text, ERR_INVALID_PARAMETER, rows[i].message);
}

Test(policy, taken)
{
	static const char *const rows[] = {
		"{'Version':'2008-10-17','Id':'x','Statement':{'Sid':'s',"
		"'Effect':'Deny','NotAction':['sns:*','*'],'NotResource':"
		"['arn:aws:sns:*','*'],'Condition':{}}}",
		ONE(ALLOW("'cognito-idp:*'", "'arn:a\\nb'")),
	};
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect(policy_read(mem, quoted(mem, rows[i]), &err), "%s",
		    err.message);
}

Test(policy, length)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const char *text = quoted(mem, ONE(ALLOW(ANY, ANY)));
	int room = 131072 - (int)strlen(text);

	cr_assert(
	    policy_read(mem, mem_printf(mem, "%s%*s", text, room, ""), &err));
	refuse(mem_printf(mem, "%s%*s", text, room + 1, ""),
	    ERR_INVALID_PARAMETER,
	    "policy: the document has more than 131072 bytes");
}
