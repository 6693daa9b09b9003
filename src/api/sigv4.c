/* SPDX-License-Identifier: MIT */
#include "api/sigv4.h"

#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"
#include "base/pattern.h"
#include "base/secret.h"
#include "base/str.h"

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define TERMINATOR  "aws4_request"
#define WINDOW_S    300
#define SIGNED_MOST 64
#define CANON_MOST  ((size_t)256 * 1024)

static bool refuse(struct err *err, const char *words)
{
	return err_set(err, ERR_INVALID_SIGNATURE, "%s", words);
}

/* "Credential=a/b, SignedHeaders=c, Signature=d" behind the algorithm. */
static const char *parameter(struct mem *mem, const char *header,
    const char *name)
{
	size_t length = strlen(name);

	for (const char *at = header; *at; at += strcspn(at, ", ")) {
		at += strspn(at, ", ");
		if (strncmp(at, name, length) == 0 && at[length] == '=') {
			at += length + 1;
			return mem_text_n(mem, at, strcspn(at, ", "));
		}
	}
	return NULL;
}

static bool read_parameters(struct mem *mem, const char *header,
    const char *time, struct sigv4_claim *claim, struct err *err)
{
	const char *rest = header + strlen(ALGORITHM);
	const char *credential = parameter(mem, rest, "Credential");
	struct str *words = str_new(mem, STR_LIMIT_LARGE);

	claim->signed_headers = parameter(mem, rest, "SignedHeaders");
	claim->signature = parameter(mem, rest, "Signature");
	claim->time = time;
	const struct {
		const char *name, *value;
	} needed[] = { { "Credential", credential },
		{ "Signature", claim->signature },
		{ "SignedHeaders", claim->signed_headers } };
	for (size_t i = 0; i < 3; i++) {
		if (needed[i].value && *needed[i].value)
			continue;
		str_addf(words,
		    "Authorization header requires '%s' "
		    "parameter. ",
		    needed[i].name);
	}
	if (!time)
		str_add(words, "Authorization header requires existence of "
		               "either a 'X-Amz-Date' or a 'Date' header. ");
	claim->access_key = credential;
	/* The header itself is not repeated: it may hold anything. */
	return !*str_text(words) ||
	       err_set(err, ERR_INCOMPLETE_SIGNATURE, "%.*s",
	           (int)strlen(str_text(words)) - 1, str_text(words));
}

/* "KEY/20261123/us-east-1/cognito-idp/aws4_request", from its end: a key's id
 * has no slash, but who knows. */
static bool read_credential(struct mem *mem, struct sigv4_claim *claim,
    struct err *err)
{
	char *text = mem_text(mem, claim->access_key);
	const char *parts[5];

	for (int i = 4; i > 0; i--) {
		char *slash = strrchr(text, '/');
		if (!slash)
			return err_set(err, ERR_INCOMPLETE_SIGNATURE,
			    "Credential must have exactly 5 slash-delimited "
			    "elements, e.g. keyid/date/region/service/term");
		*slash = '\0';
		parts[i] = slash + 1;
	}
	claim->access_key = text;
	claim->date = parts[1];
	claim->region = parts[2];
	claim->service = parts[3];
	if (strcmp(parts[4], TERMINATOR) != 0)
		return refuse(err,
		    "Credential should be scoped with a valid terminator: "
		    "'" TERMINATOR "'.");
	return true;
}

static char *print_time(struct mem *mem, int64_t time_s)
{
	time_t seconds = (time_t)time_s;
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts);
	return mem_text(mem, text);
}

static bool check_time(struct mem *mem, const struct sigv4_claim *claim,
    int64_t now_s, struct err *err)
{
	struct tm parts = { 0 };

	if (!pattern_whole("[0-9]{8}T[0-9]{6}Z", claim->time) ||
	    !strptime(claim->time, "%Y%m%dT%H%M%SZ", &parts))
		return err_set(err, ERR_INCOMPLETE_SIGNATURE,
		    "Date must be in ISO-8601 'basic format'.");
	if (strncmp(claim->time, claim->date, 8) != 0 ||
	    strlen(claim->date) != 8)
		return refuse(err,
		    mem_printf(mem,
		        "Date in Credential scope does not match YYYYMMDD from "
		        "ISO-8601 version of date from HTTP: '%.64s' != "
		        "'%.8s', from '%s'.",
		        claim->date, claim->time, claim->time));
	int64_t signed_s = timegm(&parts);
	if (signed_s < now_s - WINDOW_S)
		return refuse(err,
		    mem_printf(mem,
		        "Signature expired: %s is now earlier than %s (%s - 5 "
		        "min.)",
		        claim->time, print_time(mem, now_s - WINDOW_S),
		        print_time(mem, now_s)));
	if (signed_s > now_s + WINDOW_S)
		return refuse(err,
		    mem_printf(mem,
		        "Signature not yet current: %s is still later than %s "
		        "(%s + 5 min.)",
		        claim->time, print_time(mem, now_s + WINDOW_S),
		        print_time(mem, now_s)));
	return true;
}

