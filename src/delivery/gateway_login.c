/* SPDX-License-Identifier: MIT */
#include "delivery/gateway_login.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "delivery/gateway.h"
#include "delivery/gateway_profile.h"

/* Of an answer that does not say how long its token is good for. */
#define LIFE_S 300

struct login {
	struct mem *mem;
	struct gateway *gateway;
	struct err *err;
};

/* The standard's own word for what is wrong, never more of the answer: it may
 * repeat what it was asked. */
static void fail(const struct login *login, const struct http_answer *answer,
    const cJSON *json)
{
	const char *error = json ? json_text(json, "/error") : NULL;

	if (!answer->answered)
		err_set(login->err, ERR_PEER, "no access token: %.150s",
		    answer->words);
	else
		err_set(login->err, ERR_PEER,
		    "no access token: HTTP %d, %.100s", answer->status,
		    error ? error : "and not what OAuth 2 prescribes");
}

static bool is_token(const char *text, size_t room)
{
	return text && *text && strlen(text) < room && !strpbrk(text, "\r\n");
}

static void take(void *context, const struct http_answer *answer)
{
	const struct login *login = context;
	struct gateway *gateway = login->gateway;
	struct err unread = { 0 };
	const cJSON *json = answer->answered
	                        ? json_read(login->mem, answer->body, &unread)
	                        : NULL;
	const char *token = json ? json_text(json, "/access_token") : NULL;
	const char *life =
	    json ? json_word(login->mem, json, "/expires_in") : NULL;
	int64_t life_s = life ? strtoll(life, NULL, 10) : LIFE_S;

	if (answer->status != 200 ||
	    !is_token(token, sizeof(gateway->access_token))) {
		fail(login, answer, json);
		return;
	}
	/* A batch may take a while; what is short is used for its half. */
	life_s = life_s > 240 ? life_s - 120 : life_s / 2;
	memcpy(gateway->access_token, token, strlen(token) + 1);
	gateway->access_until_ms =
	    clock_steady_ms() + (life_s < 86400 ? life_s : 86400) * 1000;
}

bool gateway_login(struct mem *mem, struct gateway *gateway, struct err *err)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", NULL
	};
	const struct gateway_auth *auth = gateway->profile->auth;
	const struct gateway_oauth2 *oauth2 = auth ? auth->oauth2 : NULL;
	struct login login = { mem, gateway, err };

	if (!oauth2 || clock_steady_ms() < gateway->access_until_ms)
		return true;
	struct http *http = http_new(mem, err);
	if (!http)
		return false;
	struct http_request request = gateway_request(gateway);
	request.method = "POST";
	request.url = oauth2->token_url;
	request.headers = headers;
	request.body = mem_printf(mem, "grant_type=client_credentials%s%s",
	    oauth2->scope ? "&scope=" : "",
	    oauth2->scope ? http_escape(mem, oauth2->scope) : "");
	request.user = http_escape(mem, oauth2->client_id);
	request.password = http_escape(mem, gateway->secret);
	err->code = ERR_NONE;
	http_begin(http, &request);
	while (http_running(http))
		http_run(http, 100, take, &login);
	return err->code == ERR_NONE;
}
