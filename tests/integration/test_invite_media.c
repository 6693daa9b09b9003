/* SPDX-License-Identifier: MIT */
/*
 * The golden cases of AdminCreateUser, by number: with and without a
 * password, and what is queued for whom.
 * covers: account/invitation.c
 */
#include <string.h>

#include "account/attribute.h"
#include "account/user.h"
#include "base/secret.h"
#include "delivery/sandbox.h"
#include "harness.h"

#define ATTRIBUTE(name, value) "{'Name':'" name "','Value':'" value "'}"
#define MAIL                   ATTRIBUTE("email", "a@example.com")
#define NUMBER                 ATTRIBUTE("phone_number", "+15555550100")
#define REQUEST(attributes, more) \
	"{'Username':'alice','UserAttributes':[" attributes "]" more "}"
#define MEDIA(media) ",'DesiredDeliveryMediums':[" media "]"

static struct harness harness;

static void begin(void)
{
	harness_begin(&harness);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(media, .init = begin, .fini = end, .timeout = 60);

#define OTP                                             \
	"'Policies':{'SignInPolicy':{'AllowedFirstAuth" \
	"Factors':['PASSWORD','EMAIL_OTP']}}"
#define NAME_REQUIRED "'Schema':[{'Name':'name','Required':true}]"

Test(media, case_29_given_password)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;
	struct user *user = harness_invite(&harness, pool,
	    REQUEST(MAIL, MEDIA("'EMAIL'") ",'TemporaryPassword':'Abcd 123!'"),
	    &report);

	cr_assert(user, "%s", harness.work.err.message);
	cr_assert_null(report.password);
	user = user_find(&harness.work, pool, "alice");
	cr_assert_str_eq(user->status, USER_FORCE_CHANGE_PASSWORD);
	cr_assert(secret_password_matches(harness.engine.keyring,
	    user->password_hash, "Abcd 123!"));
	cr_assert_not(secret_password_matches(harness.engine.keyring,
	    user->password_hash, "abcd 123!"));
	cr_assert_str_eq(harness_password(&harness, report.plan.messages[0].id),
	    "Abcd 123!");
}

Test(media, case_40_required_attribute_may_be_missing)
{
	struct pool *pool = harness_pool(&harness, "{" NAME_REQUIRED "}");

	harness_must_invite(&harness, pool, REQUEST("", ""));
}

Test(media, case_41_required_without_a_password)
{
	struct pool *pool =
	    harness_pool(&harness, "{" OTP "," NAME_REQUIRED "}");

	harness_must_fail(&harness, pool, REQUEST(MAIL, ""),
	    ERR_INVALID_PARAMETER,
	    "Attributes did not conform to the schema: name.formatted: The "
	    "attribute name.formatted is required");
	harness_must_fail(&harness, pool, REQUEST("", ""),
	    ERR_INVALID_PARAMETER,
	    "Attributes did not conform to the schema: name.formatted: The "
	    "attribute name.formatted is required, email: The attribute email "
	    "is required");
}

Test(media, case_42_without_a_password)
{
	struct pool *pool = harness_pool(&harness, "{" OTP "}");
	struct invite_report report;
	struct user *user = harness_invite(&harness, pool,
	    REQUEST(MAIL "," ATTRIBUTE("email_verified", "true"),
	        MEDIA("'EMAIL'")),
	    &report);

	cr_assert(user, "%s", harness.work.err.message);
	cr_assert_str_eq(user->status, USER_CONFIRMED);
	cr_assert_eq(user->password_expires_ms, 0);
	cr_assert_eq(report.expires_ms, 0);
	user = user_find(&harness.work, pool, "alice");
	cr_assert_null(user->password_hash);
	cr_assert_str_eq(harness_value(&harness,
	                     "select (not has_password and sealed is "
	                     "null and expires_at is null)::text "
	                     "from message_state"),
	    "true");
}

