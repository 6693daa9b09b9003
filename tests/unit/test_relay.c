/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/relay.h"

static struct config config_of(const char *host, const char *tls,
    const char *user)
{
	return (struct config){ .smtp_host = host,
		.smtp_tls = tls,
		.smtp_auth = "password",
		.smtp_password_file = "",
		.bounce_address = "",
		.smtp_user = user };
}

Test(relay, needs_tls)
{
	static const struct {
		const char *host;
		const char *tls;
		bool needed;
	} cases[] = {
		{ "127.0.0.1", "auto", false },
		{ "127.1.2.3", "auto", false },
		{ "localhost", "auto", false },
		{ "localhost.example.org", "auto", true },
		{ "mail.example.org", "auto", true },
		{ "10.0.0.1", "auto", true },
		{ "1270.0.0.1", "auto", true },
		{ "127.evil.example", "auto", true },
		{ "127.0.0.1.example", "auto", true },
		{ "127.0.0.1", "required", true },
		{ "127.0.0.1", "implicit", true },
		{ "mail.example.org", "implicit", true },
		{ "mail.example.org", "off", false },
		{ "127.0.0.1", "off", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config config =
		    config_of(cases[i].host, cases[i].tls, "");
		cr_expect_eq(relay_needs_tls(&config), cases[i].needed, "%s %s",
		    cases[i].host, cases[i].tls);
	}
}

static void expect_refused(struct config config, const char *words)
{
	struct err err = { 0 };

	cr_expect_not(relay_check_config(&config, &err));
	cr_expect_eq(err.code, ERR_CONFIG);
	cr_expect_not_null(strstr(err.message, words), "%s", err.message);
}

static void expect_taken(struct config config)
{
	struct err err = { 0 };

	cr_expect(relay_check_config(&config, &err), "%s", err.message);
	cr_expect_eq(err.code, ERR_NONE);
}

Test(relay, ipv6_cannot_be_given)
{
	expect_refused(config_of("::1", "auto", ""), "'::1' is an IPv6");
	expect_refused(config_of("2001:db8::1", "off", ""), "IPv6");
}

Test(relay, password_is_not_sent_in_the_clear)
{
	expect_refused(config_of("mail.example", "off", "u"),
	    "a password is not sent to 'mail.example' without TLS");
	expect_taken(config_of("mail.example", "off", ""));
	expect_taken(config_of("mail.example", "auto", "u"));
	expect_taken(config_of("mail.example", "required", "u"));
	expect_taken(config_of("mail.example", "implicit", "u"));
	expect_taken(config_of("127.0.0.1", "off", "u"));
	expect_taken(config_of("localhost", "auto", "u"));
	expect_refused(config_of("127.evil.example", "off", "u"),
	    "without TLS");
}

static struct config token_config(const char *host, const char *tls)
{
	struct config config = config_of(host, tls, "u");

	config.smtp_auth = "xoauth2";
	config.smtp_password_file = "/token";
	return config;
}

Test(relay, token_needs_user_file_and_tls)
{
	struct config config = token_config("mail.example", "auto");

	expect_taken(config);
	expect_taken(token_config("127.0.0.1", "implicit"));
	expect_refused(token_config("127.0.0.1", "auto"),
	    "smtp_auth: xoauth2 is not used without TLS");
	expect_refused(token_config("127.0.0.1", "off"), "smtp_auth");
	config.smtp_password_file = "";
	expect_refused(config, "smtp_password_file: not set");
	config.smtp_user = "";
	expect_refused(config, "smtp_user: not set");
}

Test(relay, bounces_need_an_address_with_room_for_a_token)
{
	static const char *const good[] = { "", "bounce@usher.test",
		"abcdefghijklmnopqrstuvwx@usher.test", "a+b@[192.0.2.1]" };
	static const char *const bad[] = { "bounce", "bounce@", "@usher.test",
		"two words@usher.test", "Bounces <bounce@usher.test>",
		"bounce@usher.test\r\n", "b\303\274cher@usher.test",
		"bounce@b\303\274cher.test", "\"bounce\"@usher.test",
		"abcdefghijklmnopqrstuvwxy@usher.test" };
	struct config config = config_of("127.0.0.1", "auto", "");

	config.lease_seconds = 120;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		config.bounce_address = good[i];
		expect_taken(config);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		config.bounce_address = bad[i];
		expect_refused(config, "bounce_address: '");
	}
}

Test(relay, by_curl_is_what_libesmtp_cannot)
{
	struct config config = config_of("mail.example", "required", "u");

	cr_expect_not(relay_by_curl(&config));
	config = config_of("mail.example", "implicit", "");
	cr_expect(relay_by_curl(&config));
	cr_expect(relay_tls_implicit(&config));
	config = token_config("mail.example", "required");
	cr_expect(relay_by_curl(&config));
	cr_expect_not(relay_tls_implicit(&config));
	cr_expect(relay_wants_token(&config));
}
