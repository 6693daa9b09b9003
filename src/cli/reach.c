/* SPDX-License-Identifier: MIT */
#include "cli/reach.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/socket_address.h"
#include "delivery/http.h"

#define ANY_PORT  "127.0.0.1:0"
#define ANSWER_MS 2000

/* The address, when a server could listen there now; else NULL and errno. */
static const char *try(struct mem *mem, const union socket_address *address)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	union socket_address bound = { 0 };
	socklen_t size = sizeof(bound);
	const char *text = NULL;
	int on = 1;

	if (fd < 0)
		return NULL;
	/* As the server does: connections that just ended are no obstacle. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &address->any, socket_address_size(address)) == 0 &&
	    getsockname(fd, &bound.any, &size) == 0)
		text = socket_address_print(mem, &bound);
	int saved = errno;
	close(fd);
	errno = saved;
	return text;
}

static const char *choose(struct mem *mem, const char *text, struct err *err)
{
	union socket_address address;

	if (!socket_address_read(text, &address)) {
		err_set(err, ERR_USAGE,
		    "option '--listen': '%.80s' is not an address and a port, "
		    "as 127.0.0.1:9229 or [::1]:9229",
		    text);
		return NULL;
	}
	const char *chosen = try(mem, &address);
	if (!chosen)
		err_set(err, ERR_CONFLICT, "nobody can listen at %s: %s", text,
		    strerror(errno));
	return chosen;
}

const char *reach_choose(struct mem *mem, const char *given, struct err *err)
{
	struct err taken = { 0 };
	const char *usual;

	if (given)
		return choose(mem, given, err);
	usual = choose(mem, REACH_USUAL, &taken);
	return usual ? usual : choose(mem, ANY_PORT, err);
}

static void judge(void *context, const struct http_answer *answer)
{
	enum reach_answer *result = context;

	/* What a key may do is its owner's choice. */
	if (answer->answered &&
	    (answer->status == 200 || strstr(answer->body, "AccessDenied")))
		*result = REACH_OURS;
	else if (answer->answered && answer->status < 500)
		*result = REACH_OTHERS;
}

enum reach_answer reach_ask(const char *address, const char *region,
    const struct access_key *key)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct http *http = http_new(mem, &err);
	enum reach_answer result = REACH_SILENT;
	const char *const headers[] = {
		/* libcurl would sign the host without its port. */
		mem_printf(mem, "Host: %s", address),
		"Content-Type: application/x-amz-json-1.1",
		"X-Amz-Target: AWSCognitoIdentityProviderService.ListUserPools",
		NULL
	};
	const struct http_request request = { .method = "POST",
		.url = mem_printf(mem, "http://%s/", address),
		.headers = headers,
		.body = "{\"MaxResults\":1}",
		.user = key->id,
		.password = key->secret,
		.sigv4 = mem_printf(mem, "aws:amz:%s:cognito-idp", region),
		.connect_ms = ANSWER_MS,
		.total_ms = ANSWER_MS,
		.answer_most = 65536,
		.allow_private = true };

	if (!http)
		return REACH_SILENT;
	http_begin(http, &request);
	while (http_running(http))
		http_run(http, 100, judge, &result);
	return result;
}
