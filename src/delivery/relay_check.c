/* SPDX-License-Identifier: MIT */
#include "delivery/relay_check.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "delivery/relay.h"

#define DIALOGUE_MOST 16384

struct check {
	struct str *dialogue;
	bool in_auth; /* what follows may hold credentials */
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
	} else if (type == CURLINFO_HEADER_OUT && check->in_auth) {
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

static void let_go_list(void *list)
{
	curl_slist_free_all(list);
}

/* The certificate must carry smtp_tls_name where that is set: the relay's
 * address is then given for that name. */
static void set_host(struct mem *mem, CURL *easy, const struct config *config)
{
	const char *name =
	    *config->smtp_tls_name ? config->smtp_tls_name : config->smtp_host;
	long long port = config->smtp_port;

	curl_easy_setopt(easy, CURLOPT_URL,
	    mem_printf(mem, "smtp://%s:%lld/%s", name, port,
	        *config->smtp_hello ? config->smtp_hello : "usher.localhost"));
	if (strcmp(name, config->smtp_host) == 0)
		return;
	struct curl_slist *list =
	    curl_slist_append(NULL, mem_printf(mem, "%s:%lld:%s:%lld", name,
	                                port, config->smtp_host, port));
	mem_defer(mem, let_go_list, list);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, list);
}

static void set_security(CURL *easy, const struct config *config,
    const char *password)
{
	if (relay_needs_tls(config))
		curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	if (*config->smtp_ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, config->smtp_ca_file);
	if (!*config->smtp_user)
		return;
	curl_easy_setopt(easy, CURLOPT_USERNAME, config->smtp_user);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, password);
	curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN");
}

bool relay_check(struct mem *mem, const struct config *config,
    const char **dialogue, struct err *err)
{
	char words[CURL_ERROR_SIZE] = "";
	struct check check = { .dialogue = str_new(mem, DIALOGUE_MOST) };
	const char *password =
	    config_secret(mem, config->smtp_password_file, err);

	if (!password || !relay_check_config(config, err))
		return false;
	CURL *easy = curl_easy_init();
	mem_defer(mem, let_go, easy);
	set_host(mem, easy, config);
	set_security(easy, config, password);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
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
	if (result == CURLE_OK)
		return true;
	err_set_detail(err, ERR_PEER,
	    mem_printf(mem, "the relay %s:%lld cannot be used",
	        config->smtp_host, (long long)config->smtp_port),
	    *words ? words : curl_easy_strerror(result));
	return false;
}
