/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "delivery/smtp_dialogue.h"
#include "scratch.h"

static struct smtp_dialogue dialogue;

static void begin(bool auth_wanted)
{
	memset(&dialogue, 0x5a, sizeof(dialogue));
	smtp_dialogue_begin(&dialogue, auth_wanted);
}

static void hear(const char *text)
{
	smtp_dialogue_read(&dialogue, text, strlen(text));
}

static void say(const char *text)
{
	smtp_dialogue_written(&dialogue, text, strlen(text));
}

static void expect_fault(const char *words)
{
	cr_assert_not_null(dialogue.fault);
	cr_expect_not_null(strstr(dialogue.fault, words), "%s", dialogue.fault);
}

Test(smtp_dialogue, keeps_the_last_reply)
{
	begin(false);
	hear("220 mail.example ESMTP\r\n");
	cr_expect_eq(dialogue.code, 220);
	cr_expect_str_eq(dialogue.line, "220 mail.example ESMTP");
	hear("250-mail.example\r\n250-SIZE 1000\r\n250 8BITMIME\r\n");
	cr_expect_eq(dialogue.code, 250);
	cr_expect_str_eq(dialogue.line, "250 8BITMIME");
	cr_expect_null(dialogue.fault);
}

Test(smtp_dialogue, lines_come_in_pieces)
{
	const char *text = "250-first\r\n550 5.1.1 no such user\r\n";

	begin(false);
	for (size_t i = 0; text[i]; i++)
		smtp_dialogue_read(&dialogue, text + i, 1);
	cr_expect_eq(dialogue.code, 550);
	cr_expect_str_eq(dialogue.line, "550 5.1.1 no such user");
	hear("250");
	cr_expect_eq(dialogue.code, 550, "the line has not ended");
	hear(" ok\r");
	cr_expect_eq(dialogue.code, 550);
	hear("\n");
	cr_expect_eq(dialogue.code, 250);
}

Test(smtp_dialogue, continued_lines_are_no_reply)
{
	begin(false);
	hear("421-wait\r\n");
	cr_expect_eq(dialogue.code, 0);
	cr_expect_null(dialogue.fault);
	hear("421 go\r\n");
	expect_fault("the relay wants no more now; the relay said: 421 go");
}

Test(smtp_dialogue, remembers_the_first_refusal)
{
	begin(false);
	hear("250 ok\r\n");
	cr_expect_str_empty(dialogue.refusal);
	hear("450 4.7.1 greylisted\r\n550 later\r\n");
	cr_expect_str_eq(dialogue.refusal, "450 4.7.1 greylisted");
}

Test(smtp_dialogue, first_fault_stays)
{
	begin(true);
	hear("421 closing\r\n");
	say("MAIL FROM:<a@b>\r\n");
	expect_fault("421 closing");
}

Test(smtp_dialogue, long_lines_are_cut)
{
	MEM_AUTO mem = mem_new(NULL);

	begin(false);
	hear(mem_printf(mem, "550 %s\r\n", scratch_times(mem, "a", 100000)));
	cr_expect_eq(dialogue.code, 550);
	cr_expect_eq(strlen(dialogue.line), 255);
	hear("421 ");
	hear(scratch_times(mem, "b", 5000));
	hear("\r\n");
	expect_fault("421 bbb");
}

Test(smtp_dialogue, odd_lines_do_no_harm)
{
	begin(false);
	hear("\n\r\n \n25\n-\n---\n----\nabc def\r\n\xff\xff\xff\xff\r\n");
	cr_expect_null(dialogue.fault);
	hear("250 ok\n");
	cr_expect_eq(dialogue.code, 250, "a bare LF ends a line too");
	smtp_dialogue_read(&dialogue,
	    "2\0"
	    "50 x\r\n",
	    8);
	cr_expect_null(dialogue.fault);
}

Test(smtp_dialogue, auth_must_have_succeeded)
{
	begin(true);
	say("AUTH PLAIN xxxx\r\n");
	hear("535 5.7.8 no\r\n");
	say("MAIL FROM:<a@b>\r\n");
	expect_fault("authentication with the relay failed; the relay said: "
	             "535 5.7.8 no");
}

Test(smtp_dialogue, auth_that_succeeded_is_no_fault)
{
	begin(true);
	say("AUTH PLAIN xxxx\r\n");
	hear("235 2.7.0 yes\r\n");
	cr_expect(dialogue.auth_done);
	say("mail from:<a@b>\r\n");
	cr_expect_null(dialogue.fault);
	begin(false);
	say("MAIL FROM:<a@b>\r\n");
	cr_expect_null(dialogue.fault, "no AUTH was wanted");
}

Test(smtp_dialogue, no_auth_offered)
{
	begin(true);
	hear("250 mail.example\r\n");
	say("Mail From:<a@b>\r\n");
	expect_fault("authentication");
}

Test(smtp_dialogue, nothing_may_stand_behind_starttls)
{
	begin(false);
	say("STARTTLS\r\n");
	hear("220 go on\r\n250 injected\r\n");
	expect_fault("plain text was injected");
	begin(false);
	say("starttls\r\n");
	hear("220-go\r\n220 on\r\nx");
	expect_fault("plain text was injected");
}

