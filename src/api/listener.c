/* SPDX-License-Identifier: MIT */
#include "api/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define CONNECTIONS_MOST  1024
#define PER_ADDRESS_MOST  256
#define IDLE_SECONDS      30
#define HEADERS_MOST      64
#define CONNECTION_MEMORY ((size_t)32 * 1024)
#define WAIT_MS           200 /* stopping() is asked so often at least */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Why a request is not passed on. */
static const struct refusal {
	int status;
	const char *body;
} too_large = { 413, "{\"message\":\"the body is too large\"}" },
  has_nul = { 400, "{\"message\":\"the body has a NUL\"}" },
  too_many = { 431, "{\"message\":\"there are too many header fields\"}" },
  ambiguous = { 400, "{\"message\":\"the body's length is ambiguous\"}" };

/* One request on its way in. */
struct exchange {
	struct mem *mem;
	const char *uri; /* whole, as it came */
	struct str *body;
	size_t left; /* how much more of the body is taken */
	bool begun;
	const struct refusal *refusal; /* NULL: none yet */
	const char *headers[HEADERS_MOST + 1];
	size_t header_count;
};

static bool read_port(const char *text, in_port_t *port)
{
	char *end;
	long number = strtol(text, &end, 10);

	*port = htons((in_port_t)number);
	return *text && strspn(text, "0123456789") == strlen(text) && !*end &&
	       number > 0 && number < 65536;
}

static bool read_address(const char *text, union address *address)
{
	char host[INET6_ADDRSTRLEN + 1] = "";
	bool v6 = *text == '[';
	const char *end = v6 ? strstr(text, "]:") : strrchr(text, ':');
	size_t length = end ? (size_t)(end - text - v6) : 0;

	memset(address, 0, sizeof(*address));
	if (!end || length >= sizeof(host))
		return false;
	memcpy(host, text + v6, length);
	if (v6) {
		address->v6.sin6_family = AF_INET6;
		return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 &&
		       read_port(end + 2, &address->v6.sin6_port);
	}
	address->v4.sin_family = AF_INET;
	return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 &&
	       read_port(end + 1, &address->v4.sin_port);
}

bool listener_check(const char *address, struct err *err)
{
	union address parsed;

	return read_address(address, &parsed) ||
	       err_set(err, ERR_CONFIG,
	           "listen: '%.80s' is not an address and a port, as "
	           "127.0.0.1:9229 or [::1]:9229",
	           address);
}

/* The request's target before anything is decoded; begins an exchange. */
static void *note_uri(void *context, const char *uri,
    struct MHD_Connection *connection)
{
	const struct listener *listener = context;
	struct mem *mem = mem_new(NULL);
	struct exchange *exchange = mem_make(mem, struct exchange);

	(void)connection;
	exchange->mem = mem;
	exchange->uri = mem_text(mem, uri);
	exchange->body = str_new(mem, listener->body_most);
	exchange->left = listener->body_most;
	return exchange;
}

static void end_exchange(void *context, struct MHD_Connection *connection,
    void **place, enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *place;

	(void)context;
	(void)connection;
	(void)code;
	if (exchange)
		mem_free(exchange->mem);
	*place = NULL;
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind,
    const char *name, const char *value)
{
	struct exchange *exchange = context;

	(void)kind;
	if (exchange->header_count == HEADERS_MOST) {
		exchange->refusal = &too_many;
		return MHD_NO;
	}
	exchange->headers[exchange->header_count++] =
	    mem_printf(exchange->mem, "%s: %s", name, value ? value : "");
	return MHD_YES;
}

static void take_body(struct exchange *exchange, const char *bytes, size_t size)
{
	if (size > exchange->left)
		exchange->refusal = &too_large;
	else if (memchr(bytes, '\0', size))
		exchange->refusal = &has_nul;
	if (exchange->refusal)
		return;
	exchange->left -= size;
	str_add_n(exchange->body, bytes, size);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
    const struct listener_answer *answer, bool close)
{
	union {
		const char *given;
		void *wanted; /* copied, not written */
	} body = { answer->body };
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(answer->body), body.wanted, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	    answer->type ? answer->type : "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
	    "no-store");
	if (answer->allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
		    answer->allow);
	if (close)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
		    "close");
	enum MHD_Result result =
	    MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
    const struct refusal *refusal)
{
	const struct listener_answer answer = { .status = refusal->status,
		.body = refusal->body };

	return send_answer(connection, &answer, true);
}

