/* SPDX-License-Identifier: MIT */
#include "delivery/gateway_judge.h"

#include <string.h>

#include "base/json.h"
#include "base/pattern.h"
#include "base/str.h"
#include "delivery/gateway_profile.h"

/* Refused in a row by nothing but the status: one by one they may be wrong
 * numbers, so many are not. */
#define REFUSALS_MOST 5

/* What a finder of the profile finds in the answer, or NULL. */
static const char *find(struct mem *mem, const struct gateway_finder *finder,
    const struct http_answer *answer, const cJSON *json)
{
	struct err err = { 0 };
	const char *found = NULL;

	if (finder && finder->header)
		found = http_header(answer->headers, finder->header);
	if (!found && finder && finder->match)
		found = pattern_capture(mem, finder->match, answer->body, &err);
	if (!found && finder && finder->pointer && json)
		found = json_word(mem, json, finder->pointer);
	return found;
}

static enum delivery_class class_named(const char *name)
{
	static const struct {
		const char *name;
		enum delivery_class class;
	} classes[] = {
		{ "accepted", DELIVERY_ACCEPTED },
		{ "retry", DELIVERY_RETRY },
		{ "throttle", DELIVERY_THROTTLED },
		{ "permanent", DELIVERY_REFUSED },
		{ "lane_fault", DELIVERY_LANE_FAULT },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strcmp(classes[i].name, name) == 0)
			return classes[i].class;
	return DELIVERY_AMBIGUOUS;
}

static enum delivery_class class_of(const struct http_answer *answer)
{
	int status = answer->status;

	/* 503 may be this request's bad luck, unless it asks for a rest. */
	if (status == 429 || (status == 503 && answer->retry_after_s))
		return DELIVERY_THROTTLED;
	if (status == 408 || status == 425 || status >= 500)
		return DELIVERY_RETRY;
	if (status / 100 == 3 || status == 401 || status == 402 ||
	    status == 403 || status == 407)
		return DELIVERY_LANE_FAULT;
	return status / 100 == 4 ? DELIVERY_REFUSED : DELIVERY_AMBIGUOUS;
}

static bool status_succeeds(const struct gateway_profile *profile, int status)
{
	const struct field_list *list = &profile->success->statuses;
	const struct gateway_status *statuses = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (statuses[i].status.value == status)
			return true;
	return !list->count && status / 100 == 2;
}

/* With a rule for the body: 1 it says yes, 0 no, -1 what it looks at is not
 * there. */
static int body_succeeds(struct mem *mem, const struct gateway_success *success,
    const struct http_answer *answer, const cJSON *json)
{
	struct gateway_finder finder = { .pointer = success->pointer,
		.match = success->match };

	if (!success->pointer && !success->match)
		return 1;
	const char *found = find(mem, &finder, answer, json);
	if (!found)
		return success->match ? 0 : -1;
	return !success->equals || strcmp(found, success->equals) == 0;
}

static void hide(char *words, const char *token)
{
	for (char *at = words; *token && (at = strstr(at, token));)
		memset(at, '*', strlen(token));
}

/* Gateways repeat what they were asked; who has read the tokens could bring
 * receipts, or send messages. The rest is hidden by delivery_tell(). */
static const char *without_tokens(struct mem *mem,
    const struct gateway *gateway, const char *words)
{
	char *shown = mem_text(mem, words);

	hide(shown, gateway_token(gateway));
	hide(shown, gateway->access_token);
	return shown;
}

/* The class that MAP has for NAME, into CLASS. */
static bool is_mapped(const struct field_list *map, const char *name,
    enum delivery_class *class)
{
	const struct field_pair *pairs = map->items;

	for (size_t i = 0; name && i < map->count; i++)
		if (strcmp(pairs[i].name, name) == 0) {
			*class = class_named(pairs[i].value);
			return true;
		}
	return false;
}

