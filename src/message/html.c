/* SPDX-License-Identifier: MIT */
#include "message/html.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/utf8.h"

struct span {
	const char *text;
	size_t length;
};

struct page {
	struct str *out;
	struct str *link; /* the open link's address; empty for none */
	size_t link_start;
	int lines; /* line ends due before the next text */
	bool blank;
};

struct element {
	const char *name;
	int lines; /* line ends due before it and behind it */
	bool blank;
	bool hidden;
};

/* Sorted. */
static const struct element elements[] = {
	{ "address", 1, false, false },
	{ "article", 1, false, false },
	{ "blockquote", 2, false, false },
	{ "body", 1, false, false },
	{ "center", 1, false, false },
	{ "dd", 1, false, false },
	{ "div", 1, false, false },
	{ "dl", 2, false, false },
	{ "dt", 1, false, false },
	{ "footer", 1, false, false },
	{ "h1", 2, false, false },
	{ "h2", 2, false, false },
	{ "h3", 2, false, false },
	{ "h4", 2, false, false },
	{ "h5", 2, false, false },
	{ "h6", 2, false, false },
	{ "head", 1, false, true },
	{ "header", 1, false, false },
	{ "hr", 1, false, false },
	{ "li", 1, false, false },
	{ "main", 1, false, false },
	{ "ol", 2, false, false },
	{ "p", 2, false, false },
	{ "pre", 2, false, false },
	{ "script", 0, false, true },
	{ "section", 1, false, false },
	{ "style", 0, false, true },
	{ "table", 1, false, false },
	{ "td", 0, true, false },
	{ "th", 0, true, false },
	{ "title", 1, false, true },
	{ "tr", 1, false, false },
	{ "ul", 2, false, false },
};

struct reference {
	const char *name;
	uint32_t point;
};

