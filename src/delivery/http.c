/* SPDX-License-Identifier: MIT */
#include "delivery/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define RETRY_AFTER_MOST_S 3600

#define SPARE_MOST 32

/* Read at once, in bytes; libcurl allocates it anew for each request, and so
 * small a piece malloc() has at hand. Answers are as short as that. */
#define ANSWER_PIECE 1024L

struct http {
	CURLM *multi;
	int running;
	struct transfer *spare[SPARE_MOST]; /* ready to be used again */
	int spares;
};

/* A request on its way, with the handle of one before that is alike. */
struct transfer {
	struct mem *own;
	CURL *easy;
	struct mem *mem; /* of the request, cleared behind it */
	struct http_request request;
	/* What the handle knows already: */
	bool made; /* how requests like this one are made */
	struct curl_slist *headers;
	size_t usual;  /* of the headers, the first */
	CURLU *parsed; /* URL, or what was parsed last */
	char *url;
	struct str *body;
	bool sent;
	bool inside; /* an address was refused for being private */
	char error[CURL_ERROR_SIZE];
};

static void let_go_transfer(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	curl_url_cleanup(transfer->parsed);
	mem_free(transfer->own);
}

static void let_go(void *argument)
{
	struct http *http = argument;

	while (http->spares)
		let_go_transfer(http->spare[--http->spares]);
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
}

struct http *http_new(struct mem *mem, struct err *err)
{
	struct http *http = mem_make(mem, struct http);

	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		http->multi = curl_multi_init();
	if (!http->multi) {
		err_set(err, ERR_INTERNAL, "libcurl cannot be used");
		return NULL;
	}
	mem_defer(mem, let_go, http);
	return http;
}

int http_running(const struct http *http)
{
	return http->running;
}

static size_t take_answer(char *bytes, size_t size, size_t count,
    void *argument)
{
	struct transfer *transfer = argument;

	str_add_n(transfer->body, bytes, size * count);
	return str_full(transfer->body) ? 0 : size * count;
}

/* Asked before a request goes out on a connection that is there. libcurl would
 * send it again when a kept connection ends without an answer. */
