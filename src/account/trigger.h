/* SPDX-License-Identifier: MIT */
/*
 * trigger - what a user pool's functions are told and what their answers mean:
 * PreSignUp may refuse a user, CustomMessage may say another text; a custom
 * sender brings the message away itself (delivery/sender.h).
 *
 * "Customizing user pool workflows with Lambda triggers" of the Amazon Cognito
 * developer guide. A function is a webhook of hook.h; it returns the whole
 * event with "response" filled.
 */
#ifndef ACCOUNT_TRIGGER_H
#define ACCOUNT_TRIGGER_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "account/engine.h"
#include "account/hook.h"
#include "account/invite.h"
#include "account/user.h"
#include "db/work.h"

/* What brings a message about, as the names of triggers' sources end. */
#define TRIGGER_INVITATION "AdminCreateUser"
#define TRIGGER_RESET      "ForgotPassword"

/* An invitation, or a code, on its way. */
struct trigger_event {
	const char *source;
	const struct engine *engine;
	const struct pool *pool;
	const struct user *user; /* as it will be, or is */
	/* Of a reset: its ClientMetadata and the client's name alone. */
	const struct invite_request *request;
};

/* Whether a user of POOL is invited with the help of any. */
bool trigger_any(const struct pool *pool);

/*
 * Asks the pool's PreSignUp, if it has one. False with ERR_USER_LAMBDA when it
 * refuses, ERR_UNEXPECTED_LAMBDA when it could not be called,
 * ERR_INVALID_LAMBDA when it made no sense.
 */
bool trigger_pre_sign_up(struct work *work, const struct trigger_event *event);

/*
 * Notes in CUSTOM which of the media that are wanted and for which the user has
 * an address are a custom sender's; if there are others, asks the pool's
 * CustomMessage for their texts. Errors as above.
 */
bool trigger_message(struct work *work, const struct trigger_event *event,
    bool email, bool sms, struct invitation_custom *custom);

/* The events as they are sent; in MEM. */
cJSON *trigger_sign_up_event(struct mem *mem,
    const struct trigger_event *event);
cJSON *trigger_message_event(struct mem *mem,
    const struct trigger_event *event);

/* The one of a custom sender; its /request/code is to be filled in. */
cJSON *trigger_sender_event(struct mem *mem, const struct trigger_event *event,
    bool sms);

/* "aws-sdk-js-2.1639.0" by the client's User-Agent, which may be NULL. */
char *trigger_sdk_version(struct mem *mem, const char *user_agent);

/* The "response" of ANSWER to the event SENT to the trigger NAME, or NULL
 * with one of the errors above. */
const cJSON *trigger_judge(struct mem *mem, const char *name, const cJSON *sent,
    const struct hook_answer *answer, struct err *err);

/* What can be used of a CustomMessage's RESPONSE; why the rest cannot is
 * logged. */
const struct message_template *trigger_texts(struct work *work,
    const struct trigger_event *event, const cJSON *response);

#endif
