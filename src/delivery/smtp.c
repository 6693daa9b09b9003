/* SPDX-License-Identifier: MIT */
#include "delivery/smtp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "delivery/relay.h"
#include "delivery/smtp_dialogue.h"
#include "delivery/smtp_letter.h"
#include "delivery/smtp_reply.h"
#include "delivery/smtp_socket.h"
#include "delivery/smtp_tls.h"

#define SESSION_MS 10000 /* a batch ends after this or its messages */
#define QUIT_MS    1000  /* for an answer that nothing depends on */

struct relay {
	const struct config *config;
	const char *hello;
	const char *password;
	bool tls;
	int refusals; /* in a row that are about us */
};

struct session {
	struct mem *mem;
	struct relay *relay;
	struct carrier_sink *sink;
	struct smtp_dialogue dialogue;
	struct smtp_letter *letters;
	size_t count;
	size_t current; /* letters before it are concluded */
	int64_t since_ms;
	bool ended; /* by us: nothing more is to be sent */
	bool faulty;
};

static void *relay_open(struct mem *mem, const struct engine *engine,
    struct err *err)
{
	const struct config *config = engine->config;
	struct relay *relay = mem_make(mem, struct relay);
	char host[256] = "";

	if (!relay_check_config(config, err))
		return NULL;
	relay->config = config;
	gethostname(host, sizeof(host) - 1);
	relay->hello =
	    *config->smtp_hello ? config->smtp_hello : mem_text(mem, host);
	relay->tls = relay_needs_tls(config);
	/* libesmtp copies both into 513 bytes without looking. */
	relay->password = config_secret(mem, config->smtp_password_file, err);
	if (!relay->password)
		return NULL;
	if (strlen(relay->password) > 255) {
		err_set(err, ERR_CONFIG,
		    "smtp_password_file: the password has over 255 bytes");
		return NULL;
	}
	auth_client_init();
	return relay;
}

static int give_credentials(auth_client_request_t request, char **result,
    int fields, void *argument)
{
	const struct relay *relay = argument;
	/* The library reads, never writes; its type does not say so. */
	union {
		const char *given;
		char *wanted;
	} value;

	for (int i = 0; i < fields; i++) {
		value.given = request[i].flags & AUTH_PASS
		                  ? relay->password
		                  : relay->config->smtp_user;
		result[i] = value.wanted;
	}
	return 1;
}

static void end_session(struct session *session)
{
	session->ended = true;
	smtp_socket_kill();
}

static void note_refusal(struct session *session, struct delivery *delivery)
{
	bool sender =
	    smtp_letter_sender_refused(&session->letters[session->current]);

	smtp_reply_count(delivery, sender ? SMTP_PHASE_MAIL : SMTP_PHASE_ANY,
	    &session->relay->refusals);
}

static void conclude(struct session *session)
{
	struct smtp_letter *letter = &session->letters[session->current];
	struct delivery *delivery = letter->delivery;

	if (smtp_letter_judge(letter)) {
		note_refusal(session, delivery);
		delivery->outcome.took_ms =
		    clock_steady_ms() - letter->since_ms;
		if (delivery_ends_batch(delivery->outcome.class))
			session->faulty = true;
		/* If it is the message that the relay dislikes, others shall
		 * go before it. */
		if (session->faulty && session->current == 0)
			delivery->outcome.retry_after_ms =
			    SMTP_REPLY_OTHERS_FIRST_MS;
		smtp_socket_pause();
		bool go_on = session->sink->told(session->sink, delivery);
		smtp_socket_resume();
		if (!go_on || session->faulty)
			end_session(session);
	}
	session->current++;
	if (session->current < session->count)
		session->letters[session->current].since_ms = clock_steady_ms();
	if (clock_steady_ms() - session->since_ms > SESSION_MS)
		end_session(session);
}

static size_t letter_index(const struct session *session,
    smtp_message_t message)
{
	size_t i = session->current;

	while (i < session->count && session->letters[i].message != message)
		i++;
	return i;
}

/* The letters before this one are done with. */
static void reach(struct session *session, size_t index)
{
	while (!session->ended && session->current < index &&
	       session->current < session->count)
		conclude(session);
}

static void note_message_event(struct session *session, int event,
    smtp_message_t message)
{
	size_t index = letter_index(session, message);

	reach(session, index);
	if (session->ended || index >= session->count)
		return;
	session->letters[index].plainly =
	    !session->relay->tls && !session->dialogue.chunking;
	if (event != SMTP_EV_MESSAGESENT)
		return;
	session->letters[index].sent = true;
	conclude(session);
	if (!session->ended && session->dialogue.pipelining &&
	    !session->relay->tls)
		smtp_socket_join_mail();
}

