/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "message/html.h"

static void expect(const char *html, const char *text)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(html_to_text(mem, html), text, "from %s", html);
}

/* Exactly as long as TEXT, so that a sanitizer sees a read behind it. */
static char *tight(struct mem *mem, const char *text)
{
	char *copy = mem_alloc(mem, strlen(text) + 1);

	memcpy(copy, text, strlen(text));
	return copy;
}

/* A megabyte of UNIT made to text in reasonable time; its length. */
static size_t flooded(const char *begin, const char *unit)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *html = str_new(mem, STR_LIMIT_LARGE);

	str_add(html, begin);
	while (str_length(html) < 1024 * 1024)
		str_add(html, unit);

	int64_t start_ms = clock_steady_ms();
	size_t length = strlen(html_to_text(mem, str_text(html)));
	cr_expect_lt(clock_steady_ms() - start_ms, 3000, "from %s", unit);
	return length;
}

Test(html, escapes_five_characters)
{
	MEM_AUTO mem = mem_new(NULL);

	cr_expect_str_eq(html_escape(mem, ""), "");
	cr_expect_str_eq(html_escape(mem, "plain \xc3\xa9"), "plain \xc3\xa9");
	cr_expect_str_eq(html_escape(mem, "<a href=\"x\">&'</a>"),
	    "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
	cr_expect_str_eq(html_escape(mem, "&amp;"), "&amp;amp;");
}

Test(html, escaped_text_comes_back)
{
	MEM_AUTO mem = mem_new(NULL);
	char every[96] = "";

	for (int i = 0; i < 94; i++)
		every[i] = (char)('!' + i);
	char *text = html_to_text(mem, html_escape(mem, every));
	every[94] = '\n';
	cr_expect_str_eq(text, every);
	expect(html_escape(mem, "&lt;b&gt;&#65;"), "&lt;b&gt;&#65;\n");
}

Test(html, text_without_tags_is_folded)
{
	expect("", "");
	expect(" \t\r\n ", "");
	expect("one", "one\n");
	expect("  one \t\r\n two  ", "one two\n");
	expect("<p>", "");
	expect("<p></p><br><br>", "");
}

Test(html, inline_tags_leave_no_trace)
{
	expect("a<b>b</b>c <i class='x'>d</i>", "abc d\n");
	expect("<SPAN STYLE=\"a>b\">x</SPAN>", "x\n");
	expect("<span title=a>b</span>", "b\n");
}

Test(html, blocks_end_lines)
{
	expect("a<br>b<br/>c<BR />d", "a\nb\nc\nd\n");
	expect("a<br><br>b", "a\n\nb\n");
	expect("<div>a</div><div>b</div>", "a\nb\n");
	expect("<div><div>a</div></div><div>b</div>", "a\nb\n");
	expect("<tr><td>a</td><td>b</td></tr><tr><td>c</td></tr>", "a b\nc\n");
	expect("<h1>a</h1>b", "a\n\nb\n");
	expect("<p>a</p><p>b</p>", "a\n\nb\n");
	expect("<p>a<p>b", "a\n\nb\n");
	expect("x<ul><li>a</li><li>b</li></ul>y", "x\n\na\nb\n\ny\n");
	expect("a<br> b", "a\nb\n");
}

Test(html, at_most_one_empty_line)
{
	expect("a<br><br><br><br><p></p><p> </p><div>&nbsp;</div>b",
	    "a\n\nb\n");
}

Test(html, hidden_elements_are_left_out)
{
	expect("<html><head><title>T</title><style>p{}</style>x</head>"
	       "<body>b</body></html>",
	    "b\n");
	expect("a<style>x</style>b<script>if (a<b) '</p>'</script>c", "abc\n");
	expect("a<STYLE type='x'>x</Style >b", "ab\n");
	expect("a<title>x</title>b", "a\nb\n");
	expect("<head>x<body>b", "b\n");
	expect("<head><header>x</header></head>b", "b\n");
	expect("<header>a</header>b", "a\nb\n");
	expect("a<style>x", "a\n");
	expect("a<style>x</style", "a\n");
	expect("a<script>x</scripts>y</script>b", "ab\n");
}

Test(html, comments_and_declarations_are_left_out)
{
	expect("<!DOCTYPE html>a<!-- <b> -- > x -->b", "ab\n");
	expect("a<!--[if mso]><p>x</p><![endif]-->b", "ab\n");
	expect("a<![if !mso]>b<![endif]>c", "abc\n");
	expect("<?xml version='1'?>a", "a\n");
	expect("a<!-- x", "a\n");
	expect("a<!", "a\n");
	expect("a<!--", "a\n");
}

Test(html, link_address_follows_its_text)
{
	expect("see <a href=\"https://x.test/?a=1&amp;b=2\">here</a>.",
	    "see here <https://x.test/?a=1&b=2>.\n");
	expect("<a class=c href='https://x.test/'>here</a> it is",
	    "here <https://x.test/> it is\n");
	expect("<a href=https://x.test/>here</a>", "here <https://x.test/>\n");
	expect("<A HREF = \"u\" >here</A>", "here <u>\n");
	expect("a <a href=\"u\"><img src=i></a> b", "a <u> b\n");
	expect("<a href=u>one<a href=v>two</a>", "one <u>two <v>\n");
	expect("<a href=u>one", "one <u>\n");
	expect("one<a href='u>two", "one\n");
	expect("<a href='u'><div>one</div></a>", "one\n<u>\n");
}

Test(html, link_equal_to_its_text_stands_once)
{
	expect("at <a href=\"https://x.test/\">https://x.test/</a>",
	    "at https://x.test/\n");
	expect("<p>a</p><a href=\"https://x.test/?a&amp;b\"> "
	       "https://x.test/?a&amp;b </a>",
	    "a\n\nhttps://x.test/?a&b\n");
	expect("<a href=\"mailto:a@x.test\">a@x.test</a>", "a@x.test\n");
	expect("<a href=\"https://x.test/\">https://x.test/a</a>",
	    "https://x.test/a <https://x.test/>\n");
}

Test(html, link_without_address_is_text)
{
	expect("<a>one</a> <a href=''>two</a> <a href=\"#top\">three</a> "
	       "<a name=x>four</a> <a href>five</a></a>",
	    "one two three four five\n");
}

/* A line end in an address would let a template forge lines. */
Test(html, link_address_holds_no_blank)
{
	expect("<a href=\" h\nt&#10;t&#13;p\t&#32;s \">x</a>", "x <https>\n");
}

Test(html, references_are_resolved)
{
	expect("&amp;&lt;&gt;&quot;&apos;&#39;", "&<>\"''\n");
	expect("&eacute;&Eacute;&euro;&hellip;&zwnj;&thetasym;",
	    "\xc3\xa9\xc3\x89\xe2\x82\xac\xe2\x80\xa6\xe2\x80\x8c\xcf\x91\n");
	expect("&AElig;&yuml;", "\xc3\x86\xc3\xbf\n");
	expect("&#8364;&#x20AC;&#X20ac;&#65", "\xe2\x82\xac\xe2\x82\xac"
	                                      "\xe2\x82\xac"
	                                      "A\n");
	expect("&#128512;", "\xf0\x9f\x98\x80\n");
	expect("a&nbsp;&#160;\xc2\xa0 b", "a b\n");
	expect("a&#10;&#9;b", "a b\n");
	expect("&lt;b&gt;x&lt;/b&gt;", "<b>x</b>\n");
	expect("&amp;lt;", "&lt;\n");
}

Test(html, other_references_stay)
{
	expect("&", "&\n");
	expect("a & b", "a & b\n");
	expect("&;&#;&#x;&#xg;&no;&AMP", "&;&#;&#x;&#xg;&no;&AMP\n");
	expect("&copy=1&am;&ampx;&amp", "&copy=1&am;&ampx;&amp\n");
	expect("&eacutes;&thetasymb;&thetasymbo;",
	    "&eacutes;&thetasymb;&thetasymbo;\n");
}

Test(html, impossible_characters_are_replaced)
{
	expect("&#0;&#xD800;&#x110000;&#4294967361;&#7;&#x9f;&#127;",
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	    "\xef\xbf\xbd\xef\xbf\xbd\n");
}

Test(html, lone_signs_are_text)
{
	expect("1 < 2 > 0", "1 < 2 > 0\n");
	expect("a<", "a<\n");
	expect("<3", "<3\n");
	expect("<<b>x", "<x\n");
}

Test(html, broken_tags_end_with_the_text)
{
	static const char *const broken[] = { "a<b", "a<b ", "a<b c",
		"a<b c=", "a<b c='", "a<b c=\"d", "a<b c=d", "a</", "a</b",
		"a<b/", "a<a href", "a<a href=", "a<a href=&", "a<a href='&#",
		"a<?", "a<b =" };
	MEM_AUTO mem = mem_new(NULL);

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char *text = html_to_text(mem, tight(mem, broken[i]));
		cr_expect(str_starts(text, "a"), "case %zu: %s", i, text);
	}
}

