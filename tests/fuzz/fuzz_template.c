/* SPDX-License-Identifier: MIT */
/* A line of the user name, one of the password, and a format of the rest. */
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "message/template.h"

static void fill(struct mem *mem, const char *format,
    const struct template_values *values, bool ours)
{
	struct template template = { .subject = format,
		.html = format,
		.ours = ours };
	bool valid = utf8_valid(format) && utf8_valid(values->username) &&
	             (!values->password || utf8_valid(values->password));

	template_add_text(mem, &template);
	MUST(!valid || utf8_valid(template.text));
	for (int html = 0; html < 2; html++) {
		const char *text =
		    template_fill(mem, &template, format, values, html);
		MUST(!valid || utf8_valid(text));
		MUST(strchr(format, '{') || strcmp(text, format) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	MEM_AUTO mem = mem_new(NULL);
	char *format = fuzz_text(mem, bytes, size);
	const char *username = strsep(&format, "\n");
	const char *password = format ? strsep(&format, "\n") : NULL;

	if (!format)
		return 0;
	const struct template_values values = { username,
		*password ? password : NULL, "tomorrow" };
	fill(mem, format, &values, false);
	fill(mem, format, &values, true);
	return 0;
}
