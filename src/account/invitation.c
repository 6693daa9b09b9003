/* SPDX-License-Identifier: MIT */
#include "account/invitation.h"

#include <stdlib.h>
#include <string.h>

#include "account/attribute.h"
#include "base/config.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"
#include "message/phone.h"

const char *invitation_shown_username(const struct pool *pool,
    const struct user *user, const char *requested)
{
	const char *email = attribute_get(user->attributes, "email");
	const char *phone = attribute_get(user->attributes, "phone_number");

	if (!pool->username_is_email && !pool->username_is_phone)
		return user->username;
	if (strcmp(requested, user->sub) != 0)
		return requested;
	if (pool->username_is_email && email)
		return email;
	return pool->username_is_phone && phone ? phone : user->username;
}

char *invitation_place(struct mem *mem, const char *pool_id, const char *sub,
    const char *medium, int64_t invitation)
{
	char room[STR_INT_ROOM];

	return mem_join(mem, "message ", pool_id, " ", sub, " ", medium, " ",
	    str_int(room, invitation), NULL);
}

/* What OWN has takes the place of it, part by part. */
static void put_texts(const struct message_template *own, bool sms,
    struct template *template)
{
	if (!own)
		return;
	if (sms && own->sms_message)
		*template = (struct template){ .text = own->sms_message };
	if (!sms && own->email_message)
		*template = (struct template){ .html = own->email_message,
			.subject = template->subject };
	if (!sms && own->email_subject)
		template->subject = own->email_subject;
}

static void put_own_texts(const struct pool *pool, enum invitation_text text,
    bool sms, struct template *template)
{
	const struct pool_settings *settings = pool->settings;

	if (text != INVITATION_RESET) {
		put_texts(settings->admin_create
		              ? settings->admin_create->invite
		              : NULL,
		    sms, template);
		return;
	}
	put_texts(&settings->verification, sms, template);
	if (settings->verification_template)
		put_texts(&settings->verification_template->texts, sms,
		    template);
}

static enum template_name default_name(const struct engine *engine,
    enum invitation_text text)
{
	bool aws = strcmp(engine->config->invite_default_text, "aws") == 0;

	if (text == INVITATION_WELCOME)
		return TEMPLATE_WELCOME;
	if (text == INVITATION_RESET)
		return aws ? TEMPLATE_AWS_RESET : TEMPLATE_RESET;
	return aws ? TEMPLATE_AWS : TEMPLATE_INVITATION;
}

void invitation_choose_template(const struct engine *engine,
    const struct pool *pool, enum invitation_text text, bool sms,
    struct template *template)
{
	template_builtin(default_name(engine, text), sms, template);
	put_own_texts(pool, text, sms, template);
}

/* The text is printed and digested once as long as POOL lives. */
static struct pool_text *get_text(const struct engine *engine,
    const struct invitation *invitation, bool sms)
{
	const struct pool *pool = invitation->pool;
	struct pool_text *text = &pool->texts[2 * invitation->text + sms];
	struct template template;

	if (!text->hash) {
		invitation_choose_template(engine, pool, invitation->text, sms,
		    &template);
		text->content = template_print(pool->mem, &template);
		text->hash = secret_digest(pool->mem, text->content);
	}
	return text;
}

/* Whether a message is another than all others of its pool. */
static bool is_special(const struct invitation_custom *custom, bool sms)
{
	const struct message_template *texts = custom ? custom->texts : NULL;

	if (!custom || custom->senders[sms])
		return custom;
	return texts && (sms ? texts->sms_message != NULL
	                     : texts->email_message || texts->email_subject);
}

static struct pool_text *special_text(struct mem *mem)
{
	struct pool_text *text = mem_make(mem, struct pool_text);

	text->content =
	    template_print(mem, &(struct template){ .sealed = true });
	text->hash = secret_digest(mem, text->content);
	return text;
}

/* It may tell of the user, and must go when the password does. */
static const char *special_secret(struct mem *mem, const struct engine *engine,
    const struct invitation *invitation, bool sms)
{
	const struct invitation_custom *custom = invitation->custom;
	struct template template = { .sender = custom->senders[sms] };
	struct err err = { 0 };

	if (!template.sender) {
		invitation_choose_template(engine, invitation->pool,
		    invitation->text, sms, &template);
		put_texts(custom->texts, sms, &template);
	}
	cJSON *json = json_read(mem, template_print(mem, &template), &err);
	json_add(json, "event", custom->events[sms]);
	return mem_secret(mem_printf(mem, "%s\n%s",
	    invitation->password ? invitation->password : "",
	    json_print(mem, json)));
}

