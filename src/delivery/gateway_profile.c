/* SPDX-License-Identifier: MIT */
#include "delivery/gateway_profile.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/str.h"

#define PROFILE_MOST ((size_t)256 * 1024)

static const char *const methods[] = { "GET", "POST", NULL };
static const char *const policies[] = { "retry", "hold", NULL };
static const char *const classes[] = { "accepted", "retry", "throttle",
	"permanent", "lane_fault", NULL };

static const struct field finder_rows[] = {
	ROW_TEXT(struct gateway_finder, pointer, "pointer", 0, 1, 1024, "/.*"),
	ROW_TEXT(struct gateway_finder, match, "match", 0, 1, 1024, NULL),
	ROW_END
};

static const struct field status_rows[] = { ROW_INT(struct gateway_status,
	                                        status, "status",
	                                        FIELD_REQUIRED, 200, 599),
	ROW_END };

static const struct field success_rows[] = {
	ROW_LIST(struct gateway_success, statuses, "statuses", 0, 20,
	    status_rows, struct gateway_status),
	ROW_TEXT(struct gateway_success, pointer, "pointer", 0, 1, 1024, "/.*"),
	ROW_TEXT(struct gateway_success, match, "match", 0, 1, 1024, NULL),
	ROW_TEXT(struct gateway_success, equals, "equals", 0, 0, 1024, NULL),
	ROW_END
};

static const struct field variable_rows[] = { ROW_TEXT(struct gateway_variable,
	                                          name, "name", FIELD_REQUIRED,
	                                          1, 32, "[a-z_]+"),
	ROW_TEXT(struct gateway_variable, gsm7, "gsm7", FIELD_REQUIRED, 0, 256,
	    NULL),
	ROW_TEXT(struct gateway_variable, ucs2, "ucs2", FIELD_REQUIRED, 0, 256,
	    NULL),
	ROW_END };

static const struct field limits_rows[] = {
	ROW_INT(struct gateway_limits, concurrency, "concurrency", 0, 1, 200),
	ROW_INT(struct gateway_limits, connect_ms, "connect_ms", 0, 100,
	    300000),
	ROW_INT(struct gateway_limits, total_ms, "total_ms", 0, 100, 300000),
	ROW_INT(struct gateway_limits, parts, "parts", 0, 1, 20), ROW_END
};

static const struct field profile_rows[] = { ROW_TEXT(struct gateway_profile,
	                                         name, "name", FIELD_REQUIRED,
	                                         1, 32, "[a-z0-9-]+"),
	ROW_TEXT(struct gateway_profile, url, "url", FIELD_REQUIRED, 8, 4096,
	    "https?://[^/@]+(/.*)?"),
	ROW_ENUM(struct gateway_profile, method, "method", FIELD_REQUIRED,
	    methods),
	ROW_TEXT(struct gateway_profile, user, "user", 0, 1, 256, NULL),
	ROW_MAP(struct gateway_profile, headers, "headers", 4096),
	ROW_MAP(struct gateway_profile, form, "form", 4096),
	ROW_TEXT(struct gateway_profile, raw, "raw", 0, 1, 65536, NULL),
	ROW_TEXT(struct gateway_profile, content_type, "content_type", 0, 3,
	    256, "[\\x20-\\x7e]+"),
	ROW_LIST(struct gateway_profile, variables, "variables", 0, 20,
	    variable_rows, struct gateway_variable),
	ROW_OBJECT(struct gateway_profile, success, "success", FIELD_REQUIRED,
	    success_rows, struct gateway_success),
	ROW_OBJECT(struct gateway_profile, message_id, "message_id", 0,
	    finder_rows, struct gateway_finder),
	ROW_OBJECT(struct gateway_profile, error_code, "error_code", 0,
	    finder_rows, struct gateway_finder),
	ROW_OBJECT(struct gateway_profile, error_text, "error_text", 0,
	    finder_rows, struct gateway_finder),
	ROW_MAP(struct gateway_profile, classes, "classes", 32),
	ROW_ENUM(struct gateway_profile, ambiguous, "ambiguous", 0, policies),
	ROW_BOOL(struct gateway_profile, allow_private,
	    "allow_private_addresses"),
	ROW_OBJECT(struct gateway_profile, limits, "limits", 0, limits_rows,
	    struct gateway_limits),
	ROW_END };

