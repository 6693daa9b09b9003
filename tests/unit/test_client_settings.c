/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "account/client_settings.h"
#include "base/json.h"
#include "scratch.h"

#define NEEDED "\"UserPoolId\":\"us-east-1_a\",\"ClientName\":\"c\""

static bool read_settings(struct mem *mem, const char *members,
    struct client_settings *settings, struct err *err)
{
	const cJSON *json =
	    json_read(mem, mem_printf(mem, "{" NEEDED "%s}", members), err);

	cr_assert_not_null(json, "%s: %s", members, err->message);
	return field_read(mem, client_create_rows, json, settings, err) &&
	       client_settings_check(settings, err);
}

static void expect(const char *members, const char *message)
{
	MEM_AUTO mem = mem_new(NULL);
	struct client_settings settings = { 0 };
	struct err err = { 0 };
	bool taken = read_settings(mem, members, &settings, &err);

	cr_expect_eq(taken, message == NULL, "%s: %s", members, err.message);
	if (!message)
		return;
	cr_expect_eq(err.code, ERR_INVALID_PARAMETER, "%s", members);
	cr_expect_not_null(strstr(err.message, message), "%s: %s", members,
	    err.message);
}

static const char *validity(struct mem *mem, const char *token, int value,
    const char *unit)
{
	return mem_printf(mem,
	    ",\"%sValidity\":%d,\"TokenValidityUnits\":{\"%s\":\"%s\"}", token,
	    value, token, unit);
}

Test(client_settings, how_long_tokens_may_be_valid)
{
	static const struct {
		const char *token;
		const char *unit;
		int least, most;
	} cases[] = {
		{ "AccessToken", "seconds", 300, 86400 },
		{ "AccessToken", "minutes", 5, 1440 },
		{ "AccessToken", "hours", 1, 24 },
		{ "AccessToken", "days", 1, 1 },
		{ "IdToken", "seconds", 300, 86400 },
		{ "IdToken", "minutes", 5, 1440 },
		{ "IdToken", "hours", 1, 24 },
		{ "IdToken", "days", 1, 1 },
		{ "RefreshToken", "seconds", 3600, 315360000 },
		{ "RefreshToken", "minutes", 60, 5256000 },
		{ "RefreshToken", "hours", 1, 87600 },
		{ "RefreshToken", "days", 1, 3650 },
	};
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *token = cases[i].token;
		const char *unit = cases[i].unit;
		int least = cases[i].least;
		int most = cases[i].most;
		expect(validity(mem, token, least, unit), NULL);
		expect(validity(mem, token, most, unit), NULL);
		/* One that the table lets pass. */
		if (least > 1)
			expect(validity(mem, token, least - 1, unit),
			    "Invalid range for token validity.");
		if (most < 86400)
			expect(validity(mem, token, most + 1, unit),
			    "Invalid range for token validity.");
	}
}

Test(client_settings, units_that_nobody_gave)
{
	expect("", NULL);
	expect(",\"AccessTokenValidity\":24", NULL);
	expect(",\"AccessTokenValidity\":25",
	    "Invalid range for token validity.");
	expect(",\"IdTokenValidity\":25", "Invalid range for token validity.");
	expect(",\"RefreshTokenValidity\":3650", NULL);
	expect(",\"RefreshTokenValidity\":3651",
	    "Invalid range for token validity.");
	/* 0 is the default. */
	expect(",\"RefreshTokenValidity\":0", NULL);
	expect(",\"TokenValidityUnits\":{\"RefreshToken\":\"hours\"}", NULL);
	expect(",\"TokenValidityUnits\":{\"RefreshToken\":\"minutes\"}",
	    "Invalid range for token validity.");
	expect(",\"TokenValidityUnits\":{\"AccessToken\":\"minutes\"}", NULL);
	expect(",\"TokenValidityUnits\":{}", NULL);
}

Test(client_settings, generations_of_flows_do_not_mix)
{
	expect(",\"ExplicitAuthFlows\":[]", NULL);
	expect(",\"ExplicitAuthFlows\":[\"ADMIN_NO_SRP_AUTH\","
	       "\"USER_PASSWORD_AUTH\",\"CUSTOM_AUTH_FLOW_ONLY\"]",
	    NULL);
	expect(",\"ExplicitAuthFlows\":[\"ALLOW_USER_AUTH\","
	       "\"ALLOW_REFRESH_TOKEN_AUTH\"]",
	    NULL);
	expect(",\"ExplicitAuthFlows\":[\"ALLOW_USER_AUTH\","
	       "\"ADMIN_NO_SRP_AUTH\"]",
	    "cannot be used along with those without it");
	expect(",\"ExplicitAuthFlows\":[\"NOPE\"]",
	    "Value '[NOPE]' at 'explicitAuthFlows'");
}

Test(client_settings, a_secret_is_not_echoed)
{
	expect(",\"ClientSecret\":\"short\"",
	    "Value at 'clientSecret' failed to satisfy constraint: Member must "
	    "have length greater than or equal to 24");
	expect(",\"ClientSecret\":\"abcdefghijklmnopqrst-_.!\"",
	    "Value at 'clientSecret' failed to satisfy constraint: Member must "
	    "satisfy regular expression pattern: [\\w+]+");
	expect(",\"ClientSecret\":\"abcdefghijklmnopqrstuv+_\"", NULL);
}

Test(client_settings, settings_alone_are_kept)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	const cJSON *json = json_read(mem,
	    "{" NEEDED ",\"ClientSecret\":\"abcdefghijklmnopqrstuvwx\","
	    "\"ClientId\":\"x\",\"GenerateSecret\":true,\"Unknown\":1,"
	    "\"CallbackURLs\":[\"https://a/\"],\"IdTokenValidity\":null,"
	    "\"TokenValidityUnits\":{\"IdToken\":\"days\",\"AccessToken\":null,"
	    "\"Unknown\":1}}",
	    &err);

	cr_assert_not_null(json);
	cr_expect_str_eq(json_print(mem, client_settings_kept(mem, json)),
	    "{\"CallbackURLs\":[\"https://a/\"],"
	    "\"TokenValidityUnits\":{\"IdToken\":\"days\"}}");
}