static bool check_scope(struct mem *mem, const struct sigv4_claim *claim,
    const struct sigv4_scope *scope, struct err *err)
{
	if (strcmp(claim->region, scope->region) != 0)
		return refuse(err,
		    "Credential should be scoped to a valid region.");
	if (strcmp(claim->service, scope->service) != 0)
		return refuse(err,
		    mem_printf(mem,
		        "Credential should be scoped to correct service: "
		        "'%s'.",
		        scope->service));
	return check_time(mem, claim, scope->now_ms / 1000, err);
}

bool sigv4_read(struct mem *mem, const struct listener_request *request,
    const struct sigv4_scope *scope, struct sigv4_claim *claim, struct err *err)
{
	const char *header = listener_header(request, "Authorization");

	*claim = (struct sigv4_claim){ 0 };
	if (!header || !*header)
		return err_set(err, ERR_MISSING_TOKEN,
		    "Missing Authentication Token");
	if (!str_starts(header, ALGORITHM " "))
		return err_set(err, ERR_INCOMPLETE_SIGNATURE,
		    "Unsupported AWS 'algorithm': only " ALGORITHM
		    " is known here.");
	/* Keys here are for long: none has a session. */
	if (listener_header(request, "X-Amz-Security-Token"))
		return err_set(err, ERR_UNRECOGNIZED_CLIENT,
		    "The security token included in the request is invalid.");
	return read_parameters(mem, header,
	           listener_header(request, "X-Amz-Date"), claim, err) &&
	       read_credential(mem, claim, err) &&
	       check_scope(mem, claim, scope, err);
}

static EVP_MD *fetched;

static void fetch(void)
{
	fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!fetched)
		log_fatal("libcrypto has no SHA-256");
}

/* EVP_sha256() would be looked up at each use. */
static const EVP_MD *sha256(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch);
	return fetched;
}

static EVP_MAC *mac;
static pthread_key_t mac_contexts;

static void free_context(void *context)
{
	EVP_MAC_CTX_free(context);
}

static void fetch_mac(void)
{
	mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	if (!mac || pthread_key_create(&mac_contexts, free_context) != 0)
		log_fatal("libcrypto has no HMAC");
}

/* This thread's. HMAC() would look up both of its parts at each use. */
static EVP_MAC_CTX *mac_context(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static char name[] = "SHA256";
	const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(
		                              OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end() };

	pthread_once(&once, fetch_mac);
	EVP_MAC_CTX *context = pthread_getspecific(mac_contexts);
	if (context)
		return context;
	context = EVP_MAC_CTX_new(mac);
	if (!context || !EVP_MAC_CTX_set_params(context, parameters) ||
	    pthread_setspecific(mac_contexts, context) != 0)
		log_fatal("libcrypto has no HMAC with SHA-256");
	return context;
}

static void hmac(const void *key, size_t key_length, const char *text,
    unsigned char out[SIGV4_KEY_BYTES])
{
	EVP_MAC_CTX *context = mac_context();
	size_t length;

	if (!EVP_MAC_init(context, key, key_length, NULL) ||
	    !EVP_MAC_update(context, (const unsigned char *)text,
	        strlen(text)) ||
	    !EVP_MAC_final(context, out, &length, SIGV4_KEY_BYTES))
		log_fatal("libcrypto cannot sign");
}

void sigv4_derive(const char *secret, const struct sigv4_claim *claim,
    unsigned char key[SIGV4_KEY_BYTES])
{
	MEM_AUTO mem = mem_new(NULL);
	const char *first = mem_secret(mem_printf(mem, "AWS4%s", secret));

	hmac(first, strlen(first), claim->date, key);
	hmac(key, SIGV4_KEY_BYTES, claim->region, key);
	hmac(key, SIGV4_KEY_BYTES, claim->service, key);
	hmac(key, SIGV4_KEY_BYTES, TERMINATOR, key);
}

static char *hex(struct mem *mem, const unsigned char *bytes)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * SIGV4_KEY_BYTES + 1] = "";

	for (size_t i = 0; i < SIGV4_KEY_BYTES; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return mem_text(mem, text);
}

static char *digest(struct mem *mem, const char *text)
{
	unsigned char bytes[SIGV4_KEY_BYTES];
	unsigned length = SIGV4_KEY_BYTES;

	if (!EVP_Digest(text, strlen(text), bytes, &length, sha256(), NULL))
		log_fatal("libcrypto has no SHA-256");
	return hex(mem, bytes);
}

