/* SPDX-License-Identifier: MIT */
#include "delivery/gateway_profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/str.h"

#define PROFILE_MOST ((size_t)256 * 1024)
#define HTTP_URL     "https?://[^/@]+(/.*)?"
#define HEADER_NAME  "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

static const char *const methods[] = { "GET", "POST", NULL };
static const char *const policies[] = { "retry", "hold", NULL };
static const char *const versions[] = { "1.1", "2", NULL };
static const char *const escapes[] = { "none", "xml", "json", NULL };
static const char *const texts[] = { "ucs2", "refuse", NULL };
static const char *const classes[] = { "accepted", "retry", "throttle",
	"permanent", "lane_fault", NULL };

static const char *const states[] = { "delivered", "failed", "delayed",
	"ignored", NULL };

static const struct field finder_rows[] = {
	ROW_TEXT(struct gateway_finder, pointer, "pointer", 0, 1, 1024, "/.*"),
	ROW_TEXT(struct gateway_finder, match, "match", 0, 1, 1024, NULL),
	ROW_TEXT(struct gateway_finder, header, "header", 0, 1, 128,
	    HEADER_NAME),
	ROW_END
};

/* Of a receipt, which the gateway brings by a request of its own. */
static const struct field brought_rows[] = {
	ROW_TEXT(struct gateway_finder, query, "query", 0, 1, 128, NULL),
	ROW_TEXT(struct gateway_finder, pointer, "pointer", 0, 1, 1024, "/.*"),
	ROW_TEXT(struct gateway_finder, match, "match", 0, 1, 1024, NULL),
	ROW_END
};

static const struct field secret_rows[] = {
	ROW_TEXT(struct gateway_finder, query, "query", 0, 1, 128, NULL),
	ROW_TEXT(struct gateway_finder, header, "header", 0, 1, 128,
	    HEADER_NAME),
	ROW_END
};

static const struct field idempotency_rows[] = {
	ROW_TEXT(struct gateway_idempotency, header, "header", 0, 1, 128,
	    HEADER_NAME),
	ROW_BOOL(struct gateway_idempotency, body, "body"), ROW_END
};

#define ROW_BROUGHT(member, flags)                                 \
	ROW_OBJECT(struct gateway_receipt, member, #member, flags, \
	    brought_rows, struct gateway_finder)

static const struct field receipt_rows[] = { ROW_BROUGHT(key, 0),
	ROW_BROUGHT(id, 0), ROW_BROUGHT(status, FIELD_REQUIRED),
	ROW_BROUGHT(code, 0), ROW_BROUGHT(text, 0),
	ROW_MAP(struct gateway_receipt, statuses, "statuses", 32),
	ROW_TEXT(struct gateway_receipt, list, "list", 0, 0, 1024, "(/.*)?"),
	ROW_OBJECT(struct gateway_receipt, secret, "secret", 0, secret_rows,
	    struct gateway_finder),
	ROW_END };

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
	ROW_INT(struct gateway_limits, parts, "parts", 0, 1, 20),
	ROW_INT(struct gateway_limits, rate, "rate", 0, 0, 10000), ROW_END
};

static const struct field sigv4_rows[] = {
	ROW_TEXT(struct gateway_sigv4, access_key, "access_key", FIELD_REQUIRED,
	    1, 128, "[A-Za-z0-9]+"),
	ROW_TEXT(struct gateway_sigv4, region, "region", FIELD_REQUIRED, 1, 64,
	    "[a-z0-9-]+"),
	ROW_TEXT(struct gateway_sigv4, service, "service", FIELD_REQUIRED, 1,
	    64, "[a-z0-9-]+"),
	ROW_END
};

static const struct field oauth2_rows[] = {
	ROW_TEXT(struct gateway_oauth2, token_url, "token_url", FIELD_REQUIRED,
	    8, 4096, HTTP_URL),
	ROW_TEXT(struct gateway_oauth2, client_id, "client_id", FIELD_REQUIRED,
	    1, 256, "[\\x20-\\x7e]+"),
	ROW_TEXT(struct gateway_oauth2, scope, "scope", 0, 1, 1024,
	    "[\\x20-\\x7e]+"),
	ROW_END
};

static const struct field auth_rows[] = { ROW_OBJECT(struct gateway_auth,
	                                      aws_sigv4, "aws_sigv4", 0,
	                                      sigv4_rows, struct gateway_sigv4),
	ROW_OBJECT(struct gateway_auth, oauth2, "oauth2", 0, oauth2_rows,
	    struct gateway_oauth2),
	ROW_END };

