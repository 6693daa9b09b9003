/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"

static char said[64];
static char a[] = "a";
static char b[] = "b";
static char c[] = "c";

static void say(void *word)
{
	strncat(said, word, sizeof(said) - strlen(said) - 1);
}

static void defer_words(struct mem *mem)
{
	mem_defer(mem, say, a);
	mem_defer(mem, say, b);
	mem_defer(mem, say, c);
}

Test(mem, releases_the_latest_first)
{
	struct mem *mem = mem_new(NULL);

	defer_words(mem);
	cr_assert_str_empty(said);
	mem_free(mem);
	cr_expect_str_eq(said, "cba");
}

Test(mem, order_survives_other_blocks)
{
	struct mem *mem = mem_new(NULL);

	mem_defer(mem, say, a);
	char *block = mem_alloc(mem, 10);
	mem_defer(mem, say, b);
	mem_resize(mem, block, 100000);
	mem_defer(mem, say, c);
	mem_free(mem);
	cr_expect_str_eq(said, "cba");
}

Test(mem, child_goes_with_its_parent)
{
	struct mem *parent = mem_new(NULL);
	struct mem *child = mem_new(parent);

	mem_defer(child, say, a);
	mem_free(parent);
	cr_expect_str_eq(said, "a");
}

Test(mem, child_goes_alone)
{
	MEM_AUTO parent = mem_new(NULL);
	struct mem *child = mem_new(parent);

	mem_defer(parent, say, b);
	mem_defer(child, say, a);
	mem_free(child);
	cr_expect_str_eq(said, "a");
}

Test(mem, cleared_context_is_used_again)
{
	MEM_AUTO mem = mem_new(NULL);

	for (int i = 0; i < 2; i++) {
		mem_defer(mem, say, a);
		cr_expect_str_eq(mem_text(mem, "fresh"), "fresh");
		mem_clear(mem);
	}
	cr_expect_str_eq(said, "aa");
}

Test(mem, auto_context_ends_with_its_block)
{
	{
		MEM_AUTO mem = mem_new(NULL);
		defer_words(mem);
	}
	cr_expect_str_eq(said, "cba");
}

Test(mem, blocks_are_zeroed)
{
	MEM_AUTO mem = mem_new(NULL);

	for (int i = 0; i < 50; i++) {
		struct mem *child = mem_new(mem);
		unsigned char *block = mem_alloc(child, 4096);
		for (size_t at = 0; at < 4096; at++)
			cr_assert_eq(block[at], 0);
		memset(block, 0xa5, 4096);
		mem_free(child);
	}
}

Test(mem, copies_end_with_nul)
{
	MEM_AUTO mem = mem_new(NULL);
	const char bytes[] = { 'a', '\0', 'b' };
	const char *copy = mem_copy(mem, bytes, sizeof(bytes));

	cr_expect_arr_eq(copy, "a\0b", 4);
	cr_expect_str_eq(mem_copy(mem, NULL, 0), "");
	cr_expect_str_eq(mem_text(mem, "text"), "text");
	cr_expect_str_eq(mem_text_n(mem, "text", 2), "te");
	cr_expect_str_eq(mem_text_n(mem, "text", 100), "text");
	cr_expect_str_eq(mem_text_n(mem, "text", 0), "");
}

Test(mem, text_n_reads_no_further)
{
	MEM_AUTO mem = mem_new(NULL);
	char *unended = mem_alloc(mem, 2);

	memcpy(unended, "ab", 2);
	cr_expect_str_eq(mem_text_n(mem, unended, 2), "ab");
}

Test(mem, printf_makes_the_length_it_needs)
{
	MEM_AUTO mem = mem_new(NULL);
	char *text = mem_printf(mem, "%05000d|%s", 7, "end");

	cr_expect_eq(strlen(text), 5004);
	cr_expect_str_eq(text + 4999, "7|end");
}

Test(mem, join_puts_texts_behind_one_another)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(mem_join(mem, "a", "", "bc", "d", NULL), "abcd");
	cr_expect_str_eq(mem_join(mem, "", NULL), "");
}

Test(mem, resize_keeps_what_is_there)
{
	MEM_AUTO mem = mem_new(NULL);
	char *block = mem_text(mem, "kept");

	block = mem_resize(mem, block, 100000);
	cr_expect_str_eq(block, "kept");
}

/* A block inside a secret one is freed before it; then the wiper ran. */
static const char *watched;
static char last_seen;

static void look(void *nothing)
{
	(void)nothing;
	last_seen = *watched;
}

Test(mem, secret_is_whole_until_the_context_goes)
{
	struct mem *mem = mem_new(NULL);
	char *secret = mem_text(mem, "s3cret");

	watched = secret;
	cr_expect_eq(mem_secret(secret), secret);
	mem_defer(mem, look, NULL);
	cr_expect_str_eq(secret, "s3cret");
	mem_free(mem);
	cr_expect_eq(last_seen, 's');
}
