/* SPDX-License-Identifier: MIT */
#include "api/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/socket_address.h"
#include "base/str.h"

#define HEADERS_MOST      64
#define BACKLOG           4096
#define CONNECTION_MEMORY ((size_t)24 * 1024)
#define BODIES_MOST       ((size_t)64 * 1024 * 1024) /* at a time, */
#define BODY_SMALL        ((size_t)64 * 1024)        /* for what is larger */
#define EXCHANGE_ROOM     ((size_t)16 * 1024)        /* of most requests */
#define WAIT_MS           200  /* stopping() is asked so often at least */
#define FINISH_MS         8000 /* for what was taken before stopping */
#define TLS_VERSIONS      "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* Why a request is not passed on. */
static const struct refusal {
	int status;
	const char *body;
} too_large = { 413, "{\"__type\":\"RequestEntityTooLargeException\","
	             "\"message\":\"the body is too large\"}" },
  too_busy = { 503, "{\"__type\":\"ServiceUnavailableException\","
	            "\"message\":\"too much is under way; try again\"}" },
  has_nul = { 400, "{\"__type\":\"SerializationException\","
	           "\"message\":\"the body has a NUL\"}" },
  too_many = { 431, "{\"__type\":\"SerializationException\","
	            "\"message\":\"there are too many header fields\"}" },
  ambiguous = { 400, "{\"__type\":\"SerializationException\","
	             "\"message\":\"the body's length is ambiguous\"}" };

enum stage {
	STAGE_HEAD, /* the body has not begun */
	STAGE_BODY,
	STAGE_TAKEN, /* by the function that answers */
	STAGE_ANSWERED
};

/* One connection; in a list unless it waits for listener_finish(). */
struct visit {
	TAILQ_ENTRY(visit) place;
	struct MHD_Connection *connection;
	int64_t end_ms; /* it has so long for what is the client's to do */
};
TAILQ_HEAD(visits, visit);

struct server {
	const struct listener *listener;
	struct mem *mem;
	struct MHD_Daemon *daemon;
	struct visits visits; /* the first to end comes first */
	int wake;             /* eventfd: there are answers */
	size_t taken;         /* exchanges that wait for listener_finish() */
	size_t unsent;        /* answers that are not yet sent */
	size_t bodies;        /* bytes of all bodies */
	pthread_mutex_t lock;
	struct exchange *answered; /* by other threads; guarded by lock */
};

/* One request on its way in. */
struct exchange {
	struct listener_exchange open; /* must be first */
	struct server *server;
	struct MHD_Connection *connection;
	struct exchange *next;
	const char *uri; /* whole, as it came */
	struct str *body;
	size_t body_size;
	enum stage stage;
	const struct refusal *refusal; /* NULL: none yet */
	const char *headers[HEADERS_MOST + 1];
	size_t header_count;
};

/* Of port 0 nobody could know where it is. */
static bool read_address(const char *text, union socket_address *address)
{
	return socket_address_read(text, address) &&
	       socket_address_port(address);
}

bool listener_check(const char *address, struct err *err)
{
	union socket_address parsed;

	return read_address(address, &parsed) ||
	       err_set(err, ERR_CONFIG,
	           "listen: '%.80s' is not an address and a port, as "
	           "127.0.0.1:9229 or [::1]:9229",
	           address);
}

const char *listener_header(const struct listener_request *request,
    const char *name)
{
	size_t length = strlen(name);

	for (const char *const *at = request->headers; *at; at++)
		if (strncasecmp(*at, name, length) == 0 && (*at)[length] == ':')
			return *at + length + 2;
	return NULL;
}

static struct visit *visit_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

static void give_time(struct server *server, struct visit *visit)
{
	visit->end_ms = clock_steady_ms() + server->listener->timeout_ms;
	TAILQ_INSERT_TAIL(&server->visits, visit, place);
}

static void give_more_time(struct server *server, struct visit *visit)
{
	TAILQ_REMOVE(&server->visits, visit, place);
	give_time(server, visit);
}

static void note_connection(void *context, struct MHD_Connection *connection,
    void **place, enum MHD_ConnectionNotificationCode code)
{
	struct server *server = context;
	struct visit *visit = *place;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		visit = mem_make(server->mem, struct visit);
		visit->connection = connection;
		give_time(server, visit);
		*place = visit;
	} else {
		TAILQ_REMOVE(&server->visits, visit, place);
		mem_drop(visit);
	}
}

/* libmicrohttpd's own bound is on silence: a client that sends a byte now and
 * then would stay for ever. */
static void end_late(struct server *server)
{
	int64_t now_ms = clock_steady_ms();
	struct visit *visit;

	while (
	    (visit = TAILQ_FIRST(&server->visits)) && visit->end_ms <= now_ms) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		    visit->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		shutdown(info->connect_fd, SHUT_RDWR);
		give_more_time(server, visit); /* until it is closed */
	}
}

