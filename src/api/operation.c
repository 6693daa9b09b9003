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

#define ROWS_OF_USER                                 \
	ROW_POOL_ID(struct operation_user, pool_id), \
	    ROW_USERNAME(struct operation_user, username)

const struct field operation_user_rows[] = { ROWS_OF_USER, ROW_END };

const struct field operation_user_metadata_rows[] = { ROWS_OF_USER,
	ROW_MAP(struct operation_user, metadata, "ClientMetadata", 131072),
	ROW_END };

const struct operation *operation_find(const char *name)
{
	for (const struct operation *row = operations; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}
