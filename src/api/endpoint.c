/* SPDX-License-Identifier: MIT */
#include "api/endpoint.h"

#include <inttypes.h>
#include <string.h>

#include "account/access_key.h"
#include "account/batch.h"
#include "account/policy.h"
#include "account/pool_cache.h"
#include "api/operation.h"
#include "api/sigv4.h"
#include "api/throttle.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/utf8.h"

#define TYPE       "application/x-amz-json-1.1"
#define TARGET     "AWSCognitoIdentityProviderService."
#define SERVICE    "cognito-idp"
#define KEYS_KNOWN 32
#define FRESH_MS   1000

/* An access key as it was a moment ago. */
struct known_key {
	struct mem *mem;
	struct access_key *key;
	int64_t read_ms; /* steady clock */
	char date[9];    /* of signing */
	unsigned char signing[SIGV4_KEY_BYTES];
};

struct endpoint {
	const struct engine *engine;
	struct mem *mem;
	struct throttle *throttle;
	struct known_key keys[KEYS_KNOWN];
	size_t next; /* the place that is used next */
	struct pool_cache *pools;
	struct batch *batch;
};

/* One request on its way to its answer. */
struct request {
	struct endpoint *endpoint;
	struct listener_exchange *exchange;
	struct call call;
	const char *id; /* x-amzn-RequestId */
	const struct operation *operation;
	const struct access_key *key; /* as long as nobody else is asked for */
	void *fields;                 /* as the operation's table has them */
};

/* What the SDKs send from a browser. */
static const char allowed_headers[] =
    "authorization,content-type,x-amz-target,x-amz-date,x-amz-user-agent,"
    "amz-sdk-invocation-id,amz-sdk-request,cache-control,"
    "x-amz-security-token,x-amz-content-sha256";

static const char *const cors[] = { "Access-Control-Allow-Origin", "*",
	"Access-Control-Allow-Headers", allowed_headers,
	"Access-Control-Allow-Methods", "POST,OPTIONS",
	"Access-Control-Expose-Headers",
	"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date",
	"Access-Control-Max-Age", "172800", NULL };

#define HEADERS_MOST 12

struct endpoint *endpoint_new(struct mem *mem, const struct engine *engine,
    struct throttle *throttle)
{
	struct endpoint *endpoint = mem_make(mem, struct endpoint);

	endpoint->engine = engine;
	endpoint->mem = mem;
	endpoint->throttle = throttle;
	endpoint->pools = pool_cache_new(mem);
	endpoint->batch = batch_new(mem, engine, endpoint->pools);
	return endpoint;
}

void endpoint_hash(struct endpoint *endpoint)
{
	batch_hash(endpoint->batch);
}

/* A random UUID (RFC 4122, 4.4). */
static char *new_id(struct mem *mem)
{
	const char *hex = secret_random_hex(mem, 16);
	char *id = mem_text(mem, "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx");

	for (char *at = id; *at; at++)
		if (*at == 'x')
			*at = *hex++;
	return id;
}

/* False with ERR_UNRECOGNIZED_CLIENT, also for one that is disabled. */
static bool check_enabled(struct work *work, const struct access_key *key)
{
	return key->enabled ||
	       work_fail(work, ERR_UNRECOGNIZED_CLIENT,
	           "The security token included in the request is invalid.");
}

static struct known_key *find_known(struct endpoint *endpoint, const char *id)
{
	int64_t now_ms = clock_steady_ms();

	for (size_t i = 0; i < KEYS_KNOWN; i++) {
		struct known_key *known = &endpoint->keys[i];
		if (known->mem && strcmp(known->key->id, id) == 0 &&
		    now_ms - known->read_ms < FRESH_MS)
			return known;
	}
	return NULL;
}

/* Takes the place of the one that was read longest ago. */
static struct known_key *read_key(struct endpoint *endpoint, struct work *work,
    const char *id)
{
	struct work reading = { .mem = mem_new(endpoint->mem),
		.db = work->db,
		.tag = work->tag };
	struct access_key *key =
	    work->db ? access_key_get(&reading, endpoint->engine, id) : NULL;

	if (!key) {
		work->err = reading.err;
		if (!work->db)
			work_fail(work, ERR_DATABASE,
			    "the database cannot be reached");
		mem_free(reading.mem);
		return NULL;
	}
	struct known_key *known = &endpoint->keys[endpoint->next];
	endpoint->next = (endpoint->next + 1) % KEYS_KNOWN;
	if (known->mem)
		mem_free(known->mem);
	*known = (struct known_key){ .mem = reading.mem,
		.key = key,
		.read_ms = clock_steady_ms() };
	return known;
}