/* The request's target before anything is decoded; begins an exchange. */
static void *note_uri(void *context, const char *uri,
    struct MHD_Connection *connection)
{
	struct server *server = context;
	struct mem *mem = mem_new_room(NULL, EXCHANGE_ROOM);
	struct exchange *exchange = mem_make(mem, struct exchange);

	exchange->open.mem = mem;
	exchange->server = server;
	exchange->connection = connection;
	exchange->uri = mem_text(mem, uri);
	exchange->body = str_new(mem, server->listener->body_most);
	give_more_time(server, visit_of(connection));
	return exchange;
}

static void end_exchange(void *context, struct MHD_Connection *connection,
    void **place, enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *place;
	struct server *server = context;

	(void)code;
	if (!exchange)
		return;
	server->bodies -= exchange->body_size;
	if (exchange->stage == STAGE_ANSWERED)
		server->unsent--;
	mem_free(exchange->open.mem);
	*place = NULL;
	give_more_time(server, visit_of(connection));
}

/* There are many: what printf() takes for them shows. */
static const char *header_line(struct mem *mem, const char *name,
    const char *value)
{
	size_t name_length = strlen(name);
	size_t value_length = strlen(value);
	char *line = mem_alloc(mem, name_length + value_length + 3);

	memcpy(line, name, name_length);
	memcpy(line + name_length, ": ", 2);
	memcpy(line + name_length + 2, value, value_length);
	return line;
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
	    header_line(exchange->open.mem, name, value ? value : "");
	return MHD_YES;
}

static void take_body(struct exchange *exchange, const char *bytes, size_t size)
{
	struct server *server = exchange->server;

	if (size > server->listener->body_most - exchange->body_size)
		exchange->refusal = &too_large;
	else if (exchange->body_size + size > BODY_SMALL &&
	         server->bodies + size > BODIES_MOST)
		exchange->refusal = &too_busy;
	else if (memchr(bytes, '\0', size))
		exchange->refusal = &has_nul;
	if (exchange->refusal)
		return;
	exchange->body_size += size;
	server->bodies += size;
	str_add_n(exchange->body, bytes, size);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
    const struct listener_answer *answer, bool close)
{
	union {
		const char *given;
		void *wanted; /* read, not written */
	} body = { answer->body };
	/* The body lives until the exchange ends, behind the response. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(answer->body), body.wanted, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	    answer->type ? answer->type : "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
	    "no-store");
	for (const char *const *at = answer->headers; at && *at; at += 2)
		MHD_add_response_header(response, at[0], at[1]);
	if (close)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
		    "close");
	enum MHD_Result result =
	    MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct exchange *exchange,
    const struct refusal *refusal)
{
	const struct listener *listener = exchange->server->listener;

	exchange->open.answer =
	    (struct listener_answer){ .status = refusal->status,
		    .body = refusal->body };
	if (listener->refused)
		listener->refused(&exchange->open);
	return send_answer(exchange->connection, &exchange->open.answer, true);
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

static const char *peer_of(struct mem *mem, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[INET6_ADDRSTRLEN] = "";
	union {
		const struct sockaddr *any;
		const struct sockaddr_in *v4;
		const struct sockaddr_in6 *v6;
	} address = { info ? info->client_addr : NULL };

	if (address.any && address.any->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &address.v6->sin6_addr, host, sizeof(host));
	else if (address.any)
		inet_ntop(AF_INET, &address.v4->sin_addr, host, sizeof(host));
	return mem_text(mem, host);
}

static void fill_request(struct exchange *exchange, const char *method)
{
	struct mem *mem = exchange->open.mem;
	const char *mark = strchr(exchange->uri, '?');

	exchange->open.request = (struct listener_request){
		.method = mem_text(mem, method),
		.path =
		    mem_text_n(mem, exchange->uri, strcspn(exchange->uri, "?")),
		.query = mark ? mark + 1 : NULL,
		.headers = exchange->headers,
		.body = str_text(exchange->body),
		.peer = peer_of(mem, exchange->connection),
		.secure = exchange->server->listener->tls_cert != NULL,
	};
}

/* The connection rests until listener_finish(). */
static enum MHD_Result pass_on(struct exchange *exchange, const char *method)
{
	struct server *server = exchange->server;
	const struct listener *listener = server->listener;
	struct visit *visit = visit_of(exchange->connection);

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND,
	    take_header, exchange);
	fill_request(exchange, method);
	if (exchange->refusal)
		return refuse(exchange, exchange->refusal);
	exchange->open.answer =
	    (struct listener_answer){ .status = 500, .body = "{}" };
	exchange->stage = STAGE_TAKEN;
	server->taken++;
	TAILQ_REMOVE(&server->visits, visit, place);
	MHD_suspend_connection(exchange->connection);
	listener->take(listener->context, &exchange->open);
	return MHD_YES;
}

