/* SPDX-License-Identifier: MIT */
#include "queue_help.h"

int64_t help_mail(struct harness *harness, const struct pool *pool,
    const char *username)
{
	struct invite_report report;

	cr_assert(harness_invite(harness, pool,
	              mem_printf(harness->mem,
	                  "{'Username':'%s','DesiredDeliveryMediums':"
	                  "['EMAIL'],'UserAttributes':[{'Name':'email',"
	                  "'Value':'%s@example.com'}]}",
	                  username, username),
	              &report),
	    "%s", harness->work.err.message);
	return report.plan.messages[0].id;
}

void help_bulk(struct harness *harness, const struct pool *pool, int many)
{
	harness_value(harness,
	    "with t as (insert into template values ('bulk', '{}') on conflict "
	    "(hash) do update set content = '{}' returning hash), m as (insert "
	    "into message (pool_id, medium, destination, username, "
	    "template_hash) select '%s', 'EMAIL', 'a@example.com', 'a', hash "
	    "from t, generate_series(1, %d) returning id), r as (insert into "
	    "ready select 'EMAIL', '%s', id from m) insert into backlog values "
	    "('EMAIL', '%s') on conflict do nothing",
	    pool->id, many, pool->id, pool->id);
}

struct queue_claim help_claim(struct work *work, int most, const char *after)
{
	struct queue_claim claim = { .medium = "EMAIL",
		.most = most,
		.lease_ms = 60000,
		.owner = "lane",
		.after = after };

	cr_assert(queue_claim(work, &claim), "%s", work->err.detail);
	return claim;
}

int help_settle(struct work *work, struct delivery *delivery,
    enum delivery_class class, const char *words)
{
	struct queue_policy policy = { 1000, 86400000, true };
	int ours = -1;

	delivery_tell(delivery, class, 0, NULL, words);
	cr_assert(queue_settle(work, "lane", &policy, &delivery, 1, &ours),
	    "%s", work->err.detail);
	return ours;
}

const char *help_state(struct harness *harness, int64_t id)
{
	return harness_value(harness,
	    "select coalesce(outcome, '-') || '|' || coalesce(reason, '-') || "
	    "'|' || case when sealed is null then 'wiped' else 'sealed' end || "
	    "'|' || concat_ws(',', (select 'ready' from ready r where r.id = "
	    "m.id), (select 'in_flight' from in_flight f where f.id = m.id), "
	    "(select 'later ' || attempts from later l where l.id = m.id), "
	    "(select 'blocked ' || b.reason from blocked b where b.id = m.id)) "
	    "from message m where id = %lld",
	    (long long)id);
}