/* HTML 4.01, 24, and apos; sorted. */
static const struct reference references[] = { { "AElig", 0xc6 },
	{ "Aacute", 0xc1 }, { "Acirc", 0xc2 }, { "Agrave", 0xc0 },
	{ "Alpha", 0x391 }, { "Aring", 0xc5 }, { "Atilde", 0xc3 },
	{ "Auml", 0xc4 }, { "Beta", 0x392 }, { "Ccedil", 0xc7 },
	{ "Chi", 0x3a7 }, { "Dagger", 0x2021 }, { "Delta", 0x394 },
	{ "ETH", 0xd0 }, { "Eacute", 0xc9 }, { "Ecirc", 0xca },
	{ "Egrave", 0xc8 }, { "Epsilon", 0x395 }, { "Eta", 0x397 },
	{ "Euml", 0xcb }, { "Gamma", 0x393 }, { "Iacute", 0xcd },
	{ "Icirc", 0xce }, { "Igrave", 0xcc }, { "Iota", 0x399 },
	{ "Iuml", 0xcf }, { "Kappa", 0x39a }, { "Lambda", 0x39b },
	{ "Mu", 0x39c }, { "Ntilde", 0xd1 }, { "Nu", 0x39d },
	{ "OElig", 0x152 }, { "Oacute", 0xd3 }, { "Ocirc", 0xd4 },
	{ "Ograve", 0xd2 }, { "Omega", 0x3a9 }, { "Omicron", 0x39f },
	{ "Oslash", 0xd8 }, { "Otilde", 0xd5 }, { "Ouml", 0xd6 },
	{ "Phi", 0x3a6 }, { "Pi", 0x3a0 }, { "Prime", 0x2033 },
	{ "Psi", 0x3a8 }, { "Rho", 0x3a1 }, { "Scaron", 0x160 },
	{ "Sigma", 0x3a3 }, { "THORN", 0xde }, { "Tau", 0x3a4 },
	{ "Theta", 0x398 }, { "Uacute", 0xda }, { "Ucirc", 0xdb },
	{ "Ugrave", 0xd9 }, { "Upsilon", 0x3a5 }, { "Uuml", 0xdc },
	{ "Xi", 0x39e }, { "Yacute", 0xdd }, { "Yuml", 0x178 },
	{ "Zeta", 0x396 }, { "aacute", 0xe1 }, { "acirc", 0xe2 },
	{ "acute", 0xb4 }, { "aelig", 0xe6 }, { "agrave", 0xe0 },
	{ "alefsym", 0x2135 }, { "alpha", 0x3b1 }, { "amp", 0x26 },
	{ "and", 0x2227 }, { "ang", 0x2220 }, { "apos", 0x27 },
	{ "aring", 0xe5 }, { "asymp", 0x2248 }, { "atilde", 0xe3 },
	{ "auml", 0xe4 }, { "bdquo", 0x201e }, { "beta", 0x3b2 },
	{ "brvbar", 0xa6 }, { "bull", 0x2022 }, { "cap", 0x2229 },
	{ "ccedil", 0xe7 }, { "cedil", 0xb8 }, { "cent", 0xa2 },
	{ "chi", 0x3c7 }, { "circ", 0x2c6 }, { "clubs", 0x2663 },
	{ "cong", 0x2245 }, { "copy", 0xa9 }, { "crarr", 0x21b5 },
	{ "cup", 0x222a }, { "curren", 0xa4 }, { "dArr", 0x21d3 },
	{ "dagger", 0x2020 }, { "darr", 0x2193 }, { "deg", 0xb0 },
	{ "delta", 0x3b4 }, { "diams", 0x2666 }, { "divide", 0xf7 },
	{ "eacute", 0xe9 }, { "ecirc", 0xea }, { "egrave", 0xe8 },
	{ "empty", 0x2205 }, { "emsp", 0x2003 }, { "ensp", 0x2002 },
	{ "epsilon", 0x3b5 }, { "equiv", 0x2261 }, { "eta", 0x3b7 },
	{ "eth", 0xf0 }, { "euml", 0xeb }, { "euro", 0x20ac },
	{ "exist", 0x2203 }, { "fnof", 0x192 }, { "forall", 0x2200 },
	{ "frac12", 0xbd }, { "frac14", 0xbc }, { "frac34", 0xbe },
	{ "frasl", 0x2044 }, { "gamma", 0x3b3 }, { "ge", 0x2265 },
	{ "gt", 0x3e }, { "hArr", 0x21d4 }, { "harr", 0x2194 },
	{ "hearts", 0x2665 }, { "hellip", 0x2026 }, { "iacute", 0xed },
	{ "icirc", 0xee }, { "iexcl", 0xa1 }, { "igrave", 0xec },
	{ "image", 0x2111 }, { "infin", 0x221e }, { "int", 0x222b },
	{ "iota", 0x3b9 }, { "iquest", 0xbf }, { "isin", 0x2208 },
	{ "iuml", 0xef }, { "kappa", 0x3ba }, { "lArr", 0x21d0 },
	{ "lambda", 0x3bb }, { "lang", 0x2329 }, { "laquo", 0xab },
	{ "larr", 0x2190 }, { "lceil", 0x2308 }, { "ldquo", 0x201c },
	{ "le", 0x2264 }, { "lfloor", 0x230a }, { "lowast", 0x2217 },
	{ "loz", 0x25ca }, { "lrm", 0x200e }, { "lsaquo", 0x2039 },
	{ "lsquo", 0x2018 }, { "lt", 0x3c }, { "macr", 0xaf },
	{ "mdash", 0x2014 }, { "micro", 0xb5 }, { "middot", 0xb7 },
	{ "minus", 0x2212 }, { "mu", 0x3bc }, { "nabla", 0x2207 },
	{ "nbsp", 0xa0 }, { "ndash", 0x2013 }, { "ne", 0x2260 },
	{ "ni", 0x220b }, { "not", 0xac }, { "notin", 0x2209 },
	{ "nsub", 0x2284 }, { "ntilde", 0xf1 }, { "nu", 0x3bd },
	{ "oacute", 0xf3 }, { "ocirc", 0xf4 }, { "oelig", 0x153 },
	{ "ograve", 0xf2 }, { "oline", 0x203e }, { "omega", 0x3c9 },
	{ "omicron", 0x3bf }, { "oplus", 0x2295 }, { "or", 0x2228 },
	{ "ordf", 0xaa }, { "ordm", 0xba }, { "oslash", 0xf8 },
	{ "otilde", 0xf5 }, { "otimes", 0x2297 }, { "ouml", 0xf6 },
	{ "para", 0xb6 }, { "part", 0x2202 }, { "permil", 0x2030 },
	{ "perp", 0x22a5 }, { "phi", 0x3c6 }, { "pi", 0x3c0 }, { "piv", 0x3d6 },
	{ "plusmn", 0xb1 }, { "pound", 0xa3 }, { "prime", 0x2032 },
	{ "prod", 0x220f }, { "prop", 0x221d }, { "psi", 0x3c8 },
	{ "quot", 0x22 }, { "rArr", 0x21d2 }, { "radic", 0x221a },
	{ "rang", 0x232a }, { "raquo", 0xbb }, { "rarr", 0x2192 },
	{ "rceil", 0x2309 }, { "rdquo", 0x201d }, { "real", 0x211c },
	{ "reg", 0xae }, { "rfloor", 0x230b }, { "rho", 0x3c1 },
	{ "rlm", 0x200f }, { "rsaquo", 0x203a }, { "rsquo", 0x2019 },
	{ "sbquo", 0x201a }, { "scaron", 0x161 }, { "sdot", 0x22c5 },
	{ "sect", 0xa7 }, { "shy", 0xad }, { "sigma", 0x3c3 },
	{ "sigmaf", 0x3c2 }, { "sim", 0x223c }, { "spades", 0x2660 },
	{ "sub", 0x2282 }, { "sube", 0x2286 }, { "sum", 0x2211 },
	{ "sup", 0x2283 }, { "sup1", 0xb9 }, { "sup2", 0xb2 }, { "sup3", 0xb3 },
	{ "supe", 0x2287 }, { "szlig", 0xdf }, { "tau", 0x3c4 },
	{ "there4", 0x2234 }, { "theta", 0x3b8 }, { "thetasym", 0x3d1 },
	{ "thinsp", 0x2009 }, { "thorn", 0xfe }, { "tilde", 0x2dc },
	{ "times", 0xd7 }, { "trade", 0x2122 }, { "uArr", 0x21d1 },
	{ "uacute", 0xfa }, { "uarr", 0x2191 }, { "ucirc", 0xfb },
	{ "ugrave", 0xf9 }, { "uml", 0xa8 }, { "upsih", 0x3d2 },
	{ "upsilon", 0x3c5 }, { "uuml", 0xfc }, { "weierp", 0x2118 },
	{ "xi", 0x3be }, { "yacute", 0xfd }, { "yen", 0xa5 }, { "yuml", 0xff },
	{ "zeta", 0x3b6 }, { "zwj", 0x200d }, { "zwnj", 0x200c } };