/* A value without blanks around it, and one where it has several. */
static void add_value(struct str *into, const char *value)
{
	value += strspn(value, " \t");
	for (; *value; value++) {
		bool blank = *value == ' ' || *value == '\t';
		const char *next = value + 1 + strspn(value + 1, " \t");
		if (!blank)
			str_add_char(into, *value);
		else if (*next)
			str_add_char(into, ' ');
		if (blank)
			value = next - 1;
	}
}

/* "name:value\n"; one that came several times has its values with commas
 * between. False when it did not come. */
static bool add_header(struct str *into, const struct listener_request *request,
    const char *name)
{
	size_t length = strlen(name);
	bool found = false;

	for (const char *const *at = request->headers; *at; at++) {
		if (strncasecmp(*at, name, length) != 0 || (*at)[length] != ':')
			continue;
		if (!found)
			str_add(into, name);
		str_add(into, found ? "," : ":");
		add_value(into, *at + length + 1);
		found = true;
	}
	str_add(into, "\n");
	return found;
}

/* Names are signed in small letters. */
static bool is_signed(const struct sigv4_claim *claim, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = claim->signed_headers; *at;) {
		size_t found = strcspn(at, ";");
		if (found == length && strncasecmp(at, name, length) == 0)
			return true;
		at += found + (at[found] == ';');
	}
	return false;
}

static bool add_headers(struct mem *mem, struct str *into,
    const struct listener_request *request, const struct sigv4_claim *claim,
    struct err *err)
{
	/* Else a request could be sent to another server, at another time, or
	 * for another operation. */
	static const char *const needed[] = { "Host", "X-Amz-Date",
		"X-Amz-Target" };
	size_t count = 0;

	for (const char *at = claim->signed_headers; *at;) {
		size_t length = strcspn(at, ";");
		const char *name = mem_text_n(mem, at, length);
		at += length + (at[length] == ';');
		if (++count > SIGNED_MOST || !add_header(into, request, name))
			return refuse(err,
			    mem_printf(mem,
			        "'%.64s' is named in SignedHeaders but was not "
			        "in the request.",
			        name));
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!is_signed(claim, needed[i]) &&
		    (i == 0 || listener_header(request, needed[i])))
			return refuse(err,
			    mem_printf(mem,
			        "'%s' must be a 'SignedHeader' in the AWS "
			        "Authorization.",
			        needed[i]));
	return true;
}

/* One "name=value" of a query. */
struct pair {
	const char *name;
	const char *value;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *one = a;
	const struct pair *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : strcmp(one->value, other->value);
}

/* Sorted, each with its '='. The pairs are encoded as they came. */
static void add_query(struct mem *mem, struct str *into, const char *query)
{
	char *rest = mem_text(mem, query ? query : "");
	struct pair *pairs = mem_array(mem, struct pair, strlen(rest) / 2 + 2);
	size_t count = 0;
	char *pair;

	while ((pair = strsep(&rest, "&"))) {
		const char *name = strsep(&pair, "=");
		if (*name || pair)
			pairs[count++] =
			    (struct pair){ name, pair ? pair : "" };
	}
	qsort(pairs, count, sizeof(*pairs), compare_pairs);
	for (size_t i = 0; i < count; i++)
		str_addf(into, "%s%s=%s", i ? "&" : "", pairs[i].name,
		    pairs[i].value);
}

static const char *canonical(struct mem *mem,
    const struct listener_request *request, const struct sigv4_claim *claim,
    struct err *err)
{
	struct str *text = str_new(mem, CANON_MOST);

	str_add(text, request->method);
	str_add(text, "\n");
	str_add(text, request->path);
	str_add(text, "\n");
	add_query(mem, text, request->query);
	str_add(text, "\n");
	if (!add_headers(mem, text, request, claim, err))
		return NULL;
	str_add(text, "\n");
	str_add(text, claim->signed_headers);
	str_add(text, "\n");
	str_add(text, digest(mem, request->body));
	if (str_full(text))
		refuse(err, "The signed headers are too long.");
	return str_full(text) ? NULL : str_text(text);
}

bool sigv4_check(struct mem *mem, const struct listener_request *request,
    const struct sigv4_claim *claim, const unsigned char key[SIGV4_KEY_BYTES],
    struct err *err)
{
	unsigned char bytes[SIGV4_KEY_BYTES];
	const char *text = canonical(mem, request, claim, err);

	if (!text)
		return false;
	hmac(key, SIGV4_KEY_BYTES,
	    mem_printf(mem, ALGORITHM "\n%s\n%s/%s/%s/" TERMINATOR "\n%s",
	        claim->time, claim->date, claim->region, claim->service,
	        digest(mem, text)),
	    bytes);
	return secret_same(hex(mem, bytes), claim->signature) ||
	       refuse(err,
	           "The request signature we calculated does not match the "
	           "signature you provided. Check your AWS Secret Access Key "
	           "and signing method. Consult the service documentation for "
	           "details.");
}
