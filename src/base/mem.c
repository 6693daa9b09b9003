/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "base/log.h"

#define USUAL_ROOM 880 /* with talloc's heads what malloc has at hand */

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER
#endif
#endif

struct deferred {
	void (*release)(void *);
	void *argument;
};

static void *had(void *block)
{
	if (!block)
		log_fatal("out of memory"); /* uncovered: only without memory */
	return block;
}

/* What is allocated comes out of one block as long as that lasts; where the
 * address sanitizer looks, each is by itself, so that it sees the bounds. */
struct mem *mem_new_room(struct mem *parent, size_t room)
{
#ifdef WITH_ADDRESS_SANITIZER
	(void)room;
	return had(talloc_new(parent));
#else
	return had(talloc_pool(parent, room));
#endif
}

struct mem *mem_new(struct mem *parent)
{
	return mem_new_room(parent, USUAL_ROOM);
}

void mem_free(struct mem *mem)
{
	talloc_free(mem);
}

void mem_clear(struct mem *mem)
{
	talloc_free_children(mem);
}

void mem_end(struct mem **mem)
{
	talloc_free(*mem);
}

void *mem_alloc(struct mem *mem, size_t size)
{
	return had(talloc_zero_size(mem, size));
}

void *mem_copy(struct mem *mem, const void *bytes, size_t size)
{
	char *copy = had(talloc_size(mem, size + 1));

	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

char *mem_text(struct mem *mem, const char *text)
{
	return mem_copy(mem, text, strlen(text));
}

char *mem_text_n(struct mem *mem, const char *text, size_t length)
{
	return mem_copy(mem, text, strnlen(text, length));
}

char *mem_vprintf(struct mem *mem, const char *format, va_list list)
{
	return had(talloc_vasprintf(mem, format, list));
}

char *mem_printf(struct mem *mem, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	char *text = mem_vprintf(mem, format, list);
	va_end(list);
	return text;
}

char *mem_join(struct mem *mem, const char *first, ...)
{
	va_list list;
	va_list again;
	size_t length = 0;

	va_start(list, first);
	va_copy(again, list);
	for (const char *text = first; text; text = va_arg(list, const char *))
		length += strlen(text);
	va_end(list);
	char *joined = had(talloc_size(mem, length + 1));
	char *end = joined;
	*end = '\0';
	for (const char *text = first; text; text = va_arg(again, const char *))
		end = stpcpy(end, text);
	va_end(again);
	return joined;
}

void *mem_resize(struct mem *mem, void *block, size_t size)
{
	return had(talloc_realloc_size(mem, block, size));
}

void mem_drop(void *block)
{
	talloc_free(block);
}

static int wipe(void *block)
{
	explicit_bzero(block, talloc_get_size(block));
	return 0;
}

void *mem_secret(void *block)
{
	talloc_set_destructor(block, wipe);
	return block;
}

static int release(struct deferred *deferred)
{
	deferred->release(deferred->argument);
	return 0;
}

void mem_defer(struct mem *mem, void (*release_argument)(void *),
    void *argument)
{
	struct deferred *deferred = mem_make(mem, struct deferred);

	deferred->release = release_argument;
	deferred->argument = argument;
	talloc_set_destructor(deferred, release);
}
