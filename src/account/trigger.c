/* SPDX-License-Identifier: MIT */
#include "account/trigger.h"

#include <string.h>

#include "account/attribute.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#define SDK "aws-sdk-"
#define PART_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

char *trigger_sdk_version(struct mem *mem, const char *user_agent)
{
	const char *name = user_agent ? strstr(user_agent, SDK) : NULL;

	if (name) {
		int length = (int)strspn(name, PART_CHARS "-");
		const char *version = name + length + 1;
		int digits = name[length] == '/'
		                 ? (int)strspn(version, PART_CHARS ".-+")
		                 : 0;
		if (digits && length + digits < 100)
			return mem_printf(mem, "%.*s-%.*s", length, name,
			    digits, version);
	}
	return mem_text(mem, SDK "unknown-unknown");
}

static bool is_reset(const struct trigger_event *event)
{
	return strcmp(event->source, TRIGGER_RESET) == 0;
}

static cJSON *new_event(struct mem *mem, const struct trigger_event *event,
    const char *trigger)
{
	cJSON *json = json_object(mem);

	json_add(json, "version", "1");
	json_add(json, "region", event->engine->config->region);
	json_add(json, "userPoolId", event->pool->id);
	json_add(json, "userName", event->user->username);
	cJSON *caller = cJSON_AddObjectToObject(json, "callerContext");
	json_add(caller, "awsSdkVersion",
	    trigger_sdk_version(mem, event->request->user_agent));
	json_add(caller, "clientId", "CLIENT_ID_NOT_APPLICABLE");
	json_add(json, "triggerSource",
	    mem_printf(mem, "%s_%s", trigger, event->source));
	return json;
}

static void add_metadata(cJSON *request, const struct field_list *metadata)
{
	const struct field_pair *pairs = metadata->items;
	cJSON *object = metadata->count
	                    ? cJSON_AddObjectToObject(request, "clientMetadata")
	                    : NULL;

	for (size_t i = 0; i < metadata->count; i++)
		json_add(object, pairs[i].name, pairs[i].value);
}

static void add_validation(cJSON *request, const struct field_list *list)
{
	const struct attribute *pairs = list->items;

	if (!list->count) {
		cJSON_AddNullToObject(request, "validationData");
		return;
	}
	cJSON *object = cJSON_AddObjectToObject(request, "validationData");
	for (size_t i = 0; i < list->count; i++) {
		/* The last of equal names wins. */
		cJSON_DeleteItemFromObjectCaseSensitive(object, pairs[i].name);
		if (pairs[i].value)
			json_add(object, pairs[i].name, pairs[i].value);
		else
			cJSON_AddNullToObject(object, pairs[i].name);
	}
}

cJSON *trigger_sign_up_event(struct mem *mem, const struct trigger_event *event)
{
	cJSON *json = new_event(mem, event, "PreSignUp");
	cJSON *request = cJSON_AddObjectToObject(json, "request");
	cJSON *response;

	cJSON_AddItemToObject(request, "userAttributes",
	    cJSON_Duplicate(event->user->attributes, true));
	add_validation(request, &event->request->validation_data);
	add_metadata(request, &event->request->metadata);
	response = cJSON_AddObjectToObject(json, "response");
	cJSON_AddFalseToObject(response, "autoConfirmUser");
	cJSON_AddFalseToObject(response, "autoVerifyEmail");
	cJSON_AddFalseToObject(response, "autoVerifyPhone");
	return json;
}

/* An address that is also a name to sign in with. */
static void add_alias(cJSON *attributes, const struct user *user, bool alias,
    const char *name)
{
	char label[64];
	char flag[64];

	snprintf(label, sizeof(label), "cognito:%s_alias", name);
	snprintf(flag, sizeof(flag), "%s_verified", name);
	if (alias && attribute_is_true(user->attributes, flag))
		json_add(attributes, label,
		    attribute_get(user->attributes, name));
}

static void add_user(cJSON *request, const struct trigger_event *event)
{
	const struct user *user = event->user;
	cJSON *attributes = cJSON_AddObjectToObject(request, "userAttributes");
	const cJSON *item;

	json_add(attributes, "sub", user->sub);
	json_add(attributes, "cognito:user_status", user->status);
	add_alias(attributes, user, event->pool->alias_email, "email");
	add_alias(attributes, user, event->pool->alias_phone, "phone_number");
	cJSON_ArrayForEach(item, user->attributes)
	    json_add(attributes, item->string, item->valuestring);
}

