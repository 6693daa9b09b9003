/* SPDX-License-Identifier: MIT */
/*
 * What a lane remembers of templates.
 * covers: delivery/template_cache.c
 */
#include <string.h>

#include "db/db.h"
#include "delivery/template_cache.h"
#include "harness.h"

#define MOST 64 /* that are remembered */

static struct harness harness;
static struct template_cache *cache;

static void begin(void)
{
	harness_begin(&harness);
	harness_value(&harness,
	    "insert into template (hash, content) select 'h' || n, "
	    "json_build_object('text', 'text ' || n) from "
	    "generate_series(1, 200) as n");
	cache = template_cache_new(harness.mem);
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(template_cache, .init = begin, .fini = end, .timeout = 60);

static const char *text_of(int number)
{
	struct template template = { 0 };

	cr_assert(template_cache_get(cache, &harness.work,
	    mem_printf(harness.mem, "h%d", number), &template));
	return template.text;
}

static void expect(int number)
{
	cr_assert_str_eq(text_of(number),
	    mem_printf(harness.mem, "text %d", number));
}

/* From now on only what is remembered is found. */
static void forget_all(void)
{
	harness_value(&harness, "delete from template");
}

static bool known(int number)
{
	struct template template = { 0 };

	cr_assert(template_cache_get(cache, &harness.work,
	    mem_printf(harness.mem, "h%d", number), &template));
	return template.text != NULL;
}

Test(template_cache, each_is_read_once)
{
	template_cache_turn(cache);
	for (int i = 1; i <= MOST; i++)
		expect(i);
	forget_all();
	for (int i = MOST; i >= 1; i--)
		expect(i);
}

Test(template_cache, one_that_is_gone_has_no_text_until_it_is_back)
{
	cr_assert_not(known(201));
	harness_value(&harness, "insert into template (hash, content) values "
	                        "('h201', '{\"text\": \"text 201\"}')");
	expect(201);
}

/* The batch on its way and the one claimed ahead keep theirs. */
Test(template_cache, what_the_last_two_claims_used_stays)
{
	const char *first, *second;

	template_cache_turn(cache);
	first = text_of(1);
	for (int i = 2; i <= MOST / 2; i++)
		expect(i);
	template_cache_turn(cache);
	second = text_of(MOST / 2 + 1);
	for (int i = MOST / 2 + 2; i <= 200; i++)
		expect(i);
	cr_assert_str_eq(first, "text 1");
	cr_assert_str_eq(second,
	    mem_printf(harness.mem, "text %d", MOST / 2 + 1));
	forget_all();
	for (int i = 1; i <= MOST; i++)
		cr_assert(known(i), "%d", i);
	cr_assert_not(known(MOST + 1), "there was no room");
}

Test(template_cache, what_was_not_used_lately_makes_room)
{
	template_cache_turn(cache);
	for (int i = 1; i <= MOST; i++)
		expect(i);
	template_cache_turn(cache);
	expect(1);
	template_cache_turn(cache);
	expect(100);
	forget_all();
	cr_assert(known(100));
	cr_assert(known(1));
	cr_assert(known(3));
	cr_assert_not(known(2), "it was the first that nobody had used");
}
