/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "account/invitation.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "delivery/render.h"
#include "message/gsm.h"
#include "message/lint.h"
#include "message/mime.h"

#define TEMPLATE_MOST ((size_t)1024 * 1024)
#define DAYS_DEFAULT  7

struct options {
	struct cli_common common;
	const char *pool;
	const char *file;
	const char *subject;
	const char *medium;
	const char *username;
	const char *password;
	const char *format;
	bool strict;
};

static const struct option_row rows[] = {
	OPTION_ROW_TEXT(struct options, pool, "pool", 'p', "POOL",
	    "Preview the template of this user pool."),
	OPTION_ROW_TEXT(struct options, file, "template", 't', "FILE",
	    "Preview this file, - for standard input: JSON with "
	    "EmailMessage, EmailSubject, SMSMessage (or InviteMessageTemplate "
	    "around them), or the message's text. Needs no database."),
	OPTION_ROW_TEXT(struct options, subject, "subject", 0, "TEXT",
	    "Subject, when the file is a mail's text."),
	OPTION_ROW_TEXT(struct options, medium, "medium", 'm', "MEDIUM",
	    "EMAIL (without it) or SMS."),
	OPTION_ROW_TEXT(struct options, username, "username", 'u', "NAME",
	    "Sample user name."),
	OPTION_ROW_TEXT(struct options, password, "password", 0, "PASSWORD",
	    "Sample password. It is a sample: an argument is no place for a "
	    "real one."),
	OPTION_ROW_TEXT(struct options, format, "format", 'f', "FORMAT",
	    "text (without it), html, eml (the mail's bytes) or json."),
	OPTION_ROW_FLAG(struct options, strict, "strict", 0,
	    "Fail when there is a warning."),
	CLI_COMMON_ROWS(struct options)
};

/* A template ready to be looked at. */
struct preview {
	struct template template;
	struct template_values values;
	struct lint lint;
	const struct pool *pool; /* or NULL */
	const char *format;
	bool sms;
	const char *subject; /* filled, as the next two */
	const char *html;
	const char *text;
};

/* A message's text may begin with a placeholder, but not with {" or {}. */
static bool looks_like_json(const char *path, const char *text)
{
	size_t length = strlen(path);

	if (length > 5 && strcmp(path + length - 5, ".json") == 0)
		return true;
	text += strspn(text, " \t\r\n");
	if (*text != '{')
		return false;
	text += 1 + strspn(text + 1, " \t\r\n");
	return *text == '"' || *text == '}';
}

/* The object that has the names; NULL with the error when none has. */
static const cJSON *read_json(struct cli *cli, const char *path,
    const char *text)
{
	struct err err = { 0 };
	const cJSON *json = json_read(cli->work.mem, text, &err);
	const cJSON *around = json_at(json, "/AdminCreateUserConfig");

	around = around ? around : json;
	const cJSON *inner = json_at(around, "/InviteMessageTemplate");
	inner = inner ? inner : around;
	if (json_text(inner, "/EmailMessage") ||
	    json_text(inner, "/EmailSubject") ||
	    json_text(inner, "/SMSMessage"))
		return inner;
	work_fail(&cli->work, ERR_INVALID_PARAMETER, "template '%.200s': %s",
	    path,
	    json ? "there is no text in EmailMessage, EmailSubject or "
	           "SMSMessage"
	         : err.message);
	return NULL;
}

static void take_json(struct preview *preview, const cJSON *json)
{
	struct template *template = &preview->template;
	const char *html = json_text(json, "/EmailMessage");
	const char *subject = json_text(json, "/EmailSubject");
	const char *sms = json_text(json, "/SMSMessage");

	if (preview->sms && sms)
		*template = (struct template){ .text = sms };
	if (!preview->sms && html)
		*template = (struct template){ .html = html,
			.subject = template->subject };
	if (!preview->sms && subject)
		template->subject = subject;
}

static bool read_file(struct cli *cli, const struct options *options,
    struct preview *preview)
{
	struct work *work = &cli->work;
	char *text =
	    file_read(work->mem, options->file, TEMPLATE_MOST, &work->err);
	const cJSON *json = NULL;

	if (!text)
		return false;
	if (!utf8_valid(text))
		return work_fail(work, ERR_INVALID_PARAMETER,
		    "template '%s' is not valid UTF-8", options->file);
	if (looks_like_json(options->file, text) &&
	    !(json = read_json(cli, options->file, text)))
		return false;
	template_builtin(TEMPLATE_INVITATION, preview->sms, &preview->template);
	if (json)
		take_json(preview, json);
	else if (preview->sms)
		preview->template = (struct template){ .text = text };
	else
		preview->template = (struct template){ .html = text,
			.subject = preview->template.subject };
	if (options->subject)
		preview->template.subject = options->subject;
	return true;
}

static bool read_pool(struct cli *cli, const struct options *options,
    struct preview *preview)
{
	if (!cli_open(cli, options->common.config, CLI_NEEDS_ALL))
		return false;
	preview->pool = pool_get(&cli->work, options->pool);
	if (!preview->pool)
		return false;
	invitation_choose_template(&cli->engine, preview->pool,
	    INVITATION_PASSWORD, preview->sms, &preview->template);
	return true;
}

