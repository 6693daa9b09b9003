/* SPDX-License-Identifier: MIT */
#include "delivery/relay_check.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "delivery/relay.h"
#include "delivery/relay_curl.h"

#define DIALOGUE_MOST 16384

struct check {
	struct str *dialogue;
	bool in_auth; /* what follows may hold credentials */
	bool auth_done;
};

static void add_line(struct str *dialogue, const char *lead, const char *line,
    size_t length)
{
	while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	str_addf(dialogue, "  %s %.*s\n", lead, (int)length, line);
}

static int note(CURL *easy, curl_infotype type, char *bytes, size_t length,
    void *argument)
{
	struct check *check = argument;

	(void)easy;
	if (type == CURLINFO_HEADER_IN) {
		add_line(check->dialogue, "<", bytes, length);
		check->in_auth = str_starts(bytes, "334");
		if (str_starts(bytes, "235"))
			check->auth_done = true;
	} else if (type == CURLINFO_HEADER_OUT && check->in_auth &&
	           !str_starts(bytes, "QUIT\r\n")) {
		add_line(check->dialogue, ">", "(credentials)", 13);
	} else if (type == CURLINFO_HEADER_OUT && str_starts(bytes, "AUTH ")) {
		size_t verb = 5 + strcspn(bytes + 5, " \r\n");
		add_line(check->dialogue, ">", bytes, verb);
	} else if (type == CURLINFO_HEADER_OUT) {
		add_line(check->dialogue, ">", bytes, length);
	}
	return 0;
}

static size_t drop(const char *bytes, size_t size, size_t count, void *argument)
{
	(void)bytes;
	(void)argument;
	return size * count;
}

static void let_go(void *easy)
{
	curl_easy_cleanup(easy);
}

bool relay_check(struct mem *mem, const struct config *config,
    const char **dialogue, struct err *err)
{
	char words[CURL_ERROR_SIZE] = "";
	struct check check = { .dialogue = str_new(mem, DIALOGUE_MOST) };
	const char *secret =
	    config_secret(mem, config->smtp_password_file, err);

	if (!secret || !relay_check_config(config, err))
		return false;
	CURL *easy = curl_easy_init();
	mem_defer(mem, let_go, easy);
	relay_curl_set(mem, easy, config, secret);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, note);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, &check);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	    (long)config->smtp_connect_timeout);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT,
	    (long)config->smtp_reply_timeout);
	CURLcode result = curl_easy_perform(easy);
	*dialogue = mem_text(mem, str_text(check.dialogue));
	bool unknown = *config->smtp_user && !check.auth_done;
	if (result == CURLE_OK && !unknown)
		return true;
	if (result == CURLE_OK)
		snprintf(words, sizeof(words), "it offers no AUTH");
	err_set_detail(err, ERR_PEER,
	    mem_printf(mem, "the relay %s:%lld cannot be used",
	        config->smtp_host, (long long)config->smtp_port),
	    *words ? words : curl_easy_strerror(result));
	return false;
}