static void add_message(struct work *work, const struct engine *engine,
    const struct invitation *invitation, bool sms, struct invitation_plan *plan)
{
	const struct user *user = invitation->user;
	struct invitation_message *message = &plan->messages[plan->count++];
	bool special = is_special(invitation->custom, sms);
	const struct pool_text *text = special
	                                   ? special_text(work->mem)
	                                   : get_text(engine, invitation, sms);
	const char *secret =
	    special ? special_secret(work->mem, engine, invitation, sms)
	            : invitation->password;

	message->medium = sms ? "SMS" : "EMAIL";
	message->destination =
	    attribute_get(user->attributes, sms ? "phone_number" : "email");
	message->template = text->hash;
	message->content = text->stored ? NULL : text->content;
	if (!message->destination) {
		message->destination = "";
		message->outcome = "skipped";
		message->block = "no address";
	} else if (secret) {
		message->sealed =
		    secret_seal(work->mem, engine->keyring, secret,
		        invitation_place(work->mem, user->pool_id, user->sub,
		            message->medium, user->invitation));
	}
}

static bool wants(const struct field_words *media, const char *medium)
{
	for (size_t i = 0; i < media->count; i++)
		if (strcmp(media->items[i], medium) == 0)
			return true;
	return false;
}

/* Without a wish nothing fails for want of an address: it is left out. */
void invitation_choose_media(const struct engine *engine,
    const struct invitation *invitation, bool *email, bool *sms)
{
	const cJSON *attributes = invitation->user->attributes;
	bool automatic =
	    strcmp(engine->config->invite_default_medium, "auto") == 0;

	*email = wants(invitation->media, "EMAIL");
	*sms = wants(invitation->media, "SMS");
	if (!invitation->media->count) {
		*sms = attribute_get(attributes, "phone_number") != NULL;
		*email =
		    automatic && !*sms && attribute_get(attributes, "email");
	}
}

void invitation_make_plan(struct work *work, const struct engine *engine,
    const struct invitation *invitation, struct invitation_plan *plan)
{
	bool email;
	bool sms;

	invitation_choose_media(engine, invitation, &email, &sms);
	if (email)
		add_message(work, engine, invitation, false, plan);
	if (sms)
		add_message(work, engine, invitation, true, plan);
}

static const char *column(struct mem *mem, const struct invitation_plan *plan,
    size_t offset)
{
	const char *texts[INVITATION_MOST];

	for (size_t i = 0; i < plan->count; i++) {
		const void *place = (const char *)&plan->messages[i] + offset;
		texts[i] = *(const char *const *)place;
	}
	return db_array(mem, texts, plan->count);
}

struct invitation_arrays invitation_arrays(struct mem *mem,
    const struct invitation_plan *plan)
{
#define ARRAY(member) \
	column(mem, plan, offsetof(struct invitation_message, member))
	return (struct invitation_arrays){
		.media = ARRAY(medium),
		.destinations = ARRAY(destination),
		.sealed = ARRAY(sealed),
		.templates = ARRAY(template),
		.contents = ARRAY(content),
		.outcomes = ARRAY(outcome),
	};
#undef ARRAY
}

/* Whether a message of the plan has the template of that hash, or NULL. */
static bool is_in(const struct invitation_plan *plan, const char *hash)
{
	for (size_t i = 0; i < plan->count && hash; i++)
		if (strcmp(plan->messages[i].template, hash) == 0)
			return true;
	return false;
}

/* The plan has EMAIL before SMS, which is the order of the answer too. */
void invitation_conclude(struct mem *mem, const struct pool *pool,
    struct invitation_plan *plan, const char *ids, const char *blocks)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct invitation_message *message = &plan->messages[i];
		size_t length = strcspn(blocks, ",");
		char *end;
		message->id = strtoll(ids, &end, 10);
		ids = *end ? end + 1 : end;
		if (length)
			message->block = mem_text_n(mem, blocks, length);
		blocks += length + (blocks[length] == ',');
	}
	for (size_t i = 0; i < POOL_TEXTS; i++)
		pool->texts[i].stored |= is_in(plan, pool->texts[i].hash);
}

bool invitation_queue(struct work *work, const struct invitation *invitation,
    const char *validity, struct invitation_plan *plan)
{
	const struct user *user = invitation->user;
	struct invitation_arrays arrays = invitation_arrays(work->mem, plan);
	struct rows *rows = db_run(work, QUERY_invite_queue, user->pool_id,
	    user->sub, validity, arrays.media, arrays.destinations,
	    arrays.sealed, arrays.templates, arrays.contents, arrays.outcomes,
	    plan->shown_username, db_int(work->mem, user->invitation),
	    invitation->text == INVITATION_RESET ? "reset" : "invitation");

	if (!rows)
		return false;
	invitation_conclude(work->mem, invitation->pool, plan,
	    rows_text(rows, 0, "messages"), rows_text(rows, 0, "blocks"));
	return true;
}

bool invitation_waits(const struct invitation_plan *plan, const char *medium)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->messages[i].outcome && !plan->messages[i].block &&
		    strcmp(plan->messages[i].medium, medium) == 0)
			return true;
	return false;
}

void invitation_wake(struct work *work, bool mail, bool text)
{
	struct err kept = work->err;
	const char *waiting[INVITATION_MOST];
	size_t count = 0;

	if (mail)
		waiting[count++] = "EMAIL";
	if (text)
		waiting[count++] = "SMS";
	if (count)
		db_run(work, QUERY_queue_wake,
		    db_array(work->mem, waiting, count));
	work->err = kept;
}
