/* SPDX-License-Identifier: MIT */
/*
 * The fault sweep over the invitation and the queue.
 * covers: db/db.c
 * covers: delivery/queue.c
 */
#include "account/attribute.h"
#include "account/batch.h"
#include "pq_break.h"
#include "queue_help.h"
#include "sweep.h"

static struct harness harness;
static struct pool *pool;
static struct pool *aliases;

static void begin(void)
{
	harness_begin(&harness);
	pool = harness_pool(&harness, "{}");
	aliases = harness_pool(&harness, "{'AliasAttributes':['email']}");
}

static void end(void)
{
	harness_end(&harness);
}

TestSuite(sweep, .init = begin, .fini = end, .timeout = 180);

#define EMAIL   "{'Name':'email','Value':'a@example.com'}"
#define PHONE   "{'Name':'phone_number','Value':'+491701234567'}"
#define CHECKED "{'Name':'email_verified','Value':'true'}"

static void nothing(void)
{
}

/* After a commit without an answer the user may be there: then the same
 * again says so. At first nobody is there, as is_done() asserts. */
static bool invited(struct work *work, const struct pool *into,
    const char *request)
{
	return harness_invite_by(work, &harness, into, request, NULL) ||
	       work->err.code == ERR_USERNAME_EXISTS;
}

/* One message is queued, one held by the sandbox. */
static bool invite_both(struct work *work)
{
	return invited(work, pool,
	    "{'Username':'bob','DesiredDeliveryMediums':['EMAIL','SMS'],"
	    "'UserAttributes':[" EMAIL "," PHONE "]}");
}

Test(sweep, invite)
{
	static const struct operation operation = { nothing, invite_both,
		"select count(*) = 2 from message join account using (sub)",
		"commit" };

	sweep(&harness, &operation);
}

static struct batch_item item_of(struct work *work, const char *username)
{
	static const char *media[] = { "EMAIL" };
	static struct attribute email = { "email", "a@example.com" };
	struct invite_request *request =
	    mem_make(work->mem, struct invite_request);

	*request = (struct invite_request){ .pool_id = pool->id,
		.username = username,
		.attributes = { 1, &email },
		.media = { 1, media },
		.fingerprint = mem_printf(work->mem, "call of %s", username) };
	return (struct batch_item){ .request = request, .work = *work };
}

/* Two calls, as the API does them: each has its user in the end, once, also
 * when nobody heard what became of their commit. */
static bool create_together(struct work *work)
{
	struct batch *batch =
	    batch_new(work->mem, &harness.engine, pool_cache_new(work->mem));
	struct batch_item items[] = { item_of(work, "anna"),
		item_of(work, "bob") };
	bool done = true;

	batch_run(batch, work, items, 2);
	for (size_t i = 0; i < 2; i++) {
		struct invite_report report;
		work->err = items[i].work.err;
		done = done &&
		       (items[i].user ||
		           (items[i].singly && invite(work, &harness.engine,
		                                   items[i].request, &report)));
	}
	return done;
}

Test(sweep, creations_together)
{
	static const struct operation operation = { nothing, create_together,
		"select count(*) = 2 from message join account using (sub)",
		NULL };

	sweep(&harness, &operation);
}

static void invite_owner(void)
{
	harness_must_invite(&harness, aliases,
	    "{'Username':'alice','DesiredDeliveryMediums':['EMAIL'],"
	    "'UserAttributes':[" EMAIL "," CHECKED "]}");
}

static bool force_alias(struct work *work)
{
	return invited(work, aliases,
	    "{'Username':'bob','DesiredDeliveryMediums':['EMAIL'],"
	    "'ForceAliasCreation':true,'UserAttributes':[" EMAIL "," CHECKED
	    "]}");
}

Test(sweep, invite_that_moves_an_alias)
{
	static const struct operation operation = { invite_owner, force_alias,
		"select count(*) = 1 from name n join account a using (sub) "
		"where n.kind = 'email' and a.username = 'bob'",
		"commit" };

	sweep(&harness, &operation);
}

