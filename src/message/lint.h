/* SPDX-License-Identifier: MIT */
/*
 * lint - what will go wrong with a template, said before it is used.
 */
#ifndef MESSAGE_LINT_H
#define MESSAGE_LINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "message/template.h"

struct lint {
	size_t count;
	const char **warnings; /* of the context given to lint_template() */
};

/*
 * Checks a template for a mail or an SMS: placeholders missing, bounds of the
 * API passed, invisible characters by code point and byte offset, characters
 * that make an SMS UCS-2, parts of the SMS once VALUES are in place.
 */
void lint_template(struct mem *mem, const struct template *template, bool sms,
    const struct template_values *values, struct lint *lint);

#endif
