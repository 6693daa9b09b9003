/* SPDX-License-Identifier: MIT */
#include "account/user_search.h"

#include <string.h>

#include "account/attribute.h"
#include "account/page.h"
#include "account/user.h"
#include "account/user_filter.h"
#include "base/json.h"
#include "base/utf8.h"
#include "db/db.h"

#define SUB_LENGTH 36
#define BEHIND     "\x01" /* what follows a text at once, byte by byte */

/* A page on its way. */
struct page {
	const struct pool *pool;
	struct user_filter filter;
	const char *list; /* what tokens of this pool and filter belong to */
	/* The last user of the page before; NULL: it is the first. */
	const char *after_sub;
	const char *after_value;
	const char
	    *limit; /* one more than wanted tells whether there is more */
};

static const char *make_token(struct work *work, const struct engine *engine,
    const struct page *page, const char *sub, const char *value)
{
	return page_token(work, engine, page->list,
	    mem_printf(work->mem, "%s%s", sub, value));
}

static bool read_token(struct work *work, const struct engine *engine,
    struct page *page, const char *token)
{
	const char *text = page_after(work, engine, page->list, token);

	if (!text)
		return false;
	page->after_sub = mem_text_n(work->mem, text, SUB_LENGTH);
	page->after_value = text + SUB_LENGTH;
	return true;
}

/* The value before which a search ends. */
static const char *end_of(struct work *work, const struct user_filter *filter,
    const char *value)
{
	return filter->prefix ? user_filter_end(work->mem, value)
	                      : mem_printf(work->mem, "%s" BEHIND, value);
}

static struct rows *by_address(struct work *work, const struct page *page,
    enum query query)
{
	const struct user_filter *filter = &page->filter;

	return db_run(work, query, page->pool->id,
	    page->after_sub ? page->after_value : filter->value,
	    page->after_sub, end_of(work, filter, filter->value), page->limit);
}

static struct rows *by_username(struct work *work, const struct page *page)
{
	const struct user_filter *filter = &page->filter;
	const char *folded = pool_fold(work, page->pool, filter->value);
	const char *from = page->after_sub ? mem_printf(work->mem, "%s" BEHIND,
	                                         page->after_value)
	                                   : folded;

	return db_run(work, QUERY_user_search_username, page->pool->id, from,
	    end_of(work, filter, folded), filter->value,
	    filter->prefix ? "t" : "f", page->limit);
}

/* PREFIX "" finds all; a text that no sub begins with finds none. */
static struct rows *by_sub(struct work *work, const struct page *page,
    const char *prefix)
{
	bool part = strlen(prefix) < SUB_LENGTH && !page->filter.prefix &&
	            page->filter.key != USER_FILTER_NONE;
	char least[SUB_LENGTH + 1];
	char most[SUB_LENGTH + 1];
	bool any = !part && user_filter_subs(prefix, least, most);

	return db_run(work, QUERY_user_search_sub, page->pool->id,
	    any && page->after_sub ? page->after_sub : (any ? least : NULL),
	    any ? most : NULL, page->after_sub, page->limit);
}

static struct rows *by_other(struct work *work, const struct page *page)
{
	const struct user_filter *filter = &page->filter;
	bool any_case = strcmp(filter->attribute, "cognito:user_status") == 0;
	const char *value =
	    any_case ? utf8_fold(work->mem, filter->value) : filter->value;

	if (!filter->prefix)
		return db_run(work, QUERY_user_search_equal, page->pool->id,
		    filter->attribute, value, page->after_sub, page->limit);
	return db_run(work, QUERY_user_search_prefix, page->pool->id,
	    filter->attribute, value, page->after_sub, page->limit,
	    page->after_value);
}

static struct rows *find(struct work *work, const struct page *page)
{
	const struct user_filter *filter = &page->filter;
	const struct pool *pool = page->pool;
	bool address = pool->username_is_email || pool->username_is_phone;

