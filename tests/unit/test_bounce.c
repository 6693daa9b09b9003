/* SPDX-License-Identifier: MIT */
/* Mails after RFC 3464, appendix E, and as mail systems write them. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "delivery/bounce.h"
#include "scratch.h"

#define HEAD                                                             \
	"Return-Path: <>\n"                                              \
	"From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>\n"     \
	"Subject: Returned mail: Cannot send message for 5 days\n"       \
	"To: <bounce@usher.test>\n"                                      \
	"Auto-Submitted: auto-replied\n"                                 \
	"MIME-Version: 1.0\n"                                            \
	"Content-Type: multipart/report; report-type=delivery-status;\n" \
	"      boundary=\"RAA14128.773615765/CS.UTK.EDU\"\n"             \
	"\n"                                                             \
	"--RAA14128.773615765/CS.UTK.EDU\n"                              \
	"\n"                                                             \
	"   ----- The following addresses had delivery problems -----\n" \
	"<louisl@larry.slip.umd.edu>  (unrecoverable error)\n"           \
	"\n"                                                             \
	"--RAA14128.773615765/CS.UTK.EDU\n"
#define PART "content-type: message/delivery-status\n"
#define FIELDS                                                   \
	"\n"                                                     \
	"Reporting-MTA: dns; cs.utk.edu\n"                       \
	"\n"                                                     \
	"Original-Recipient: rfc822;louisl@larry.slip.umd.edu\n" \
	"Final-Recipient: rfc822;louisl@larry.slip.umd.edu\n"
#define TAIL                                                  \
	"Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\n" \
	"\n"                                                  \
	"--RAA14128.773615765/CS.UTK.EDU\n"                   \
	"content-type: message/rfc822\n"                      \
	"\n"                                                  \
	"From: usher@usher.test\n"                            \
	"Auto-Submitted: auto-generated\n"                    \
	"Subject: Your temporary password\n"                  \
	"\n"                                                  \
	"--RAA14128.773615765/CS.UTK.EDU--\n"

static struct mem *mem;

static void begin(void)
{
	mem = mem_new(NULL);
}

static void end(void)
{
	mem_free(mem);
}

TestSuite(bounce, .init = begin, .fini = end);

static struct receipt read_mail(const char *mail)
{
	struct receipt receipt = { .message_key = "left behind" };

	bounce_read(mem, mail, &receipt);
	cr_expect_null(receipt.message_key);
	cr_expect_null(receipt.remote_id);
	return receipt;
}

/* A report of one recipient with these fields. */
static const char *report(const char *fields)
{
	return mem_printf(mem, HEAD PART FIELDS "%s" TAIL, fields);
}

static const char *with_crlf(const char *mail)
{
	struct str *text = str_new(mem, STR_LIMIT_LARGE);

	for (; *mail; mail++)
		str_addf(text, "%s%c", *mail == '\n' ? "\r" : "", *mail);
	return str_text(text);
}

static void expect(const char *mail, enum receipt_state state, const char *code,
    const char *words)
{
	struct receipt receipt = read_mail(mail);

	cr_expect_eq(receipt.state, state, "%d: %s", (int)receipt.state, mail);
	cr_expect(str_same(receipt.code, code), "%s: %s", receipt.code, mail);
	cr_expect(str_same(receipt.words, words), "%s: %s", receipt.words,
	    mail);
}

/* The same with both ends of lines. */
static void expect_both(const char *mail, enum receipt_state state,
    const char *code, const char *words)
{
	expect(mail, state, code, words);
	expect(with_crlf(mail), state, code, words);
}