static char *secret_copy(struct mem *mem, const struct str *str)
{
	return mem_secret(mem_text_n(mem, str_text(str), str_length(str)));
}

static const char *escaped(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return "&#39;";
	}
}

char *html_escape(struct mem *mem, const char *text)
{
	MEM_AUTO scratch = mem_new(NULL);
	struct str *out = str_new(scratch, SIZE_MAX);

	str_secret(out);
	for (size_t run = strcspn(text, "&<>\"'"); text[run];
	     run = strcspn(text, "&<>\"'")) {
		str_add_n(out, text, run);
		str_add(out, escaped(text[run]));
		text += run + 1;
	}
	str_add(out, text);
	return secret_copy(mem, out);
}

static int compare_references(const void *left, const void *right)
{
	const struct span *name = left;
	const struct reference *reference = right;
	int order = strncmp(name->text, reference->name, name->length);

	return order ? order : -(reference->name[name->length] != '\0');
}

/* The character named at *AT, "name;"; 0 for none. */
static uint32_t named(const char **at)
{
	struct span name = { *at, 0 };

	while (name.length < 9 && isalnum((unsigned char)(*at)[name.length]))
		name.length++;
	if (!name.length || (*at)[name.length] != ';')
		return 0;

	const struct reference *reference = bsearch(&name, references,
	    sizeof(references) / sizeof(references[0]), sizeof(references[0]),
	    compare_references);
	if (!reference)
		return 0;
	*at += name.length + 1;
	return reference->point;
}

