/* SPDX-License-Identifier: MIT */
/*
 * inviter CONFIG - invites as a host would that goes on whatever fails: reads
 * "create|resend|delete POOL MEDIUM USERNAME ADDRESS" lines and answers each
 * with "RESULT MESSAGE PASSWORD": done, unknown (the commit's answer was
 * lost), failed (nothing was committed), malformed or the error's name; "-"
 * where there is none.
 */
#include <stdio.h>
#include <string.h>

#include "account/attribute.h"
#include "account/invite.h"
#include "account/start.h"
#include "account/user.h"
#include "base/config.h"
#include "base/secret.h"
#include "db/db.h"

struct wish {
	char verb[16];
	char pool[64];
	char medium[8];
	char username[64];
	char address[64];
};

static bool delete_user(struct work *work, const struct wish *wish)
{
	struct pool *pool = pool_get(work, wish->pool);

	return pool && user_delete(work, pool, wish->username);
}

static bool invite_user(struct work *work, const struct engine *engine,
    const struct wish *wish, struct invite_report *report)
{
	const char *medium = wish->medium;
	bool mail = strcmp(medium, "EMAIL") == 0;
	bool again = strcmp(wish->verb, "resend") == 0;
	struct attribute address = { mail ? "email" : "phone_number",
		wish->address };
	struct invite_request request = { .pool_id = wish->pool,
		.username = wish->username,
		.action = again ? "RESEND" : NULL,
		.attributes = { again ? 0 : 1, &address },
		.media = { 1, &medium } };

	return invite(work, engine, &request, report) != NULL;
}

static const char *result(bool done, const struct err *err)
{
	if (done)
		return "done";
	if (err->code == ERR_COMMIT_UNKNOWN)
		return "unknown";
	return err->code == ERR_DATABASE ? "failed" : err_name(err->code);
}

static void answer(const char *result, const struct invite_report *report)
{
	MEM_AUTO mem = mem_new(NULL);
	bool queued = report && report->plan.count;

	printf("%s %s %s\n", result,
	    queued ? db_int(mem, report->plan.messages[0].id) : "-",
	    report && report->password ? report->password : "-");
	fflush(stdout);
}

static void run(struct db *db, const struct engine *engine,
    const struct wish *wish)
{
	MEM_AUTO mem = mem_new(NULL);
	struct work work = { .mem = mem, .db = db, .tag = "inviter" };
	struct invite_report report = { 0 };
	bool done = db_renew(&work);

	if (done && strcmp(wish->verb, "delete") == 0)
		done = delete_user(&work, wish);
	else if (done)
		done = invite_user(&work, engine, wish, &report);
	answer(result(done, &work.err), &report);
}

int main(int argc, char **argv)
{
	MEM_AUTO mem = mem_new(NULL);
	struct engine engine = { 0 };
	struct err err = { 0 };
	struct db *db = NULL;
	struct wish wish;
	char line[300];

	secret_init();
	if (argc == 2 && start_config(mem, argv[1], &engine, &err) &&
	    start_keys(mem, &engine, &err))
		db = db_open(mem, engine.config->database, "inviter", &err);
	if (!db) {
		fprintf(stderr, "inviter: %s: %s\n", err.message, err.detail);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%15s %63s %7s %63s %63s", wish.verb,
		        wish.pool, wish.medium, wish.username,
		        wish.address) == 5)
			run(db, &engine, &wish);
		else
			answer("malformed", NULL);
	return 0;
}
