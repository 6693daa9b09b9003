/* SPDX-License-Identifier: MIT */
/*
 * The fault sweep: each operation with its 1st, 2nd, ... call to libpq broken
 * until it passes without. Each time it must say so and leave nothing half
 * made, and the same again must succeed.
 * covers: db/db.c
 * covers: delivery/queue.c
 */
#include <string.h>

#include "account/user.h"
#include "base/clock.h"
#include "delivery/sandbox.h"
#include "pq_break.h"
#include "queue_help.h"

#define CALLS_MOST 100

struct operation {
	void (*arrange)(void);
	bool (*act)(struct work *work);
	const char *done; /* answers "t" afterwards, not before */
	bool single;      /* one statement, by itself a transaction */
};

static const char *const kind_names[] = { "", "unsent", "unanswered",
	"refused" };

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

/* Each names the rows that break a law of the tables. */
static const char *const laws[] = {
	"a message stands in one place: select m.id::text from message m where "
	"(select count(*) from (select id from ready union all select id from "
	"later union all select id from blocked union all select id from "
	"in_flight) as p where p.id = m.id) + (m.outcome is not null)::int "
	"<> 1",

	"no place without a message: select id::text from (select id from "
	"ready union all select id from later union all select id from blocked "
	"union all select id from in_flight) as p where not exists (select "
	"from message m where m.id = p.id)",

	"no user without a message: select username from account a where not "
	"exists (select from message m where m.sub = a.sub and m.invitation = "
	"a.invitation)",

	"no waiting message without its user: select m.id::text from message m "
	"where m.outcome is null and m.kind = 'invitation' and not exists "
	"(select from account a where a.sub = m.sub and a.invitation = "
	"m.invitation)",

	"no user without a name, no name without a user: select sub::text from "
	"account full join name using (pool_id, sub) where value is null or "
	"username is null",

	"a verified address is a name: select username from account a where "
	"attributes ->> 'email_verified' = 'true' and not exists (select from "
	"name n where n.sub = a.sub and n.kind = 'email')",

	"each creation has its record: select sub::text from account a full "
	"join (select right(object, 36)::uuid as sub from audit where action = "
	"'user create') as c using (sub) where c.sub is null",

	"templates are there: select id::text from message where not exists "
	"(select from template where hash = template_hash)",

	"an attempt is told once: select message_id::text from attempt group "
	"by message_id, attempt having count(*) > 1",

	"ready is in sight: select r.id::text from ready r left join backlog b "
	"using (medium, pool_id) where b.low_id is null or b.low_id > r.id",
};

static void check_laws(const char *when)
{
	for (size_t i = 0; i < sizeof(laws) / sizeof(*laws); i++) {
		const char *colon = strchr(laws[i], ':');
		cr_assert_str_eq(harness_value(&harness, "%s", colon + 1), "",
		    "%s: not so: %.*s", when, (int)(colon - laws[i]), laws[i]);
	}
}

static void clear(void)
{
	harness_value(&harness,
	    "delete from in_flight; delete from ready; delete from later; "
	    "delete from blocked; delete from attempt; delete from message; "
	    "delete from backlog; delete from account; delete from name; "
	    "delete from sandbox_number; delete from audit");
}

/* The server notices at once that we are gone; what it does then, it does
 * before others may look. */
static void wait_for_server(const char *when)
{
	int64_t end_ms = clock_steady_ms() + 10000;

	while (harness_number(&harness,
	    "select count(*) from pg_stat_activity where datname = "
	    "current_database() and application_name = 'sweep' and state is "
	    "distinct from 'idle'")) {
		cr_assert(clock_steady_ms() < end_ms,
		    "%s: a transaction is left open", when);
		clock_sleep_ms(2);
	}
}

static bool is_done(const struct operation *operation)
{
	return strcmp(harness_value(&harness, "%s", operation->done), "t") == 0;
}

static void check_done(const struct operation *operation, const char *when)
{
	check_laws(when);
	cr_assert(is_done(operation), "%s: not done", when);
}

/* It was told, with an error that fits; all of it was done, when the answer
 * to what commits was lost, or nothing. */
static void check_told(const struct operation *operation, enum break_kind kind,
    const struct work *work, const char *broken, const char *when)
{
	bool commit = strcmp(broken, "PQexec commit") == 0;
	bool run = strncmp(broken, "PQconnect", 9) != 0 &&
	           strncmp(broken, "PQprepare", 9) != 0 &&
	           strncmp(broken, "PQreset", 7) != 0;

	cr_assert(work->err.code == ERR_DATABASE ||
	              (commit && work->err.code == ERR_COMMIT_UNKNOWN),
	    "%s: %d %s", when, (int)work->err.code, work->err.message);
	cr_assert(*work->err.message, "%s", when);
	cr_assert_eq(is_done(operation),
	    kind == BREAK_UNANSWERED && (operation->single ? run : commit),
	    "%s: half done, or more than is known", when);
}

static void again(const struct operation *operation, struct work *work,
    const char *when)
{
	work->err = (struct err){ 0 };
	if (!work->db)
		*work = harness_work(&harness, work->mem);
	cr_assert(db_renew(work), "%s: %s", when, work->err.detail);
	cr_assert(operation->act(work), "%s: again: %s %s", when,
	    work->err.message, work->err.detail);
	check_done(operation, when);
}

