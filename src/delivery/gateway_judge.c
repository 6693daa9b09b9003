/* SPDX-License-Identifier: MIT */
#include "delivery/gateway_judge.h"

#include <string.h>

#include "base/json.h"
#include "base/pattern.h"
#include "delivery/gateway_profile.h"

/* What a finder of the profile finds in the answer, or NULL. */
static const char *find(struct mem *mem, const struct gateway_finder *finder,
    const char *body, const cJSON *json)
{
	struct err err = { 0 };

	if (!finder)
		return NULL;
	if (finder->match)
		return pattern_capture(mem, finder->match, body, &err);
	const cJSON *found = json ? json_at(json, finder->pointer) : NULL;
	if (found && cJSON_IsNumber(found))
		return mem_printf(mem, "%.0f", found->valuedouble);
	return cJSON_GetStringValue(found);
}

static enum delivery_class class_named(const char *name)
{
	static const struct {
		const char *name;
		enum delivery_class class;
	} classes[] = {
		{ "accepted", DELIVERY_ACCEPTED },
		{ "retry", DELIVERY_RETRY },
		{ "throttle", DELIVERY_LANE_FAULT },
		{ "permanent", DELIVERY_REFUSED },
		{ "lane_fault", DELIVERY_LANE_FAULT },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strcmp(classes[i].name, name) == 0)
			return classes[i].class;
	return DELIVERY_AMBIGUOUS;
}

static enum delivery_class class_of_status(int status)
{
	if (status == 408 || status == 425 || (status >= 500 && status != 503))
		return DELIVERY_RETRY;
	if (status == 429 || status == 503 || status / 100 == 3 ||
	    status == 401 || status == 402 || status == 403 || status == 407)
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
    const char *body, const cJSON *json)
{
	struct gateway_finder finder = { success->pointer, success->match };

	if (!success->pointer && !success->match)
		return 1;
	const char *found = find(mem, &finder, body, json);
	if (!found)
		return success->match ? 0 : -1;
	return !success->equals || strcmp(found, success->equals) == 0;
}

static void judge_failure(struct mem *mem,
    const struct gateway_profile *profile, const struct http_answer *answer,
    const cJSON *json, struct delivery *delivery)
{
	const char *code = find(mem, profile->error_code, answer->body, json);
	const char *text = find(mem, profile->error_text, answer->body, json);
	const struct field_pair *classes = profile->classes.items;
	enum delivery_class class = class_of_status(answer->status);

	for (size_t i = 0; code && i < profile->classes.count; i++)
		if (strcmp(classes[i].name, code) == 0)
			class = class_named(classes[i].value);
	delivery_tell(delivery, class, answer->status, NULL,
	    mem_printf(mem, "HTTP %d%s%s: %s", answer->status,
	        code ? ", code " : "", code ? code : "",
	        text ? text : answer->body));
	delivery->outcome.retry_after_ms = answer->retry_after_s * 1000;
}

static void judge_success(struct mem *mem,
    const struct gateway_profile *profile, const struct http_answer *answer,
    const cJSON *json, struct delivery *delivery)
{
	const char *id = find(mem, profile->message_id, answer->body, json);

	delivery_tell(delivery, DELIVERY_ACCEPTED, answer->status, NULL,
	    mem_printf(mem, "HTTP %d: %s", answer->status, answer->body));
	delivery_note_id(delivery, id);
}

static void judge_silence(const struct http_answer *answer,
    struct delivery *delivery)
{
	delivery_tell(delivery,
	    answer->offered ? DELIVERY_AMBIGUOUS : DELIVERY_LANE_FAULT,
	    answer->status, NULL, answer->words);
}

void gateway_judge(struct mem *mem, const struct gateway *gateway,
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
	const cJSON *json = json_read(mem, answer->body, &err);
	bool status = status_succeeds(profile, answer->status);
	int body =
	    status ? body_succeeds(mem, profile->success, answer->body, json)
	           : 0;
	if (status && body == 1)
		judge_success(mem, profile, answer, json, delivery);
	else if (status && body < 0)
		delivery_tell(delivery, DELIVERY_AMBIGUOUS, answer->status,
		    NULL, "the answer lacks what its profile looks at");
	else
		judge_failure(mem, profile, answer, json, delivery);
}