/* Every cut of a rich text: nothing behind its end may be read. */
Test(html, any_cut_is_safe)
{
	static const char html[] =
	    "<head><title>t</title></head><p a='b' c=\"d\" e=f>x&amp;&#x20ac;"
	    "&eacute;<a href='h&amp;\xc3\xa9'>\xc3\xa9\xc2\xa0</a><!-- c -->"
	    "<style>s</style><br/></p>";

	for (size_t size = 0; size < sizeof(html); size++) {
		MEM_AUTO mem = mem_new(NULL);
		char *part = mem_alloc(mem, size + 1);
		memcpy(part, html, size);
		cr_expect_not_null(html_to_text(mem, part));
	}
}

Test(html, random_bytes_are_safe)
{
	static const char signs[] =
	    "<>/!-?=\"'&#x;;a hrefpbdstyle \n\xc2\xa0\xff";
	unsigned int seed = 20261123;

	for (int round = 0; round < 20000; round++) {
		MEM_AUTO mem = mem_new(NULL);
		size_t size = (size_t)rand_r(&seed) % 60;
		char *html = mem_alloc(mem, size + 1);
		for (size_t i = 0; i < size; i++)
			html[i] =
			    signs[(size_t)rand_r(&seed) % (sizeof(signs) - 1)];
		char *text = html_to_text(mem, html);
		cr_assert_null(strstr(text, "\n\n\n"), "from %s", html);
		cr_assert_null(strchr(text, '\r'), "from %s", html);
		cr_assert(!*text || text[strlen(text) - 1] == '\n');
	}
}