Test(media, case_43_with_a_password_after_all)
{
	struct pool *pool = harness_pool(&harness, "{" OTP "}");
	struct user *user = harness_must_invite(&harness, pool,
	    REQUEST("", ",'TemporaryPassword':'Abcd123!'"));

	cr_assert_str_eq(user->status, USER_FORCE_CHANGE_PASSWORD);
}

Test(media, case_44_medium_unset)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool, REQUEST(MAIL, ""), &report));
	cr_assert_eq(report.plan.count, 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from message"),
	    0);
	harness.config->invite_default_medium = "auto";
	cr_assert(harness_invite(&harness, pool,
	    "{'Username':'bob','UserAttributes':[" MAIL "]}", &report));
	cr_assert_eq(report.plan.count, 1);
	cr_assert_str_eq(report.plan.messages[0].medium, "EMAIL");
	cr_assert(harness_invite(&harness, pool,
	    "{'Username':'carol','UserAttributes':[" MAIL "," NUMBER "]}",
	    &report));
	cr_assert_eq(report.plan.count, 1);
	cr_assert_str_eq(report.plan.messages[0].medium, "SMS");
}

Test(media, case_45_mail)
{
	struct pool *pool = harness_pool(&harness,
	    "{'AdminCreateUserConfig':{'InviteMessageTemplate':{"
	    "'EmailSubject':'Welcome','EmailMessage':'<b>{username}</b> "
	    "{####}'}}}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool,
	    REQUEST(MAIL, MEDIA("'EMAIL'")), &report));
	cr_assert_eq(report.plan.count, 1);
	const struct invitation_message *message = &report.plan.messages[0];
	cr_assert_str_eq(message->medium, "EMAIL");
	cr_assert_str_eq(message->destination, "a@example.com");
	cr_assert_str_eq(report.plan.shown_username, "alice");
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 1);
	cr_assert_eq(harness_number(&harness, "select id from ready"),
	    message->id);
	cr_assert_str_eq(harness_value(&harness,
	                     "select content ->> 'html' from template "
	                     "where hash = '%s'",
	                     message->template),
	    "<b>{username}</b> {####}");
}

Test(media, case_46_both_media_one_password)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(sandbox_set(&harness.work, false));
	cr_assert(harness_invite(&harness, pool,
	    REQUEST(MAIL "," NUMBER, MEDIA("'SMS','EMAIL'")), &report));
	cr_assert_eq(report.plan.count, 2);
	cr_assert_str_eq(report.plan.messages[0].medium, "EMAIL");
	cr_assert_str_eq(report.plan.messages[1].medium, "SMS");
	cr_assert_str_eq(harness_password(&harness, report.plan.messages[0].id),
	    harness_password(&harness, report.plan.messages[1].id));
	cr_assert_str_eq(harness_value(&harness,
	                     "select medium from message where id = %lld",
	                     (long long)report.plan.messages[1].id),
	    "SMS");
	cr_assert_eq(harness_number(&harness, "select count(*) from ready"), 2);
}

Test(media, a_medium_named_twice_is_one_message)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool,
	    REQUEST(MAIL, MEDIA("'EMAIL','EMAIL'")), &report));
	cr_assert_eq(report.plan.count, 1);
}

Test(media, case_47_suppress)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool,
	    REQUEST(MAIL, MEDIA("'EMAIL'") ",'MessageAction':'SUPPRESS'"),
	    &report));
	cr_assert_eq(report.plan.count, 0);
	cr_assert_eq(harness_number(&harness, "select count(*) from message"),
	    0);
	struct user *user = user_find(&harness.work, pool, "alice");
	cr_assert_str_eq(user->status, USER_FORCE_CHANGE_PASSWORD);
	cr_assert(secret_password_matches(harness.engine.keyring,
	    user->password_hash, report.password));
	harness_must_fail(&harness, pool,
	    REQUEST("", ",'MessageAction':'SUPPRESS'"), ERR_USERNAME_EXISTS,
	    "User account already exists");
}