	switch (filter->key) {
	case USER_FILTER_EMAIL:
		return by_address(work, page, QUERY_user_search_email);
	case USER_FILTER_PHONE:
		return by_address(work, page, QUERY_user_search_phone);
	case USER_FILTER_USERNAME:
		/* Where an address is the username, it is stored as the sub. */
		return address ? by_sub(work, page, filter->value)
		               : by_username(work, page);
	case USER_FILTER_SUB:
		return by_sub(work, page, filter->value);
	case USER_FILTER_OTHER:
		return by_other(work, page);
	case USER_FILTER_NONE:
		break;
	}
	return by_sub(work, page, "");
}

static bool is_wanted(const struct field_words *wanted, const char *name)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i], name) == 0)
			return true;
	return wanted->count == 0;
}

static bool no_such_attribute(struct work *work)
{
	return work_fail(work, ERR_INVALID_PARAMETER,
	    "One or more requested attributes do not exist.");
}

static bool check_wanted(struct work *work, const struct pool *pool,
    const struct field_words *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!attribute_is_known(pool, wanted->items[i]))
			return no_such_attribute(work);
	return true;
}

static bool somebody_has(const struct user *users, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (attribute_get(users[i].attributes, name))
			return true;
	return count == 0 || strcmp(name, "sub") == 0;
}

static cJSON *describe(struct work *work, const struct user *user,
    const struct field_words *wanted)
{
	cJSON *json = user_describe(work->mem, user, "Attributes");
	cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "Attributes");

	for (int i = cJSON_GetArraySize(list); i-- > 0;)
		if (!is_wanted(wanted,
		        json_text(cJSON_GetArrayItem(list, i), "/Name")))
			cJSON_DeleteItemFromArray(list, i);
	return json;
}

static bool add_users(struct work *work, cJSON *answer, const struct page *page,
    const struct user_search *search, const char *subs)
{
	int found;
	struct user *users = user_get_many(work, page->pool, subs, &found);

	if (!users)
		return false;
	for (size_t i = 0; i < search->wanted.count; i++)
		if (!somebody_has(users, found, search->wanted.items[i]))
			return no_such_attribute(work);
	cJSON *list = cJSON_AddArrayToObject(answer, "Users");
	for (int i = 0; i < found; i++)
		cJSON_AddItemReferenceToArray(list,
		    describe(work, &users[i], &search->wanted));
	return true;
}

static bool prepare(struct work *work, const struct engine *engine,
    const struct user_search *search, struct page *page)
{
	int most = search->most ? search->most : USER_SEARCH_MOST;

	page->limit = db_int(work->mem, most + 1);
	page->list = mem_printf(work->mem, "users of %s by %s", page->pool->id,
	    search->filter ? search->filter : "");
	return user_filter_read(work->mem, search->filter, &page->filter,
	           &work->err) &&
	       check_wanted(work, page->pool, &search->wanted) &&
	       (!search->token ||
	           read_token(work, engine, page, search->token));
}

cJSON *user_search(struct work *work, const struct engine *engine,
    const struct pool *pool, const struct user_search *search)
{
	int most = search->most ? search->most : USER_SEARCH_MOST;
	struct page page = { .pool = pool };
	const char *subs[USER_SEARCH_MOST];
	cJSON *answer = json_object(work->mem);

	if (!prepare(work, engine, search, &page))
		return NULL;
	struct rows *rows = find(work, &page);
	if (!rows)
		return NULL;
	int count = rows_count(rows);
	bool more = count > most;
	for (int i = 0; i < count && i < most; i++)
		subs[i] = rows_text(rows, i, "sub");
	if (!add_users(work, answer, &page, search,
	        db_array(work->mem, subs, (size_t)(more ? most : count))))
		return NULL;
	if (more)
		json_add(answer, "PaginationToken",
		    make_token(work, engine, &page, subs[most - 1],
		        rows_text(rows, most - 1, "value")));
	return answer;
}