Test(html, floods_take_linear_time)
{
	cr_expect_eq(flooded("", "<div>"), 0);
	cr_expect_eq(flooded("", "</div>"), 0);
	cr_expect_eq(flooded("x", "<b"), 2);
	cr_expect_eq(flooded("x", "<!--"), 2);
	cr_expect_eq(flooded("x", "<style>"), 2);
	cr_expect_eq(flooded("x", "<head><title>"), 2);
	cr_expect_eq(flooded("x<style>", "</styles"), 2);
	cr_expect_eq(flooded("<a x=", "'\""), 0);
	cr_expect_gt(flooded("", "<a href=u>"), 1024);
	cr_expect_gt(flooded("", "<"), 1024 * 1024 - 1);
	cr_expect_gt(flooded("", "&"), 1024 * 1024 - 1);
	cr_expect_gt(flooded("", "&am"), 1024 * 1024 - 1);
	cr_expect_gt(flooded("&", "a"), 1024 * 1024 - 1);
	cr_expect_eq(flooded("&#", "9"), 4);
	cr_expect_gt(flooded("", "&amp;"), 1024 * 1024 / 5);
	cr_expect_gt(flooded("", "&#x110000;"), 1024 * 1024 / 5);
	cr_expect_eq(flooded("", "&nbsp;"), 0);
	cr_expect_eq(flooded("x<a href=\"", "&amp;"), 2);
	cr_expect_gt(flooded("<a href=", "&amp;></a><a href="), 1024);
}