static const unsigned char *signing_key(struct known_key *known,
    const struct sigv4_claim *claim)
{
	if (strcmp(known->date, claim->date) != 0) {
		sigv4_derive(known->key->secret, claim, known->signing);
		memcpy(known->date, claim->date, sizeof(known->date));
	}
	return known->signing;
}

/* Who asks. */
static bool authenticate(struct request *request)
{
	struct work *work = &request->call.work;
	const struct listener_request *http = &request->exchange->request;
	struct endpoint *endpoint = request->endpoint;
	const struct sigv4_scope scope = { endpoint->engine->config->region,
		SERVICE, clock_now_ms() };
	struct sigv4_claim claim;

	if (!sigv4_read(work->mem, http, &scope, &claim, &work->err))
		return false;
	struct known_key *known = find_known(endpoint, claim.access_key);
	if (!known)
		known = read_key(endpoint, work, claim.access_key);
	if (!known || !check_enabled(work, known->key) ||
	    !sigv4_check(work->mem, http, &claim, signing_key(known, &claim),
	        &work->err))
		return false;
	request->key = known->key;
	work->tag = mem_printf(work->mem, "api/%s %s", known->key->user_name,
	    request->id);
	return true;
}

static const char *resource_of(const struct request *request)
{
	const struct call *call = &request->call;
	const struct config *config = call->engine->config;
	const char *arn = json_text(call->json, "/ResourceArn");
	const char *pool = json_text(call->json, "/UserPoolId");

	switch (request->operation->resource) {
	case RESOURCE_ARN:
		return arn ? arn : "*";
	case RESOURCE_POOL:
		return mem_printf(call->work.mem,
		    "arn:aws:" SERVICE ":%s:%s:userpool/%.100s", config->region,
		    config->account_id, pool ? pool : "");
	case RESOURCE_ANY:
		break;
	}
	return "*";
}

/* May they. Also asked for what does not exist or is malformed. */
static bool authorize(struct request *request)
{
	struct work *work = &request->call.work;
	const struct listener_request *http = &request->exchange->request;
	const struct policy_question question = {
		.action = mem_printf(work->mem, SERVICE ":%s",
		    request->operation->name),
		.resource = resource_of(request),
		.user_name = request->key->user_name,
		.source_ip = http->peer,
		.secure = http->secure,
		.now_ms = clock_now_ms(),
	};
	enum policy_verdict verdict =
	    policy_decide(request->key->policies, &question);

	if (verdict == POLICY_ALLOWED)
		return true;
	return work_fail(work, ERR_ACCESS_DENIED,
	    "User: arn:aws:iam::%s:user/%s is not authorized to perform: %s on "
	    "resource: %s %s",
	    request->call.engine->config->account_id, question.user_name,
	    question.action, question.resource,
	    verdict == POLICY_DENIED
	        ? "with an explicit deny in an identity-based policy"
	        : mem_printf(work->mem,
	              "because no identity-based policy allows the %s action",
	              question.action));
}

/* The same call of the same client again has the same. */
static const char *fingerprint(const struct request *request)
{
	struct mem *mem = request->call.work.mem;
	const struct listener_request *http = &request->exchange->request;
	const char *invocation = listener_header(http, "amz-sdk-invocation-id");

	return secret_generated_hash(mem, request->call.engine->keyring,
	    mem_printf(mem, "%s %s %s %s", request->key->id,
	        request->operation->name,
	        invocation && *invocation ? invocation : request->id,
	        http->body));
}

/* Browsers do not let a program set the first. */
static const char *user_agent(const struct request *request)
{
	const struct listener_request *http = &request->exchange->request;
	const char *browser = listener_header(http, "X-Amz-User-Agent");

	return browser ? browser : listener_header(http, "User-Agent");
}

static bool find_operation(struct request *request)
{
	const char *target =
	    listener_header(&request->exchange->request, "X-Amz-Target");

	if (target && str_starts(target, TARGET))
		request->operation = operation_find(target + strlen(TARGET));
	return request->operation ||
	       work_fail(&request->call.work, ERR_UNKNOWN_OPERATION,
	           "%s is not an operation of this server",
	           target && utf8_valid(target)
	               ? mem_printf(request->call.work.mem, "'%.100s'", target)
	               : "what X-Amz-Target names");
}

