/* SPDX-License-Identifier: MIT */
#include "delivery/smtp_curl.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/str.h"
#include "delivery/relay.h"
#include "delivery/relay_curl.h"
#include "delivery/smtp_dialogue.h"
#include "delivery/smtp_reply.h"

#define SESSION_MS 10000 /* a batch ends after this or its messages */
#define QUIT_MS    1000  /* an answer to QUIT is not waited for longer */

struct relay {
	const struct config *config;
	int refusals; /* in a row that are about us */
};

struct session {
	struct relay *relay;
	struct carrier_sink *sink;
	CURL *easy;
	const char *secret;
	struct smtp_dialogue dialogue;
	int64_t begin_until_ms; /* no message is begun later */
	int64_t end_ms;         /* nothing is awaited any longer */
	bool ended;
	bool broken; /* in the middle of a message */
	char words[CURL_ERROR_SIZE];

	/* Of the message under way: */
	const struct delivery *delivery;
	size_t read;     /* bytes of it that libcurl took */
	size_t written;  /* and those that went out */
	bool fresh;      /* its connection was made for it */
	bool leaving;    /* QUIT was written */
	int64_t stop_ms; /* what is under way is given up */
};

static void let_go_curl(void *relay)
{
	(void)relay;
	curl_global_cleanup();
}

static void *relay_open(struct mem *mem, const struct engine *engine,
    struct err *err)
{
	struct relay *relay = mem_make(mem, struct relay);

	if (!relay_check_config(engine->config, err))
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_INTERNAL, "libcurl cannot be used");
		return NULL;
	}
	mem_defer(mem, let_go_curl, relay);
	relay->config = engine->config;
	return relay;
}

static size_t give_text(char *room, size_t size, size_t count, void *argument)
{
	struct session *session = argument;
	const struct delivery *delivery = session->delivery;
	size_t left = delivery->text_length - session->read;
	size_t length = size * count < left ? size * count : left;

	memcpy(room, delivery->text + session->read, length);
	session->read += length;
	return length;
}

/* A message that was read once is not read again: no silent second sending. */
static int refuse_rewind(void *argument, curl_off_t offset, int origin)
{
	const struct session *session = argument;

	(void)offset;
	(void)origin;
	return session->read ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

static int note_connection(void *argument, curl_socket_t socket,
    curlsocktype purpose)
{
	struct session *session = argument;

	(void)socket;
	(void)purpose;
	smtp_dialogue_begin(&session->dialogue,
	    *session->relay->config->smtp_user != '\0');
	session->fresh = true;
	return CURL_SOCKOPT_OK;
}

static void note_command(struct session *session, const char *bytes,
    size_t length)
{
	if (str_starts(bytes, "QUIT\r\n")) {
		session->leaving = true;
		session->stop_ms = clock_steady_ms() + QUIT_MS;
		return;
	}
	smtp_dialogue_written(&session->dialogue, bytes, length);
}

static int note_traffic(CURL *easy, curl_infotype type, char *bytes,
    size_t length, void *argument)
{
	struct session *session = argument;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT) {
		note_command(session, bytes, length);
	} else if (type == CURLINFO_HEADER_IN && !session->leaving) {
		smtp_dialogue_read(&session->dialogue, bytes, length);
	} else if (type == CURLINFO_DATA_OUT) {
		session->written += length;
		if (session->written >= session->delivery->text_length)
			smtp_dialogue_sent(&session->dialogue);
	}
	return 0;
}

/* libcurl goes on without AUTH when the relay offers none; each message would
 * be refused as if it were its own fault. */
static int check_auth(void *argument, const char *their_address,
    const char *our_address, int their_port, int our_port)
{
	const struct session *session = argument;
	const struct smtp_dialogue *dialogue = &session->dialogue;

	(void)their_address;
	(void)our_address;
	(void)their_port;
	(void)our_port;
	return dialogue->auth_wanted && !dialogue->auth_done
	           ? CURL_PREREQFUNC_ABORT
	           : CURL_PREREQFUNC_OK;
}

static bool concluded(const struct session *session)
{
	return session->dialogue.phase == SMTP_PHASE_DOT &&
	       session->dialogue.answered;
}

static bool connected(const struct session *session)
{
	curl_off_t took_us = 0;

	curl_easy_getinfo(session->easy, CURLINFO_CONNECT_TIME_T, &took_us);
	return took_us > 0;
}

/* Called at least once a second. libcurl counts the greeting and AUTH to the
 * connecting too; from there on it is replies that are waited for. */
static int watch(void *argument, curl_off_t a, curl_off_t b, curl_off_t c,
    curl_off_t d)
{
	struct session *session = argument;
	const struct config *config = session->relay->config;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (connected(session))
		curl_easy_setopt(session->easy, CURLOPT_CONNECTTIMEOUT,
		    (long)config->smtp_session_timeout);
	return (session->leaving || !concluded(session)) &&
	       clock_steady_ms() > session->stop_ms;
}