static void fill(struct cli *cli, struct preview *preview)
{
	struct mem *mem = cli->work.mem;
	struct template *template = &preview->template;
	const struct template_values *values = &preview->values;

	template_add_text(mem, template);
	if (template->subject)
		preview->subject = template_fill(mem, template,
		    template->subject, values, false);
	if (template->html)
		preview->html =
		    template_fill(mem, template, template->html, values, true);
	preview->text = template_fill(mem, template,
	    template->text ? template->text : "", values, false);
}

static char *make_mail(struct cli *cli, const struct preview *preview)
{
	struct mem *mem = cli->work.mem;
	const struct email_configuration *email =
	    preview->pool ? preview->pool->settings->email : NULL;
	struct mime_mail mail = { .to = "user@example.com",
		.subject = preview->subject,
		.html = preview->html,
		.text = preview->text,
		.message_id = "preview@example.com",
		.date_ms = clock_now_ms() };
	size_t length;

	mail.from = email && email->from ? email->from
	            : cli->engine.config
	                ? render_default_from(mem, cli->engine.config)
	                : "no-reply@example.com";
	mail.reply_to = email ? email->reply_to : NULL;
	return mime_print(mem, &mail, &length, &cli->work.err);
}

static bool print_as_json(struct cli *cli, const struct preview *preview)
{
	cJSON *json = json_object(cli->work.mem);
	struct gsm_count count;

	json_add(json, "medium", preview->sms ? "SMS" : "EMAIL");
	json_add(json, "subject", preview->subject);
	json_add(json, "html", preview->html);
	json_add(json, "text", preview->text);
	if (preview->sms) {
		gsm_count(preview->text, &count);
		json_add(json, "encoding", gsm_encoding_name(count.encoding));
		json_add_int(json, "units", count.units);
		json_add_int(json, "parts", count.parts);
	}
	cJSON *list = cJSON_AddArrayToObject(json, "warnings");
	for (size_t i = 0; i < preview->lint.count; i++)
		cJSON_AddItemToArray(list,
		    cJSON_CreateString(preview->lint.warnings[i]));
	cli_print_json(cli, json);
	return true;
}

static void print_text(const struct preview *preview)
{
	struct gsm_count count;

	if (preview->subject)
		printf("Subject: %s\n\n", preview->subject);
	puts(preview->text);
	if (!preview->sms)
		return;
	gsm_count(preview->text, &count);
	printf("\n(%s, %d units, %d part%s)\n",
	    gsm_encoding_name(count.encoding), count.units, count.parts,
	    count.parts == 1 ? "" : "s");
}

static bool print(struct cli *cli, const struct preview *preview)
{
	const char *format = preview->format;

	if (cli->json || strcmp(format, "json") == 0)
		return print_as_json(cli, preview);
	if (strcmp(format, "text") == 0) {
		print_text(preview);
		return true;
	}
	if (preview->sms)
		return work_fail(&cli->work, ERR_USAGE,
		    "an SMS has no format '%.20s', only text and json", format);
	if (strcmp(format, "html") == 0) {
		puts(preview->html ? preview->html : "");
		return true;
	}
	char *mail = make_mail(cli, preview);
	if (mail)
		fputs(mail, stdout);
	return mail != NULL;
}

static bool check_words(struct cli *cli, const struct options *options,
    struct preview *preview)
{
	static const char *const formats[] = { "text", "html", "eml", "json" };
	const char *medium = options->medium ? options->medium : "EMAIL";

	if (!options->pool == !options->file)
		return work_fail(&cli->work, ERR_USAGE,
		    "exactly one of --pool and --template is needed");
	preview->sms = strcmp(medium, "SMS") == 0;
	if (!preview->sms && strcmp(medium, "EMAIL") != 0)
		return work_fail(&cli->work, ERR_USAGE,
		    "medium '%.20s' is not EMAIL or SMS", medium);
	preview->format = options->format ? options->format : "text";
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i], preview->format) == 0)
			return true;
	return work_fail(&cli->work, ERR_USAGE,
	    "format '%.20s' is not text, html, eml or json", preview->format);
}

static bool run(struct cli *cli, const void *given)
{
	const struct options *options = given;
	struct preview preview = { 0 };
	int64_t days = DAYS_DEFAULT;

	if (!check_words(cli, options, &preview) ||
	    !(options->file ? read_file(cli, options, &preview)
	                    : read_pool(cli, options, &preview)))
		return false;
	if (preview.pool)
		days = preview.pool->validity_days;
	preview.values = (struct template_values){
		.username = options->username ? options->username : "alice",
		.password =
		    options->password ? options->password : "Xk7-mPq2RtVw9sHb",
		.expires = clock_print_people(cli->work.mem,
		    clock_now_ms() + days * 86400000),
	};
	fill(cli, &preview);
	lint_template(cli->work.mem, &preview.template, preview.sms,
	    &preview.values, &preview.lint);
	if (!print(cli, &preview))
		return false;
	for (size_t i = 0; i < preview.lint.count; i++)
		fprintf(stderr, "usher: warning: %s\n",
		    preview.lint.warnings[i]);
	if (options->strict && preview.lint.count)
		return work_fail(&cli->work, ERR_INVALID_PARAMETER,
		    "%zu warning%s, and --strict was given", preview.lint.count,
		    preview.lint.count == 1 ? "" : "s");
	return true;
}

const struct command_code command_preview = { rows, sizeof(struct options),
	run };
