/* SPDX-License-Identifier: MIT */
#include "delivery/render.h"

#include <string.h>
#include <unistd.h>

#include "account/invitation.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "delivery/token.h"
#include "message/mime.h"

const char *render_default_from(struct mem *mem, const struct config *config)
{
	char host[256] = "localhost";

	if (*config->mail_from)
		return config->mail_from;
	if (*config->smtp_hello)
		return mem_printf(mem, "no-reply@%s", config->smtp_hello);
	gethostname(host, sizeof(host) - 1);
	return mem_printf(mem, "no-reply@%s", host);
}

char *render_code_place(struct mem *mem, const char *number)
{
	return mem_printf(mem, "code %s", number);
}

/* The same for every attempt at this message, and for no other message. */
static const char *message_id(struct mem *mem, const char *token,
    const char *sender)
{
	const char *at = strrchr(sender, '@');

	return mem_printf(mem, "%s@%s", token, at ? at + 1 : "localhost");
}

/* Variable envelope return path: the address that a bounce comes back to says
 * which message bounced. */
static const char *return_path(struct mem *mem, const char *bounce_address,
    const char *token)
{
	const char *at = strrchr(bounce_address, '@');

	return mem_printf(mem, "%.*s+%s%s", (int)(at - bounce_address),
	    bounce_address, token, at);
}

static bool refuse(struct delivery *delivery, const struct err *err)
{
	delivery_tell(delivery, DELIVERY_REFUSED, 0, NULL, err->message);
	return false;
}

/* What the message has of its own, instead of a template of many. */
static bool read_own(struct mem *mem, struct delivery *delivery,
    const char *text, struct err *err)
{
	const cJSON *json = json_read(mem, text, err);

	if (!json)
		return false;
	template_read(json, &delivery->template);
	template_add_text(mem, &delivery->template);
	delivery->event = json_text(json, "/event");
	return true;
}

static bool open_password(struct mem *mem, const struct keyring *keyring,
    struct delivery *delivery, struct err *err)
{
	bool code = strcmp(delivery->kind, "code") == 0;
	const char *place =
	    code ? render_code_place(mem, delivery->destination)
	         : invitation_place(mem, delivery->pool_id, delivery->sub,
	               delivery->medium, delivery->invitation);

	if (!delivery->has_password && !delivery->template.sealed)
		return true;
	char *secret = secret_open(mem, keyring, delivery->sealed, place, err);
	char *end = secret ? strchr(secret, '\n') : NULL;
	if (!secret)
		return false;
	if (end)
		*end = '\0';
	delivery->password = delivery->has_password ? secret : NULL;
	return !delivery->template.sealed ||
	       read_own(mem, delivery, end ? end + 1 : "", err);
}

static bool render_mail(struct mem *mem, const struct config *config,
    struct delivery *delivery, const struct template_values *values)
{
	const struct template *template = &delivery->template;
	const char *token = token_print(mem, delivery->salt, delivery->id);
	struct err err = { 0 };
	struct mime_mail mail = { .to = delivery->destination,
		.reply_to = delivery->reply_to,
		.date_ms = delivery->created_ms };

	mail.from = delivery->mail_from && *delivery->mail_from
	                ? delivery->mail_from
	                : render_default_from(mem, config);
	const char *bare = mime_address(mem, mail.from);
	delivery->sender = bare ? mime_envelope(mem, bare, &err) : NULL;
	if (!delivery->sender)
		return err_set(&err, ERR_CONFIG,
		           "the sender '%.100s' is not an address",
		           mail.from) ||
		       refuse(delivery, &err);
	delivery->recipient = mime_envelope(mem, delivery->destination, &err);
	if (!delivery->recipient)
		return refuse(delivery, &err);
	mail.message_id = message_id(mem, token, delivery->sender);
	if (*config->bounce_address)
		delivery->sender =
		    return_path(mem, config->bounce_address, token);
	mail.subject =
	    template_fill(mem, template, template->subject, values, false);
	mail.html = template->html ? template_fill(mem, template,
	                                 template->html, values, true)
	                           : NULL;
	mail.text = template_fill(mem, template,
	    template->text ? template->text : "", values, false);
	delivery->subject = mail.subject;
	delivery->plain = mail.text;
	delivery->text = mime_print(mem, &mail, &delivery->text_length, &err);
	return delivery->text || refuse(delivery, &err);
}

bool render(struct mem *mem, const struct engine *engine,
    struct delivery *delivery)
{
	const struct keyring *keyring = engine->keyring;
	struct template_values values = { .username = delivery->username };
	struct err err = { 0 };

	if (!open_password(mem, keyring, delivery, &err)) {
		if (secret_has_key(keyring, delivery->sealed))
			return refuse(delivery, &err);
		/* A rotation has perhaps not reached this key file yet. */
		delivery_tell(delivery, DELIVERY_RETRY, 0, NULL, err.message);
		return false;
	}
	values.password = delivery->password;
	delivery->recipient = delivery->destination;
	/* Who brings it away makes its text, too. */
	if (delivery->template.sender)
		return true;
	if (delivery->expires_ms && delivery->template.ours)
		values.expires = clock_print_people(mem, delivery->expires_ms);
	if (strcmp(delivery->medium, "EMAIL") == 0)
		return render_mail(mem, engine->config, delivery, &values);
	delivery->text = template_fill(mem, &delivery->template,
	    delivery->template.text ? delivery->template.text : "", &values,
	    false);
	delivery->text_length = strlen(delivery->text);
	delivery->plain = delivery->text;
	return true;
}