/* Controls and what is no character become U+FFFD. */
static uint32_t checked(uint32_t point)
{
	if (point < 0x80 && isspace((int)point))
		return ' ';
	if (point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	    (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff)
		return 0xfffd;
	return point;
}

/* The character numbered at *AT, "60;" or "x3c;"; 0 for none. */
static uint32_t numbered(const char **at)
{
	bool hex = ((*at)[0] | 0x20) == 'x';
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	const char *start = *at + hex;
	size_t length = strspn(start, digits);
	uint32_t point = 0;

	if (!length)
		return 0;
	for (size_t i = 0; i < length && point <= 0x10ffff; i++)
		point =
		    point * (hex ? 16 : 10) + (uint32_t)str_hex_digit(start[i]);
	*at = start + length + (start[length] == ';');
	return checked(point);
}

/* The character that the reference at *AT stands for; else '&' itself. */
static uint32_t resolve(const char **at)
{
	const char *behind = *at + 1;
	uint32_t point;

	if (*behind == '#') {
		behind++;
		point = numbered(&behind);
	} else {
		point = named(&behind);
	}
	*at = point ? behind : *at + 1;
	return point ? point : '&';
}

static void page_break(struct page *page, int lines)
{
	if (page->lines < lines)
		page->lines = lines;
}

static void page_begin(struct page *page)
{
	if (str_length(page->out) && page->lines)
		str_add_n(page->out, "\n\n", (size_t)page->lines);
	else if (str_length(page->out) && page->blank)
		str_add_char(page->out, ' ');
	page->lines = 0;
	page->blank = false;
}

static void page_add(struct page *page, const char *bytes, size_t length)
{
	page_begin(page);
	str_add_n(page->out, bytes, length);
}

static void page_point(struct page *page, uint32_t point)
{
	if (point == ' ' || point == 0xa0) {
		page->blank = true;
		return;
	}
	page_begin(page);
	utf8_add(page->out, point);
}

/* Bytes of the blank at AT: a no-break space is one, too; 0 for none. */
static size_t blank(const char *at)
{
	if (*at == ' ' || (*at >= '\t' && *at <= '\r' && *at != '\v'))
		return 1;
	return at[0] == '\xc2' && at[1] == '\xa0' ? 2 : 0;
}

static bool is_tag(const char *at)
{
	unsigned char byte = (unsigned char)at[1];

	return at[0] == '<' &&
	       (isalpha(byte) || byte == '/' || byte == '!' || byte == '?');
}

static const char *read_text(struct page *page, const char *at)
{
	size_t run = blank(at);

	if (run) {
		page->blank = true;
		return at + run;
	}
	if (*at == '&') {
		page_point(page, resolve(&at));
		return at;
	}
	do
		run++;
	while (at[run] && at[run] != '&' && at[run] != '<' && !blank(at + run));
	page_add(page, at, run);
	return at + run;
}

static void open_link(struct page *page, struct span href)
{
	const char *at = href.text;
	const char *end = href.text + href.length;

	while (at < end) {
		uint32_t point = utf8_next(&at);
		if (point == '&') {
			at--;
			point = resolve(&at);
		}
		if (point > ' ' && point != UTF8_WRONG)
			utf8_add(page->link, point);
	}
	page->link_start = str_length(page->out);
}

static void close_link(struct page *page)
{
	const char *address = str_text(page->link);
	const char *text = str_text(page->out) + page->link_start;

	text += strspn(text, " \n");
	if (*address && *address != '#' && !str_same(text, address) &&
	    !(str_starts(address, "mailto:") &&
	        str_same(text, address + strlen("mailto:")))) {
		page->blank = true;
		page_add(page, "<", 1);
		str_add(page->out, address);
		str_add_char(page->out, '>');
	}
	str_clear(page->link);
}

/* Moves *AT behind the value of an attribute. */
static struct span read_value(const char **at)
{
	const char *start = *at + strspn(*at, " \t\r\n\f");
	struct span value = { start, 0 };

	if (*start == '"' || *start == '\'') {
		char quotes[] = { *start, '\0' };
		value.text = start + 1;
		value.length = strcspn(value.text, quotes);
		*at = value.text + value.length;
		*at += **at != '\0';
	} else {
		value.length = strcspn(start, " \t\r\n\f>");
		*at = start + value.length;
	}
	return value;
}

static bool span_is(struct span span, const char *name)
{
	return span.length == strlen(name) &&
	       strncasecmp(span.text, name, span.length) == 0;
}

/* Moves behind the tag; *HREF becomes its attribute of that name. */
static const char *read_attributes(const char *at, struct span *href)
{
	for (;;) {
		at += strspn(at, " \t\r\n\f/");
		if (*at == '>')
			return at + 1;
		if (!*at) {
			href->length = 0; /* a tag without end says nothing */
			return at;
		}

		struct span name = { at, strcspn(at, " \t\r\n\f/>=") };
		at += name.length;
		at += strspn(at, " \t\r\n\f");
		if (*at != '=')
			continue;
		at++;
		struct span value = read_value(&at);
		if (span_is(name, "href"))
			*href = value;
	}
}

/* Behind the end tag of NAME, or the end of the text. */
static const char *skip_element(const char *at, struct span name)
{
	bool head = span_is(name, "head");

	while (*at) {
		at = strchrnul(at, '<');
		if (at[0] == '<' && at[1] == '/' &&
		    strncasecmp(at + 2, name.text, name.length) == 0 &&
		    !isalnum((unsigned char)at[2 + name.length]))
			return at;
		if (head && strncasecmp(at, "<body", 5) == 0)
			return at;
		at += *at != '\0';
	}
	return at;
}

static int compare_elements(const void *left, const void *right)
{
	const struct span *name = left;
	const struct element *element = right;
	int order = strncasecmp(name->text, element->name, name->length);

	return order ? order : -(element->name[name->length] != '\0');
}

/* AT is at "<" or "</" and a name. */
static const char *read_element(struct page *page, const char *at)
{
	bool closing = at[1] == '/';
	struct span name = { at + 1 + closing, 0 };
	struct span href = { "", 0 };

	name.length = strcspn(name.text, " \t\r\n\f/>");
	at = read_attributes(name.text + name.length, &href);
	if (span_is(name, "a")) {
		close_link(page);
		if (!closing)
			open_link(page, href);
	}
	if (span_is(name, "br"))
		page->lines += page->lines < 2;

	const struct element *element =
	    bsearch(&name, elements, sizeof(elements) / sizeof(elements[0]),
	        sizeof(elements[0]), compare_elements);
	if (!element)
		return at;
	page_break(page, element->lines);
	page->blank |= element->blank;
	return element->hidden && !closing ? skip_element(at, name) : at;
}

static const char *read_tag(struct page *page, const char *at)
{
	if (str_starts(at, "<!--")) {
		const char *end = strstr(at + 4, "-->");
		return end ? end + 3 : at + strlen(at);
	}
	if (at[1] == '!' || at[1] == '?') {
		at = strchrnul(at, '>');
		return at + (*at != '\0');
	}
	return read_element(page, at);
}

char *html_to_text(struct mem *mem, const char *html)
{
	MEM_AUTO scratch = mem_new(NULL);
	struct page page = { .out = str_new(scratch, SIZE_MAX),
		.link = str_new(scratch, SIZE_MAX) };

	str_secret(page.out);
	str_secret(page.link);
	while (*html)
		html = is_tag(html) ? read_tag(&page, html)
		                    : read_text(&page, html);
	close_link(&page);
	if (str_length(page.out))
		str_add_char(page.out, '\n');
	return secret_copy(mem, page.out);
}