/* Called with the headers, then for each piece of the body, then to answer,
 * and again when the connection rested; the signature is libmicrohttpd's. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result take_request(void *context,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *bytes, size_t *size, void **place)
{
	struct exchange *exchange = *place;
	struct server *server = context;

	(void)url;
	(void)version;
	if (exchange->stage == STAGE_HEAD) {
		exchange->stage = STAGE_BODY;
		if (!is_ambiguous(connection))
			return MHD_YES;
		fill_request(exchange, method);
		return refuse(exchange, &ambiguous);
	}
	if (*size) {
		take_body(exchange, bytes, *size);
		*size = 0;
		return MHD_YES;
	}
	if (exchange->stage == STAGE_ANSWERED)
		return send_answer(connection, &exchange->open.answer,
		    server->listener->stopping());
	return pass_on(exchange, method);
}

void listener_finish(struct listener_exchange *exchange)
{
	struct exchange *whole = (void *)exchange;
	struct server *server = whole->server;
	uint64_t one = 1;

	pthread_mutex_lock(&server->lock);
	bool first = !server->answered;
	whole->next = server->answered;
	server->answered = whole;
	pthread_mutex_unlock(&server->lock);
	if (first && write(server->wake, &one, sizeof(one)) != sizeof(one))
		log_fatal("an eventfd cannot be written");
}

static void resume_answered(struct server *server)
{
	uint64_t count;

	/* Before the list is taken: what comes behind it wakes us again. */
	if (read(server->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_fatal("an eventfd cannot be read");
	pthread_mutex_lock(&server->lock);
	struct exchange *exchange = server->answered;
	server->answered = NULL;
	pthread_mutex_unlock(&server->lock);
	while (exchange) {
		struct exchange *next = exchange->next;
		exchange->stage = STAGE_ANSWERED;
		server->taken--;
		server->unsent++;
		give_time(server, visit_of(exchange->connection));
		MHD_resume_connection(exchange->connection);
		exchange = next;
	}
}

static bool start(struct server *server, union socket_address *address,
    struct err *err)
{
	const struct listener *listener = server->listener;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
		{ MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	union {
		const char *given;
		void *wanted; /* read, not written */
	} texts[] = { { listener->tls_cert }, { listener->tls_key },
		{ TLS_VERSIONS } };

	for (int i = 0; i < 3; i++)
		tls[i].ptr_value = texts[i].wanted;
	if (listener->tls_cert)
		flags |= MHD_USE_TLS;
	if (address->any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, take_request,
	    server, MHD_OPTION_SOCK_ADDR, &address->any,
	    MHD_OPTION_URI_LOG_CALLBACK, note_uri, server,
	    MHD_OPTION_NOTIFY_COMPLETED, end_exchange, server,
	    MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
	    MHD_OPTION_CONNECTION_LIMIT, listener->connections_most,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, listener->per_address_most,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
	    listener->tls_cert ? tls : none, MHD_OPTION_END);
	return server->daemon ||
	       err_set(err, ERR_CONFIG, "listen: cannot listen at '%s': %s",
	           listener->address, strerror(errno));
}

/* One turn: wait for a client or an answer, then serve. */
static void turn(struct server *server)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd wait[] = { { .fd = info->epoll_fd, .events = POLLIN },
		{ .fd = server->wake, .events = POLLIN } };
	MHD_UNSIGNED_LONG_LONG most_ms = WAIT_MS;

	if (MHD_get_timeout(server->daemon, &most_ms) != MHD_YES ||
	    most_ms > WAIT_MS)
		most_ms = WAIT_MS;
	poll(wait, 2, (int)most_ms);
	resume_answered(server);
	end_late(server);
	MHD_run(server->daemon);
}

/* What was taken gets its answer; nobody else is let in. False when there was
 * no time for all. */
static bool finish(struct server *server)
{
	int64_t end_ms = clock_steady_ms() + FINISH_MS;
	int socket = MHD_quiesce_daemon(server->daemon);

	if (socket >= 0)
		close(socket);
	while (server->taken + server->unsent && clock_steady_ms() < end_ms)
		turn(server);
	/* With a resting connection libmicrohttpd would end the process. */
	if (server->taken)
		return false;
	MHD_stop_daemon(server->daemon);
	return true;
}

/* As many descriptors as connections may be, and some. */
static void raise_descriptors(unsigned connections_most)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)connections_most + 64;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool serve(struct server *server, struct err *err)
{
	const struct listener *listener = server->listener;
	union socket_address address;

	if (!listener_check(listener->address, err) ||
	    !read_address(listener->address, &address))
		return false;
	raise_descriptors(listener->connections_most);
	if (!start(server, &address, err))
		return false;
	while (!listener->stopping())
		turn(server);
	return true;
}

bool listener_run(const struct listener *listener, struct err *err)
{
	struct mem *mem = mem_new(NULL);
	struct server *server = mem_make(mem, struct server);

	*server = (struct server){ .listener = listener,
		.mem = mem,
		.visits = TAILQ_HEAD_INITIALIZER(server->visits),
		.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.lock = PTHREAD_MUTEX_INITIALIZER };
	bool served = serve(server, err);
	/* Threads may still finish what was not answered in time. */
	if (served && !finish(server))
		return true;
	close(server->wake);
	mem_free(mem);
	return served;
}
