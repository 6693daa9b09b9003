/* SPDX-License-Identifier: MIT */
#include "api/hash_memory.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/secret.h"

/* Under these names they stand in the place of the C library's. */
void *hash_map(void *address, size_t size, int protection, int flags, int fd,
    off_t offset) __asm__("mmap");
int hash_unmap(void *address, size_t size) __asm__("munmap");

/* Otherwise the name is another function's. */
_Static_assert(sizeof(off_t) == sizeof(long), "mmap() has another off_t");

typedef void *map_function(void *, size_t, int, int, int, off_t);
typedef int unmap_function(void *, size_t);

static _Thread_local struct {
	bool keeps;
	void *block; /* NULL before the first hash */
} own;

/* The C library's function of that NAME, which KNOWN remembers. */
static void *real(void *_Atomic *known, const char *name)
{
	void *function = *known;

	if (!function)
		*known = function = dlsym(RTLD_NEXT, name);
	return function;
}

static void *real_map(void *address, size_t size, int protection, int flags,
    int fd, off_t offset)
{
	static void *_Atomic known;
	map_function *function;

	*(void **)&function = real(&known, "mmap");
	return function(address, size, protection, flags, fd, offset);
}

static int real_unmap(void *address, size_t size)
{
	static void *_Atomic known;
	unmap_function *function;

	*(void **)&function = real(&known, "munmap");
	return function(address, size);
}

void hash_memory_keep(void)
{
	own.keeps = true;
}

void hash_memory_release(void)
{
	if (own.block)
		real_unmap(own.block, SECRET_HASH_MEMORY);
	own.block = NULL;
}

void *hash_map(void *address, size_t size, int protection, int flags, int fd,
    off_t offset)
{
	int wanted = MAP_PRIVATE | MAP_ANONYMOUS;
	bool ours = own.keeps && !address && size == SECRET_HASH_MEMORY &&
	            protection == (PROT_READ | PROT_WRITE) &&
	            (flags & (wanted | MAP_FIXED)) == wanted;

	if (ours && own.block)
		return own.block;
	void *block = real_map(address, size, protection, flags, fd, offset);
	if (ours && block != MAP_FAILED)
		own.block = block;
	return block;
}

int hash_unmap(void *address, size_t size)
{
	if (address && address == own.block)
		return 0;
	return real_unmap(address, size);
}
