/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "delivery/rules.h"

static struct delivery good(const char *medium)
{
	return (struct delivery){ .kind = "invitation",
		.medium = medium,
		.destination = "+4915112345678",
		.invitation = 3,
		.current_invitation = 3,
		.has_password = true,
		.sealed = "\\x00",
		.status = "FORCE_CHANGE_PASSWORD",
		.template = { .text = "{####}" } };
}

static void expect(struct delivery delivery, enum delivery_class class,
    const char *words)
{
	cr_expect_not(rules_allow(&delivery), "allowed: %s", words);
	cr_expect_eq(delivery.outcome.class, class, "%s", words);
	cr_expect_str_eq(delivery.outcome.words, words);
}

static void expect_allowed(struct delivery delivery)
{
	cr_expect(rules_allow(&delivery), "%s", delivery.outcome.words);
	cr_expect_eq(delivery.outcome.class, DELIVERY_UNTOUCHED);
}

Test(rules, good_ones_go)
{
	expect_allowed(good("SMS"));
	expect_allowed(good("EMAIL"));
}

Test(rules, expired)
{
	struct delivery delivery = good("SMS");

	delivery.expired = true;
	expect(delivery, DELIVERY_CANCELLED, "the temporary password expired");
	delivery.kind = "code";
	expect(delivery, DELIVERY_CANCELLED, "the code expired");
}

Test(rules, user_went)
{
	struct delivery delivery = good("EMAIL");

	delivery.status = NULL;
	expect(delivery, DELIVERY_CANCELLED, "the user was deleted");
	delivery.has_password = false;
	expect(delivery, DELIVERY_CANCELLED, "the user was deleted");
}

Test(rules, user_has_an_own_password)
{
	struct delivery delivery = good("EMAIL");

	delivery.status = "CONFIRMED";
	expect(delivery, DELIVERY_CANCELLED,
	    "the user has a password of their own");
	/* A welcome tells of no password. */
	delivery.has_password = false;
	expect_allowed(delivery);
}

Test(rules, superseded)
{
	struct delivery delivery = good("EMAIL");

	delivery.current_invitation = 4;
	expect(delivery, DELIVERY_CANCELLED, "superseded by a newer password");
	delivery.current_invitation = 2;
	expect(delivery, DELIVERY_CANCELLED, "superseded by a newer password");
}

Test(rules, code_belongs_to_no_user)
{
	struct delivery delivery = good("SMS");

	delivery.kind = "code";
	delivery.status = NULL;
	delivery.current_invitation = 9;
	expect_allowed(delivery);
}

Test(rules, code_to_choose_a_password)
{
	struct delivery delivery = good("SMS");

	delivery.kind = "reset";
	expect(delivery, DELIVERY_CANCELLED, "the user has another password");
	delivery.status = "RESET_REQUIRED";
	expect_allowed(delivery);
	delivery.current_invitation = 4;
	expect(delivery, DELIVERY_CANCELLED, "superseded by a newer code");
	delivery.expired = true;
	expect(delivery, DELIVERY_CANCELLED, "the code expired");
	delivery.expired = false;
	delivery.status = NULL;
	expect(delivery, DELIVERY_CANCELLED, "the user was deleted");
	delivery = good("SMS");
	delivery.kind = "reset";
	delivery.status = "RESET_REQUIRED";
	delivery.sandbox = true;
	expect(delivery, DELIVERY_BLOCKED, "sandbox");
	delivery.sandbox = false;
	delivery.sealed = NULL;
	expect(delivery, DELIVERY_REFUSED,
	    "the code is gone; reset the password again");
}

Test(rules, number_must_be_reachable)
{
	static const char *const wrong[] = { "", "123", "+1", "+0123456789",
		"+49151123456a", "a@b.example" };
	struct delivery delivery = good("SMS");

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		delivery.destination = wrong[i];
		expect(delivery, DELIVERY_REFUSED,
		    "not a telephone number that can be reached (E.164)");
	}
	delivery = good("EMAIL");
	delivery.destination = "a@b.example";
	expect_allowed(delivery);
}

Test(rules, password_must_be_there)
{
	struct delivery delivery = good("EMAIL");

	delivery.sealed = NULL;
	expect(delivery, DELIVERY_REFUSED,
	    "the password is gone; use usher resend");
	delivery.has_password = false;
	expect_allowed(delivery);
}

Test(rules, template_must_show_it)
{
	struct delivery delivery = good("EMAIL");

	delivery.template =
	    (struct template){ .html = "<p>{username}</p>", .subject = "s" };
	expect(delivery, DELIVERY_REFUSED, "template lacks {####}");
	delivery.has_password = false;
	expect_allowed(delivery);
}

/* It is looked at when it is opened, and was when it was sealed. */
Test(rules, text_of_its_own)
{
	struct delivery delivery = good("EMAIL");

	delivery.template = (struct template){ .sealed = true };
	expect_allowed(delivery);
	delivery.has_password = false;
	expect_allowed(delivery);
	delivery.sealed = NULL;
	expect(delivery, DELIVERY_REFUSED,
	    "the password is gone; use usher resend");
}

Test(rules, sandbox_holds_unverified_numbers)
{
	struct delivery delivery = good("SMS");

	delivery.sandbox = true;
	expect(delivery, DELIVERY_BLOCKED, "sandbox");
	delivery.verified = true;
	expect_allowed(delivery);
	delivery.verified = false;
	delivery.kind = "code";
	expect_allowed(delivery);
	delivery = good("EMAIL");
	delivery.sandbox = true;
	expect_allowed(delivery);
}

/* What can never go is said before what may go later. */
Test(rules, order)
{
	struct delivery delivery = good("SMS");

	delivery.sandbox = true;
	delivery.destination = "1";
	expect(delivery, DELIVERY_REFUSED,
	    "not a telephone number that can be reached (E.164)");
	delivery.expired = true;
	expect(delivery, DELIVERY_CANCELLED, "the temporary password expired");
}
