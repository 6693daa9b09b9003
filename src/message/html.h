/* SPDX-License-Identifier: MIT */
/*
 * html - the little of HTML that a mail needs.
 */
#ifndef MESSAGE_HTML_H
#define MESSAGE_HTML_H

#include <stdbool.h>

#include "base/mem.h"

/* TEXT with & < > " ' as character references. */
char *html_escape(struct mem *mem, const char *text);

/*
 * Plain text made from HTML for the text/plain part: tags dropped; what
 * stands in head, style, script and title left out; br, p, div, tr, li, h1-6
 * and the like end a line; a link's address follows its text in <>, unless
 * the two are equal; character references resolved; blanks folded; at most
 * one empty line in a row; lines end with LF.
 */
char *html_to_text(struct mem *mem, const char *html);

#endif