Test(bounce, each_action)
{
	static const struct {
		const char *action;
		enum receipt_state state;
	} cases[] = { { "failed", RECEIPT_FAILED },
		{ "delayed", RECEIPT_DELAYED },
		{ "delivered", RECEIPT_DELIVERED },
		/* What becomes of it there nobody will tell. */
		{ "relayed", RECEIPT_IGNORED }, { "expanded", RECEIPT_IGNORED },
		{ "FAILED", RECEIPT_FAILED },
		{ "failed (unknown user)", RECEIPT_FAILED },
		{ "", RECEIPT_IGNORED }, { "danced", RECEIPT_IGNORED } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_both(report(mem_printf(mem,
		                "Action: %s\nStatus: 4.0.0\nDiagnostic-Code: "
		                "smtp; 426 connection timed out\n",
		                cases[i].action)),
		    cases[i].state, "4.0.0", "smtp; 426 connection timed out");
}

Test(bounce, fields_are_folded)
{
	expect_both(report("Action:\n failed\n"
	                   "Status:\t5.1.1\n"
	                   "Diagnostic-Code: smtp; 550-5.1.1 The account\n"
	                   "\t550-5.1.1 does not\n"
	                   "    550 5.1.1 exist\n"),
	    RECEIPT_FAILED, "5.1.1",
	    "smtp; 550-5.1.1 The account 550-5.1.1 does not 550 5.1.1 exist");
}

Test(bounce, names_of_fields_are_in_any_case)
{
	expect_both(
	    report("ACTION: failed\nstatus: 5.2.2\nDIAGNOSTIC-code: X; y\n"),
	    RECEIPT_FAILED, "5.2.2", "X; y");
}

Test(bounce, what_is_not_told)
{
	expect_both(report("Action: failed\n"), RECEIPT_FAILED, NULL, NULL);
	expect_both(report("Action: failed\nStatus:\nDiagnostic-Code: \n"),
	    RECEIPT_FAILED, NULL, NULL);
}

/* In the order that the mail system likes, ending where it was cut. */
Test(bounce, order_and_end_do_not_matter)
{
	expect_both(HEAD PART
	    "\nStatus: 5.0.0\nDiagnostic-Code: a\nAction: failed",
	    RECEIPT_FAILED, "5.0.0", "a");
}

Test(bounce, the_report_s_type_is_spelled_in_many_ways)
{
	static const char *const parts[] = {
		"Content-Type: message/delivery-status\n",
		"Content-Type:message/delivery-status\n",
		"CONTENT-TYPE:  Message/Delivery-Status; charset=us-ascii\n",
		"Content-Type:\n message/delivery-status;\n\tname=\"x\"\n",
		("Content-Description: Delivery report\n"
		 "Content-Type: message/delivery-status\n"),
		"Content-Type: message/global-delivery-status\n"
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		expect_both(mem_printf(mem,
		                HEAD "%s" FIELDS "Action: delayed\n" TAIL,
		                parts[i]),
		    RECEIPT_DELAYED, NULL, NULL);
}

Test(bounce, a_mail_system_without_a_report)
{
	static const char *const from[] = { "MAILER-DAEMON@relay.test",
		"Mail Delivery System <Mailer-Daemon@relay.test>",
		"\"Postmaster\" <postmaster@relay.test>",
		"\n Mail Delivery System\n <MAILER-DAEMON@relay.test>" };

	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++)
		expect_both(mem_printf(mem,
		                "From: %s\nSubject: failure notice\n\n"
		                "Hi. This is the qmail-send program.\n",
		                from[i]),
		    RECEIPT_FAILED, NULL, "failure notice");
}

/* All of these come with the empty return path too (RFC 5321, 4.5.5). */
Test(bounce, an_absence_notice_is_none)
{
	static const char *const heads[] = {
		"Return-Path: <>\nAuto-Submitted: auto-replied\n",
		"Return-Path: <anna@x.test>\nAuto-Submitted: auto-replied\n",
		"Return-Path: <>\nauto-submitted: auto-replied (vacation)\n",
		("Return-Path: <>\nAuto-Submitted: auto-generated\n"
		 "X-Auto-Response-Suppress: All\n"),
		"Return-Path: <>\nPrecedence: bulk\n", "Return-Path: <>\n"
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		expect_both(mem_printf(mem,
		                "%sFrom: Anna <anna@x.test>\n"
		                "Subject: I am away\n\nBack on Monday.\n",
		                heads[i]),
		    RECEIPT_IGNORED, NULL, NULL);
	expect_both("From: postmaster@x.test\nAuto-Submitted: auto-replied\n"
	            "Subject: I am away\n\nBack on Monday.\n",
	    RECEIPT_IGNORED, NULL, NULL);
}

/* RFC 8098. */
Test(bounce, a_notice_that_it_was_read_is_none)
{
	expect_both("Return-Path: <>\n"
	            "From: Anna <anna@x.test>\n"
	            "Content-Type: multipart/report;\n"
	            " report-type=disposition-notification; boundary=x\n"
	            "\n"
	            "--x\n"
	            "Content-Type: message/disposition-notification\n"
	            "\n"
	            "Disposition: manual-action/MDN-sent-manually; displayed\n"
	            "\n"
	            "--x--\n",
	    RECEIPT_IGNORED, NULL, NULL);
}

Test(bounce, a_person_s_answer_is_none)
{
	static const char *const mails[] = {
		"Return-Path: <anna@x.test>\nFrom: Anna <anna@x.test>\n"
		"Subject: Re: Your password\n\nThank you!\n",
		"From: Anna <anna@x.test>\n\n"
		"> Action: failed\nAction: failed\nReturn-Path: <>\n"
		"From: MAILER-DAEMON@relay.test\n",
		"From: Anna <anna@x.test>\nSubject: MAILER-DAEMON?\n\n"
		"What is content-type: message/delivery-status\n"
		"Action: failed\n",
		"", "\n", ":", "Return-Path:", "From:\n"
	};

	for (size_t i = 0; i < sizeof(mails) / sizeof(*mails); i++)
		expect_both(mails[i], RECEIPT_IGNORED, NULL, NULL);
}

Test(bounce, a_report_without_an_action_is_judged_by_its_sender)
{
	expect(HEAD PART "\nReporting-MTA: dns; cs.utk.edu\n", RECEIPT_IGNORED,
	    NULL, NULL);
	expect("From: MAILER-DAEMON\nSubject: s\n" PART "\nno fields\n",
	    RECEIPT_FAILED, NULL, "s");
}

Test(bounce, what_a_stranger_says_is_cut_and_cleaned)
{
	const char *long_text = scratch_times(mem, "x", 5000);
	struct receipt receipt = read_mail(report(mem_printf(mem,
	    "Action: failed\nStatus: 5.1.1\x01\xff%s\n"
	    "Diagnostic-Code: \x1b[2Jsmtp; \xc3\xa4\xc3\x28\xff %s\n",
	    long_text, long_text)));

	cr_expect_eq(receipt.state, RECEIPT_FAILED);
	cr_expect_eq(strlen(receipt.code), 16);
	cr_expect_eq(strlen(receipt.words), 200);
	cr_expect(utf8_valid(receipt.code) && utf8_valid(receipt.words));
	cr_expect_null(strpbrk(receipt.words, "\x1b\x01"));
	cr_expect_null(strpbrk(receipt.code, "\x1b\x01"));
}

/* Each byte, and pairs of those that mean something. */
Test(bounce, binary)
{
	static const char marks[] = "\r\n\t :<>-=A\xff\x80\x01";
	struct str *bytes = str_new(mem, STR_LIMIT_LARGE);

	for (int byte = 1; byte < 256; byte++)
		str_add_char(bytes, (char)byte);
	for (const char *a = marks; *a; a++)
		for (const char *b = marks; *b; b++)
			str_addf(bytes, "\n%c%cAction:%c%c", *a, *b, *a, *b);
	const char *text = str_text(bytes);
	expect(text, RECEIPT_IGNORED, NULL, NULL);
	cr_expect_eq(
	    read_mail(report(mem_printf(mem, "%s\nAction: failed\n", text)))
	        .code,
	    NULL);
}

/* In a time that grows with the mail alone. */
/* The address sanitizer measures whole texts at each comparison. */
#if defined(__SANITIZE_ADDRESS__)
#define HUGE_BYTES 80000
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HUGE_BYTES 80000
#endif
#endif
#ifndef HUGE_BYTES
#define HUGE_BYTES 8000000
#endif

Test(bounce, not_slow_in_huge_mails, .timeout = 60)
{
	static const char *const texts[] = { "\n", "\nAction", "\n ",
		"\nContent-Type: message/delivery-statu",
		"\nContent-Type:", "\nContent-Type:\n ", "\nFrom: a\n b",
		"Auto-Submitted:", "\r", "\t" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int times = HUGE_BYTES / (int)strlen(texts[i]);
		struct mem *one = mem_new(mem);
		expect(scratch_times(one, texts[i], times), RECEIPT_IGNORED,
		    NULL, NULL);
		mem_free(one);
	}
	expect(mem_printf(mem, "From: a%s" HEAD PART FIELDS "Action: failed\n",
	           scratch_times(mem, "\n ", HUGE_BYTES / 2)),
	    RECEIPT_FAILED, NULL, NULL);
}
