/* SPDX-License-Identifier: MIT */
/*
 * capture - the carriers of usher dev: keep messages, sealed, to look at with
 * usher inbox instead of sending them.
 */
#ifndef DELIVERY_CAPTURE_H
#define DELIVERY_CAPTURE_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "account/engine.h"
#include "db/work.h"
#include "delivery/carrier.h"

extern const struct carrier capture_mail_carrier;
extern const struct carrier capture_text_carrier;

/* Which captured messages. */
struct capture_filter {
	int64_t after;           /* only those behind this id */
	const char *destination; /* or NULL */
	const char *medium;      /* or NULL */
	int most;
};

/* Captured messages, oldest first, opened: a list of objects. */
cJSON *capture_list(struct work *work, const struct engine *engine,
    const struct capture_filter *filter);

/* The id of the newest, 0 without any; -1 with the error. */
int64_t capture_newest(struct work *work);

bool capture_clear(struct work *work);

#endif
