/* SPDX-License-Identifier: MIT */
#include "delivery/relay.h"

#include <string.h>

#include "base/str.h"
#include "message/mime.h"

/* RFC 5321, 4.5.3.1: a local part has 64 bytes; +TOKEN takes up to 40. */
#define LOCAL_PART_MOST 24

static bool is_loopback(const char *host)
{
	/* An address, not a name that begins like one. */
	bool address =
	    str_starts(host, "127.") && !host[strspn(host, "0123456789.")];

	return address || strcmp(host, "localhost") == 0;
}

bool relay_tls_implicit(const struct config *config)
{
	return strcmp(config->smtp_tls, "implicit") == 0;
}

bool relay_wants_token(const struct config *config)
{
	return strcmp(config->smtp_auth, "xoauth2") == 0;
}

bool relay_by_curl(const struct config *config)
{
	return relay_tls_implicit(config) || relay_wants_token(config);
}

bool relay_needs_tls(const struct config *config)
{
	return relay_tls_implicit(config) ||
	       strcmp(config->smtp_tls, "required") == 0 ||
	       (strcmp(config->smtp_tls, "auto") == 0 &&
	           !is_loopback(config->smtp_host));
}

/* A token opens more than the relay, so it is not for the clear even here. */
static bool check_token(const struct config *config, struct err *err)
{
	if (!*config->smtp_user)
		return err_set(err, ERR_CONFIG,
		    "smtp_user: not set; smtp_auth xoauth2 needs whose token "
		    "it is");
	if (!*config->smtp_password_file)
		return err_set(err, ERR_CONFIG,
		    "smtp_password_file: not set; smtp_auth xoauth2 needs the "
		    "file with the token");
	if (!relay_needs_tls(config))
		return err_set(err, ERR_CONFIG,
		    "smtp_auth: xoauth2 is not used without TLS; set smtp_tls "
		    "to required or implicit");
	return true;
}

bool relay_check_bounces(const struct config *config, struct err *err)
{
	const char *address = config->bounce_address;
	bool ascii = true;

	if (!*address)
		return true;
	for (const char *at = address; *at; at++)
		ascii = ascii && (unsigned char)*at < 0x80;
	if (ascii && *address != '"' && mime_address_valid(address) &&
	    strcspn(address, "@") <= LOCAL_PART_MOST)
		return true;
	return err_set(err, ERR_CONFIG,
	    "bounce_address: '%.100s' is not an address in ASCII with at most "
	    "%d bytes before the @, where a token is added",
	    address, LOCAL_PART_MOST);
}

bool relay_check_config(const struct config *config, struct err *err)
{
	if (!relay_check_bounces(config, err))
		return false;
	/* libesmtp cannot be given one. */
	if (strchr(config->smtp_host, ':'))
		return err_set(err, ERR_CONFIG,
		    "smtp_host: '%s' is an IPv6 address, which is not taken "
		    "here; use a host name",
		    config->smtp_host);
	if (*config->smtp_user && !relay_needs_tls(config) &&
	    !is_loopback(config->smtp_host))
		return err_set(err, ERR_CONFIG,
		    "smtp_user: a password is not sent to '%s' without TLS; "
		    "set smtp_tls to required",
		    config->smtp_host);
	if (relay_wants_token(config) && !check_token(config, err))
		return false;
	/* So that a session ends while its messages are still ours. */
	if (config->smtp_session_timeout * 5 / 4 > config->lease_seconds)
		return err_set(err, ERR_CONFIG,
		    "lease_seconds: must be at least a quarter longer than "
		    "smtp_session_timeout");
	return true;
}