static bool check_class(const char *class)
{
	for (size_t i = 0; classes[i]; i++)
		if (strcmp(classes[i], class) == 0)
			return true;
	return false;
}

static bool check_classes(const struct gateway_profile *profile,
    struct err *err)
{
	const struct field_pair *pairs = profile->classes.items;

	for (size_t i = 0; i < profile->classes.count; i++)
		if (!check_class(pairs[i].value))
			return err_set(err, ERR_CONFIG,
			    "classes: '%.40s' of code '%.40s' is not accepted, "
			    "retry, throttle, permanent or lane_fault",
			    pairs[i].value, pairs[i].name);
	return true;
}

static bool check_finder(const struct gateway_finder *finder, struct err *err)
{
	if (finder && !finder->pointer && !finder->match)
		return err_set(err, ERR_CONFIG,
		    "message_id, error_code and error_text need a pointer or "
		    "a match");
	return !finder || !finder->match || pattern_check(finder->match, err);
}

static bool check_success(const struct gateway_success *success,
    struct err *err)
{
	if (success->equals && !success->pointer && !success->match)
		return err_set(err, ERR_CONFIG,
		    "success: equals needs a pointer or a match");
	return !success->match || pattern_check(success->match, err);
}

static bool check_expressions(const struct gateway_profile *profile,
    struct err *err)
{
	return check_finder(profile->message_id, err) &&
	       check_finder(profile->error_code, err) &&
	       check_finder(profile->error_text, err) &&
	       check_success(profile->success, err);
}

static bool check_header_names(const struct gateway_profile *profile,
    struct err *err)
{
	const struct field_pair *pairs = profile->headers.items;

	for (size_t i = 0; i < profile->headers.count; i++)
		if (!pattern_whole("[!#$%&'*+.^_`|~0-9A-Za-z-]+",
		        pairs[i].name))
			return err_set(err, ERR_CONFIG,
			    "headers: '%.40s' is not a header's name (RFC "
			    "9110, 5.1)",
			    pairs[i].name);
	return true;
}

static int64_t or_default(struct field_int *member, int64_t preset)
{
	return member->given ? member->value : preset;
}

static void set_defaults(struct mem *mem, struct gateway_profile *profile)
{
	struct gateway_limits *limits = profile->limits;

	if (!limits)
		limits = mem_make(mem, struct gateway_limits);
	limits->concurrency.value = or_default(&limits->concurrency, 200);
	limits->connect_ms.value = or_default(&limits->connect_ms, 10000);
	limits->total_ms.value = or_default(&limits->total_ms, 30000);
	limits->parts.value = or_default(&limits->parts, 4);
	profile->limits = limits;
	if (!profile->ambiguous)
		profile->ambiguous = "hold";
}

static bool read_members(struct mem *mem, struct gateway_profile *profile,
    const cJSON *json, struct err *err)
{
	if (!field_read(mem, profile_rows, json, profile, err))
		return false;
	const char *unknown = field_unknown(mem, profile_rows, json);
	if (unknown && !str_starts(unknown, "json"))
		return err_set(err, ERR_CONFIG,
		    "'%.100s' is not a member of a profile; usher.conf(5) "
		    "lists them",
		    unknown);
	profile->json = cJSON_GetObjectItemCaseSensitive(json, "json");
	if ((profile->form.count > 0) + (profile->json != NULL) +
	        (profile->raw != NULL) >
	    1)
		return err_set(err, ERR_CONFIG,
		    "only one of form, json and raw can be the body");
	set_defaults(mem, profile);
	return check_classes(profile, err) && check_expressions(profile, err) &&
	       check_header_names(profile, err);
}

const struct gateway_profile *gateway_profile_read(struct mem *mem,
    const char *path, struct err *err)
{
	struct gateway_profile *profile = mem_make(mem, struct gateway_profile);
	char *text = file_read(mem, path, PROFILE_MOST, err);
	cJSON *json = text ? json_read(mem, text, err) : NULL;

	if (json && read_members(mem, profile, json, err))
		return profile;
	char *words = mem_text(mem, err->message);
	err_set(err, ERR_CONFIG, "gateway profile '%s': %s", path, words);
	return NULL;
}