static void set_callbacks(struct session *session)
{
	CURL *easy = session->easy;

	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
	curl_easy_setopt(easy, CURLOPT_READDATA, session);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_rewind);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, session);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, note_connection);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, session);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, note_traffic);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, session);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, check_auth);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, session);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, session);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, session->words);
}

/* QUIT is said, but its answer not read: libcurl would wait for it as long as
 * for any other. */
static void let_go(void *easy)
{
	curl_socket_t kept = CURL_SOCKET_BAD;

	curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &kept);
	if (kept != CURL_SOCKET_BAD)
		shutdown(kept, SHUT_RD);
	curl_easy_cleanup(easy);
}

/* False with the reason in ERR. */
static bool begin(struct mem *mem, struct session *session, struct err *err)
{
	const struct config *config = session->relay->config;
	int64_t now_ms = clock_steady_ms();
	int64_t whole_ms = config->smtp_session_timeout * 1000;

	session->secret = config_secret(mem, config->smtp_password_file, err);
	if (!session->secret)
		return false;
	session->easy = curl_easy_init();
	if (!session->easy)
		return err_set(err, ERR_INTERNAL, "libcurl gives no handle");
	mem_defer(mem, let_go, session->easy);
	session->end_ms = now_ms + whole_ms;
	session->begin_until_ms =
	    now_ms + (whole_ms / 2 < SESSION_MS ? whole_ms / 2 : SESSION_MS);
	relay_curl_set(mem, session->easy, config, session->secret);
	set_callbacks(session);
	curl_easy_setopt(session->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(session->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    (long)config->smtp_reply_timeout);
	return true;
}

static CURLcode transfer(struct session *session,
    const struct delivery *delivery)
{
	CURL *easy = session->easy;
	struct curl_slist *recipients =
	    curl_slist_append(NULL, delivery->recipient);

	session->delivery = delivery;
	session->read = session->written = 0;
	session->fresh = session->leaving = false;
	session->stop_ms = session->end_ms;
	*session->words = '\0';
	smtp_dialogue_next(&session->dialogue);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	    (long)session->relay->config->smtp_connect_timeout);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, delivery->sender);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)delivery->text_length);
	CURLcode result = curl_easy_perform(easy);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(recipients);
	return result;
}

static void tell_reply(const struct session *session, struct delivery *delivery,
    const char *words)
{
	const struct smtp_dialogue *dialogue = &session->dialogue;
	char enhanced[12] = "";

	if (strlen(dialogue->reply) > 4)
		smtp_dialogue_enhanced(dialogue->reply + 4, enhanced,
		    sizeof(enhanced));
	struct smtp_reply reply = { dialogue->phase, dialogue->code, enhanced };
	struct smtp_meaning meaning = smtp_reply_meaning(&reply);
	delivery_tell(delivery, meaning.class, dialogue->code, enhanced, words);
	delivery->outcome.retry_after_ms = meaning.retry_after_ms;
}

static void tell_accepted(const struct session *session,
    struct delivery *delivery)
{
	const char *reply = session->dialogue.reply;

	delivery_tell(delivery, DELIVERY_ACCEPTED, session->dialogue.code,
	    "2.0.0", reply);
	delivery_note_id(delivery, strlen(reply) > 4 ? reply + 4 : "");
}

/* A relay that takes mails before they came would lose all of them. */
static void tell_unfinished(const struct session *session,
    struct delivery *delivery)
{
	MEM_AUTO mem = mem_new(NULL);
	int code = session->dialogue.code;

	if (code == 354) {
		delivery_tell(delivery, DELIVERY_RETRY, 0, NULL,
		    "the session ended in the middle of the message");
		return;
	}
	const char *words = mem_printf(mem,
	    "the relay broke the protocol: it answered %d to DATA, before it "
	    "had the message",
	    code);
	delivery_tell(delivery, DELIVERY_RETRY, code, NULL, words);
	log_warning("smtp-curl", words);
}

static bool refused(const struct smtp_dialogue *dialogue)
{
	return dialogue->answered && dialogue->code >= 400;
}

/* False when nothing was said about this message, nor was it offered. */
static bool judge(struct session *session, struct delivery *delivery,
    CURLcode result)
{
	const struct smtp_dialogue *dialogue = &session->dialogue;

	if (result == CURLE_OK && concluded(session) &&
	    dialogue->code / 100 == 2) {
		tell_accepted(session, delivery);
	} else if (refused(dialogue) && dialogue->phase != SMTP_PHASE_HELLO) {
		tell_reply(session, delivery, dialogue->reply);
	} else if (dialogue->phase == SMTP_PHASE_DOT) {
		session->broken = true;
		delivery_tell(delivery, DELIVERY_AMBIGUOUS, 0, NULL,
		    "the answer to the message was lost");
	} else if (dialogue->phase == SMTP_PHASE_DATA && dialogue->answered) {
		session->broken = true;
		tell_unfinished(session, delivery);
	} else {
		return false;
	}
	return true;
}