static int send_once(void *argument, const char *address, const char *local,
    int port, int local_port)
{
	struct transfer *transfer = argument;
	bool again = transfer->sent;

	(void)address;
	(void)local;
	(void)port;
	(void)local_port;
	transfer->sent = true;
	return again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* After resolution, so that no name can lead inside. */
static curl_socket_t open_socket(void *argument, curlsocktype purpose,
    struct curl_sockaddr *address)
{
	struct transfer *transfer = argument;
	bool inside =
	    address_of(&address->addr, address->family) != ADDRESS_PUBLIC;

	(void)purpose;
	if (inside && !transfer->request.allow_private &&
	    !transfer->request.proxy) {
		transfer->inside = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

static void set_limits(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	const struct http_request *request = &transfer->request;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    request->http2 ? (long)CURL_HTTP_VERSION_2TLS
	                   : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)request->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 60L);
	curl_easy_setopt(easy, CURLOPT_PROXY,
	    request->proxy ? request->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	if (request->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
}

/* What all requests like this one have in common. */
static void make_handle(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	curl_easy_reset(easy);
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	mem_drop(transfer->url);
	transfer->url = NULL;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, send_once);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	/* By HTTP/2 frames are read, which are larger. */
	if (!transfer->request.http2)
		curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, ANSWER_PIECE);
	set_limits(transfer);
	/* libcurl prints it twice, so it is a header where it can be one; a
	 * proxy's CONNECT has none of those. */
	if (transfer->request.sigv4 || transfer->request.proxy)
		curl_easy_setopt(easy, CURLOPT_USERAGENT, "usher");
	transfer->made = true;
}

/* Whether a handle that was made for ONE does for OTHER: their URL, headers,
 * body and credentials are set for each. */
static bool alike(const struct http_request *one,
    const struct http_request *other)
{
	return strcmp(one->method, other->method) == 0 &&
	       !one->user == !other->user && !one->sigv4 == !other->sigv4 &&
	       one->proxy == other->proxy && one->ca_file == other->ca_file &&
	       one->http2 == other->http2 &&
	       one->connect_ms == other->connect_ms &&
	       one->total_ms == other->total_ms;
}

/* libcurl's own Accept is taken away: it says what none says (RFC 9110
 * 12.5.1), and libcurl prints a header byte by byte. */
static const char *const usual_headers[] = { "Accept:", "User-Agent: usher" };

/* How many of them go with the request: from what is signed only what is sent,
 * and that should not be more than what must be. */
static size_t usual_count(const struct http_request *request)
{
	if (request->sigv4)
		return 0;
	return http_header(request->headers, "User-Agent") ? 1 : 2;
}

/* NULL at the end. */
static const char *header_at(const struct transfer *transfer, size_t i)
{
	const char *const *headers = transfer->request.headers;

	if (i < transfer->usual)
		return usual_headers[i];
	return headers ? headers[i - transfer->usual] : NULL;
}

static bool has_headers(const struct transfer *transfer)
{
	const struct curl_slist *known = transfer->headers;
	const char *wanted;

	for (size_t i = 0; (wanted = header_at(transfer, i)); i++) {
		if (!known || strcmp(known->data, wanted) != 0)
			return false;
		known = known->next;
	}
	return !known;
}

static void set_headers(struct transfer *transfer)
{
	const char *header;

	transfer->usual = usual_count(&transfer->request);
	if (has_headers(transfer))
		return;
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	for (size_t i = 0; (header = header_at(transfer, i)); i++)
		transfer->headers =
		    curl_slist_append(transfer->headers, header);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

/* Once for many requests. What cannot be parsed is refused by the transfer,
 * with words; of a URL with a zone libcurl 7.88 forgets the zone. */
static bool parse_url(struct transfer *transfer)
{
	char *zone = NULL;
	bool parsed = curl_url_set(transfer->parsed, CURLUPART_URL,
	                  transfer->url, 0) == CURLUE_OK &&
	              curl_url_get(transfer->parsed, CURLUPART_ZONEID, &zone,
	                  0) != CURLUE_OK;

	curl_free(zone);
	return parsed;
}

static void set_url(struct transfer *transfer)
{
	if (transfer->url && strcmp(transfer->url, transfer->request.url) == 0)
		return;
	mem_drop(transfer->url);
	transfer->url =
	    mem_secret(mem_text(transfer->own, transfer->request.url));
	bool parsed = parse_url(transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_CURLU,
	    parsed ? transfer->parsed : NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_URL,
	    parsed ? NULL : transfer->url);
}

static void set_credentials(struct transfer *transfer)
{
	if (!transfer->request.user)
		return;
	if (transfer->request.sigv4)
		curl_easy_setopt(transfer->easy, CURLOPT_AWS_SIGV4,
		    transfer->request.sigv4);
	else
		curl_easy_setopt(transfer->easy, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BASIC);
	curl_easy_setopt(transfer->easy, CURLOPT_USERNAME,
	    transfer->request.user);
	curl_easy_setopt(transfer->easy, CURLOPT_PASSWORD,
	    transfer->request.password);
}

static struct transfer *take_transfer(struct http *http)
{
	if (http->spares)
		return http->spare[--http->spares];
	struct mem *own = mem_new(NULL);
	struct transfer *transfer = mem_make(own, struct transfer);
	transfer->own = own;
	transfer->mem = mem_new(own);
	transfer->easy = curl_easy_init();
	transfer->parsed = curl_url();
	if (!transfer->easy || !transfer->parsed)
		log_fatal("out of memory"); /* uncovered: only without memory */
	return transfer;
}

static void leave_transfer(struct http *http, struct transfer *transfer)
{
	curl_multi_remove_handle(http->multi, transfer->easy);
	mem_clear(transfer->mem);
	http->running--;
	if (http->spares < SPARE_MOST) {
		http->spare[http->spares++] = transfer;
		return;
	}
	let_go_transfer(transfer);
}

void http_begin(struct http *http, const struct http_request *request)
{
	struct transfer *transfer = take_transfer(http);
	bool same = transfer->made && alike(&transfer->request, request);

	transfer->request = *request;
	transfer->body = str_new(transfer->mem, request->answer_most);
	transfer->sent = transfer->inside = false;
	*transfer->error = '\0';
	if (!same)
		make_handle(transfer);
	set_headers(transfer);
	set_url(transfer);
	set_credentials(transfer);
	/* With its headers in one piece, unlike what a callback reads. */
	if (strcmp(request->method, "GET") != 0)
		curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS,
		    request->body);
	curl_multi_add_handle(http->multi, transfer->easy);
	http->running++;
}

int64_t http_retry_after_s(const char *value, int64_t now_s)
{
	int64_t seconds;
	char *end;

	if (!value)
		return 0;
	seconds = strtoll(value, &end, 10);
	if (end == value || *end) {
		int64_t date_s = curl_getdate(value, NULL);
		if (date_s == -1)
			return 0;
		seconds = date_s - now_s;
	}
	if (seconds < 1)
		return 1;
	return seconds < RETRY_AFTER_MOST_S ? seconds : RETRY_AFTER_MOST_S;
}

const char *http_header(const char *const *headers, const char *name)
{
	size_t length = strlen(name);

	for (; headers && *headers; headers++)
		if (strncasecmp(*headers, name, length) == 0 &&
		    (*headers)[length] == ':')
			return *headers + length + 1 +
			       strspn(*headers + length + 1, " \t");
	return NULL;
}

/* NULL unless somebody looks at them. */
static const char *const *headers_of(struct transfer *transfer)
{
	struct curl_header *header = NULL;
	size_t count = 0;

	if (!transfer->request.wants_headers)
		return NULL;
	const char **headers = mem_array(transfer->mem, const char *, 1);
	while ((header = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1,
	            header))) {
		headers[count++] = mem_printf(transfer->mem, "%s: %s",
		    header->name, header->value);
		headers = mem_resize(transfer->mem, headers,
		    (count + 1) * sizeof(*headers));
		headers[count] = NULL;
	}
	return headers;
}