static enum MHD_Result count_length(void *context, enum MHD_ValueKind kind,
    const char *name, const char *value)
{
	int *count = context;

	(void)kind;
	(void)value;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
	    strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		++*count;
	/* Some take "Content-Length :" for one, some do not. */
	if (strpbrk(name, " \t"))
		*count += 2;
	return MHD_YES;
}

/* libmicrohttpd takes one of several lengths; a proxy before us may take
 * another, and what one sees as a body be a request to the other. */
static bool is_ambiguous(struct MHD_Connection *connection)
{
	int count = 0;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_length,
	    &count);
	return count > 1;
}

static enum MHD_Result answer_now(const struct listener *listener,
    struct MHD_Connection *connection, struct exchange *exchange,
    const char *method)
{
	const char *mark = strchr(exchange->uri, '?');
	struct listener_answer answer = { .status = 500, .body = "{}" };
	size_t length = strcspn(exchange->uri, "?");

	MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header,
	    exchange);
	if (exchange->refusal)
		return refuse(connection, exchange->refusal);
	const struct listener_request request = {
		.method = method,
		.path = mem_text_n(exchange->mem, exchange->uri, length),
		.query = mark ? mark + 1 : NULL,
		.headers = exchange->headers,
		.content_type = MHD_lookup_connection_value(connection,
		    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE),
		.body = str_text(exchange->body),
	};
	listener->answer(listener->context, exchange->mem, &request, &answer);
	return send_answer(connection, &answer, listener->stopping());
}

/* Called with the headers, then for each piece of the body, then to answer;
 * the signature is libmicrohttpd's. */
static enum MHD_Result take_request(void *context,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *bytes, size_t *size, void **place)
{
	struct exchange *exchange = *place;

	(void)url;
	(void)version;
	if (!exchange->begun) {
		exchange->begun = true;
		return is_ambiguous(connection) ? refuse(connection, &ambiguous)
		                                : MHD_YES;
	}
	if (*size) {
		take_body(exchange, bytes, *size);
		*size = 0;
		return MHD_YES;
	}
	return answer_now(context, connection, exchange, method);
}

static struct MHD_Daemon *start(const struct listener *listener,
    union address *address, struct err *err)
{
	unsigned flags = MHD_USE_EPOLL;
	union {
		const struct listener *given;
		void *wanted; /* comes back as const */
	} context = { listener };

	if (address->any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	struct MHD_Daemon *daemon = MHD_start_daemon(flags, 0, NULL, NULL,
	    take_request, context.wanted, MHD_OPTION_SOCK_ADDR, &address->any,
	    MHD_OPTION_URI_LOG_CALLBACK, note_uri, context.wanted,
	    MHD_OPTION_NOTIFY_COMPLETED, end_exchange, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS_MOST,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!daemon)
		err_set(err, ERR_CONFIG, "listen: cannot listen at '%s': %s",
		    listener->address, strerror(errno));
	return daemon;
}

bool listener_run(const struct listener *listener, struct err *err)
{
	union address address;

	if (!listener_check(listener->address, err) ||
	    !read_address(listener->address, &address))
		return false;
	struct MHD_Daemon *daemon = start(listener, &address, err);
	if (!daemon)
		return false;
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	while (!listener->stopping()) {
		struct pollfd wait = { .fd = info->epoll_fd, .events = POLLIN };
		MHD_UNSIGNED_LONG_LONG most_ms = WAIT_MS;
		if (MHD_get_timeout(daemon, &most_ms) != MHD_YES ||
		    most_ms > WAIT_MS)
			most_ms = WAIT_MS;
		poll(&wait, 1, (int)most_ms);
		MHD_run(daemon);
	}
	MHD_stop_daemon(daemon);
	return true;
}
