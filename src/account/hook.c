/* SPDX-License-Identifier: MIT */
#include "account/hook.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pattern.h"
#include "base/secret.h"
#include "base/str.h"

#define FILE_MOST    ((size_t)1024 * 1024)
#define SECRET_LEAST 16
#define TRIES        3
#define PAUSE_MS     100 /* after the first try; twice that after the next */

/* The whole event comes back, and a request of the API has up to 1 MiB. */
#define ANSWER_MOST ((size_t)4 * 1024 * 1024)

static const struct field hook_rows[] = {
	ROW_TEXT(struct hook, arn, "arn", FIELD_REQUIRED, 20, 2048, "arn:.*"),
	ROW_TEXT(struct hook, url, "url", FIELD_REQUIRED, 8, 4096,
	    "https?://[^/@\\s]+(/\\S*)?"),
	ROW_TEXT(struct hook, secret_file, "secret_file", FIELD_REQUIRED, 1,
	    4096, NULL),
	ROW_TEXT(struct hook, ca_file, "ca_file", 0, 1, 4096, NULL),
	ROW_BOOL(struct hook, allow_private, "allow_private_addresses"), ROW_END
};

static const struct field hooks_rows[] = {
	ROW_LIST(struct hooks, list, "triggers", 0, 0, hook_rows, struct hook),
	ROW_END
};

static bool is_plain(const struct hook *hook)
{
	return str_starts(hook->url, "http://");
}

bool hook_keeps_secrets(const struct hook *hook)
{
	return !is_plain(hook) ||
	       pattern_whole("http://(localhost|127(\\.[0-9]{1,3}){3}|"
	                     "\\[::1\\])(:[0-9]+)?(/.*)?",
	           hook->url);
}

/* The first of the hooks before AT with the same ARN. */
static bool is_second(const struct hook *hooks, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(hooks[i].arn, hooks[at].arn) == 0)
			return true;
	return false;
}

static bool read_secret(struct mem *mem, struct hook *hook, struct err *err)
{
	hook->secret = file_first_line(mem, hook->secret_file, err);
	if (!hook->secret)
		return false;
	return strlen(hook->secret) >= SECRET_LEAST ||
	       err_set(err, ERR_CONFIG,
	           "the first line of '%.200s' is shorter than %d bytes",
	           hook->secret_file, SECRET_LEAST);
}

static bool check_hook(struct mem *mem, struct hook *hooks, size_t at,
    struct err *err)
{
	struct hook *hook = &hooks[at];

	if (is_second(hooks, at))
		return err_set(err, ERR_CONFIG, "the arn is there twice");
	if (is_plain(hook) && !hook->allow_private.value)
		return err_set(err, ERR_CONFIG,
		    "the url is not https, which is for private addresses "
		    "only; see allow_private_addresses");
	if (hook->ca_file && access(hook->ca_file, R_OK) != 0)
		return err_set(err, ERR_CONFIG, "ca_file '%.200s': %s",
		    hook->ca_file, strerror(errno));
	return read_secret(mem, hook, err);
}

static bool read_hooks(struct mem *mem, const cJSON *json, struct hooks *hooks,
    struct err *err)
{
	const char *unknown = field_unknown(mem, hooks_rows, json);

	if (unknown)
		return err_set(err, ERR_CONFIG,
		    "'%.100s' is not a member; usher.conf(5) lists them",
		    unknown);
	if (!field_read(mem, hooks_rows, json, hooks, err))
		return false;
	for (size_t i = 0; i < hooks->list.count; i++) {
		if (check_hook(mem, hooks->list.items, i, err))
			continue;
		char *words = mem_text(mem, err->message);
		return err_set(err, ERR_CONFIG, "trigger %zu: %s", i + 1,
		    words);
	}
	return true;
}

static void let_go(void *nothing)
{
	(void)nothing;
	curl_global_cleanup();
}

const struct hooks *hooks_read(struct mem *mem, const char *path,
    struct err *err)
{
	struct hooks *hooks = mem_make(mem, struct hooks);

	if (!*path)
		return hooks;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_INTERNAL, "libcurl cannot be used");
		return NULL; /* uncovered: only without memory */
	}
	mem_defer(mem, let_go, NULL);
	char *text = file_read(mem, path, FILE_MOST, err);
	cJSON *json = text ? json_read(mem, text, err) : NULL;
	if (json && read_hooks(mem, json, hooks, err))
		return hooks;
	char *words = mem_text(mem, err->message);
	err_set(err, ERR_CONFIG, "trigger_file '%.200s': %s", path, words);
	return NULL;
}

