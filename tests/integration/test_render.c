/* SPDX-License-Identifier: MIT */
/*
 * What is rendered from a claimed message, and a lane that captures it.
 * covers: delivery/render.c
 * covers: delivery/capture.c
 * covers: delivery/lane.c
 */
#include <string.h>
#include <unistd.h>

#include "delivery/capture.h"
#include "delivery/lane.h"
#include "delivery/render.h"
#include "queue_help.h"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(render, .init = begin, .fini = end, .timeout = 60);

static struct delivery *rendered(void)
{
	struct queue_claim claim = help_claim(&harness.work, 1, "");

	cr_assert_eq(claim.count, 1);
	cr_assert(render(harness.mem, &harness.engine, &claim.deliveries[0]),
	    "%s", claim.deliveries[0].outcome.words);
	return &claim.deliveries[0];
}

static const char *header(const struct delivery *delivery, const char *name)
{
	const char *line =
	    strstr(delivery->text, mem_printf(harness.mem, "\r\n%s: ", name));

	cr_assert(line, "no %s", name);
	line += strlen(name) + 4;
	return mem_text_n(harness.mem, line, strcspn(line, "\r"));
}

Test(render, sender_and_reply_address_of_the_pool)
{
	struct pool *pool = harness_pool(&harness,
	    "{'EmailConfiguration':{'From':'Team <team@example.org>',"
	    "'ReplyToEmailAddress':'help@example.org'}}");

	help_mail(&harness, pool, "alice");
	struct delivery *delivery = rendered();
	cr_assert_str_eq(header(delivery, "Reply-To"), "help@example.org");
	cr_assert(strstr(header(delivery, "From"), "<team@example.org>"));
	cr_assert_str_eq(delivery->sender, "team@example.org");
	cr_assert_str_eq(delivery->recipient, "alice@example.com");
	cr_assert(strstr(delivery->plain, delivery->password));
	cr_assert(strstr(delivery->plain, "alice"));
	cr_assert_eq(delivery->text_length, strlen(delivery->text));
}

Test(render, one_message_id_a_message)
{
	struct pool *pool = harness_pool(&harness, "{}");
	int64_t id = help_mail(&harness, pool, "alice");
	struct delivery *first = rendered();
	const char *message_id = header(first, "Message-ID");

	help_settle(&harness.work, first, DELIVERY_RETRY, "no");
	cr_assert(queue_retry(&harness.work, id));
	struct delivery *again = rendered();
	cr_assert_str_eq(header(again, "Message-ID"), message_id);
	cr_assert_str_eq(again->password, first->password);
	help_mail(&harness, pool, "bob");
	cr_assert_str_neq(header(rendered(), "Message-ID"), message_id);
}

Test(render, a_password_moved_to_another_message_does_not_open)
{
	struct pool *pool = harness_pool(&harness, "{}");

	help_mail(&harness, pool, "alice");
	help_mail(&harness, pool, "bob");
	harness_value(&harness, "update ready r set sealed = o.sealed from "
	                        "ready o where o.id <> r.id");
	struct queue_claim claim = help_claim(&harness.work, 1, "");
	cr_assert_not(
	    render(harness.mem, &harness.engine, &claim.deliveries[0]));
	cr_assert_eq(claim.deliveries[0].outcome.class, DELIVERY_REFUSED);
}

/* On a host that a rotation has not reached yet. */
Test(render, a_key_that_is_not_here_yet_is_waited_for)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct keyring other = *harness.engine.keyring;
	struct engine engine = { .config = harness.config, .keyring = &other };

	help_mail(&harness, pool, "alice");
	other.keys[0].id[0] = other.keys[0].id[0] == 'f' ? 'e' : 'f';
	struct queue_claim claim = help_claim(&harness.work, 1, "");
	cr_assert_not(render(harness.mem, &engine, &claim.deliveries[0]));
	cr_assert_eq(claim.deliveries[0].outcome.class, DELIVERY_RETRY);
}

static int drain(void)
{
	struct err err = { 0 };
	struct lane_options lane = { board_new(&err), 0, true };

	cr_assert(lane.board, "%s", err.message);
	return lane_run(&harness.engine, &capture_mail_carrier, &lane);
}

Test(render, capture_must_be_allowed)
{
	struct err err = { 0 };

	cr_assert_null(
	    capture_mail_carrier.open(harness.mem, &harness.engine, &err));
	cr_assert_eq(err.code, ERR_CONFIG);
	cr_assert_str_eq(err.message,
	    "the capture carrier keeps messages instead of sending them; set "
	    "allow_capture to yes if that is what you want");
	cr_assert_eq(drain(), 7);
}

Test(render, a_lane_drains_into_the_inbox)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;
	struct capture_filter filter = { 0, "a@example.com", "EMAIL", 10 };

	harness.config->allow_capture = true;
	for (int i = 0; i < 12; i++)
		help_mail(&harness, pool, mem_printf(harness.mem, "user%d", i));
	cr_assert(harness_invite(&harness, pool,
	    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[{'Name':'email','Value':'a@example.com'}]}",
	    &report));
	cr_assert_eq(drain(), 0);
	cr_assert_eq(
	    harness_number(&harness,
	        "select count(*) from message_state where outcome = 'sent' and "
	        "sealed is null"),
	    13);
	const cJSON *list =
	    capture_list(&harness.work, &harness.engine, &filter);
	cr_assert_eq(cJSON_GetArraySize(list), 1);
	cr_assert_str_eq(json_text(list, "/0/password"), report.password);
	cr_assert_str_eq(json_text(list, "/0/username"), "alice");
	cr_assert(capture_clear(&harness.work));
	cr_assert_eq(harness_number(&harness, "select count(*) from captured"),
	    0);
}