/* Of a MAIL that the library believes to be answered. */
static void note_mail_answer(void *context, const char *bytes, size_t length)
{
	struct session *session = context;
	struct smtp_dialogue *dialogue = &session->dialogue;

	dialogue->answered = false;
	smtp_dialogue_read(dialogue, bytes, length);
	if (!dialogue->answered || dialogue->code / 100 == 2)
		return;
	if (dialogue->code >= 400)
		session->letters[session->current].refusal = (smtp_status_t){
			.code = dialogue->code,
			.text = mem_text(session->mem,
			    dialogue->reply +
			        (strlen(dialogue->reply) > 3 ? 4 : 3)),
		};
	if ((dialogue->fault || dialogue->code < 400) && !session->ended)
		end_session(session);
}

static void note_event(smtp_session_t handle, int event, void *argument, ...)
{
	struct session *session = argument;
	va_list list;

	(void)handle;
	va_start(list, argument);
	switch (event) {
	case SMTP_EV_MAILSTATUS:
		va_arg(list, const char *);
		note_message_event(session, event,
		    va_arg(list, smtp_message_t));
		break;
	case SMTP_EV_MESSAGESENT:
		note_message_event(session, event,
		    va_arg(list, smtp_message_t));
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
	case SMTP_EV_NO_CLIENT_CERTIFICATE:
		/* OpenSSL checked the configured name already; the library's
		 * later check is of the name that DNS gave. */
		*va_arg(list, int *) = 1;
		break;
	default:
		break;
	}
	va_end(list);
}

/* What the relay did not say. */
static bool is_joined(const char *bytes, int length)
{
	static const char joined[] = SMTP_SOCKET_MAIL_JOINED;

	return (size_t)length == strlen(joined) &&
	       memcmp(bytes, joined, strlen(joined)) == 0;
}

static void note_traffic(const char *bytes, int length, int writing,
    void *argument)
{
	struct session *session = argument;
	struct smtp_dialogue *dialogue = &session->dialogue;

	if (writing == SMTP_CB_READING) {
		smtp_socket_expect_reply();
		if (!is_joined(bytes, length))
			smtp_dialogue_read(dialogue, bytes, (size_t)length);
	} else if (writing == SMTP_CB_WRITING) {
		smtp_socket_expect_reply();
		smtp_dialogue_written(dialogue, bytes, (size_t)length);
		/* What was accepted waits to be settled. */
		if (length >= 4 && strncasecmp(bytes, "QUIT", 4) == 0)
			smtp_socket_hurry(QUIT_MS);
	}
	if (dialogue->fault && !session->ended)
		end_session(session);
}

static bool add_letters(struct session *session, smtp_session_t handle)
{
	for (size_t i = 0; i < session->count; i++) {
		struct smtp_letter *letter = &session->letters[i];
		struct delivery *delivery = letter->delivery;
		letter->dialogue = &session->dialogue;
		letter->ended = &session->ended;
		letter->message = smtp_add_message(handle);
		if (!letter->message ||
		    !smtp_set_reverse_path(letter->message, delivery->sender) ||
		    !smtp_set_messagecb(letter->message, smtp_letter_read,
		        letter))
			return false;
		letter->recipient =
		    smtp_add_recipient(letter->message, delivery->recipient);
		if (!letter->recipient)
			return false;
		letter->since_ms = session->since_ms;
	}
	return true;
}

static void let_go_session(void *handle)
{
	smtp_destroy_session(handle);
}

static void let_go_auth(void *context)
{
	auth_destroy_context(context);
}

static bool set_credentials(struct mem *mem, smtp_session_t handle,
    struct relay *relay)
{
	if (!*relay->config->smtp_user)
		return true;
	auth_context_t auth = auth_create_context();
	if (!auth)
		return false;
	mem_defer(mem, let_go_auth, auth);
	auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(auth, give_credentials, relay);
	return smtp_auth_set_context(handle, auth);
}

static void set_timeouts(smtp_session_t handle, const struct config *config)
{
	/* In milliseconds, whatever the library's manual says. */
	long reply_ms = (long)config->smtp_reply_timeout * 1000;

	for (int which = Timeout_GREETING; which <= Timeout_DATA2; which++)
		smtp_set_timeout(handle,
		    which | Timeout_OVERRIDE_RFC2822_MINIMUM, reply_ms);
}

/* NULL with the reason in ERR. The auth context outlives the session. */
static smtp_session_t make_session(struct mem *mem, struct session *session,
    struct err *err)
{
	struct relay *relay = session->relay;
	const struct config *config = relay->config;
	smtp_session_t handle = smtp_create_session();
	SSL_CTX *tls = relay->tls ? smtp_tls_new(mem, config, err) : NULL;