cJSON *trigger_message_event(struct mem *mem, const struct trigger_event *event)
{
	cJSON *json = new_event(mem, event, "CustomMessage");
	cJSON *request = cJSON_AddObjectToObject(json, "request");
	cJSON *response;

	add_user(request, event);
	json_add(request, "codeParameter", "{####}");
	json_add(request, "linkParameter", "{##Click Here##}");
	if (is_reset(event))
		cJSON_AddNullToObject(request, "usernameParameter");
	else
		json_add(request, "usernameParameter", "{username}");
	add_metadata(request, &event->request->metadata);
	response = cJSON_AddObjectToObject(json, "response");
	cJSON_AddNullToObject(response, "smsMessage");
	cJSON_AddNullToObject(response, "emailMessage");
	cJSON_AddNullToObject(response, "emailSubject");
	return json;
}

cJSON *trigger_sender_event(struct mem *mem, const struct trigger_event *event,
    bool sms)
{
	cJSON *json = new_event(mem, event,
	    sms ? "CustomSMSSender" : "CustomEmailSender");
	cJSON *request = cJSON_AddObjectToObject(json, "request");

	json_add(request, "type",
	    sms ? "customSMSSenderRequestV1" : "customEmailSenderRequestV1");
	cJSON_AddNullToObject(request, "code");
	if (event->request->metadata.count)
		add_metadata(request, &event->request->metadata);
	else
		cJSON_AddNullToObject(request, "clientMetadata");
	add_user(request, event);
	return json;
}

/* As Lambda's Invoke names what has this status. */
static const char *lambda_error(const struct hook_answer *answer)
{
	static const struct {
		int status;
		const char *code;
	} codes[] = {
		{ 400, "InvalidRequestContentException" },
		{ 401, "AccessDeniedException" },
		{ 403, "AccessDeniedException" },
		{ 404, "ResourceNotFoundException" },
		{ 409, "ResourceConflictException" },
		{ 413, "RequestTooLargeException" },
		{ 415, "UnsupportedMediaTypeException" },
		{ 429, "TooManyRequestsException" },
	};

	if (!answer->answered && answer->timed_out)
		return "TimeoutException";
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (answer->answered && codes[i].status == answer->status)
			return codes[i].code;
	return "ServiceException";
}

/* Some emulators of Lambda lack the header; an error is never an event. */
static const char *function_error(const struct hook_answer *answer,
    const cJSON *json)
{
	const char *message = json_text(json, "/errorMessage");
	const char *type = json_text(json, "/errorType");

	if (!answer->function_error &&
	    ((!message && !type) || json_at(json, "/triggerSource")))
		return NULL;
	if (message)
		return message;
	return type ? type : "Unknown";
}

/* Everything that was sent must be there, whatever it says. */
static bool is_whole(const cJSON *json, const cJSON *sent)
{
	const cJSON *item;

	cJSON_ArrayForEach(item,
	    sent) if (!cJSON_GetObjectItemCaseSensitive(json,
	                  item->string)) return false;
	return cJSON_IsObject(json) &&
	       cJSON_IsObject(json_at(json, "/response"));
}

const cJSON *trigger_judge(struct mem *mem, const char *name, const cJSON *sent,
    const struct hook_answer *answer, struct err *err)
{
	struct err unreadable = { 0 };
	const cJSON *json = json_read(mem, answer->body, &unreadable);
	bool reached = answer->answered && answer->status < 500;
	const char *refusal = reached ? function_error(answer, json) : NULL;

	if (refusal)
		err_set(err, ERR_USER_LAMBDA, "%s failed with error %s.", name,
		    refusal);
	else if (!reached || answer->status < 200 || answer->status > 299)
		err_set(err, ERR_UNEXPECTED_LAMBDA,
		    "%s invocation failed due to error %s.", name,
		    lambda_error(answer));
	else if (!json)
		err_set(err, ERR_INVALID_LAMBDA,
		    "Invalid lambda function output : Invalid JSON");
	else if (!is_whole(json, sent))
		err_set(err, ERR_INVALID_LAMBDA,
		    "Unrecognizable lambda output");
	else
		return json_at(json, "/response");
	return NULL;
}

/* The caller learns only which trigger it was. */
static void log_failure(struct work *work, const struct trigger_event *event,
    const char *arn, const char *words)
{
	if (work->err.code != ERR_USER_LAMBDA)
		log_warning(work->tag, "a trigger failed", "pool",
		    event->pool->id, "arn", arn, "error", work->err.message,
		    "why", words);
}