static void invite_bob(void)
{
	help_mail(&harness, pool, "bob");
}

static bool resend(struct work *work)
{
	return harness_invite_by(work, &harness, pool,
	           "{'Username':'bob','MessageAction':'RESEND',"
	           "'DesiredDeliveryMediums':['EMAIL']}",
	           NULL) != NULL;
}

Test(sweep, invite_again)
{
	static const struct operation operation = { invite_bob, resend,
		"select count(*) = 1 from message_state where invitation > 1 "
		"and outcome is null",
		"commit" };

	sweep(&harness, &operation);
}

/* Three that wait in two pools, and one whose retry is due. */
static void fill_queue(void)
{
	help_mail(&harness, pool, "anna");
	help_mail(&harness, aliases, "bob");
	help_mail(&harness, pool, "carl");
	help_mail(&harness, pool, "dora");
	harness_value(&harness,
	    "with r as (delete from ready where id = (select max(id) from "
	    "ready) returning *) insert into later (id, medium, due_at, "
	    "attempts, losses, sealed, expires_at) select id, 'EMAIL', now(), "
	    "1, 0, sealed, expires_at from r");
}

static struct template_cache *templates; /* NULL: the lane knows none */

static bool claim(struct work *work)
{
	struct queue_claim claim = { .medium = "EMAIL",
		.most = 10,
		.lease_ms = 60000,
		.owner = "lane",
		.after = "",
		.templates = templates };

	return harness_claim(work, &claim);
}

/* The lane has met the templates of what waits. */
static void fill_queue_of_known(void)
{
	struct template template;

	fill_queue();
	char *list = mem_text(harness.mem,
	    harness_value(&harness,
	        "select string_agg(hash, ' ') from template"));
	templates = template_cache_new(harness.mem);
	for (char *hash = strtok(list, " "); hash; hash = strtok(NULL, " "))
		cr_assert(template_cache_get(templates, &harness.work, hash,
		    &template));
}

Test(sweep, claim)
{
	static const struct operation operation = { fill_queue_of_known, claim,
		"select count(*) = 4 from message_state where state = 'sending'",
		"queue_claim" };

	sweep(&harness, &operation);
}

/* As a lane goes on when its connection broke. */
static bool renew_and_claim(struct work *work)
{
	break_last();
	return db_renew(work) && claim(work);
}

Test(sweep, claim_on_a_new_connection)
{
	static const struct operation operation = { fill_queue_of_known,
		renew_and_claim,
		"select count(*) = 4 from message_state where state = 'sending'",
		"queue_claim" };

	sweep(&harness, &operation);
}

/* What was claimed and cannot be worked on is given back. */
static bool claim_or_give_back(struct work *work)
{
	struct err err;

	templates = NULL;
	if (claim(work))
		return true;
	err = work->err;
	cr_assert(db_renew(work));
	cr_assert(db_run(work, QUERY_queue_give_back, "lane"));
	work->err = err;
	return false;
}

Test(sweep, claim_of_an_unknown_template)
{
	static const struct operation operation = { fill_queue,
		claim_or_give_back,
		"select count(*) = 4 from message_state where state = "
		"'sending'",
		"nothing" };

	sweep(&harness, &operation);
}

static struct queue_claim claimed;

static void claim_six(void)
{
	static const enum delivery_class classes[] = { DELIVERY_ACCEPTED,
		DELIVERY_REFUSED, DELIVERY_RETRY, DELIVERY_AMBIGUOUS,
		DELIVERY_CANCELLED, DELIVERY_BLOCKED };

	for (int i = 0; i < 6; i++)
		help_mail(&harness, pool, mem_printf(harness.mem, "user%d", i));
	claimed = help_claim(&harness.work, 10, "");
	for (size_t i = 0; i < claimed.count; i++)
		delivery_tell(&claimed.deliveries[i], classes[i % 6], 0, NULL,
		    "words");
}

