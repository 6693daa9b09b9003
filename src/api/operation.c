/* SPDX-License-Identifier: MIT */
#include "api/operation.h"

#include <string.h>

const struct operation operations[] = {
#define OPERATION(name, resource, body) \
	{ #name, RESOURCE_##resource, BODY_##body, &operation_##name },
#include "api/operations.def"
#undef OPERATION
	{ NULL, RESOURCE_ANY, BODY_JSON, NULL }
};

const struct operation *operation_find(const char *name)
{
	for (const struct operation *row = operations; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}