Test(smtp_dialogue, starttls_answer_may_be_long)
{
	begin(false);
	say("STARTTLS\r\n");
	hear("220-go\r\n220-on\r\n");
	hear("220 now\r");
	hear("\n");
	cr_expect_null(dialogue.fault);
	cr_expect_not(dialogue.tls_pending);
	hear("250-a\r\n250 b\r\n250 c\r\n");
	cr_expect_null(dialogue.fault, "TLS began, replies may be many");
}

static void expect_status(const char *text, const char *expected)
{
	char status[12];

	memset(status, 'x', sizeof(status));
	smtp_dialogue_enhanced(text, status, sizeof(status));
	cr_expect_str_eq(status, expected);
}

Test(smtp_dialogue, enhanced_codes)
{
	expect_status("5.1.1 no such user", "5.1.1");
	expect_status("2.0.0", "2.0.0");
	expect_status("4.7.28 rate", "4.7.28");
	expect_status("", "");
	expect_status("no such user", "");
	expect_status("3.1.1 x", "");
	expect_status("1.2.3.4 is listed", "");
	expect_status("5.1", "");
	expect_status("5 1 1", "");
	expect_status("5.123.4567890123 long", "");
}

/* RFC 3463, 2: class, subject and detail, no more. */
Test(smtp_dialogue, addresses_are_no_enhanced_codes)
{
	expect_status("5.9.1.2 is on a list", "");
	expect_status("45.9.1.2 is on a list", "");
	expect_status("5.... x", "");
	expect_status("5.1.1x", "");
}

Test(smtp_dialogue, tells_whether_chunking_is_offered)
{
	begin(false);
	hear("250-mail.example\r\n250-CHUNKINGS\r\n250 8BITMIME\r\n");
	hear("250\r\n550 CHUNKING\r\n");
	cr_expect_not(dialogue.chunking);
	hear("250-mail.example\r\n250-chunking\r\n250 8BITMIME\r\n");
	cr_expect(dialogue.chunking);
	begin(false);
	hear("250-mail.example\r\n250 CHUNKING\r\n");
	cr_expect(dialogue.chunking);
}

Test(smtp_dialogue, phase_is_that_of_the_last_command)
{
	static const struct {
		const char *command;
		enum smtp_phase phase;
	} steps[] = { { "EHLO a\r\n", SMTP_PHASE_HELLO },
		{ "AUTH XOAUTH2\r\n", SMTP_PHASE_HELLO },
		{ "DATAabcd\r\n", SMTP_PHASE_HELLO },
		{ "MAIL FROM:<a@b>\r\n", SMTP_PHASE_MAIL },
		{ "RCPT TO:<a@b>\r\n", SMTP_PHASE_RCPT },
		{ "DATA\r\n", SMTP_PHASE_DATA } };

	begin(false);
	cr_expect_eq(dialogue.phase, SMTP_PHASE_HELLO);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		say(steps[i].command);
		cr_expect_eq(dialogue.phase, steps[i].phase, "%s",
		    steps[i].command);
		cr_expect_not(dialogue.answered);
		hear("250-go\r\n");
		cr_expect_not(dialogue.answered, "the reply has not ended");
		hear("250 on\r\n");
		cr_expect(dialogue.answered);
	}
	smtp_dialogue_sent(&dialogue);
	cr_expect_eq(dialogue.phase, SMTP_PHASE_DOT);
	cr_expect_not(dialogue.answered);
}

Test(smtp_dialogue, next_message_knows_nothing_of_the_last)
{
	begin(true);
	hear("235 2.7.0 yes\r\n");
	say("DATA\r\n");
	smtp_dialogue_sent(&dialogue);
	hear("550 5.7.1 no\r\n");
	smtp_dialogue_next(&dialogue);
	cr_expect_eq(dialogue.phase, SMTP_PHASE_HELLO);
	cr_expect_not(dialogue.answered);
	cr_expect_eq(dialogue.code, 0);
	cr_expect_str_empty(dialogue.reply);
	cr_expect_str_empty(dialogue.line);
	cr_expect_str_empty(dialogue.refusal);
	cr_expect(dialogue.auth_done, "the connection is the same");
}

Test(smtp_dialogue, reply_has_all_its_lines)
{
	MEM_AUTO mem = mem_new(NULL);

	begin(false);
	hear("550-5.1.1 nobody\r\n550-\r\n550\r\n");
	cr_expect_str_eq(dialogue.reply, "550 5.1.1 nobody");
	hear("250-a\r\n250-b\r\n250 c\r\n");
	cr_expect_str_eq(dialogue.reply, "250 a b c");
	hear("251 d\r\n");
	cr_expect_str_eq(dialogue.reply, "251 d");
	for (int i = 0; i < 9; i++)
		hear(mem_printf(mem, "250-%s\r\n",
		    scratch_times(mem, "x", 100)));
	hear("250 end\r\n");
	cr_expect_eq(strlen(dialogue.reply), sizeof(dialogue.reply) - 1);
	cr_expect_eq(dialogue.code, 250);
}
