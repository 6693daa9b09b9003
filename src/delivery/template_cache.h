/* SPDX-License-Identifier: MIT */
/*
 * template_cache - the templates that a lane met lately, each read from the
 * database once: they are named by their content and never change.
 */
#ifndef DELIVERY_TEMPLATE_CACHE_H
#define DELIVERY_TEMPLATE_CACHE_H

#include <stdbool.h>

#include "base/mem.h"
#include "db/work.h"
#include "message/template.h"

struct template_cache;

struct template_cache *template_cache_new(struct mem *mem);

/* A claim begins: what only claims before the last one used may go. */
void template_cache_turn(struct template_cache *cache);

/* The template of that hash, without any text when it is gone; its texts live
 * until the claim behind the next begins, or as long as the work. */
bool template_cache_get(struct template_cache *cache, struct work *work,
    const char *hash, struct template *template);

#endif
