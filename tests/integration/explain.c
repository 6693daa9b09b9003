/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include "base/str.h"

static const char *const texts[] = {
#define QUERY(name, parameters, text) text,
#include "db/queries.def"
#undef QUERY
};

static double number(const cJSON *node, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(node, name);

	return item ? cJSON_GetNumberValue(item) : 0;
}

/* Those that a node gave or threw away, by all its turns. */
static double rows_of(const cJSON *node, const char *table)
{
	const char *name = json_text(node, "/Relation Name");
	const char *index = json_text(node, "/Index Name");
	const cJSON *inner;
	double rows = 0;

	if (name && (!table || str_same(name, table)))
		rows = number(node, "Actual Loops") *
		       (number(node, "Actual Rows") +
		           number(node, "Rows Removed by Filter") +
		           number(node, "Rows Removed by Index Recheck"));
	/* The rows of a bitmap are counted where they are read. */
	cr_assert(name || !index ||
	          str_same(json_text(node, "/Node Type"), "Bitmap Index Scan"));
	cJSON_ArrayForEach(inner, cJSON_GetObjectItem(node, "Plans")) rows +=
	    rows_of(inner, table);
	return rows;
}

int64_t explain_rows(struct harness *harness, enum query query,
    const char *arguments, const char *table)
{
	struct err err = { 0 };
	const char *plan;

	harness_value(harness,
	    "set enable_seqscan = off; set enable_hashjoin = off; "
	    "set enable_mergejoin = off; set enable_bitmapscan = off; "
	    "set jit = off; "
	    "set plan_cache_mode = force_generic_plan");
	harness_value(harness, "prepare explained as %s", texts[query]);
	plan = harness_value(harness,
	    "explain (analyze, timing off, format json) execute explained%s%s%s",
	    *arguments ? "(" : "", arguments, *arguments ? ")" : "");
	harness_value(harness, "deallocate explained");
	const cJSON *json = json_read(harness->mem, plan, &err);
	cr_assert(json, "%s", err.message);
	return (int64_t)rows_of(json_at(json, "/0/Plan"), table);
}
