/* SPDX-License-Identifier: MIT */
#include "queue_help.h"

#include <string.h>

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

int64_t help_text(struct harness *harness, const struct pool *pool,
    const char *username)
{
	struct invite_report report;

	harness_value(harness, "update installation set sandbox = false");
	cr_assert(harness_invite(harness, pool,
	              mem_printf(harness->mem,
	                  "{'Username':'%s','UserAttributes':[{'Name':"
	                  "'phone_number','Value':'+15555550100'}]}",
	                  username),
	              &report),
	    "%s", harness->work.err.message);
	return report.plan.messages[0].id;
}

static struct queue_claim claim(struct work *work, const char *medium, int most,
    const char *after)
{
	struct queue_claim claim = { .medium = medium,
		.most = most,
		.lease_ms = 60000,
		.owner = "lane",
		.after = after };

	cr_assert(harness_claim(work, &claim), "%s", work->err.detail);
	return claim;
}

struct queue_claim help_claim_of(struct work *work, const char *medium,
    int most)
{
	return claim(work, medium, most, "");
}

struct queue_claim help_claim(struct work *work, int most, const char *after)
{
	return claim(work, "EMAIL", most, after);
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

/* What waits comes last, so that no claim takes it. */
const char *const help_states[] = { "sent", "delivered", "bounced", "refused",
	"held", "cancelled", "skipped", "blocked", "sending", "retry", "queued",
	NULL };

static void every_state(struct harness *harness, const struct pool *pool)
{
	static const enum delivery_class classes[] = { DELIVERY_ACCEPTED,
		DELIVERY_ACCEPTED, DELIVERY_ACCEPTED, DELIVERY_REFUSED,
		DELIVERY_AMBIGUOUS, DELIVERY_CANCELLED, DELIVERY_REFUSED,
		DELIVERY_BLOCKED, DELIVERY_UNTOUCHED, DELIVERY_RETRY };

	for (size_t i = 0; help_states[i]; i++) {
		const char *state = help_states[i];
		const char *name = mem_printf(harness->mem, "user-%s", state);
		int64_t id = help_mail(harness, pool, name);
		if (strcmp(state, "queued") == 0)
			return;
		struct queue_claim taken = help_claim(&harness->work, 1, "");
		cr_assert_eq(taken.count, 1);
		cr_assert_eq(taken.deliveries[0].id, id);
		if (strcmp(state, "sending") != 0)
			help_settle(&harness->work, taken.deliveries,
			    classes[i],
			    mem_printf(harness->mem, "why %s", state));
		if (i == 1 || i == 2)
			harness_value(harness,
			    "update message set receipt = '%s' where id = %lld",
			    state, (long long)id);
		if (strcmp(state, "skipped") == 0)
			harness_value(harness,
			    "update outcome set outcome = 'skipped' where "
			    "message_id = %lld",
			    (long long)id);
		if (strcmp(state, "retry") == 0)
			harness_value(harness,
			    "update later set due_at = now() + interval '1 h'");
	}
}

void help_every_state(struct harness *harness, const struct pool *pool)
{
	/* What others wait for is not to be claimed here. */
	harness_value(harness, "update ready set medium = 'not ' || medium");
	every_state(harness, pool);
	harness_value(harness,
	    "update ready set medium = replace(medium, 'not ', '')");
}

const char *help_state(struct harness *harness, int64_t id)
{
	return harness_value(harness,
	    "select coalesce(outcome, '-') || '|' || coalesce(reason, '-') || "
	    "'|' || case when sealed is null then 'wiped' else 'sealed' end || "
	    "'|' || concat_ws(',', (select 'ready' from ready r where r.id = "
	    "m.id), (select 'leased' from lease f where m.id = any(f.ids) and "
	    "m.id <> all(f.settled)), "
	    "(select 'later ' || attempts from later l where l.id = m.id), "
	    "(select 'blocked ' || b.reason from blocked b where b.id = m.id)) "
	    "from message_state m where id = %lld",
	    (long long)id);
}
