/* SPDX-License-Identifier: MIT */
#include "delivery/rules.h"

#include <string.h>

#include "message/phone.h"

static bool is(const struct delivery *delivery, const char *kind)
{
	return strcmp(delivery->kind, kind) == 0;
}

/* Of a code with which the user may choose a password. */
static const char *why_code_ended(const struct delivery *delivery)
{
	if (strcmp(delivery->status, "RESET_REQUIRED") != 0)
		return "the user has another password";
	if (delivery->invitation != delivery->current_invitation)
		return "superseded by a newer code";
	return NULL;
}

static const char *why_cancelled(const struct delivery *delivery)
{
	if (delivery->expired)
		return is(delivery, "invitation")
		           ? "the temporary password expired"
		           : "the code expired";
	if (is(delivery, "code"))
		return NULL;
	if (!delivery->status)
		return "the user was deleted";
	if (is(delivery, "reset"))
		return why_code_ended(delivery);
	if (delivery->has_password &&
	    strcmp(delivery->status, "FORCE_CHANGE_PASSWORD") != 0)
		return "the user has a password of their own";
	if (delivery->invitation != delivery->current_invitation)
		return "superseded by a newer password";
	return NULL;
}

static const char *why_refused(const struct delivery *delivery)
{
	bool sms = strcmp(delivery->medium, "SMS") == 0;

	if (!delivery->template.text && !delivery->template.html &&
	    !delivery->template.sender && !delivery->template.sealed)
		return "its template is gone";
	if (sms && !phone_is_e164(delivery->destination))
		return "not a telephone number that can be reached (E.164)";
	if ((delivery->has_password || delivery->template.sealed) &&
	    !delivery->sealed)
		return is(delivery, "reset")
		           ? "the code is gone; reset the password again"
		           : "the password is gone; use usher resend";
	if (delivery->has_password && !delivery->template.sealed &&
	    !template_has(&delivery->template, "{####}"))
		return "template lacks {####}";
	return NULL;
}

/* An attempt before whose answer was lost went, as its receipt says. */
static bool has_arrived(const struct delivery *delivery)
{
	return delivery->receipt && strcmp(delivery->receipt, "delayed") != 0;
}

bool rules_allow(struct delivery *delivery)
{
	const char *cancelled = why_cancelled(delivery);
	const char *refused = why_refused(delivery);
	bool sandboxed = strcmp(delivery->medium, "SMS") == 0 &&
	                 !is(delivery, "code") && delivery->sandbox &&
	                 !delivery->verified;

	if (has_arrived(delivery)) {
		delivery_tell(delivery, DELIVERY_ACCEPTED, 0, NULL,
		    "a receipt of an earlier attempt says so");
		return false;
	}
	if (cancelled)
		delivery_tell(delivery, DELIVERY_CANCELLED, 0, NULL, cancelled);
	else if (refused)
		delivery_tell(delivery, DELIVERY_REFUSED, 0, NULL, refused);
	else if (sandboxed)
		delivery_tell(delivery, DELIVERY_BLOCKED, 0, NULL, "sandbox");
	return !cancelled && !refused && !sandboxed;
}
