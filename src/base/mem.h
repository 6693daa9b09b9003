/* SPDX-License-Identifier: MIT */
/*
 * mem - memory contexts.
 *
 * Everything is allocated in a context and goes with it; nobody else frees.
 * Blocks are zeroed. Running out of memory ends the process (fatal), so no
 * function here returns NULL. A context belongs to one thread at a time.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

struct mem;

/* A context inside PARENT, or a root when PARENT is NULL. */
struct mem *mem_new(struct mem *parent);
void mem_free(struct mem *mem);

/* The same, for about ROOM bytes: quicker than by pieces. */
struct mem *mem_new_room(struct mem *parent, size_t room);

/* Frees what is in it, but for its room, which can be used again. */
void mem_clear(struct mem *mem);

/* For MEM_AUTO only. */
void mem_end(struct mem **mem);

/* A root that goes at the end of the block: MEM_AUTO mem = mem_new(NULL); */
#define MEM_AUTO __attribute__((cleanup(mem_end))) struct mem *

void *mem_alloc(struct mem *mem, size_t size);
void *mem_copy(struct mem *mem, const void *bytes, size_t size);
char *mem_text(struct mem *mem, const char *text);
char *mem_text_n(struct mem *mem, const char *text, size_t length);
/* FIRST and the texts behind it, up to a NULL, as one: where mem_printf() would
 * be too slow. */
char *mem_join(struct mem *mem, const char *first, ...)
    __attribute__((sentinel));
char *mem_printf(struct mem *mem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *mem_vprintf(struct mem *mem, const char *format, va_list list)
    __attribute__((format(printf, 2, 0)));

/* BLOCK (made here) grown or shrunk to SIZE; the added part is not zeroed. */
void *mem_resize(struct mem *mem, void *block, size_t size);

/* Gives BLOCK (made here) back before its context goes. */
void mem_drop(void *block);

/* BLOCK is overwritten before it is given back. Returns BLOCK. */
void *mem_secret(void *block);

/* RELEASE(ARGUMENT) is called when MEM goes; the latest first. */
void mem_defer(struct mem *mem, void (*release)(void *), void *argument);

#define mem_make(mem, type) ((type *)mem_alloc((mem), sizeof(type)))
#define mem_array(mem, type, count) \
	((type *)mem_alloc((mem), sizeof(type) * (count)))

#endif