	if (!err->code)
		err_set(err, ERR_INTERNAL, "libesmtp refuses the session");
	if (!handle || (relay->tls && !tls) ||
	    !set_credentials(mem, handle, relay))
		return NULL;
	mem_defer(mem, let_go_session, handle);
	set_timeouts(handle, config);
	smtp_set_eventcb(handle, note_event, session);
	smtp_set_monitorcb(handle, note_traffic, session, 0);
	const char *server = mem_printf(mem, "%s:%lld", config->smtp_host,
	    (long long)config->smtp_port);
	if (!smtp_set_server(handle, server) ||
	    !smtp_set_hostname(handle, relay->hello) ||
	    (tls && !smtp_starttls_set_ctx(handle, tls)) ||
	    !smtp_starttls_enable(handle,
	        tls ? Starttls_REQUIRED : Starttls_DISABLED) ||
	    !add_letters(session, handle))
		return NULL;
	return handle;
}

/* Why the session came to nothing, in the order of what is surest. */
static const char *why_failed(struct mem *mem, const struct session *session)
{
	char words[128] = "";
	int connect_error = smtp_socket_connect_error();
	int error = smtp_errno();

	if (session->dialogue.fault)
		return session->dialogue.fault;
	if (smtp_tls_failure())
		return smtp_tls_failure();
	if (connect_error)
		return mem_printf(mem, "cannot connect to the relay: %s",
		    strerror(connect_error));
	if (smtp_socket_timed_out())
		return mem_printf(mem, "the relay did not answer in time%s%s",
		    *session->dialogue.line ? "; it said last: " : "",
		    session->dialogue.line);
	if (error == SMTP_ERR_EXTENSION_NOT_AVAILABLE)
		return "the relay does not offer STARTTLS, which is required";
	if (*session->dialogue.refusal)
		return mem_printf(mem, "the relay said: %s",
		    session->dialogue.refusal);
	if (*session->dialogue.line)
		return mem_printf(mem, "the relay said: %s",
		    session->dialogue.line);
	return smtp_strerror(error, words, sizeof(words))
	           ? mem_printf(mem, "cannot talk to the relay: %s", words)
	           : "cannot talk to the relay";
}

/* What is left untouched stays so, but the first carries the fault. */
static void finish(struct mem *mem, struct session *session, bool failed)
{
	size_t first = session->count;

	for (; session->current < session->count; session->current++) {
		struct smtp_letter *letter =
		    &session->letters[session->current];
		if (smtp_letter_judge(letter)) {
			note_refusal(session, letter->delivery);
			if (delivery_ends_batch(
			        letter->delivery->outcome.class))
				session->faulty = true;
			session->sink->told(session->sink, letter->delivery);
		} else if (first == session->count) {
			first = session->current;
		}
	}
	bool stopped = session->ended && !session->dialogue.fault;
	if (first == session->count || session->faulty || (stopped && !failed))
		return;
	struct delivery *delivery = session->letters[first].delivery;
	delivery_tell(delivery,
	    session->dialogue.code == 421 ? DELIVERY_THROTTLED
	                                  : DELIVERY_LANE_FAULT,
	    session->dialogue.code, NULL, why_failed(mem, session));
	session->sink->told(session->sink, delivery);
}

/* Whether to go on is asked again when the message is concluded. */
static void waiting(void *context)
{
	const struct session *session = context;

	session->sink->idle(session->sink);
}

static void relay_send(void *state, struct delivery *const *batch, size_t count,
    struct carrier_sink *sink)
{
	MEM_AUTO mem = mem_new(NULL);
	struct relay *relay = state;
	const struct config *config = relay->config;
	struct session session = { .mem = mem,
		.relay = relay,
		.sink = sink,
		.count = count,
		.since_ms = clock_steady_ms() };
	struct smtp_socket_limits limits = {
		.connect_ms = config->smtp_connect_timeout * 1000,
		.reply_ms = config->smtp_reply_timeout * 1000,
		.session_ms = config->smtp_session_timeout * 1000,
		.waiting = waiting,
		.mail_answered = note_mail_answer,
		.context = &session,
	};
	struct err err = { 0 };

	session.letters = mem_array(mem, struct smtp_letter, count);
	for (size_t i = 0; i < count; i++) {
		session.letters[i].delivery = batch[i];
		batch[i]->carrier_secret = relay->password;
	}
	smtp_dialogue_begin(&session.dialogue, *config->smtp_user != '\0');
	smtp_session_t handle = make_session(mem, &session, &err);
	if (!handle) {
		delivery_tell(batch[0], DELIVERY_LANE_FAULT, 0, NULL,
		    err.message);
		sink->told(sink, batch[0]);
		return;
	}
	smtp_socket_begin(&limits);
	bool done = smtp_start_session(handle);
	smtp_socket_pause();
	finish(mem, &session, !done);
	smtp_socket_end();
}

static struct gate_limits relay_limits(const void *state)
{
	const struct relay *relay = state;

	return (struct gate_limits){ (int)relay->config->mail_lanes,
		RELAY_BATCH_MOST, relay->config->mail_rate };
}

const struct carrier smtp_carrier = {
	.name = "smtp",
	.medium = "EMAIL",
	.open = relay_open,
	.limits = relay_limits,
	.send = relay_send,
};