const struct hook *hook_find(const struct hooks *hooks, const char *arn)
{
	const struct hook *list = hooks ? hooks->list.items : NULL;

	for (size_t i = 0; list && i < hooks->list.count; i++)
		if (strcmp(list[i].arn, arn) == 0)
			return &list[i];
	return NULL;
}

char *hook_signature(struct mem *mem, const struct hook *hook, const char *body,
    int64_t now_s)
{
	char *time = mem_printf(mem, "%" PRId64, now_s);
	char *hash = secret_sign(mem, hook->secret,
	    mem_secret(mem_printf(mem, "%s.%s", time, body)));

	return mem_printf(mem, "X-Usher-Signature: t=%s,v1=%s", time, hash);
}

/* One try. */
struct post {
	const struct hook *hook;
	CURL *easy;
	struct curl_slist *headers;
	struct str *body;
	const char *refused; /* why an address was */
	char error[CURL_ERROR_SIZE];
};

static size_t take_answer(char *bytes, size_t size, size_t count,
    void *argument)
{
	struct post *post = argument;

	str_add_n(post->body, bytes, size * count);
	return str_full(post->body) ? 0 : size * count;
}

/* After resolution, so that no name can lead elsewhere. */
static curl_socket_t open_socket(void *argument, curlsocktype purpose,
    struct curl_sockaddr *address)
{
	struct post *post = argument;
	bool inside =
	    address_of(&address->addr, address->family) != ADDRESS_PUBLIC;

	(void)purpose;
	if (inside && !post->hook->allow_private.value)
		post->refused = "its address is private, which trigger_file "
		                "does not allow";
	else if (!inside && is_plain(post->hook))
		post->refused = "its address is public, where https is needed";
	else
		return socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
	return CURL_SOCKET_BAD;
}

static void set_limits(struct post *post)
{
	CURL *easy = post->easy;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)HOOK_TRY_MS);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (post->hook->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, post->hook->ca_file);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->error);
}

static void set_request(struct mem *mem, struct post *post, const char *body)
{
	CURL *easy = post->easy;
	const char *const headers[] = { "Expect:",
		"Content-Type: application/json",
		hook_signature(mem, post->hook, body, clock_now_ms() / 1000) };

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		post->headers = curl_slist_append(post->headers, headers[i]);
	curl_easy_setopt(easy, CURLOPT_URL, post->hook->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "usher");
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
}

static void read_answer(struct mem *mem, const struct post *post,
    CURLcode result, struct hook_answer *answer)
{
	struct curl_header *header;
	bool too_long = str_full(post->body);
	long status = 0;

	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	*answer = (struct hook_answer){
		.answered = result == CURLE_OK || too_long,
		.timed_out = result == CURLE_OPERATION_TIMEDOUT,
		.function_error =
		    curl_easy_header(post->easy, "X-Amz-Function-Error", 0,
		        CURLH_HEADER, -1, &header) == CURLHE_OK,
		.status = (int)status,
		.body = too_long ? "" : mem_text(mem, str_text(post->body)),
	};
	if (too_long)
		answer->words = "the answer is too long";
	else if (post->refused)
		answer->words = post->refused;
	else if (result != CURLE_OK)
		answer->words = mem_text(mem,
		    *post->error ? post->error : curl_easy_strerror(result));
}

static void try_once(struct mem *mem, const struct hook *hook, const char *body,
    struct hook_answer *answer)
{
	struct post post = { .hook = hook,
		.easy = curl_easy_init(),
		.body = str_new(mem, ANSWER_MOST) };

	if (!post.easy)
		log_fatal("out of memory"); /* uncovered: only without memory */
	set_limits(&post);
	set_request(mem, &post, body);
	CURLcode result = curl_easy_perform(post.easy);
	read_answer(mem, &post, result, answer);
	curl_easy_cleanup(post.easy);
	curl_slist_free_all(post.headers);
}

struct hook_answer hook_call(struct mem *mem, const struct hook *hook,
    const char *body)
{
	struct hook_answer answer = { .body = "" };

	for (int try = 1; try <= TRIES; try++) {
		try_once(mem, hook, body, &answer);
		if (answer.answered && answer.status < 500)
			break;
		if (try < TRIES)
			clock_sleep_ms((int64_t)PAUSE_MS * try);
	}
	return answer;
}
