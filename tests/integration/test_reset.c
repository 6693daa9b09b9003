/* SPDX-License-Identifier: MIT */
/*
 * AdminResetUserPassword: who may be reset, where the code goes, what it says,
 * and when it is no longer sent.
 * covers: account/reset.c
 */
#include <string.h>

#include "account/attribute.h"
#include "account/reset.h"
#include "account/user_password.h"
#include "account/user_write.h"
#include "base/secret.h"
#include "base/str.h"
#include "delivery/render.h"
#include "delivery/rules.h"
#include "delivery/sandbox.h"
#include "queue_help.h"

#define ATTRIBUTE(name, value) "{'Name':'" name "','Value':'" value "'}"
#define MAIL                                    \
	ATTRIBUTE("email", "alice@example.com") \
	"," ATTRIBUTE("email_verified", "true")
#define PHONE                                      \
	ATTRIBUTE("phone_number", "+441632960123") \
	"," ATTRIBUTE("phone_number_verified", "true")

static struct harness harness;
static struct pool *pool;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(reset, .init = begin, .fini = end, .timeout = 120);

/* A confirmed user of a new pool, to whom nothing waits. */
static void confirm(const char *settings, const char *attributes)
{
	pool = harness_pool(&harness, settings);
	harness_must_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'alice','UserAttributes':[%s],"
	        "'MessageAction':'SUPPRESS'}",
	        attributes));
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef1!", true));
}

static bool reset_named(const char *name)
{
	const struct reset_request request = { .username = name };

	return reset(&harness.work, &harness.engine, pool, &request);
}

static bool reset_alice(void)
{
	return reset_named("alice");
}

static struct delivery *claim_of(const char *medium)
{
	struct queue_claim claim = help_claim_of(&harness.work, medium, 10);

	cr_assert_eq(claim.count, 1, "%zu", claim.count);
	return claim.deliveries;
}

static int64_t newest(void)
{
	return harness_number(&harness, "select max(id) from message");
}

/* "STATE WHY" of the message. */
static const char *state_of(int64_t id)
{
	return harness_value(&harness,
	    "select concat_ws(' ', state, why) from message_state where id = "
	    "%lld",
	    (long long)id);
}

static bool holds(const char *code)
{
	const struct user *user = user_find(&harness.work, pool, "alice");

	return secret_password_matches(harness.engine.keyring,
	    harness_value(&harness,
	        "select code_hash from account where code_expires_at > now()"),
	    reset_named_code(harness.mem, user, code));
}

static void must_not_reset(const char *name, enum err_code code,
    const char *message)
{
	cr_assert_not(reset_named(name), "%s", message);
	cr_expect_eq(harness.work.err.code, code);
	cr_expect_str_eq(harness.work.err.message, message);
	cr_expect_eq(harness_number(&harness,
	                 "select count(*) from message where kind = 'reset'"),
	    0);
}

Test(reset, who_may_be_reset)
{
	struct attribute flag = { "email_verified", "true" };
	const struct field_list verified = { 1, &flag };

	pool = harness_pool(&harness, "{}");
	harness_must_invite(&harness, pool,
	    "{'Username':'alice','UserAttributes':[" ATTRIBUTE("email",
	        "alice@example.com") "]}");
	must_not_reset("bob", ERR_USER_NOT_FOUND, "User does not exist.");
	must_not_reset("alice", ERR_NOT_AUTHORIZED,
	    "User password cannot be reset in the current state.");
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef1!", true));
	must_not_reset("alice", ERR_INVALID_PARAMETER,
	    "Cannot reset password for the user as there is no "
	    "registered/verified email or phone_number");
	cr_assert(
	    user_update_attributes(&harness.work, pool, "alice", &verified));
	cr_assert(user_set_enabled(&harness.work, pool, "alice", false));
	must_not_reset("alice", ERR_NOT_AUTHORIZED, "User is disabled");
	cr_assert(user_set_enabled(&harness.work, pool, "alice", true));
	for (int i = 0; i < 2; i++) {
		cr_assert(reset_alice());
		cr_assert_str_eq(
		    user_find(&harness.work, pool, "alice")->status,
		    USER_RESET_REQUIRED);
	}
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef1!", true));
	cr_assert_str_eq(user_find(&harness.work, pool, "alice")->status,
	    USER_CONFIRMED);
}

#define RECOVERY(list) \
	"{'AccountRecoverySetting':{'RecoveryMechanisms':[" list "]}}"
#define BY(name, priority) "{'Name':'" name "','Priority':" priority "}"
#define BY_MAIL(priority)  BY("verified_email", priority)
#define BY_PHONE(priority) BY("verified_phone_number", priority)

