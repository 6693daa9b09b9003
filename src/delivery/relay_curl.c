/* SPDX-License-Identifier: MIT */
#include "delivery/relay_curl.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

#include "delivery/relay.h"

static void let_go_list(void *list)
{
	curl_slist_free_all(list);
}

/* The certificate must carry smtp_tls_name where that is set: the relay's
 * address is then given for that name. What follows it is for EHLO. */
static void set_host(struct mem *mem, CURL *easy, const struct config *config)
{
	const char *name =
	    *config->smtp_tls_name ? config->smtp_tls_name : config->smtp_host;
	long long port = config->smtp_port;
	char own[256] = "";

	gethostname(own, sizeof(own) - 1);
	curl_easy_setopt(easy, CURLOPT_URL,
	    mem_printf(mem, "%s://%s:%lld/%s",
	        relay_tls_implicit(config) ? "smtps" : "smtp", name, port,
	        *config->smtp_hello ? config->smtp_hello : own));
	if (strcmp(name, config->smtp_host) == 0)
		return;
	struct curl_slist *list =
	    curl_slist_append(NULL, mem_printf(mem, "%s:%lld:%s:%lld", name,
	                                port, config->smtp_host, port));
	mem_defer(mem, let_go_list, list);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, list);
}

static void set_tls(CURL *easy, const struct config *config)
{
	if (relay_needs_tls(config))
		curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (!*config->smtp_ca_file)
		return;
	/* These alone: the system's folder would count beside them. */
	curl_easy_setopt(easy, CURLOPT_CAINFO, config->smtp_ca_file);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_auth(CURL *easy, const struct config *config,
    const char *secret)
{
	if (!*config->smtp_user)
		return;
	curl_easy_setopt(easy, CURLOPT_USERNAME, config->smtp_user);
	if (!relay_wants_token(config)) {
		curl_easy_setopt(easy, CURLOPT_PASSWORD, secret);
		curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS,
		    "AUTH=PLAIN;AUTH=LOGIN");
		return;
	}
	curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, secret);
	curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2");
	curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L);
}

void relay_curl_set(struct mem *mem, void *easy, const struct config *config,
    const char *secret)
{
	set_host(mem, easy, config);
	set_tls(easy, config);
	set_auth(easy, config, secret);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}