/* The response of the trigger NAME to the event SENT, or NULL. */
static const cJSON *call(struct work *work, const struct trigger_event *event,
    const char *name, const char *arn, const cJSON *sent)
{
	const struct hook *hook = hook_find(event->engine->hooks, arn);
	const cJSON *response = NULL;
	struct hook_answer answer = { .words =
		                          "trigger_file does not name it" };

	if (hook) {
		answer =
		    hook_call(work->mem, hook, json_print(work->mem, sent));
		response =
		    trigger_judge(work->mem, name, sent, &answer, &work->err);
	} else {
		work_fail(work, ERR_UNEXPECTED_LAMBDA,
		    "%s invocation failed due to configuration.", name);
	}
	if (!response)
		log_failure(work, event, arn, answer.words);
	return response;
}

bool trigger_any(const struct pool *pool)
{
	const struct triggers *triggers = pool->settings->triggers;

	return triggers && (triggers->pre_sign_up || triggers->custom_message ||
	                       triggers->email_sender || triggers->sms_sender);
}

bool trigger_pre_sign_up(struct work *work, const struct trigger_event *event)
{
	const struct triggers *triggers = event->pool->settings->triggers;

	/* A pool's own confirmation and verification are for those who sign
	 * up themselves: the answer's are not looked at. */
	return !triggers || !triggers->pre_sign_up ||
	       call(work, event, "PreSignUp", triggers->pre_sign_up,
	           trigger_sign_up_event(work->mem, event));
}

/* A part of the answer. Its text is not for the log: it is as if secret. */
struct part {
	const char *text;
};

static const struct field sms_row =
    ROW_TEXT(struct part, text, "smsMessage", FIELD_SECRET, 6, 140, "(?s).*");
static const struct field mail_row = ROW_TEXT(struct part, text, "emailMessage",
    FIELD_SECRET, 6, 20000, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*");
static const struct field subject_row = ROW_TEXT(struct part, text,
    "emailSubject", FIELD_SECRET, 1, 140, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P} ]+");

/* Who has a password must find it, and the name that goes with it; who is
 * reset, the code. */
static const char *lacks(const struct trigger_event *event, const char *text)
{
	if (!is_reset(event) &&
	    strcmp(event->user->status, USER_FORCE_CHANGE_PASSWORD) != 0)
		return NULL;
	if (!strstr(text, "{####}"))
		return "it lacks {####}";
	return is_reset(event) || strstr(text, "{username}")
	           ? NULL
	           : "it lacks {username}";
}

/* True when the answer's text of ROW is used, or there is none. */
static bool take_part(struct work *work, const struct trigger_event *event,
    const cJSON *response, const struct field *row, const char **text)
{
	const struct field rows[] = { *row, ROW_END };
	struct part part = { 0 };
	struct err err = { 0 };
	const char *why = NULL;

	if (!field_read(work->mem, rows, response, &part, &err))
		why = mem_text(work->mem, err.message);
	else if (part.text && row != &subject_row)
		why = lacks(event, part.text);
	if (why)
		log_warning(work->tag,
		    "a custom message cannot be used; the user pool's is",
		    "pool", event->pool->id, "part", row->name, "why", why);
	else
		*text = part.text;
	return !why;
}

const struct message_template *trigger_texts(struct work *work,
    const struct trigger_event *event, const cJSON *response)
{
	struct message_template *texts =
	    mem_make(work->mem, struct message_template);

	take_part(work, event, response, &sms_row, &texts->sms_message);
	/* A subject goes with its text. */
	if (take_part(work, event, response, &mail_row, &texts->email_message))
		take_part(work, event, response, &subject_row,
		    &texts->email_subject);
	return texts;
}

/* Whether CustomMessage has a say in what goes by this medium; a sender, if
 * there is one, is noted instead. */
static bool has_say(struct mem *mem, const struct trigger_event *event,
    bool sms, struct invitation_custom *custom)
{
	const struct triggers *triggers = event->pool->settings->triggers;
	const struct sender_trigger *sender =
	    sms ? triggers->sms_sender : triggers->email_sender;

	if (!attribute_get(event->user->attributes,
	        sms ? "phone_number" : "email"))
		return false;
	if (!sender)
		return true;
	custom->senders[sms] = sender->arn;
	custom->events[sms] =
	    json_print(mem, trigger_sender_event(mem, event, sms));
	return false;
}

bool trigger_message(struct work *work, const struct trigger_event *event,
    bool email, bool sms, struct invitation_custom *custom)
{
	const struct triggers *triggers = event->pool->settings->triggers;
	bool mail_said;
	bool text_said;

	if (!triggers)
		return true;
	mail_said = email && has_say(work->mem, event, false, custom);
	text_said = sms && has_say(work->mem, event, true, custom);
	if (!triggers->custom_message || (!mail_said && !text_said))
		return true;
	const cJSON *response = call(work, event, "CustomMessage",
	    triggers->custom_message, trigger_message_event(work->mem, event));
	if (response)
		custom->texts = trigger_texts(work, event, response);
	return response != NULL;
}
