/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "account/attribute.h"
#include "base/str.h"

/* The names that the service's current text uses. */
static const char *scim_name(const char *name)
{
	if (strcmp(name, "name") == 0)
		return "name.formatted";
	return strcmp(name, "phone_number") == 0 ? "phoneNumbers" : name;
}

static void need(struct str *missing, const cJSON *attributes, const char *name)
{
	if (attribute_get(attributes, name))
		return;
	if (str_length(missing))
		str_add(missing, ", ");
	str_addf(missing, "%s: The attribute %s is required", scim_name(name),
	    scim_name(name));
}

/* A code must be able to reach the user by a factor that the pool allows. */
static void need_address(struct str *missing, const struct pool *pool,
    const cJSON *attributes)
{
	bool reachable =
	    (pool->otp_email && attribute_get(attributes, "email")) ||
	    (pool->otp_sms && attribute_get(attributes, "phone_number"));

	if (!reachable)
		need(missing, attributes,
		    pool->otp_email ? "email" : "phone_number");
}

bool attribute_check_required(struct work *work, const struct pool *pool,
    const cJSON *attributes)
{
	const struct schema_attribute *list = pool->settings->schema.items;
	struct str *missing = str_new(work->mem, 4096);

	for (size_t i = 0; i < pool->settings->schema.count; i++)
		if (list[i].required.value && strcmp(list[i].name, "sub") != 0)
			need(missing, attributes, list[i].name);
	if (!strstr(str_text(missing), "attribute email ") &&
	    !strstr(str_text(missing), "attribute phoneNumbers "))
		need_address(missing, pool, attributes);
	if (str_length(missing))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "Attributes did not conform to the schema: %s",
		    str_text(missing));
	return true;
}
