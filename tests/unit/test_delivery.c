/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/utf8.h"
#include "delivery/delivery.h"
#include "scratch.h"

Test(delivery, classes_have_names)
{
	static const char *const names[] = { "UNTOUCHED", "ACCEPTED", "RETRY",
		"REFUSED", "AMBIGUOUS", "LANE_FAULT", "THROTTLED", "CANCELLED",
		"BLOCKED" };

	for (int i = DELIVERY_UNTOUCHED; i <= DELIVERY_BLOCKED; i++)
		cr_expect_str_eq(delivery_class_name((enum delivery_class)i),
		    names[i]);
}

Test(delivery, tell_sets_the_outcome)
{
	struct delivery delivery = { 0 };

	delivery_tell(&delivery, DELIVERY_REFUSED, 550, "5.1.1",
	    "no such user");
	cr_expect_eq(delivery.outcome.class, DELIVERY_REFUSED);
	cr_expect_eq(delivery.outcome.code, 550);
	cr_expect_str_eq(delivery.outcome.status, "5.1.1");
	cr_expect_str_eq(delivery.outcome.words, "no such user");
	delivery_tell(&delivery, DELIVERY_ACCEPTED, 0, NULL, NULL);
	cr_expect_str_empty(delivery.outcome.status);
	cr_expect_str_empty(delivery.outcome.words);
}

Test(delivery, long_words_are_cut_at_a_character)
{
	MEM_AUTO mem = mem_new(NULL);
	struct delivery delivery = { 0 };

	delivery_tell(&delivery, DELIVERY_RETRY, 0, "5.1.12345678901234567",
	    mem_printf(mem, "a%s", scratch_times(mem, "\xe6\xbc\xa2", 500)));
	cr_expect_eq(strlen(delivery.outcome.words), 253);
	cr_expect(utf8_valid(delivery.outcome.words));
	cr_expect_eq(strlen(delivery.outcome.status), 11);
}

/* PostgreSQL would refuse the whole settle. */
Test(delivery, words_are_utf8)
{
	struct delivery delivery = { 0 };

	delivery_tell(&delivery, DELIVERY_RETRY, 0, NULL, "caf\xe9 \xff!");
	cr_expect_str_eq(delivery.outcome.words, "caf? ?!");
	delivery_note_id(&delivery, "id\xc3");
	cr_expect_str_eq(delivery.outcome.remote_id, "id?");
	delivery_note_id(&delivery, NULL);
	cr_expect_str_empty(delivery.outcome.remote_id);
}

/* Gateways repeat the request as it came, in an error page of their own, or
 * cut. */
Test(delivery, password_is_found_in_other_spellings)
{
	static const char *const echoes[] = { "aB*-+=<c&d 9",
		"aB%2A-%2b%3D%3Cc%26d%209", "aB*-%2B=%3cc&d+9",
		"aB*-+\\u003d\\u003Cc\\u0026d 9", "aB*-+=&lt;c&amp;d 9",
		"aB*-&#43;&#x3D;&#60;c&#x26;d 9", "aB*-+=3D<c&d=209",
		"\\a\\B*-+=<c\\&d 9" };
	struct delivery delivery = { .password = "aB*-+=<c&d 9" };

	for (size_t i = 0; i < sizeof(echoes) / sizeof(*echoes); i++) {
		char words[128];
		snprintf(words, sizeof(words), "<%s> no", echoes[i]);
		delivery_tell(&delivery, DELIVERY_REFUSED, 400, NULL, words);
		cr_expect_str_eq(delivery.outcome.words, "<****> no");
	}
	delivery_tell(&delivery, DELIVERY_REFUSED, 400, NULL, "text=aB%2A-%2");
	cr_expect_str_eq(delivery.outcome.words, "text=****");
	delivery_tell(&delivery, DELIVERY_REFUSED, 400, NULL, "5% &#; \\u a");
	cr_expect_str_eq(delivery.outcome.words, "5% &#; \\u a");
}

Test(delivery, secret_of_the_carrier_is_never_kept)
{
	struct delivery delivery = { .password = "pW-1234",
		.carrier_secret = "s3cr3t/key" };

	delivery_tell(&delivery, DELIVERY_REFUSED, 404, NULL,
	    "no /send?key=s3cr3t%2Fkey&text=pW-1234");
	cr_expect_str_eq(delivery.outcome.words, "no /send?key=****&text=****");
	delivery.carrier_secret = "a";
	delivery_tell(&delivery, DELIVERY_REFUSED, 404, NULL, "a banana");
	cr_expect_str_eq(delivery.outcome.words, "a banana");
}

Test(delivery, password_is_never_kept)
{
	struct delivery delivery = { .password = "pW-1234" };

	delivery_tell(&delivery, DELIVERY_ACCEPTED, 200, NULL,
	    "{\"body\":\"Use pW-1234\"} pW-123pW-1234");
	cr_expect_str_eq(delivery.outcome.words,
	    "{\"body\":\"Use ****\"} pW-123****");
	delivery_note_id(&delivery, "pW-1234");
	cr_expect_str_eq(delivery.outcome.remote_id, "****");
	delivery.password = "";
	delivery_tell(&delivery, DELIVERY_ACCEPTED, 200, NULL, "ok");
	cr_expect_str_eq(delivery.outcome.words, "ok");
}