static const struct field profile_rows[] = { ROW_TEXT(struct gateway_profile,
	                                         name, "name", FIELD_REQUIRED,
	                                         1, 32, "[a-z0-9-]+"),
	ROW_TEXT(struct gateway_profile, url, "url", FIELD_REQUIRED, 8, 4096,
	    HTTP_URL),
	ROW_ENUM(struct gateway_profile, method, "method", FIELD_REQUIRED,
	    methods),
	ROW_TEXT(struct gateway_profile, user, "user", 0, 1, 256, NULL),
	ROW_OBJECT(struct gateway_profile, auth, "auth", 0, auth_rows,
	    struct gateway_auth),
	ROW_TEXT(struct gateway_profile, proxy, "proxy", 0, 8, 1024,
	    "(https?|socks5h?)://[^/@]+/?"),
	ROW_TEXT(struct gateway_profile, ca_file, "ca_file", 0, 1, 4096, NULL),
	ROW_ENUM(struct gateway_profile, http_version, "http_version", 0,
	    versions),
	ROW_MAP(struct gateway_profile, query, "query", 4096),
	ROW_MAP(struct gateway_profile, headers, "headers", 4096),
	ROW_MAP(struct gateway_profile, form, "form", 4096),
	ROW_TEXT(struct gateway_profile, raw, "raw", 0, 1, 65536, NULL),
	ROW_ENUM(struct gateway_profile, raw_escape, "raw_escape", 0, escapes),
	ROW_ENUM(struct gateway_profile, not_gsm, "not_gsm", 0, texts),
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
	ROW_MAP(struct gateway_profile, classes_by_status, "classes_by_status",
	    32),
	ROW_OBJECT(struct gateway_profile, idempotency, "idempotency", 0,
	    idempotency_rows, struct gateway_idempotency),
	ROW_OBJECT(struct gateway_profile, receipt, "receipt", 0, receipt_rows,
	    struct gateway_receipt),
	ROW_ENUM(struct gateway_profile, ambiguous, "ambiguous", 0, policies),
	ROW_BOOL(struct gateway_profile, allow_private,
	    "allow_private_addresses"),
	ROW_OBJECT(struct gateway_profile, limits, "limits", 0, limits_rows,
	    struct gateway_limits),
	ROW_END };

