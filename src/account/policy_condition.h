/* SPDX-License-Identifier: MIT */
/*
 * policy_condition - the Condition of a policy's statement.
 *
 * An object of operators, each an object of keys with one value or a list:
 * all operators and keys must hold, of a list one value; of an operator with
 * Not in its name none. Source: "IAM JSON policy elements: Condition
 * operators". A table says which operator compares which key.
 */
#ifndef ACCOUNT_POLICY_CONDITION_H
#define ACCOUNT_POLICY_CONDITION_H

#include "account/policy.h"

/* PLACE names the statement in the error, which is policy_read()'s. */
bool policy_condition_check(struct mem *mem, const cJSON *condition,
    const char *place, struct err *err);

/* CONDITION was checked; NULL is none, which holds. */
bool policy_condition_holds(const cJSON *condition,
    const struct policy_question *question);

#endif
