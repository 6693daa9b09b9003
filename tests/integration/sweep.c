/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include <string.h>

#include "base/clock.h"
#include "pq_break.h"

#define CALLS_MOST 100

static struct harness *harness;

static const char *const kind_names[] = { "", "unsent", "unanswered",
	"refused" };

#define LEASED                                                                 \
	"select f.id from lease e cross join lateral unnest(e.ids) as f (id) " \
	"where f.id <> all(e.settled)"

/* Each names the rows that break a law of the tables. */
static const char *const laws[] = {
	"a message stands in one place: select m.id::text from message m where "
	"(select count(*) from (select id from ready union all select id from "
	"later union all select id from blocked union all select message_id "
	"from outcome union all " LEASED ") as p where p.id = m.id) <> 1",

	"no place without a message: select id::text from (select id from "
	"ready union all select id from later union all select id from blocked "
	"union all select message_id from outcome union all " LEASED ") as p "
	"where not exists (select from message m where m.id = p.id)",

	"a lease has something left: select epoch::text from lease where "
	"cardinality(settled) >= cardinality(ids)",

	"who waits for a password has it: select id::text from message_state "
	"where has_password and sealed is null and outcome is null",

	"no user without a message: select username from account a where not "
	"exists (select from message m where m.sub = a.sub and m.invitation = "
	"a.invitation) and not exists (select from audit where action = 'user "
	"set password' and right(object, 36)::uuid = a.sub)",

	"no waiting message without its user: select m.id::text from "
	"message_state m "
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

	"an attempt is told once: select message_id::text from message_attempt "
	"group by message_id, attempt having count(*) > 1",

	"ready is in sight: select r.id::text from ready r left join backlog b "
	"using (medium, pool_id) where b.low_id is null or b.low_id > r.id",
};

static void check_laws(const char *when)
{
	for (size_t i = 0; i < sizeof(laws) / sizeof(*laws); i++) {
		const char *colon = strchr(laws[i], ':');
		cr_assert_str_eq(harness_value(harness, "%s", colon + 1), "",
		    "%s: not so: %.*s", when, (int)(colon - laws[i]), laws[i]);
	}
}

static void clear(void)
{
	harness_value(harness,
	    "delete from lease; delete from ready; delete from later; "
	    "delete from blocked; delete from attempt; delete from outcome; "
	    "delete from message; delete from backlog; delete from account; delete from name; "
	    "delete from sandbox_number; delete from audit");
}

/* The server notices at once that we are gone; what it does then, it does
 * before others may look. */
static void wait_for_server(const char *when)
{
	int64_t end_ms = clock_steady_ms() + 10000;

	while (harness_number(harness,
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
	return strcmp(harness_value(harness, "%s", operation->done), "t") == 0;
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
	bool run = operation->commits && strncmp(broken, "PQprepare", 9) != 0 &&
	           strcmp(strchr(broken, ' ') + 1, operation->commits) == 0;

	cr_assert(work->err.code == ERR_DATABASE ||
	              (commit && work->err.code == ERR_COMMIT_UNKNOWN),
	    "%s: %d %s", when, (int)work->err.code, work->err.message);
	cr_assert(*work->err.message, "%s", when);
	cr_assert_eq(is_done(operation), kind == BREAK_UNANSWERED && run,
	    "%s: half done, or more than is known", when);
}

static void again(const struct operation *operation, struct work *work,
    const char *when)
{
	work->err = (struct err){ 0 };
	if (!work->db)
		*work = harness_work(harness, work->mem);
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
	work.db = db_open(mem, harness->database, "sweep", &work.err);
	bool done = work.db && operation->act(&work);
	const char *broken = break_end();
	const char *when = mem_printf(mem, "%s %s, call %d", kind_names[kind],
	    broken ? broken : "nothing", number);
	bool mended = work.db && !operation->commits;
	cr_assert_eq(done, !broken || is_courtesy(broken) || mended,
	    "%s: %s %s", when, work.err.message, work.err.detail);
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

void sweep(struct harness *on, const struct operation *operation)
{
	harness = on;
	for (int kind = BREAK_UNSENT; kind <= BREAK_REFUSED; kind++) {
		int number = 1;
		while (turn(operation, (enum break_kind)kind, number))
			cr_assert(++number < CALLS_MOST);
		/* At least: connect, prepare, run. */
		cr_assert(number > 3);
	}
}
