/* SPDX-License-Identifier: MIT */
/*
 * fuzz - what the fuzzers share: a function that libFuzzer calls, and its
 * input as text.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Also without assertions. */
#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* Up to the first NUL. */
static inline char *fuzz_text(struct mem *mem, const uint8_t *bytes,
    size_t size)
{
	return mem_text_n(mem, (const char *)bytes, size);
}

#endif