static int64_t retry_after_s(struct transfer *transfer)
{
	struct curl_header *header;

	if (curl_easy_header(transfer->easy, "Retry-After", 0, CURLH_HEADER, -1,
	        &header) != CURLHE_OK)
		return 0;
	return http_retry_after_s(header->value, clock_now_ms() / 1000);
}

static const char *words_of(const struct transfer *transfer, CURLcode result)
{
	if (str_full(transfer->body))
		return "the answer is too long";
	if (transfer->inside)
		return "the gateway's address is private, which its profile "
		       "does not allow";
	return *transfer->error ? transfer->error : curl_easy_strerror(result);
}

static void hand_over(struct transfer *transfer, CURLcode result,
    void (*done)(void *, const struct http_answer *), void *context)
{
	long status = 0;
	curl_off_t took = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took);
	struct http_answer answer = {
		.owner = transfer->request.owner,
		.answered = result == CURLE_OK,
		/* The result may be of a second connection, that libcurl
		 * tried when a kept one had ended with the request. */
		.offered = transfer->sent,
		.status = (int)status,
		.body = str_text(transfer->body),
		.words = words_of(transfer, result),
		.headers = headers_of(transfer),
		.retry_after_s = retry_after_s(transfer),
		.took_ms = took / 1000,
	};
	done(context, &answer);
}

static void finish(struct http *http, CURLMsg *message,
    void (*done)(void *, const struct http_answer *), void *context)
{
	struct transfer *transfer = NULL;
	CURL *easy = message->easy_handle;
	CURLcode result = message->data.result;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
	hand_over(transfer, result, done, context);
	leave_transfer(http, transfer);
}

void http_run(struct http *http, int wait_ms,
    void (*done)(void *context, const struct http_answer *answer),
    void *context)
{
	int running;
	int left;
	CURLMsg *message;

	curl_multi_perform(http->multi, &running);
	if (running == http->running) {
		curl_multi_poll(http->multi, NULL, 0, wait_ms, NULL);
		curl_multi_perform(http->multi, &running);
	}
	while ((message = curl_multi_info_read(http->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			finish(http, message, done, context);
}

char *http_escape(struct mem *mem, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	struct str *escaped = str_new(mem, STR_LIMIT_LARGE);

	str_secret(escaped);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		if (isalnum(byte) || strchr("-._~", byte)) {
			str_add_char(escaped, *text);
			continue;
		}
		str_add_char(escaped, '%');
		str_add_char(escaped, digits[byte >> 4]);
		str_add_char(escaped, digits[byte & 15]);
	}
	return str_take(escaped);
}