/* Only what was well formed counts, and nothing is written yet. */
static bool take_turn(struct request *request)
{
	bool *counted = &request->exchange->counted;

	if (!*counted)
		*counted = throttle_take(request->endpoint->throttle,
		    request->operation->name, clock_steady_ms());
	return *counted || work_fail(&request->call.work, ERR_TOO_MANY_REQUESTS,
	                       "Rate exceeded");
}

/* Up to what the operation itself does. */
static bool open_request(struct request *request)
{
	struct call *call = &request->call;
	struct work *work = &call->work;
	const char *body = request->exchange->request.body;

	if (!find_operation(request))
		return false;
	const struct operation_code *code = request->operation->code;
	call->json = json_read(work->mem, *body ? body : "{}", &work->err);
	if (!call->json || !authenticate(request) || !authorize(request))
		return false;
	request->fields = mem_alloc(work->mem, code->size);
	if (!field_read(work->mem, code->rows, call->json, request->fields,
	        &work->err) ||
	    !take_turn(request))
		return false;
	if (!work->db)
		return work_fail(work, ERR_DATABASE,
		    "the database cannot be reached");
	if (strcmp(request->operation->name, "AdminCreateUser") == 0)
		call->fingerprint = fingerprint(request);
	call->user_agent = user_agent(request);
	call->answer = json_object(work->mem);
	return true;
}

static bool run(struct request *request)
{
	return request->operation->code->run(&request->call, request->fields);
}

