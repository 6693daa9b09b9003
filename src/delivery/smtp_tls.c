/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

/* One session at a time in this process: what its handshake said. */
static struct {
	char name[256];
	bool failed;
	char words[512];
} handshake;

static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 ||
	       inet_pton(AF_INET6, name, bytes) == 1;
}

/* libesmtp does not send the server's name; it is added as it starts. */
static void note_progress(const SSL *ssl, int where, int result)
{
	(void)result;
	if ((where & SSL_CB_HANDSHAKE_START) && !is_address(handshake.name)) {
		/* What is called back with a constant is not one. */
		union {
			const SSL *given;
			SSL *ours;
		} handle = { .given = ssl };
		SSL_ctrl(handle.ours, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		    TLSEXT_NAMETYPE_host_name, handshake.name);
	}
}

static int note_verification(int good, X509_STORE_CTX *store)
{
	char subject[160] = "";
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);

	if (good)
		return good;
	if (certificate)
		X509_NAME_oneline(X509_get_subject_name(certificate), subject,
		    sizeof(subject));
	handshake.failed = true;
	snprintf(handshake.words, sizeof(handshake.words),
	    "the relay's certificate is not good for '%s': %s (%s)",
	    handshake.name,
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
	    subject);
	return good;
}

const char *smtp_tls_failure(void)
{
	return handshake.failed ? handshake.words : NULL;
}

static void let_go(void *context)
{
	SSL_CTX_free(context);
}

static bool expect_name(SSL_CTX *context, const char *name)
{
	X509_VERIFY_PARAM *rules = SSL_CTX_get0_param(context);

	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(rules, name) == 1;
	X509_VERIFY_PARAM_set_hostflags(rules,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(rules, name, 0) == 1;
}

static bool load_authorities(SSL_CTX *context, const char *file)
{
	if (!*file)
		return SSL_CTX_set_default_verify_paths(context) == 1;
	return SSL_CTX_load_verify_locations(context, file, NULL) == 1;
}

SSL_CTX *smtp_tls_new(struct mem *mem, const struct config *config,
    struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	mem_defer(mem, let_go, context);
	handshake.failed = false;
	snprintf(handshake.name, sizeof(handshake.name), "%s",
	    *config->smtp_tls_name ? config->smtp_tls_name : config->smtp_host);
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_verification);
	SSL_CTX_set_info_callback(context, note_progress);
	if (!load_authorities(context, config->smtp_ca_file) ||
	    !expect_name(context, handshake.name)) {
		err_set(err, ERR_CONFIG,
		    "smtp_ca_file: '%s' does not hold certificates that can be "
		    "used",
		    config->smtp_ca_file);
		ERR_clear_error();
		return NULL;
	}
	return context;
}
