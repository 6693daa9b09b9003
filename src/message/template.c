/* SPDX-License-Identifier: MIT */
#include "message/template.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "message/html.h"

#define TEXT(name, text) static const char name[] = text;
#include "message/texts.def"
#undef TEXT

void template_builtin(enum template_name name, bool sms,
    struct template *template)
{
	static const struct template mails[] = {
		[TEMPLATE_INVITATION] = { .subject = invitation_subject,
		    .html = invitation_html,
		    .text = invitation_txt,
		    .ours = true },
		[TEMPLATE_WELCOME] = { .subject = welcome_subject,
		    .html = welcome_html,
		    .text = welcome_txt,
		    .ours = true },
		[TEMPLATE_AWS] = { .subject = aws_subject, .html = aws_html },
		[TEMPLATE_RESET] = { .subject = reset_subject,
		    .html = reset_html,
		    .text = reset_txt,
		    .ours = true },
		[TEMPLATE_AWS_RESET] = { .subject = aws_reset_subject,
		    .html = aws_reset_html },
	};
	static const struct template texts[] = {
		[TEMPLATE_INVITATION] = { .text = invitation_sms,
		    .ours = true },
		[TEMPLATE_WELCOME] = { .text = welcome_sms, .ours = true },
		[TEMPLATE_AWS] = { .text = aws_sms },
		[TEMPLATE_CODE] = { .text = code_sms, .ours = true },
		[TEMPLATE_RESET] = { .text = reset_sms, .ours = true },
		[TEMPLATE_AWS_RESET] = { .text = aws_reset_sms },
	};

	*template = sms ? texts[name] : mails[name];
}

static const char *value_of(const struct template *template, const char *at,
    const struct template_values *values, size_t *length)
{
	static const struct {
		const char *name;
		size_t offset;
		bool ours;
	} placeholders[] = {
		{ "{username}", offsetof(struct template_values, username),
		    false },
		{ "{####}", offsetof(struct template_values, password), false },
		{ "{expires}", offsetof(struct template_values, expires),
		    true },
	};

	for (size_t i = 0; i < sizeof(placeholders) / sizeof(*placeholders);
	     i++) {
		const void *place =
		    (const char *)values + placeholders[i].offset;
		if (!str_starts(at, placeholders[i].name) ||
		    (placeholders[i].ours && !template->ours))
			continue;
		*length = strlen(placeholders[i].name);
		const char *value = *(const char *const *)place;
		return value ? value : "";
	}
	return NULL;
}

char *template_fill(struct mem *mem, const struct template *template,
    const char *format, const struct template_values *values, bool html)
{
	struct str *text = str_new(mem, STR_LIMIT_LARGE);
	size_t length = 0;

	str_secret(text);
	str_reserve(text, strlen(format) + 256);
	while (*format) {
		size_t plain = strcspn(format, "{");
		str_add_n(text, format, plain);
		format += plain;
		if (!*format)
			break;
		const char *value = value_of(template, format, values, &length);
		if (value) {
			str_add(text, html ? html_escape(mem, value) : value);
			format += length;
		} else {
			str_add_char(text, *format++);
		}
	}
	return str_take(text);
}

bool template_has(const struct template *template, const char *placeholder)
{
	const char *texts[] = { template->subject, template->html,
		template->text };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i] && strstr(texts[i], placeholder))
			return true;
	return false;
}

char *template_print(struct mem *mem, const struct template *template)
{
	cJSON *json = json_object(mem);

	json_add(json, "subject", template->subject);
	json_add(json, "html", template->html);
	json_add(json, "text", template->text);
	if (template->ours)
		cJSON_AddTrueToObject(json, "ours");
	json_add(json, "sender", template->sender);
	if (template->sealed)
		cJSON_AddTrueToObject(json, "sealed");
	return json_print(mem, json);
}

void template_read(const cJSON *json, struct template *template)
{
	template->subject = json_text(json, "/subject");
	template->html = json_text(json, "/html");
	template->text = json_text(json, "/text");
	template->ours = cJSON_IsTrue(json_at(json, "/ours"));
	template->sender = json_text(json, "/sender");
	template->sealed = cJSON_IsTrue(json_at(json, "/sealed"));
}

void template_add_text(struct mem *mem, struct template *template)
{
	if (!template->text && template->html)
		template->text = html_to_text(mem, template->html);
}
