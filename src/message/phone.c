/* SPDX-License-Identifier: MIT */
#include "message/phone.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/*
 * Area codes of +1 that are not the United States', each list sorted.
 * Source: google/libphonenumber metadata v9.0.35 (July 2026).
 */
static const int canada[] = { 204, 226, 236, 249, 250, 257, 263, 289, 306, 343,
	354, 365, 367, 368, 382, 403, 416, 418, 428, 431, 437, 438, 450, 468,
	474, 506, 514, 519, 548, 579, 581, 584, 587, 600, 604, 613, 622, 633,
	639, 647, 672, 683, 705, 709, 742, 753, 778, 780, 782, 807, 819, 825,
	867, 873, 879, 902, 905, 942 };

static const int other_countries[] = { 242, 246, 264, 268, 284, 345, 441, 473,
	649, 658, 664, 721, 758, 767, 784, 809, 829, 849, 868, 869, 876 };

/* Toll-free, premium and personal numbers, shared by all of +1. */
static const int shared[] = { 500, 521, 522, 523, 524, 525, 526, 527, 528, 529,
	532, 533, 544, 566, 577, 588, 800, 833, 844, 855, 866, 877, 888, 900 };

/* Digits behind '+'; 0 when NUMBER is anything else. */
static size_t digits(const char *number)
{
	if (number[0] != '+')
		return 0;

	size_t count = strspn(number + 1, "0123456789");
	return number[count + 1] ? 0 : count;
}

bool phone_is_attribute(const char *number)
{
	size_t count = digits(number);

	return count >= 1 && count <= 15;
}

bool phone_is_e164(const char *number)
{
	size_t count = digits(number);

	return count >= 8 && count <= 15 && number[1] != '0';
}

static int compare_codes(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

static bool within(int code, const int *list, size_t size)
{
	return bsearch(&code, list, size / sizeof(*list), sizeof(*list),
	           compare_codes) != NULL;
}

bool phone_is_us(const char *number)
{
	if (!str_starts(number, "+1") || digits(number) < 4)
		return false;

	int code = (number[2] - '0') * 100 + (number[3] - '0') * 10 +
	           (number[4] - '0');
	return !within(code, canada, sizeof(canada)) &&
	       !within(code, other_countries, sizeof(other_countries)) &&
	       !within(code, shared, sizeof(shared));
}