/* Whether the profile itself says what CODE or the status means. */
static bool is_known(struct mem *mem, const struct gateway_profile *profile,
    const struct http_answer *answer, const char *code,
    enum delivery_class *class)
{
	if (is_mapped(&profile->classes, code, class) ||
	    is_mapped(&profile->classes_by_status,
	        mem_printf(mem, "%d", answer->status), class))
		return true;
	*class = class_of(answer);
	/* The key that the gateway knows already is ours. */
	if (answer->status == 409 && profile->idempotency)
		*class = DELIVERY_ACCEPTED;
	return false;
}

static void judge_failure(struct mem *mem, struct gateway *gateway,
    const struct http_answer *answer, const cJSON *json,
    struct delivery *delivery)
{
	const struct gateway_profile *profile = gateway->profile;
	const char *code = find(mem, profile->error_code, answer, json);
	const char *text = find(mem, profile->error_text, answer, json);
	const char *why = "";
	enum delivery_class class;
	bool known = is_known(mem, profile, answer, code, &class);

	gateway->refusals =
	    known || class != DELIVERY_REFUSED ? 0 : gateway->refusals + 1;
	if (gateway->refusals == REFUSALS_MOST) {
		gateway->refusals = 0;
		class = DELIVERY_LANE_FAULT;
		why = "all are refused, the profile or template may be wrong: ";
	}
	delivery_tell(delivery, class, answer->status, NULL,
	    mem_printf(mem, "%sHTTP %d%s%s: %s", why, answer->status,
	        code ? ", code " : "", code ? code : "",
	        without_tokens(mem, gateway, text ? text : answer->body)));
	if (delivery_ends_batch(class))
		delivery->outcome.rest_ms = answer->retry_after_s * 1000;
	else
		delivery->outcome.retry_after_ms = answer->retry_after_s * 1000;
	if (answer->status == 401)
		gateway->access_until_ms = 0;
	if (class == DELIVERY_ACCEPTED)
		delivery_note_id(delivery,
		    find(mem, profile->message_id, answer, json));
}

static void judge_success(struct mem *mem, struct gateway *gateway,
    const struct http_answer *answer, const cJSON *json,
    struct delivery *delivery)
{
	char status[STR_INT_ROOM];

	gateway->refusals = 0;
	delivery_tell(delivery, DELIVERY_ACCEPTED, answer->status, NULL,
	    mem_join(mem, "HTTP ", str_int(status, answer->status), ": ",
	        without_tokens(mem, gateway, answer->body), NULL));
	delivery_note_id(delivery,
	    find(mem, gateway->profile->message_id, answer, json));
}

static void judge_silence(const struct http_answer *answer,
    struct delivery *delivery)
{
	delivery_tell(delivery,
	    answer->offered ? DELIVERY_AMBIGUOUS : DELIVERY_LANE_FAULT,
	    answer->status, NULL, answer->words);
}

static bool is_pointer(const struct gateway_finder *finder)
{
	return finder && finder->pointer;
}

static bool looks_at_json(const struct gateway_profile *profile)
{
	return (profile->success && profile->success->pointer) ||
	       is_pointer(profile->message_id) ||
	       is_pointer(profile->error_code) ||
	       is_pointer(profile->error_text);
}

void gateway_judge(struct mem *mem, struct gateway *gateway,
    const struct http_answer *answer, struct delivery *delivery)
{
	const struct gateway_profile *profile = gateway->profile;
	struct err err = { 0 };

	delivery->carrier_secret = gateway->secret;
	delivery->outcome.took_ms = answer->took_ms;
	if (!answer->answered) {
		judge_silence(answer, delivery);
		return;
	}
	const cJSON *json =
	    looks_at_json(profile) ? json_read(mem, answer->body, &err) : NULL;
	bool status = status_succeeds(profile, answer->status);
	int body =
	    status ? body_succeeds(mem, profile->success, answer, json) : 0;
	if (status && body == 1)
		judge_success(mem, gateway, answer, json, delivery);
	else if (status && body < 0)
		delivery_tell(delivery, DELIVERY_AMBIGUOUS, answer->status,
		    NULL, "the answer lacks what its profile looks at");
	else
		judge_failure(mem, gateway, answer, json, delivery);
}
