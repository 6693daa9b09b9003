/* SPDX-License-Identifier: MIT */
/* Events as captured from the service, and what answers mean. */
#include <criterion/criterion.h>
#include <string.h>

#include "account/trigger.h"
#include "base/config.h"
#include "base/json.h"
#include "base/str.h"
#include "scratch.h"

#define SUB "26e2d294-80b1-709e-51e1-27beb70d3cee"

/* TEXT, in which ' stands for ". */
static char *quoted(struct mem *mem, const char *text)
{
	char *copy = mem_text(mem, text);

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

static cJSON *json(struct mem *mem, const char *text)
{
	struct err err = { 0 };
	cJSON *read = json_read(mem, quoted(mem, text), &err);

	cr_assert_not_null(read, "%s: %s", text, err.message);
	return read;
}

static struct trigger_event an_event(struct mem *mem, const char *status,
    const char *pool_members, const char *attributes, const char *members)
{
	struct invite_request *request = mem_make(mem, struct invite_request);
	struct config *config = mem_make(mem, struct config);
	struct engine *engine = mem_make(mem, struct engine);
	struct pool *pool = mem_make(mem, struct pool);
	struct user *user = mem_make(mem, struct user);
	struct err err = { 0 };

	config->region = "eu-west-2";
	engine->config = config;
	pool->id = "eu-west-2_itQT3MKZj";
	pool->alias_email = strstr(pool_members, "email") != NULL;
	pool->alias_phone = strstr(pool_members, "phone") != NULL;
	user->username = SUB;
	user->sub = SUB;
	user->status = status;
	user->attributes = json(mem, attributes);
	cr_assert(field_read(mem, invite_rows,
	              json(mem, mem_printf(mem,
	                            "{'UserPoolId':'%s','Username':'a'%s}",
	                            pool->id, members)),
	              request, &err),
	    "%s", err.message);
	request->user_agent = "aws-sdk-nodejs/2.1639.0 linux/v18";
	return (struct trigger_event){ TRIGGER_INVITATION, engine, pool, user,
		request };
}

static void expect_same(struct mem *mem, const cJSON *event, const char *text)
{
	cJSON *expected = json(mem, text);

	cr_expect(cJSON_Compare(event, expected, true), "%s\nis not\n%s",
	    json_print_people(mem, event), json_print_people(mem, expected));
}

#define HEAD                                                          \
	"{'version':'1','region':'eu-west-2','userPoolId':"           \
	"'eu-west-2_itQT3MKZj','userName':'" SUB "',"                 \
	"'callerContext':{'awsSdkVersion':'aws-sdk-nodejs-2.1639.0'," \
	"'clientId':'CLIENT_ID_NOT_APPLICABLE'},"
#define SIGN_UP                                                      \
	HEAD "'triggerSource':'PreSignUp_AdminCreateUser',"          \
	     "'request':{'userAttributes':{'email_verified':'true'," \
	     "'email':'a@example.com'},"
#define SIGN_UP_END                                                \
	"},'response':{'autoConfirmUser':false,'autoVerifyEmail':" \
	"false,'autoVerifyPhone':false}}"
#define VERIFIED "{'email_verified':'true','email':'a@example.com'}"

Test(trigger, sign_up_event)
{
	MEM_AUTO mem = mem_new(NULL);
	static const struct {
		const char *members, *event;
	} cases[] = {
		{ "", SIGN_UP "'validationData':null" SIGN_UP_END },
		{ ",'ClientMetadata':{}",
		    SIGN_UP "'validationData':null" SIGN_UP_END },
		{ ",'ClientMetadata':{'tenant':'7','x':''},'ValidationData':["
		  "{'Name':'v','Value':'0'},{'Name':'n'},"
		  "{'Name':'v','Value':'1'}]",
		    SIGN_UP
		    "'validationData':{'v':'1','n':null},"
		    "'clientMetadata':{'tenant':'7','x':''}" SIGN_UP_END },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct trigger_event event =
		    an_event(mem, USER_FORCE_CHANGE_PASSWORD, "email phone",
		        VERIFIED, cases[i].members);
		expect_same(mem, trigger_sign_up_event(mem, &event),
		    cases[i].event);
	}
}

#define MESSAGE                                                 \
	HEAD "'triggerSource':'CustomMessage_AdminCreateUser'," \
	     "'request':{'userAttributes':{'sub':'" SUB "',"
#define MESSAGE_END                                                      \
	"},'codeParameter':'{####}','linkParameter':'{##Click Here##}'," \
	"'usernameParameter':'{username}'"
#define NO_TEXTS \
	"},'response':{'smsMessage':null,'emailMessage':null,'emailSubject':null}}"

Test(trigger, message_event)
{
	MEM_AUTO mem = mem_new(NULL);
	static const struct {
		const char *status, *aliases, *attributes, *members, *event;
	} cases[] = {
		{ "FORCE_CHANGE_PASSWORD", "", VERIFIED, "",
		    MESSAGE "'cognito:user_status':'FORCE_CHANGE_PASSWORD',"
		            "'email_verified':'true','email':"
		            "'a@example.com'" MESSAGE_END NO_TEXTS },
		{ "CONFIRMED", "email", VERIFIED, ",'ClientMetadata':{'a':'b'}",
		    MESSAGE "'cognito:user_status':'CONFIRMED',"
		            "'cognito:email_alias':'a@example.com',"
		            "'email_verified':'true','email':"
		            "'a@example.com'" MESSAGE_END
		            ",'clientMetadata':{'a':'b'}" NO_TEXTS },
		/* Only what is verified is an alias. */
		{ "FORCE_CHANGE_PASSWORD", "email phone",
		    "{'email':'a@example.com','phone_number':'+441632960123',"
		    "'phone_number_verified':'true'}",
		    "",
		    MESSAGE "'cognito:user_status':'FORCE_CHANGE_PASSWORD',"
		            "'cognito:phone_number_alias':'+441632960123',"
		            "'email':'a@example.com','phone_number':"
		            "'+441632960123','phone_number_verified':"
		            "'true'" MESSAGE_END NO_TEXTS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct trigger_event event =
		    an_event(mem, cases[i].status, cases[i].aliases,
		        cases[i].attributes, cases[i].members);
		expect_same(mem, trigger_message_event(mem, &event),
		    cases[i].event);
	}
}

#define SENDER(medium, source)                                            \
	HEAD "'triggerSource':'Custom" source "Sender_AdminCreateUser',"  \
	     "'request':{'type':'custom" medium "SenderRequestV1','code'" \
	     ":null,'userAttributes':{'sub':'" SUB "',"                   \
	     "'cognito:user_status':'FORCE_CHANGE_PASSWORD',"             \
	     "'email_verified':'true','email':'a@example.com'},"

Test(trigger, sender_event)
{
	MEM_AUTO mem = mem_new(NULL);
	const struct trigger_event mail =
	    an_event(mem, USER_FORCE_CHANGE_PASSWORD, "", VERIFIED, "");
	const struct trigger_event sms =
	    an_event(mem, USER_FORCE_CHANGE_PASSWORD, "", VERIFIED,
	        ",'ClientMetadata':{'a':'b'}");

	expect_same(mem, trigger_sender_event(mem, &mail, false),
	    SENDER("Email", "Email") "'clientMetadata':null}}");
	expect_same(mem, trigger_sender_event(mem, &sms, true),
	    SENDER("SMS", "SMS") "'clientMetadata':{'a':'b'}}}");
}

Test(trigger, events_of_a_reset)
{
	MEM_AUTO mem = mem_new(NULL);
	struct trigger_event event = an_event(mem, USER_CONFIRMED, "", VERIFIED,
	    ",'ClientMetadata':{'a':'b'}");

	event.source = TRIGGER_RESET;
	expect_same(mem, trigger_message_event(mem, &event),
	    HEAD "'triggerSource':'CustomMessage_ForgotPassword','request':{"
	         "'userAttributes':{'sub':'" SUB "','cognito:user_status':"
	         "'CONFIRMED','email_verified':'true','email':"
	         "'a@example.com'},'codeParameter':'{####}','linkParameter':"
	         "'{##Click Here##}','usernameParameter':null,"
	         "'clientMetadata':{'a':'b'}" NO_TEXTS);
	for (int sms = 0; sms < 2; sms++)
		cr_expect_str_eq(
		    json_text(trigger_sender_event(mem, &event, sms),
		        "/triggerSource"),
		    sms ? "CustomSMSSender_ForgotPassword"
		        : "CustomEmailSender_ForgotPassword");
}

Test(trigger, sdk_version)
{
	MEM_AUTO mem = mem_new(NULL);
	static const struct {
		const char *user_agent, *version;
	} cases[] = {
		{ NULL, "aws-sdk-unknown-unknown" },
		{ "", "aws-sdk-unknown-unknown" },
		{ "aws-sdk-java/1.11.93 Linux/4.9 Java/1.8",
		    "aws-sdk-java-1.11.93" },
		{ "aws-sdk-js/2.1639.0 callback", "aws-sdk-js-2.1639.0" },
		{ "aws-sdk-js/3.967.0 ua/2.1 os/linux", "aws-sdk-js-3.967.0" },
		{ "exec-env/x aws-sdk-go/1.2", "aws-sdk-go-1.2" },
		{ "Boto3/1.43.11 md/Botocore#1.43.11",
		    "aws-sdk-unknown-unknown" },
		{ "aws-amplify/5.0.4", "aws-sdk-unknown-unknown" },
		{ "aws-sdk-js", "aws-sdk-unknown-unknown" },
		{ "aws-sdk-js/", "aws-sdk-unknown-unknown" },
		{ "aws-sdk-js/\xff", "aws-sdk-unknown-unknown" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_str_eq(trigger_sdk_version(mem, cases[i].user_agent),
		    cases[i].version);
	char *long_one =
	    mem_printf(mem, "aws-sdk-js/%s", scratch_times(mem, "1", 200));
	cr_expect_str_eq(trigger_sdk_version(mem, long_one),
	    "aws-sdk-unknown-unknown");
}

#define WHOLE "{'a':{},'triggerSource':'t','response':{}}"

static const struct {
	struct hook_answer answer;
	enum err_code code; /* NONE: taken */
	const char *message;
} answers[] = {
	{ { true, false, false, 200, WHOLE, NULL }, ERR_NONE, NULL },
	{ { true, false, false, 201,
	      "{'b':1,'a':null,'triggerSource':0,'response':{'x':1}}", NULL },
	    ERR_NONE, NULL },
	/* A word in the response is not an error. */
	{ { true, false, false, 200,
	      "{'errorMessage':'x','a':1,'triggerSource':'t',"
	      "'response':{}}",
	      NULL },
	    ERR_NONE, NULL },
	{ { true, false, true, 200, "{'errorMessage':'no','errorType':'Error'}",
	      NULL },
	    ERR_USER_LAMBDA, "PreSignUp failed with error no." },
	{ { true, false, true, 200, "{'errorMessage':'not you.'}", NULL },
	    ERR_USER_LAMBDA, "PreSignUp failed with error not you.." },
	{ { true, false, true, 200, "{'errorType':'Error'}", NULL },
	    ERR_USER_LAMBDA, "PreSignUp failed with error Error." },
	{ { true, false, true, 200, "out of memory", NULL }, ERR_USER_LAMBDA,
	    "PreSignUp failed with error Unknown." },
	/* An emulator without the header, and a plain webhook. */
	{ { true, false, false, 200, "{'errorMessage':'no'}", NULL },
	    ERR_USER_LAMBDA, "PreSignUp failed with error no." },
	{ { true, false, false, 403, "{'errorMessage':'no'}", NULL },
	    ERR_USER_LAMBDA, "PreSignUp failed with error no." },
	{ { true, false, false, 200, "Task timed out", NULL },
	    ERR_INVALID_LAMBDA,
	    "Invalid lambda function output : Invalid JSON" },
	{ { true, false, false, 200, "", NULL }, ERR_INVALID_LAMBDA,
	    "Invalid lambda function output : Invalid JSON" },
	{ { true, false, false, 200, "null", NULL }, ERR_INVALID_LAMBDA,
	    "Unrecognizable lambda output" },
	{ { true, false, false, 200, "[1]", NULL }, ERR_INVALID_LAMBDA,
	    "Unrecognizable lambda output" },
	{ { true, false, false, 200, "{'triggerSource':'t','response':{}}",
	      NULL },
	    ERR_INVALID_LAMBDA, "Unrecognizable lambda output" },
	{ { true, false, false, 200,
	      "{'a':{},'triggerSource':'t','response':null}", NULL },
	    ERR_INVALID_LAMBDA, "Unrecognizable lambda output" },
	{ { true, false, false, 200, "{'a':{},'triggerSource':'t'}", NULL },
	    ERR_INVALID_LAMBDA, "Unrecognizable lambda output" },
	{ { true, false, false, 302, WHOLE, NULL }, ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "ServiceException." },
	{ { true, false, false, 403, "{'message':'Forbidden'}", NULL },
	    ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "AccessDeniedException." },
	{ { true, false, false, 409, "", NULL }, ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "ResourceConflictException." },
	{ { true, false, false, 500, "{'errorMessage':'no'}", NULL },
	    ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "ServiceException." },
	{ { false, true, false, 0, "", "timeout" }, ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "TimeoutException." },
	{ { false, false, false, 0, "", "refused" }, ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "ServiceException." },
	/* The status came, the body did not. */
	{ { false, true, false, 200, "{'a':", "timeout" },
	    ERR_UNEXPECTED_LAMBDA,
	    "PreSignUp invocation failed due to error "
	    "TimeoutException." },
};

Test(trigger, judge)
{
	MEM_AUTO mem = mem_new(NULL);
	const cJSON *sent = json(mem, WHOLE);

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct hook_answer answer = answers[i].answer;
		struct err err = { 0 };
		answer.body = quoted(mem, answer.body);
		const cJSON *response =
		    trigger_judge(mem, "PreSignUp", sent, &answer, &err);
		cr_expect_eq(response != NULL, !answers[i].code, "%zu", i);
		cr_expect_eq(err.code, answers[i].code, "%zu", i);
		cr_expect_str_eq(err.message,
		    answers[i].message ? answers[i].message : "");
	}
}

#define MAIL "Dear {username}: {####}"

static void expect_texts(const char *source, const char *status,
    const char *response, const struct message_template *expected)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .tag = "test" };
	struct trigger_event event = an_event(mem, status, "", VERIFIED, "");

	event.source = source;
	const struct message_template *texts =
	    trigger_texts(&work, &event, json(mem, response));

	cr_expect(str_same(texts->sms_message, expected->sms_message), "%.200s",
	    response);
	cr_expect(str_same(texts->email_message, expected->email_message),
	    "%.200s", response);
	cr_expect(str_same(texts->email_subject, expected->email_subject),
	    "%.200s", response);
}

Test(trigger, texts)
{
	static const struct {
		const char *response;
		struct message_template texts;
	} cases[] = {
		{ "{}", { 0 } },
		{ "{'smsMessage':null,'emailMessage':null,'emailSubject':null}",
		    { 0 } },
		{ "{'smsMessage':'" MAIL "','emailMessage':'<b>" MAIL
		  "</b>','emailSubject':'Hallo'}",
		    { "<b>" MAIL "</b>", "Hallo", MAIL } },
		/* The pool's text under the trigger's subject. */
		{ "{'emailSubject':'Hallo'}", { NULL, "Hallo", NULL } },
		/* Each part for itself, but a subject goes with its text. */
		{ "{'smsMessage':'{####}','emailMessage':'" MAIL "'}",
		    { MAIL, NULL, NULL } },
		{ "{'smsMessage':'{username}','emailMessage':'" MAIL "'}",
		    { MAIL, NULL, NULL } },
		{ "{'smsMessage':'" MAIL "','emailMessage':'{####}',"
		  "'emailSubject':'Hallo'}",
		    { NULL, NULL, MAIL } },
		{ "{'emailMessage':'','emailSubject':'Hallo'}", { 0 } },
		{ "{'emailMessage':5,'emailSubject':'Hallo'}", { 0 } },
		{ "{'emailMessage':'" MAIL "','emailSubject':''}",
		    { MAIL, NULL, NULL } },
		{ "{'emailMessage':'" MAIL "','emailSubject':'a\\nb'}",
		    { MAIL, NULL, NULL } },
		/* A no-break space is no white space there. */
		{ "{'emailMessage':'" MAIL "\xc2\xa0'}", { 0 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_texts(TRIGGER_INVITATION, USER_FORCE_CHANGE_PASSWORD,
		    cases[i].response, &cases[i].texts);
}

Test(trigger, texts_without_password)
{
	expect_texts(TRIGGER_INVITATION, USER_CONFIRMED,
	    "{'smsMessage':'Welcome'}",
	    &(struct message_template){ .sms_message = "Welcome" });
	expect_texts(TRIGGER_INVITATION, USER_CONFIRMED,
	    "{'smsMessage':'short'}", &(struct message_template){ 0 });
}

Test(trigger, texts_of_a_reset)
{
	expect_texts(TRIGGER_RESET, USER_CONFIRMED, "{'smsMessage':'{####}'}",
	    &(struct message_template){ .sms_message = "{####}" });
	expect_texts(TRIGGER_RESET, USER_CONFIRMED,
	    "{'smsMessage':'{username}'}", &(struct message_template){ 0 });
}

Test(trigger, text_lengths)
{
	static const struct {
		const char *name;
		int most;
	} cases[] = { { "smsMessage", 140 }, { "emailMessage", 20000 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int more = 0; more < 2; more++) {
			MEM_AUTO mem = mem_new(NULL);
			/* Characters count, not bytes. */
			char *text = mem_printf(mem, "{username}{####}%s",
			    scratch_times(mem, "\xc3\xa9",
			        cases[i].most + more - 16));
			struct message_template texts = { 0 };
			if (!more && i == 0)
				texts.sms_message = text;
			if (!more && i == 1)
				texts.email_message = text;
			expect_texts(TRIGGER_INVITATION,
			    USER_FORCE_CHANGE_PASSWORD,
			    mem_printf(mem, "{'%s':'%s'}", cases[i].name, text),
			    &texts);
		}
}