/* In two steps, as a lane does it. */
static bool settle(struct work *work)
{
	static const struct queue_policy policy = { 1000, 86400000, true };
	struct delivery *deliveries[6];
	int ours = -1;

	for (size_t i = 0; i < 6; i++)
		deliveries[i] = &claimed.deliveries[i];
	return queue_settle_send(work, "lane", &policy, deliveries, 6) &&
	       queue_settle_answer(work, &ours) && (ours == 6 || ours == 0);
}

Test(sweep, settle)
{
	static const struct operation operation = { claim_six, settle,
		"select string_agg(state, ' ' order by id) = 'sent refused "
		"retry held cancelled blocked' and (select count(*) from "
		"attempt) = 1 and (select count(class) from outcome) = 3 from "
		"message_state",
		"queue_settle" };

	sweep(&harness, &operation);
}

/* Two leases ran out, one of them for the second time. */
static void let_leases_end(void)
{
	help_mail(&harness, pool, "anna");
	help_mail(&harness, pool, "bob");
	help_claim(&harness.work, 10, "");
	harness_value(&harness,
	    "update lease set lease_until = now() - interval '1 second', "
	    "losses = '{0,1}'");
}

static bool reap(struct work *work)
{
	int count;

	return queue_reap(work, &count);
}

Test(sweep, reap)
{
	static const struct operation operation = { let_leases_end, reap,
		"select string_agg(state, ' ' order by id) = 'retry refused' "
		"and (select count(*) from attempt where class = 'LOST') = 1 "
		"and (select count(*) from outcome where class = 'LOST') = 1 "
		"from message_state",
		"queue_reap" };

	sweep(&harness, &operation);
}

static void let_passwords_end(void)
{
	fill_queue();
	harness_value(&harness,
	    "with r as (delete from ready where id = (select min(id) from "
	    "ready) returning *) insert into blocked (id, medium, reason, "
	    "address, sealed, expires_at) select id, 'EMAIL', 'sandbox', '', "
	    "sealed, expires_at from r; "
	    "with r as (delete from ready where id = (select min(id) from "
	    "ready) returning *) insert into outcome (message_id, medium, "
	    "outcome, sealed, expires_at) select id, medium, 'refused', "
	    "sealed, expires_at from r; "
	    "update ready set expires_at = now() - interval '1 second'; "
	    "update later set expires_at = now() - interval '1 second'; "
	    "update blocked set expires_at = now() - interval '1 second'; "
	    "update outcome set expires_at = now() - interval '1 second'");
}

static bool expire(struct work *work)
{
	int count;

	return queue_expire(work, &count);
}

Test(sweep, expire)
{
	static const struct operation operation = { let_passwords_end, expire,
		"select string_agg(state, ' ' order by state) = 'cancelled "
		"cancelled cancelled refused' and bool_and(sealed is null) "
		"from message_state",
		"queue_expire" };

	sweep(&harness, &operation);
}

static void hold_two(void)
{
	help_mail(&harness, pool, "anna");
	help_mail(&harness, pool, "bob");
	harness_value(&harness,
	    "with r as (delete from ready returning *) insert into blocked "
	    "(id, medium, reason, address, sealed, expires_at) select id, "
	    "'EMAIL', 'sandbox', '+' || rank() over (order by id), sealed, "
	    "expires_at from r; "
	    "insert into sandbox_number (number, status) values ('+2', "
	    "'Verified')");
}

static bool release(struct work *work)
{
	int count;

	return queue_release(work, &count);
}

Test(sweep, release)
{
	static const struct operation operation = { hold_two, release,
		"select string_agg(state, ' ' order by id) = 'blocked retry' "
		"from message_state",
		"queue_release" };

	sweep(&harness, &operation);
}

static bool move_low_marks(struct work *work)
{
	return queue_move_low_marks(work, 1, &(int){ 0 });
}

Test(sweep, low_marks)
{
	static const struct operation operation = { fill_queue, move_low_marks,
		"select bool_and(next_low_id is not null) from backlog",
		"commit" };

	sweep(&harness, &operation);
}
