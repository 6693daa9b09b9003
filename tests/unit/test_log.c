/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "scratch.h"

static int ends[2];
static int kept;

static void capture(void)
{
	kept = dup(STDERR_FILENO);
	cr_assert_eq(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	dup2(ends[1], STDERR_FILENO);
}

/* What came since capture(). */
static char *captured(struct mem *mem)
{
	char *text = mem_alloc(mem, 65537);

	dup2(kept, STDERR_FILENO);
	ssize_t got = read(ends[0], text, 65536);
	cr_assert_leq(got, 65536);
	close(ends[0]);
	close(ends[1]);
	return text;
}

Test(log, one_line_with_its_pairs)
{
	MEM_AUTO mem = mem_new(NULL);

	capture();
	log_info("7f3a", "user created", "pool", "p_1", "user", "alice");
	cr_expect_str_eq(captured(mem),
	    "level=info tag=7f3a msg=\"user created\" pool=p_1 user=alice\n");
}

Test(log, null_leaves_its_pair_out)
{
	const char *none = NULL;
	MEM_AUTO mem = mem_new(NULL);

	capture();
	log_error(NULL, "gone", "a", none, "b", "2");
	cr_expect_str_eq(captured(mem), "level=error msg=gone b=2\n");
}

static void expect_value(const char *value, const char *printed)
{
	MEM_AUTO mem = mem_new(NULL);

	capture();
	log_warning(NULL, "m", "k", value);
	cr_expect_str_eq(captured(mem),
	    mem_printf(mem, "level=warning msg=m k=%s\n", printed));
}

Test(log, quotes_what_would_mislead)
{
	expect_value("plain", "plain");
	expect_value("", "\"\"");
	expect_value("a b", "\"a b\"");
	expect_value("a=b", "\"a=b\"");
	expect_value("a\"b", "\"a\\\"b\"");
	expect_value("a\\b", "\"a\\\\b\"");
	expect_value("\xc3\xa9", "\xc3\xa9");
}

Test(log, an_event_is_one_line)
{
	expect_value("a\nlevel=error", "\"a level=error\"");
	expect_value("a\r\nb", "\"a  b\"");
	expect_value("a\tb", "\"a b\"");
}

/* A blank that stands for a control character is quoted like any other. */
Test(log, control_characters_are_quoted)
{
	expect_value("a\x1b[31mb", "\"a [31mb\"");
	expect_value("a\x01"
	             "b",
	    "\"a b\"");
	expect_value("a\x7f"
	             "b",
	    "\"a b\"");
}

Test(log, level_holds_back)
{
	MEM_AUTO mem = mem_new(NULL);

	capture();
	log_debug(NULL, "unheard");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning(NULL, "unheard");
	log_error(NULL, "heard");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug(NULL, "too");
	cr_expect_str_eq(captured(mem),
	    "level=error msg=heard\nlevel=debug msg=too\n");
}

Test(log, a_long_line_is_cut_and_ends)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *value = scratch_times(mem, "a\"", 10000);

	capture();
	log_info(NULL, "m", "k", value, "l", value);
	const char *text = captured(mem);
	cr_expect_eq(strlen(text), 4096);
	cr_expect_eq(strchr(text, '\n'), text + 4095);
}

Test(log, kept_lines_go_together)
{
	MEM_AUTO mem = mem_new(NULL);

	capture();
	log_keep();
	log_info(NULL, "one");
	log_info(NULL, "two");
	cr_expect_str_eq(captured(mem), "");
	capture();
	log_flush();
	log_info(NULL, "three");
	cr_expect_str_eq(captured(mem),
	    "level=info msg=one\nlevel=info msg=two\nlevel=info msg=three\n");
}

/* They stay in their order. */
Test(log, a_warning_does_not_wait)
{
	MEM_AUTO mem = mem_new(NULL);

	capture();
	log_keep();
	log_info(NULL, "one");
	log_warning(NULL, "two");
	log_info(NULL, "three");
	cr_expect_str_eq(captured(mem),
	    "level=info msg=one\nlevel=warning msg=two\n");
	log_flush();
}

Test(log, no_more_is_kept_than_goes_at_once)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *value = scratch_times(mem, "v", 3000);

	capture();
	log_keep();
	log_info(NULL, "one", "k", value);
	log_info(NULL, "two", "k", value);
	cr_expect_str_eq(captured(mem),
	    mem_printf(mem, "level=info msg=one k=%s\n", value));
	log_flush();
}

Test(log, fatal_says_it_and_ends)
{
	MEM_AUTO mem = mem_new(NULL);
	int status = 0;

	capture();
	pid_t child = fork();
	if (!child)
		log_fatal("no way on");
	waitpid(child, &status, 0);
	cr_expect(WIFEXITED(status));
	cr_expect_eq(WEXITSTATUS(status), 1);
	cr_expect_str_eq(captured(mem), "level=error msg=\"no way on\"\n");
}