Test(reset, by_which_medium)
{
	static const struct {
		const char *settings, *attributes, *medium;
	} cases[] = {
		{ "{}", PHONE "," MAIL, "SMS" },
		{ "{}", MAIL, "EMAIL" },
		{ "{}", MAIL "," ATTRIBUTE("phone_number", "+441632960123"),
		    "EMAIL" },
		{ "{}", ATTRIBUTE("email", "a@example.com"), NULL },
		{ RECOVERY(BY_MAIL("1") "," BY_PHONE("2")), PHONE "," MAIL,
		    "EMAIL" },
		{ RECOVERY(BY_PHONE("2") "," BY_MAIL("1")), PHONE "," MAIL,
		    "EMAIL" },
		{ RECOVERY(BY_PHONE("1") "," BY_MAIL("2")), PHONE "," MAIL,
		    "SMS" },
		{ RECOVERY(BY_PHONE("2") "," BY_MAIL("1")), PHONE, "SMS" },
		{ RECOVERY(BY_MAIL("1")), PHONE, NULL },
		{ RECOVERY(BY("admin_only", "1")), PHONE "," MAIL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		confirm(cases[i].settings, cases[i].attributes);
		cr_expect(str_same(reset_medium(pool,
		                       user_find(&harness.work, pool, "alice")),
		              cases[i].medium),
		    "%zu", i);
	}
}

Test(reset, a_code_is_queued_and_kept_as_a_hash)
{
	confirm("{}", MAIL);
	cr_assert(reset_alice());
	const char *code = harness_password(&harness, newest());
	cr_expect_eq(strlen(code), 6, "%s", code);
	cr_expect_eq(strspn(code, "0123456789"), 6);
	cr_expect(holds(code));
	cr_expect_not(holds("none"));
	cr_expect_str_eq(
	    harness_value(&harness,
	        "select concat_ws(' ', kind, medium, destination, m.username, "
	        "m.expires_at = a.code_expires_at, a.code_expires_at - now() "
	        "between interval '59 min' and interval '1 hour', password_hash "
	        "like '$argon2id$%%', m.invitation = a.invitation) "
	        "from message m join account a using (pool_id, sub)"),
	    "reset EMAIL alice@example.com alice t t t t");
	cr_expect_eq(harness_number(&harness,
	                 "select count(*) from audit where action = 'user "
	                 "reset password' and object like '%/%-%'"),
	    1);
	const char *tables[] = { "account", "message", "ready", "audit",
		"template" };
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		cr_expect_str_eq(
		    harness_value(&harness,
		        "select count(*) from %s t where t::text ~ "
		        "'(^|[^0-9a-f.])%s([^0-9a-f]|$)'",
		        tables[i], code),
		    "0", "%s", tables[i]);
}

/* What the user reads: "SUBJECT|TEXT". */
static const char *rendered(struct delivery *delivery)
{
	cr_assert(rules_allow(delivery), "%s", delivery->outcome.words);
	cr_assert(render(harness.mem, &harness.engine, delivery), "%s",
	    delivery->outcome.words);
	return mem_printf(harness.mem, "%s|%s",
	    delivery->subject ? delivery->subject : "", delivery->plain);
}

static void expect_text(const char *settings, bool sms, const char *format)
{
	confirm(settings, sms ? PHONE : MAIL);
	cr_assert(reset_alice());
	const char *code = harness_password(&harness, newest());
	cr_expect_str_eq(rendered(claim_of(sms ? "SMS" : "EMAIL")),
	    mem_printf(harness.mem, "%s%s%s", format, code, sms ? "" : "\n"),
	    "%s", settings);
}

#define OLD                                                          \
	"'EmailVerificationMessage':'old {####}',"                   \
	"'EmailVerificationSubject':'Old','SmsVerificationMessage':" \
	"'old sms {####}'"
#define NEW                                                           \
	"'VerificationMessageTemplate':{'EmailMessage':'new {####}'," \
	"'EmailMessageByLink':'{##here##}','DefaultEmailOption':"     \
	"'CONFIRM_WITH_LINK'}"

Test(reset, texts)
{
	harness_value(&harness, "update installation set sandbox = false");
	confirm("{}", MAIL);
	cr_assert(reset_alice());
	const char *code = harness_password(&harness, newest());
	const char *text = rendered(claim_of("EMAIL"));
	cr_expect(
	    str_starts(text, "Your code to choose a new password|Hello,"));
	cr_expect_not_null(strstr(text, code));
	cr_expect_not_null(strstr(text, "the account alice has"));
	cr_expect_null(strchr(text, '{'), "%s", text);
	expect_text("{" OLD "}", false, "Old|old ");
	expect_text("{" OLD "}", true, "|old sms ");
	expect_text("{" OLD "," NEW "}", false, "Old|new ");
	expect_text("{" NEW "}", false,
	    "Your code to choose a new password|new ");
	expect_text(
	    "{'VerificationMessageTemplate':{'SmsMessage':'Code: {####}'}}",
	    true, "|Code: ");
	harness.config->invite_default_text = "aws";
	expect_text("{}", true, "|Your password reset code is ");
	expect_text("{}", false,
	    "Your verification code|Your password reset code is ");
}

Test(reset, a_newer_code_supersedes_the_older)
{
	confirm("{}", MAIL);
	cr_assert(reset_alice());
	int64_t older = newest();
	const char *code = harness_password(&harness, older);
	cr_assert(reset_alice());
	cr_expect_not(holds(code));
	cr_expect(holds(harness_password(&harness, newest())));
	cr_expect_str_eq(state_of(older),
	    "cancelled superseded by a newer code");
	cr_expect_str_eq(help_state(&harness, older),
	    "cancelled|superseded by a newer code|wiped|");
	struct delivery *claimed = claim_of("EMAIL");
	cr_expect_eq(claimed->id, newest());
	cr_assert(reset_alice());
	help_settle(&harness.work, claimed, DELIVERY_ACCEPTED, "");
	cr_expect_str_eq(state_of(claimed->id),
	    "sent superseded while in session");
	cr_expect_str_eq(help_state(&harness, claimed->id),
	    "sent|superseded while in session|wiped|");
}

static void cut_short(void)
{
	harness_value(&harness, "update message set expires_at = now()");
}

static void again(void)
{
	cr_assert(reset_alice());
}

static void set_password(void)
{
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef2!", true));
	cr_expect_str_eq(
	    harness_value(&harness,
	        "select coalesce(code_hash, 'none') from account where pool_id = '%s'",
	        pool->id),
	    "none");
}

static void set_temporary(void)
{
	cr_assert(
	    user_set_password(&harness.work, pool, "alice", "Abcdef2!", false));
}

static void delete (void)
{
	cr_assert(user_delete(&harness.work, pool, "alice"));
}

/* What a lane tried once comes back and is looked at again. */
Test(reset, a_code_that_cannot_work_is_not_sent)
{
	static const struct {
		void (*act)(void);
		const char *cancelled; /* while it waits */
		const char *rule;      /* when a lane claims it again; NULL:
		                        * it comes back cancelled */
	} cases[] = {
		{ cut_short, NULL, "the code expired" },
		{ again, "superseded by a newer code",
		    "superseded by a newer code" },
		{ set_password, "the user has a password of their own",
		    "the user has another password" },
		{ set_temporary, "superseded by a newer password",
		    "the user has another password" },
		{ delete, "the user was deleted", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		confirm("{}", MAIL);
		cr_assert(reset_alice());
		int64_t waits = newest();
		cases[i].act();
		if (cases[i].cancelled)
			cr_expect_str_eq(state_of(waits),
			    mem_printf(harness.mem, "cancelled %s",
			        cases[i].cancelled));
		harness_value(&harness, "truncate ready");

		confirm("{}", MAIL);
		cr_assert(reset_alice());
		struct delivery *claimed = claim_of("EMAIL");
		cases[i].act();
		harness_value(&harness, "truncate ready");
		help_settle(&harness.work, claimed, DELIVERY_UNTOUCHED, "");
		if (!cases[i].rule) {
			cr_expect_str_eq(help_state(&harness, claimed->id),
			    "cancelled|the user was deleted|wiped|");
			continue;
		}
		claimed = claim_of("EMAIL");
		cr_expect_not(rules_allow(claimed), "%zu", i);
		cr_expect_eq(claimed->outcome.class, DELIVERY_CANCELLED);
		cr_expect_str_eq(claimed->outcome.words, cases[i].rule);
		help_settle(&harness.work, claimed, DELIVERY_CANCELLED,
		    cases[i].rule);
		cr_expect_null(
		    strstr(help_state(&harness, claimed->id), "sealed"));
	}
}

Test(reset, expired_codes_go)
{
	int count;

	confirm("{}", MAIL);
	cr_assert(reset_alice());
	harness_value(&harness, "update ready set expires_at = now()");
	cr_assert(queue_expire(&harness.work, &count));
	cr_assert_eq(count, 1);
	cr_expect_str_eq(help_state(&harness, newest()),
	    "cancelled|the code expired|wiped|");
}

Test(reset, the_sandbox_holds_it)
{
	int count;

	confirm("{}", PHONE);
	cr_assert(reset_alice());
	cr_expect_str_eq(state_of(newest()), "blocked sandbox");
	cr_expect_eq(help_claim_of(&harness.work, "SMS", 10).count, 0);
	cr_assert(sandbox_set(&harness.work, false));
	cr_assert(queue_release(&harness.work, &count));
	struct delivery *delivery = claim_of("SMS");
	cr_expect(rules_allow(delivery), "%s", delivery->outcome.words);
	delivery->sandbox = true;
	cr_expect_not(rules_allow(delivery));
	cr_expect_str_eq(delivery->outcome.words, "sandbox");
}