static bool fits_header(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Those that the answer has already stay in front. */
static void add_headers(struct request *request, const struct err *err)
{
	struct mem *mem = request->exchange->mem;
	struct listener_answer *out = &request->exchange->answer;
	const char *const *at = out->headers;
	const char **headers = mem_array(mem, const char *, HEADERS_MOST + 1);
	size_t count = 0;

	for (; at && *at && count < 2; at++)
		headers[count++] = *at;
	headers[count++] = "x-amzn-RequestId";
	headers[count++] = request->id;
	headers[count++] = cors[0];
	headers[count++] = cors[1];
	headers[count++] = cors[6];
	headers[count++] = cors[7];
	if (err->code) {
		headers[count++] = "x-amzn-ErrorType";
		headers[count++] = mem_printf(mem, "%s:", err_name(err->code));
	}
	if (err->code && fits_header(err->message)) {
		headers[count++] = "x-amzn-ErrorMessage";
		/* The error goes before the answer is sent. */
		headers[count++] = mem_text(mem, err->message);
	}
	out->headers = headers;
}

/* What a header field held may be no UTF-8, which JSON must be. */
static void make_printable(char *text)
{
	bool valid = utf8_valid(text);

	for (; *text && !valid; text++)
		if ((unsigned char)*text >= 0x80)
			*text = '?';
}

/* What is ours to mend is told to the log, not to the caller. */
static void answer_error(struct request *request, struct err *err)
{
	struct mem *mem = request->exchange->mem;
	struct listener_answer *answer = &request->exchange->answer;
	cJSON *json = json_object(mem);

	answer->status = err_http_status(err->code);
	if (answer->status >= 500) {
		log_error("api", "a request failed", "request", request->id,
		    "operation",
		    request->operation ? request->operation->name : NULL,
		    "error", err->message, "detail",
		    *err->detail ? err->detail : NULL);
		snprintf(err->message, sizeof(err->message),
		    "Internal server error; request %s", request->id);
	}
	make_printable(err->message);
	json_add(json, "__type", err_name(err->code));
	json_add(json, "message", err->message);
	answer->body = json_print(mem, json);
}

static void answer(struct request *request, bool done)
{
	struct listener_answer *out = &request->exchange->answer;
	struct err *err = &request->call.work.err;

	out->status = 200;
	out->type = TYPE;
	if (!done)
		answer_error(request, err);
	else if (request->operation->body == BODY_EMPTY)
		out->body = "";
	else
		out->body =
		    json_print(request->exchange->mem, request->call.answer);
	add_headers(request, err);
}

static void begin(struct request *request, struct listener_exchange *exchange)
{
	*request = (struct request){ .exchange = exchange,
		.id = new_id(exchange->mem),
		.call = { .work = { .mem = exchange->mem, .tag = "api" } } };
}

static void begin_at(struct request *request, struct endpoint *endpoint,
    struct db *db, struct listener_exchange *exchange)
{
	begin(request, exchange);
	request->endpoint = endpoint;
	request->call.engine = endpoint->engine;
	request->call.pools = endpoint->pools;
	request->call.work.db = db;
}

void endpoint_answer(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *exchange)
{
	struct request request;

	pool_cache_refresh(endpoint->pools);
	begin_at(&request, endpoint, work->db, exchange);
	answer(&request, open_request(&request) && run(&request));
}

/* Opens them into REQUESTS; those that cannot be have their answer. How many
 * are left. */
static size_t open_all(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *const *exchanges, size_t count,
    struct request *requests)
{
	size_t opened = 0;

	for (size_t i = 0; i < count; i++) {
		struct request *request = &requests[opened];
		begin_at(request, endpoint, work->db, exchanges[i]);
		if (open_request(request)) {
			opened++;
			continue;
		}
		answer(request, false);
		listener_finish(exchanges[i]);
	}
	return opened;
}

void endpoint_get(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *const *exchanges, size_t count)
{
	struct request *requests = mem_array(work->mem, struct request, count);
	struct call_of_many *calls =
	    mem_array(work->mem, struct call_of_many, count);

	pool_cache_refresh(endpoint->pools);
	count = open_all(endpoint, work, exchanges, count, requests);
	for (size_t i = 0; i < count; i++)
		calls[i] = (struct call_of_many){ &requests[i].call,
			requests[i].fields, false };
	bool many = count > 1 && operation_get_many(work, calls, count);
	for (size_t i = 0; i < count; i++) {
		answer(&requests[i], many ? calls[i].done : run(&requests[i]));
		listener_finish(requests[i].exchange);
	}
}

static void answer_created(struct request *request, struct batch_item *item)
{
	struct call *call = &request->call;

	call->work.err = item->work.err;
	if (item->user)
		cJSON_AddItemReferenceToObject(call->answer, "User",
		    user_describe(call->work.mem, item->user, "Attributes"));
	answer(request, item->singly ? run(request) : !call->work.err.code);
	listener_finish(request->exchange);
}

size_t endpoint_create(struct endpoint *endpoint, struct work *work,
    struct listener_exchange *const *exchanges, size_t count,
    struct listener_exchange **slow)
{
	struct request *requests = mem_array(work->mem, struct request, count);
	struct batch_item *items =
	    mem_array(work->mem, struct batch_item, count);
	size_t opened = open_all(endpoint, work, exchanges, count, requests);
	size_t left = 0;

	for (size_t i = 0; i < opened; i++) {
		struct invite_request *invited = requests[i].fields;
		invited->fingerprint = requests[i].call.fingerprint;
		items[i] = (struct batch_item){ .request = invited,
			.work = requests[i].call.work };
	}
	if (!opened)
		return 0;
	batch_run(endpoint->batch, work, items, opened);
	for (size_t i = 0; i < opened; i++)
		if (!items[i].singly)
			answer_created(&requests[i], &items[i]);
	batch_wake(endpoint->batch, work);
	for (size_t i = 0; i < opened; i++)
		if (items[i].slow)
			slow[left++] = requests[i].exchange;
		else if (items[i].singly)
			answer_created(&requests[i], &items[i]);
	return left;
}

void endpoint_answer_busy(struct listener_exchange *exchange)
{
	struct request request;

	begin(&request, exchange);
	work_fail(&request.call.work, ERR_TOO_MANY_REQUESTS, "Rate exceeded");
	answer(&request, false);
}

void endpoint_dress(struct listener_exchange *exchange)
{
	struct request request;

	begin(&request, exchange);
	add_headers(&request, &request.call.work.err);
	exchange->answer.type = TYPE;
}

void endpoint_answer_options(struct listener_answer *out)
{
	*out = (struct listener_answer){ .status = 200,
		.type = TYPE,
		.headers = cors,
		.body = "" };
}

static bool is_target(const struct listener_request *request, const char *name)
{
	return str_same(listener_header(request, "X-Amz-Target"), name);
}

bool endpoint_gets(const struct listener_request *request)
{
	return is_target(request, TARGET "AdminGetUser");
}

static bool has_password(const struct listener_request *request)
{
	return strstr(request->body, "\"TemporaryPassword\"") != NULL;
}

bool endpoint_hashes(const struct listener_request *request)
{
	return is_target(request, TARGET "AdminSetUserPassword") ||
	       (is_target(request, TARGET "AdminCreateUser") &&
	           has_password(request));
}

bool endpoint_creates(const struct listener_request *request)
{
	return is_target(request, TARGET "AdminCreateUser") &&
	       !strstr(request->body, "\"MessageAction\"");
}
