/* SPDX-License-Identifier: MIT */
/*
 * Mails that came back, and the messages that they are of.
 * covers: delivery/bounce.c
 */
#include "delivery/bounce.h"
#include "delivery/token.h"
#include "queue_help.h"

#define FROM   "From: MAILER-DAEMON@relay.test\nSubject: failure notice\n\n"
#define FORGED "0123456789abcdef0123"

static struct harness harness;
static int64_t id;
static const char *token;

static void begin(void)
{
	harness_begin(&harness);
	id = help_mail(&harness, harness_pool(&harness, "{}"), "alice");
	help_settle(&harness.work, help_claim(&harness.work, 1, "").deliveries,
	    DELIVERY_ACCEPTED, "ok");
	token = token_print(harness.mem,
	    harness_value(&harness, "select token_salt from installation"), id);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(bounce, .init = begin, .fini = end, .timeout = 60);

static const char *take(const char *recipient, const char *mail)
{
	const char *words = NULL;

	cr_assert(bounce_take(&harness.work, recipient, mail, &words), "%s",
	    harness.work.err.detail);
	return words;
}

static const char *state(void)
{
	return json_text(queue_show(&harness.work, id), "/state");
}

/* FORGED tokens of our form, one a line. */
static const char *forged(int many)
{
	const char *text = "";

	for (int i = 1; i <= many; i++)
		text = mem_printf(harness.mem, "%s%d-" FORGED "\n", text, i);
	return text;
}

Test(bounce, ours_is_found_behind_others)
{
	const char *mail =
	    mem_printf(harness.mem, FROM "%sx%s\nMessage-ID: <%s@usher.test>\n",
	        forged(19), token, token);

	cr_assert_str_eq(take(NULL, mail),
	    mem_printf(harness.mem, "message %lld: bounced", (long long)id));
	cr_assert_str_eq(state(), "bounced");
}

/* Each costs a question to the database. */
Test(bounce, so_many_are_looked_at_and_no_more)
{
	const char *mail = mem_printf(harness.mem,
	    FROM "%sMessage-ID: <%s@usher.test>\n", forged(20), token);

	cr_assert_str_eq(take(NULL, mail),
	    "a bounce of no message of ours: nothing is changed");
	cr_assert_str_eq(state(), "sent");
}

Test(bounce, the_recipient_s_token_comes_first)
{
	int64_t other =
	    help_mail(&harness, harness_pool(&harness, "{}"), "bob");
	const char *salt =
	    harness_value(&harness, "select token_salt from installation");
	const char *mail = mem_printf(harness.mem, FROM "<%s@usher.test>\n",
	    token_print(harness.mem, salt, other));

	take(mem_printf(harness.mem, "bounce+%s@usher.test", token), mail);
	cr_assert_str_eq(state(), "bounced");
	cr_assert_str_eq(harness_value(&harness,
	                     "select count(*) from receipt where message_id = "
	                     "%lld",
	                     (long long)other),
	    "0");
}

Test(bounce, a_forged_recipient_leaves_the_mail_s_own)
{
	const char *mail =
	    mem_printf(harness.mem, FROM "<%s@usher.test>\n", token);

	take("bounce+1-" FORGED "@usher.test", mail);
	cr_assert_str_eq(state(), "bounced");
}

Test(bounce, words_are_only_said_when_it_was_done)
{
	const char *words = NULL;

	harness_value(&harness, "alter table receipt rename to gone");
	cr_assert_not(bounce_take(&harness.work, NULL,
	    mem_printf(harness.mem, FROM "%s", token), &words));
	cr_assert_eq(harness.work.err.code, ERR_DATABASE);
	cr_assert_null(words);
}