/* After the commit: lanes that are not woken find the message by looking. */
static bool is_courtesy(const char *broken)
{
	return strstr(broken, "queue_wake") != NULL;
}

/* Whether the fault was reached. */
static bool turn(const struct operation *operation, enum break_kind kind,
    int number)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .tag = "sweep" };

	clear();
	operation->arrange();
	check_laws("arranged");
	break_at(kind, number);
	work.db = db_open(mem, harness.database, "sweep", &work.err);
	bool done = work.db && operation->act(&work);
	const char *broken = break_end();
	const char *when = mem_printf(mem, "%s %s, call %d", kind_names[kind],
	    broken ? broken : "nothing", number);
	cr_assert_eq(done, !broken || is_courtesy(broken), "%s: %s %s", when,
	    work.err.message, work.err.detail);
	wait_for_server(when);
	if (done) {
		check_done(operation, when);
		return broken != NULL;
	}
	check_laws(when);
	check_told(operation, kind, &work, broken, when);
	again(operation, &work, when);
	return true;
}

static void sweep(const struct operation *operation)
{
	for (int kind = BREAK_UNSENT; kind <= BREAK_REFUSED; kind++) {
		int number = 1;
		while (turn(operation, (enum break_kind)kind, number))
			cr_assert(++number < CALLS_MOST);
		/* At least: connect, prepare, run. */
		cr_assert(number > 3);
	}
}

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
		false };

	sweep(&operation);
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
		false };

	sweep(&operation);
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
		"select count(*) = 1 from message where invitation > 1 and "
		"outcome is null",
		false };

	sweep(&operation);
}

static bool delete_user(struct work *work)
{
	return user_delete(work, pool, "bob") ||
	       work->err.code == ERR_USER_NOT_FOUND;
}

Test(sweep, user_goes)
{
	static const struct operation operation = { invite_bob, delete_user,
		"select count(*) = 1 from message where outcome = 'cancelled' "
		"and destination = ''",
		false };

	sweep(&operation);
}

static bool add_number(struct work *work)
{
	return sandbox_add(work, &harness.engine, "+491701234567");
}

Test(sweep, sandbox_code)
{
	static const struct operation operation = { nothing, add_number,
		"select count(*) >= 1 and bool_and(kind = 'code') and "
		"(select count(*) = 1 from sandbox_number) from message",
		false };

	sweep(&operation);
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
	    "ready) returning id) insert into later (id, medium, due_at, "
	    "attempts, losses) select id, 'EMAIL', now(), 1, 0 from r");
}

static bool claim(struct work *work)
{
	struct queue_claim claim = { .medium = "EMAIL",
		.most = 10,
		.lease_ms = 60000,
		.owner = "lane",
		.after = "" };

	return queue_claim(work, &claim);
}

Test(sweep, claim)
{
	static const struct operation operation = { fill_queue, claim,
		"select count(*) = 4 from in_flight", true };

	sweep(&operation);
}

/* As a lane goes on when its connection broke. */
static bool renew_and_claim(struct work *work)
{
	break_last();
	return db_renew(work) && claim(work);
}

Test(sweep, claim_on_a_new_connection)
{
	static const struct operation operation = { fill_queue, renew_and_claim,
		"select count(*) = 4 from in_flight", true };

	sweep(&operation);
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
		"attempt) = 4 from message_state",
		true };

	sweep(&operation);
}

/* Two leases ran out, one of them for the second time. */
static void let_leases_end(void)
{
	help_mail(&harness, pool, "anna");
	help_mail(&harness, pool, "bob");
	help_claim(&harness.work, 10, "");
	harness_value(&harness,
	    "update in_flight set lease_until = now() - interval '1 second', "
	    "losses = (id = (select max(id) from in_flight))::int");
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
		"and (select count(*) from attempt where class = 'LOST') = 2 "
		"from message_state",
		true };

	sweep(&operation);
}

static void let_passwords_end(void)
{
	fill_queue();
	harness_value(&harness,
	    "with r as (delete from ready where id = (select min(id) from "
	    "ready) returning id) insert into blocked (id, medium, reason, "
	    "address) select id, 'EMAIL', 'sandbox', '' from r; "
	    "with r as (delete from ready where id = (select min(id) from "
	    "ready) returning id) update message set outcome = 'refused' "
	    "where id = (select id from r); "
	    "update message set expires_at = now() - interval '1 second'");
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
		true };

	sweep(&operation);
}

static void hold_two(void)
{
	help_mail(&harness, pool, "anna");
	help_mail(&harness, pool, "bob");
	harness_value(&harness,
	    "with r as (delete from ready returning id) insert into blocked "
	    "(id, medium, reason, address) select id, 'EMAIL', 'sandbox', "
	    "'+' || rank() over (order by id) from r; "
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
		true };

	sweep(&operation);
}

static bool move_low_marks(struct work *work)
{
	return queue_move_low_marks(work, 1);
}

Test(sweep, low_marks)
{
	static const struct operation operation = { fill_queue, move_low_marks,
		"select bool_and(next_low_id is not null) from backlog",
		false };

	sweep(&operation);
}