static bool is_word(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static const char *words_listed(struct mem *mem, const char *const *words)
{
	struct str *list = str_new(mem, STR_LIMIT_LARGE);

	for (size_t i = 0; words[i]; i++)
		str_addf(list, "%s%s",
		    !i             ? ""
		    : words[i + 1] ? ", "
		                   : " or ",
		    words[i]);
	return str_text(list);
}

/* The values of a map of the profile are among WORDS. */
static bool check_map(struct mem *mem, const char *name,
    const struct field_list *map, const char *const *words, struct err *err)
{
	const struct field_pair *pairs = map->items;

	for (size_t i = 0; i < map->count; i++)
		if (!is_word(words, pairs[i].value))
			return err_set(err, ERR_CONFIG,
			    "%s: '%.40s' of '%.40s' is not %s", name,
			    pairs[i].value, pairs[i].name,
			    words_listed(mem, words));
	return true;
}

static bool check_classes(struct mem *mem,
    const struct gateway_profile *profile, struct err *err)
{
	const struct field_list *map = &profile->classes_by_status;
	const struct field_pair *pairs = map->items;

	for (size_t i = 0; i < map->count; i++)
		if (!pattern_whole("[1-5][0-9][0-9]", pairs[i].name))
			return err_set(err, ERR_CONFIG,
			    "classes_by_status: '%.40s' is not an HTTP status",
			    pairs[i].name);
	return check_map(mem, "classes", &profile->classes, classes, err) &&
	       check_map(mem, "classes_by_status", map, classes, err);
}

static bool check_finder(const char *name, const struct gateway_finder *finder,
    struct err *err)
{
	if (finder && !finder->pointer && !finder->match && !finder->header &&
	    !finder->query)
		return err_set(err, ERR_CONFIG, "%s: says not where", name);
	return !finder || !finder->match || pattern_check(finder->match, err);
}

static bool check_receipt(struct mem *mem,
    const struct gateway_receipt *receipt, struct err *err)
{
	if (!receipt)
		return true;
	if (!receipt->key && !receipt->id)
		return err_set(err, ERR_CONFIG,
		    "receipt: needs a key or an id to know the message by");
	return check_finder("receipt.key", receipt->key, err) &&
	       check_finder("receipt.id", receipt->id, err) &&
	       check_finder("receipt.status", receipt->status, err) &&
	       check_finder("receipt.code", receipt->code, err) &&
	       check_finder("receipt.text", receipt->text, err) &&
	       check_finder("receipt.secret", receipt->secret, err) &&
	       check_map(mem, "receipt.statuses", &receipt->statuses, states,
	           err);
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
	return check_finder("message_id", profile->message_id, err) &&
	       check_finder("error_code", profile->error_code, err) &&
	       check_finder("error_text", profile->error_text, err) &&
	       check_success(profile->success, err);
}

static bool check_idempotency(const struct gateway_idempotency *idempotency,
    const char *text, struct err *err)
{
	if (!idempotency || idempotency->header)
		return true;
	return (idempotency->body.value && strstr(text, "{message_key}")) ||
	       err_set(err, ERR_CONFIG,
	           "idempotency: needs a header, or body and {message_key} "
	           "somewhere in the request");
}

static bool check_auth(const struct gateway_profile *profile, struct err *err)
{
	const struct gateway_auth *auth = profile->auth;

	if (!auth)
		return true;
	if ((profile->user != NULL) + (auth->aws_sigv4 != NULL) +
	        (auth->oauth2 != NULL) !=
	    1)
		return err_set(err, ERR_CONFIG,
		    "one of user, auth.aws_sigv4 and auth.oauth2 can say who "
		    "asks");
	/* libcurl signs a query wrongly that is not in order. */
	if (auth->aws_sigv4 &&
	    (profile->query.count || strchr(profile->url, '?')))
		return err_set(err, ERR_CONFIG,
		    "auth: a request that is signed cannot have a query");
	return true;
}

static bool check_ca_file(const char *path, struct err *err)
{
	return !path || access(path, R_OK) == 0 ||
	       err_set(err, ERR_CONFIG, "ca_file: '%.100s': %s", path,
	           strerror(errno));
}

static bool check_header_names(const struct gateway_profile *profile,
    struct err *err)
{
	const struct field_pair *pairs = profile->headers.items;

	for (size_t i = 0; i < profile->headers.count; i++)
		if (!pattern_whole(HEADER_NAME, pairs[i].name))
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

/* Values in a text of a format that is known must not break it. */
static const char *escape_of(const char *content_type)
{
	const char *type = content_type ? content_type : "";

	return strcasestr(type, "json")  ? "json"
	       : strcasestr(type, "xml") ? "xml"
	                                 : "none";
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
	if (!profile->raw_escape)
		profile->raw_escape = escape_of(profile->content_type);
	if (!profile->ambiguous)
		profile->ambiguous = profile->idempotency ? "retry" : "hold";
}

/* What asks for receipts goes when they have no place to come to. */
static void drop_callbacks(cJSON *json)
{
	cJSON *child = json->child;

	while (child) {
		cJSON *next = child->next;
		if (cJSON_IsString(child) && child->string &&
		    strstr(child->valuestring, "{callback_url}"))
			cJSON_Delete(cJSON_DetachItemViaPointer(json, child));
		else
			drop_callbacks(child);
		child = next;
	}
}

/* The first name with a brace, which would be filled with the values. */
static const char *name_with_brace(const cJSON *json)
{
	const char *found = NULL;

	for (const cJSON *at = json->child; at && !found; at = at->next)
		found = at->string && strchr(at->string, '{')
		            ? at->string
		            : name_with_brace(at);
	return found;
}

static bool read_body(struct mem *mem, struct gateway_profile *profile,
    const cJSON *body, struct err *err)
{
	const char *name = body ? name_with_brace(body) : NULL;

	if (!body || cJSON_IsNull(body))
		return true;
	if (name)
		return err_set(err, ERR_CONFIG,
		    "json: the name '%.100s' has a brace; placeholders stand "
		    "in values",
		    name);
	cJSON *idle = json_copy(mem, body);
	drop_callbacks(idle);
	profile->json = json_print(mem, body);
	profile->json_idle = json_print(mem, idle);
	return true;
}

static bool read_members(struct mem *mem, struct gateway_profile *profile,
    cJSON *json, struct err *err)
{
	if (!field_read(mem, profile_rows, json, profile, err))
		return false;
	cJSON *body = cJSON_DetachItemFromObjectCaseSensitive(json, "json");
	const char *unknown = field_unknown(mem, profile_rows, json);
	if (body)
		cJSON_AddItemToObject(json, "json", body);
	if (unknown)
		return err_set(err, ERR_CONFIG,
		    "'%.100s' is not a member of a profile; usher.conf(5) "
		    "lists them",
		    unknown);
	if (!read_body(mem, profile, body, err))
		return false;
	if ((profile->form.count > 0) + (profile->json != NULL) +
	        (profile->raw != NULL) >
	    1)
		return err_set(err, ERR_CONFIG,
		    "only one of form, json and raw can be the body");
	set_defaults(mem, profile);
	return check_classes(mem, profile, err) &&
	       check_expressions(profile, err) &&
	       check_header_names(profile, err) && check_auth(profile, err) &&
	       check_ca_file(profile->ca_file, err) &&
	       check_receipt(mem, profile->receipt, err) &&
	       check_idempotency(profile->idempotency, json_print(mem, json),
	           err);
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
