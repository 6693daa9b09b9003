/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>
#include <pthread.h>
#include <string.h>

#include "base/log.h"

/* Bounds what an operator's expression may cost on a hostile answer, and one
 * of ours on a hostile text: what passes it does not match. */
#define MATCH_LIMIT       1000000
#define MATCH_LIMIT_WHOLE 200000

struct known {
	const char *pattern;
	pcre2_code *code;
};

static struct known known[128];
static size_t known_count;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static pcre2_code *compile(const char *pattern, uint32_t options, int *error,
    PCRE2_SIZE *offset)
{
	/* Without UCP, \w and \s are ASCII as in the service's Java. */
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern,
	    PCRE2_ZERO_TERMINATED, PCRE2_UTF | options, error, offset, NULL);

	if (code)
		pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return code;
}

static pcre2_code *known_code(const char *pattern)
{
	int error;
	PCRE2_SIZE offset;
	pcre2_code *code = NULL;

	pthread_mutex_lock(&known_lock);
	for (size_t i = 0; i < known_count && !code; i++)
		if (known[i].pattern == pattern ||
		    strcmp(known[i].pattern, pattern) == 0)
			code = known[i].code;
	if (!code) {
		code = compile(pattern, PCRE2_ANCHORED | PCRE2_ENDANCHORED,
		    &error, &offset);
		if (!code || known_count == sizeof(known) / sizeof(*known))
			log_fatal("a pattern of ours cannot be compiled");
		known[known_count++] = (struct known){ pattern, code };
	}
	pthread_mutex_unlock(&known_lock);
	return code;
}

bool pattern_whole(const char *pattern, const char *text)
{
	pcre2_code *code = known_code(pattern);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);

	pcre2_set_match_limit(context, MATCH_LIMIT_WHOLE);
	int count = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0,
	    data, context);
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return count >= 0;
}

bool pattern_check(const char *expression, struct err *err)
{
	int error;
	PCRE2_SIZE offset;
	pcre2_code *code = compile(expression, 0, &error, &offset);
	PCRE2_UCHAR words[128] = "";

	if (code) {
		pcre2_code_free(code);
		return true;
	}
	pcre2_get_error_message(error, words, sizeof(words));
	return err_set(err, ERR_CONFIG,
	    "the expression '%.100s' cannot be used: %s at character %zu",
	    expression, (const char *)words, (size_t)offset);
}

/* Groups behind the last that took part are unset in the vector too. */
static char *captured(struct mem *mem, const char *text, pcre2_match_data *data,
    int count)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
	size_t group = pcre2_get_ovector_count(data) > 1 ? 1 : 0;

	if (count < 1 || at[2 * group] == PCRE2_UNSET)
		return NULL;
	return mem_text_n(mem, text + at[2 * group],
	    at[2 * group + 1] - at[2 * group]);
}

char *pattern_capture(struct mem *mem, const char *expression, const char *text,
    struct err *err)
{
	int error;
	PCRE2_SIZE offset;

	err->code = ERR_NONE;
	if (!pattern_check(expression, err))
		return NULL;
	pcre2_code *code = compile(expression, 0, &error, &offset);
	pcre2_match_data *data =
	    pcre2_match_data_create_from_pattern(code, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(context, MATCH_LIMIT);
	int count = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0,
	    data, context);
	char *found = captured(mem, text, data, count);
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return found;
}