Test(media, a_wished_medium_without_an_address_is_skipped)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool,
	    REQUEST(MAIL, MEDIA("'SMS','EMAIL'")), &report));
	cr_assert_eq(report.plan.count, 2);
	cr_assert_str_eq(report.plan.messages[1].outcome, "skipped");
	cr_assert_str_eq(report.plan.messages[1].block, "no address");
	cr_assert_str_eq(harness_value(&harness,
	                     "select outcome || ': ' || reason from "
	                     "message_state where medium = 'SMS' and sealed "
	                     "is null and settled_at is not null"),
	    "skipped: no address");
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(medium, ',') from ready"),
	    "EMAIL");
	cr_assert_eq(harness_number(&harness, "select count(*) from blocked"),
	    0);
}

Test(media, the_sandbox_holds_sms_when_they_are_queued)
{
	struct pool *pool = harness_pool(&harness, "{}");
	struct invite_report report;

	cr_assert(harness_invite(&harness, pool,
	    REQUEST(MAIL "," NUMBER, MEDIA("'SMS','EMAIL'")), &report));
	cr_assert_str_eq(report.plan.messages[1].block, "sandbox");
	cr_assert_str_eq(harness_value(&harness,
	                     "select medium || reason || address from blocked"),
	    "SMSsandbox+15555550100");
	cr_assert_str_eq(harness_value(&harness,
	                     "select string_agg(medium, ',') from ready"),
	    "EMAIL");
}

Test(media, the_password_expires_when_the_pool_says)
{
	struct pool *usual = harness_pool(&harness, "{}");
	struct pool *quick =
	    harness_pool(&harness, "{'Policies':{'PasswordPolicy':"
	                           "{'TemporaryPasswordValidityDays':1}}}");
	int64_t day_ms = 86400000;
	struct user *user =
	    harness_must_invite(&harness, usual, REQUEST("", ""));

	cr_assert_eq(user->password_expires_ms - user->created_ms, 7 * day_ms);
	user = harness_must_invite(&harness, quick, REQUEST("", ""));
	cr_assert_eq(user->password_expires_ms - user->created_ms, day_ms);
}

Test(media, the_shown_name_is_what_one_signs_in_with)
{
	struct pool *pool = harness_pool(&harness,
	    "{'UsernameAttributes':['email','phone_number']}");
	struct invite_report report;
	struct user *user = harness_invite(&harness, pool,
	    "{'Username':'a@example.com'}", &report);

	cr_assert(user);
	cr_assert_str_eq(report.plan.shown_username, "a@example.com");
	cr_assert(harness_invite(&harness, pool,
	    mem_printf(harness.mem,
	        "{'Username':'%s','MessageAction':'RESEND'}", user->sub),
	    &report));
	cr_assert_str_eq(report.plan.shown_username, "a@example.com");
}

Test(media, texts_of_the_service_and_of_a_pool)
{
	struct pool *plain = harness_pool(&harness, "{}");
	struct pool *own = harness_pool(&harness,
	    "{'AdminCreateUserConfig':{'InviteMessageTemplate':{"
	    "'SMSMessage':'{username}: {####}'}}}");
	struct template template;

	harness.config->invite_default_text = "aws";
	invitation_choose_template(&harness.engine, plain, INVITATION_PASSWORD,
	    false, &template);
	cr_assert_str_eq(template.subject, "Your temporary password");
	cr_assert_str_eq(template.html,
	    "Your username is {username} and temporary password is {####}. ");
	invitation_choose_template(&harness.engine, own, INVITATION_PASSWORD,
	    true, &template);
	cr_assert_str_eq(template.text, "{username}: {####}");
	invitation_choose_template(&harness.engine, own, INVITATION_PASSWORD,
	    false, &template);
	cr_assert_str_eq(template.subject, "Your temporary password");
}
