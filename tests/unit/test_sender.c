/* SPDX-License-Identifier: MIT */
/* What is asked and answered: tests/clients/triggers.py. */
#include <criterion/criterion.h>

#include "delivery/sender.h"

#define EVENT "{\"version\":\"1\",\"request\":{\"type\":\"t\",\"code\":"

static void expect_body(const char *password, const char *code)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct delivery delivery = { .password = password,
		.event = EVENT "null,\"clientMetadata\":null}}" };
	const char *body = sender_body(mem, &delivery, &err);

	cr_assert_not_null(body, "%s", err.message);
	cr_expect_str_eq(body,
	    mem_printf(mem, EVENT "%s,\"clientMetadata\":null}}", code));
}

/* base64 of the password as it stands in HTML. */
Test(sender, body)
{
	expect_body("Abc-123!", "\"QWJjLTEyMyE=\"");
	/* A&lt;b&gt;&amp;&quot;1 */
	expect_body("A<b>&\"1", "\"QSZsdDtiJmd0OyZhbXA7JnF1b3Q7MQ==\"");
	expect_body(NULL, "null");
}

Test(sender, words_do_not_tell_the_code)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct delivery delivery = { .password = "Abc-123!",
		.event = EVENT "null}}" };

	cr_assert_not_null(sender_body(mem, &delivery, &err));
	delivery_tell(&delivery, DELIVERY_RETRY, 500, NULL,
	    "no QWJjLTEyMyE= or Abc-123!");
	cr_expect_str_eq(delivery.outcome.words, "no **** or ****");
}

Test(sender, event_that_is_none)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };
	struct delivery delivery = { .event = "{" };

	cr_expect_null(sender_body(mem, &delivery, &err));
	cr_expect_eq(err.code, ERR_SERIALIZATION);
}