/* Why the session came to nothing, in the order of what is surest. */
static const char *why_failed(struct mem *mem, const struct session *session,
    CURLcode result)
{
	const struct smtp_dialogue *dialogue = &session->dialogue;
	const char *said = dialogue->reply;
	const char *words =
	    *session->words ? session->words : curl_easy_strerror(result);
	bool aborted = result == CURLE_ABORTED_BY_CALLBACK;
	bool unknown = dialogue->auth_wanted && !dialogue->auth_done;

	if (!connected(session))
		return mem_printf(mem, "cannot connect to the relay: %s",
		    words);
	if (result == CURLE_OPERATION_TIMEDOUT ||
	    (aborted && clock_steady_ms() > session->end_ms))
		return mem_printf(mem, "the relay did not answer in time%s%s",
		    *said ? "; it said last: " : "", said);
	if (result == CURLE_LOGIN_DENIED || (aborted && unknown))
		return mem_printf(mem,
		    "authentication with the relay failed%s; it said: %s",
		    /* It tells why in base64, and more to who answers. */
		    dialogue->code == 334 ? ", it takes no such token" : "",
		    said);
	if (refused(dialogue))
		return mem_printf(mem, "the relay said: %s", said);
	return mem_printf(mem, "cannot talk to the relay: %s", words);
}

static void tell_fault(const struct session *session, struct delivery *delivery,
    CURLcode result)
{
	MEM_AUTO mem = mem_new(NULL);
	const char *words = why_failed(mem, session, result);

	if (refused(&session->dialogue))
		tell_reply(session, delivery, words);
	else
		delivery_tell(delivery, DELIVERY_LANE_FAULT, 0, NULL, words);
}

/* The next transfer may take long, so what the lane put off goes before. */
static void tell(struct session *session, struct delivery *delivery)
{
	if (!session->sink->told(session->sink, delivery) ||
	    !session->sink->idle(session->sink) ||
	    delivery_ends_batch(delivery->outcome.class))
		session->ended = true;
}

static void bring(struct session *session, struct delivery *delivery,
    bool first)
{
	int64_t since_ms = clock_steady_ms();

	delivery->carrier_secret = session->secret;
	CURLcode result = transfer(session, delivery);

	if (judge(session, delivery, result)) {
		smtp_reply_count(delivery, session->dialogue.phase,
		    &session->relay->refusals);
		/* If it is the message that the relay dislikes, others shall
		 * go before it. */
		if (first && delivery_ends_batch(delivery->outcome.class))
			delivery->outcome.retry_after_ms =
			    SMTP_REPLY_OTHERS_FIRST_MS;
	} else if (session->fresh || session->dialogue.code) {
		tell_fault(session, delivery, result);
	} else {
		/* The relay had closed the kept connection: all that is left
		 * goes by the next one. */
		session->ended = true;
		return;
	}
	delivery->carrier_secret = NULL;
	delivery->outcome.took_ms = clock_steady_ms() - since_ms;
	tell(session, delivery);
}

/* What is left untouched stays so, but the first carries the fault. */
static void relay_send(void *state, struct delivery *const *batch, size_t count,
    struct carrier_sink *sink)
{
	MEM_AUTO mem = mem_new(NULL);
	struct session session = { .relay = state, .sink = sink };
	struct err err = { 0 };
	size_t next = 0;

	if (!begin(mem, &session, &err)) {
		delivery_tell(batch[0], DELIVERY_LANE_FAULT, 0, NULL,
		    err.message);
		sink->told(sink, batch[0]);
		return;
	}
	while (next < count && !session.ended && !session.broken &&
	       clock_steady_ms() < session.begin_until_ms) {
		bring(&session, batch[next], next == 0);
		next++;
	}
	if (session.ended || !session.broken || next == count)
		return;
	delivery_tell(batch[next], DELIVERY_LANE_FAULT, 0, NULL,
	    "the session before it ended in the middle of a message");
	sink->told(sink, batch[next]);
}

static struct gate_limits relay_limits(const void *state)
{
	const struct relay *relay = state;

	return (struct gate_limits){ (int)relay->config->mail_lanes,
		RELAY_BATCH_MOST, relay->config->mail_rate };
}

const struct carrier smtp_curl_carrier = {
	.name = "smtp-curl",
	.medium = "EMAIL",
	.open = relay_open,
	.limits = relay_limits,
	.send = relay_send,
};
