/* SPDX-License-Identifier: MIT */
/*
 * hash_memory - lets the password hashes of a thread share their memory.
 *
 * libsodium maps the memory of each argon2id hash anew, and has no way to be
 * given any: the kernel clears 19 MiB and enters them page by page, which takes
 * up to half of the hash's time. This file defines mmap() and munmap() for the
 * whole executable; they act as the C library's, save for the memory of a hash
 * (SECRET_HASH_MEMORY) in a thread that asked for it.
 */
#ifndef API_HASH_MEMORY_H
#define API_HASH_MEMORY_H

/* From now on this thread's hashes, one at a time, use the same memory. */
void hash_memory_keep(void);

/* Gives the memory back to the system; the next hash maps it anew. Must be
 * called before a thread ends that keeps it. */
void hash_memory_release(void);

#endif
