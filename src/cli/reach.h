/* SPDX-License-Identifier: MIT */
/*
 * reach - where usher dev serves the API, and whether it is us who answers.
 */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "account/access_key.h"
#include "base/err.h"
#include "base/mem.h"

#define REACH_USUAL "127.0.0.1:9229"

/*
 * GIVEN ("127.0.0.1:9229", "[::1]:9229"; port 0 is any that is free), or
 * without it REACH_USUAL, or any port of that address when it is taken.
 * NULL with ERR_USAGE when GIVEN is no address, with ERR_CONFLICT when nobody
 * can listen there.
 */
const char *reach_choose(struct mem *mem, const char *given, struct err *err);

enum reach_answer {
	REACH_SILENT, /* nobody answers, or cannot yet */
	REACH_OURS,   /* it knows the key */
	REACH_OTHERS
};

/* Who answers a request at ADDRESS that KEY signs. */
enum reach_answer reach_ask(const char *address, const char *region,
    const struct access_key *key);

#endif
