/* SPDX-License-Identifier: MIT */
/*
 * invitation - the messages of an invitation, or of a code: which media, which
 * address, which text, and whether a rule holds them back.
 */
#ifndef ACCOUNT_INVITATION_H
#define ACCOUNT_INVITATION_H

#include <stdbool.h>
#include <stddef.h>

#include "account/engine.h"
#include "account/user.h"
#include "base/field.h"
#include "db/work.h"
#include "message/template.h"

#define INVITATION_MOST 2

struct invitation_message {
	const char *medium; /* EMAIL or SMS */
	const char *destination;
	const char *sealed;   /* or NULL without a password */
	const char *template; /* hash of what it is rendered from */
	const char *content;  /* the same whole; NULL: the database has it */
	const char *block;    /* reason why it may not go now, or NULL */
	const char *outcome;  /* "skipped" when it has no address, or NULL */
	int64_t id;           /* in the queue, once it is there */
};

struct invitation_plan {
	size_t count;
	struct invitation_message messages[INVITATION_MOST];
	const char *shown_username; /* what {username} becomes */
};

/* What {username} becomes: the name as the user would sign in with it. */
const char *invitation_shown_username(const struct pool *pool,
    const struct user *user, const char *requested);

/* What a text is for. */
enum invitation_text {
	INVITATION_WELCOME, /* the user has no password */
	INVITATION_PASSWORD,
	INVITATION_RESET /* no invitation: a code to choose a password with */
};

/* The text that a user of POOL gets: the pool's own, part by part, else the
 * installation's default. */
void invitation_choose_template(const struct engine *engine,
    const struct pool *pool, enum invitation_text text, bool sms,
    struct template *template);

/* What a user pool's functions make of an invitation. */
struct invitation_custom {
	const struct message_template *texts; /* said instead, or NULL */
	/* What brings the mail, and what the SMS, away, and the event that it
	 * is told (JSON); NULL: a carrier does. */
	const char *senders[INVITATION_MOST];
	const char *events[INVITATION_MOST];
};

/* What is to be told to whom. */
struct invitation {
	const struct pool *pool;
	const struct user *user; /* its sub and invitation number are set */
	const struct field_words *media; /* as requested; empty: the default */
	enum invitation_text text;
	const char *password; /* or the code; NULL with INVITATION_WELCOME */
	const struct invitation_custom *custom; /* NULL: nothing */
};

/* By which media it goes. */
void invitation_choose_media(const struct engine *engine,
    const struct invitation *invitation, bool *email, bool *sms);

/*
 * Fills PLAN, whose shown_username is already set; the ids and what holds a
 * message back come with invitation_conclude().
 */
void invitation_make_plan(struct work *work, const struct engine *engine,
    const struct invitation *invitation, struct invitation_plan *plan);

/*
 * Queues PLAN for a user who is there, as a message of the kind 'reset' when
 * it is one, and concludes it. VALIDITY in ms, NULL without an end.
 */
bool invitation_queue(struct work *work, const struct invitation *invitation,
    const char *validity, struct invitation_plan *plan);

/* Whether a message of that medium waits for a lane now. */
bool invitation_waits(const struct invitation_plan *plan, const char *medium);

/* Tells the lanes of these media that something waits; those that are not told
 * look by themselves, later, so a failure is none of the work's. */
void invitation_wake(struct work *work, bool mail, bool text);

/*
 * Where a sealed password belongs: opening it needs the same text. Where the
 * template is "sealed" a line behind the password, which may be empty, has the
 * message's own, as template_print() does, and a custom sender's "event".
 */
char *invitation_place(struct mem *mem, const char *pool_id, const char *sub,
    const char *medium, int64_t invitation);

/* The columns of the plan as arrays for a statement. */
struct invitation_arrays {
	const char *media, *destinations, *sealed, *templates, *contents,
	    *outcomes;
};
struct invitation_arrays invitation_arrays(struct mem *mem,
    const struct invitation_plan *plan);

/*
 * Notes what the database answered: the queue's ids, "7,8", and the reasons
 * that hold each back, ",sandbox", both ordered by medium. From now on the
 * texts of POOL are known to be there.
 */
void invitation_conclude(struct mem *mem, const struct pool *pool,
    struct invitation_plan *plan, const char *ids, const char *blocks);

#endif
