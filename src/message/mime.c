/* SPDX-License-Identifier: MIT */
#include "message/mime.h"

#include <assert.h>
#include <ctype.h>
#include <idn2.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/utf8.h"
#include "message/html.h"
#include "message/quoted.h"

#define LINE_MAX_HEADER 76

/* A header field on its way out, and where its last line stands. */
struct field {
	struct str *out;
	size_t column;
};

struct mailbox {
	const char *name; /* as people read it; NULL for none */
	const char *address;
};

/* atext of RFC 5322, 3.2.3. */
static bool is_atom_text(char byte)
{
	static const char marks[] = "!#$%&'*+-/=?^_`{|}~";

	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr(marks, byte));
}

/* How many characters it has at the start of TEXT; 0 when it is none. */
static size_t dot_atom(const char *text)
{
	size_t length = 0;

	while (is_atom_text(text[length])) {
		length++;
		if (text[length] == '.')
			length++;
		else if (!is_atom_text(text[length]))
			return length;
	}
	return 0;
}

/* Without the blanks that RFC 5321 would allow here. */
static size_t quoted_string(const char *text)
{
	size_t length = 1;

	while (text[length] && text[length] != '"') {
		length += text[length] == '\\';
		if (!isgraph((unsigned char)text[length]) ||
		    text[length] == '<' || text[length] == '>')
			return 0;
		length++;
	}
	return text[length] == '"' && length > 1 ? length + 1 : 0;
}

static bool literal_valid(const char *domain)
{
	size_t length = strspn(domain + 1, "0123456789abcdefABCDEFIPv.:");

	return length && strcmp(domain + 1 + length, "]") == 0;
}

/* 63 characters: of an international label, its ASCII form has more. */
static bool label_valid(const char *label, const char *end, int count)
{
	return count >= 1 && count <= 63 && label[0] != '-' && end[-1] != '-';
}

static bool domain_character(uint32_t point)
{
	if (point < 0x80)
		return isalnum((int)point) || point == '-';
	return point > 0xa0 && point != UTF8_WRONG;
}

static bool domain_valid(const char *domain)
{
	const char *label = domain;
	const char *end = domain;
	const char *next = domain;
	uint32_t point = utf8_next(&next);
	int count = 0;

	while (point) {
		if (point != '.' && !domain_character(point))
			return false;
		if (point == '.' && !label_valid(label, end, count))
			return false;
		count = point == '.' ? 0 : count + 1;
		label = point == '.' ? next : label;
		end = next;
		point = utf8_next(&next);
	}
	return label_valid(label, end, count);
}

bool mime_address_valid(const char *address)
{
	if (strnlen(address, 255) > 254)
		return false;

	size_t local =
	    *address == '"' ? quoted_string(address) : dot_atom(address);
	if (!local || local > 64 || address[local] != '@')
		return false;
	address += local + 1;
	return *address == '[' ? literal_valid(address) : domain_valid(address);
}

/* NULL when TEXT is not one quoted-string. */
static char *unquote(struct mem *mem, const char *text, size_t length)
{
	if (length < 2 || text[0] != '"' || text[length - 1] != '"')
		return NULL;

	char *name = mem_alloc(mem, length);
	size_t used = 0;
	for (size_t i = 1; i < length - 1; i++) {
		if (text[i] == '"')
			return NULL;
		if (text[i] == '\\' && ++i == length - 1)
			return NULL;
		name[used++] = text[i];
	}
	return name;
}

static size_t trimmed(const char *text, size_t length)
{
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return length;
}

static bool read_mailbox(struct mem *mem, const char *text,
    struct mailbox *mailbox)
{
	text += strspn(text, " \t");

	size_t length = trimmed(text, strlen(text));
	const char *open = NULL;
	if (length && text[length - 1] == '>')
		open = memrchr(text, '<', length);
	if (!open) {
		mailbox->name = NULL;
		mailbox->address = mem_text_n(mem, text, length);
		return mime_address_valid(mailbox->address);
	}

	const char *end = text + length - 1;
	length = trimmed(text, (size_t)(open - text));
	mailbox->name = unquote(mem, text, length);
	if (!mailbox->name)
		mailbox->name = mem_text_n(mem, text, length);
	mailbox->address = mem_text_n(mem, open + 1, (size_t)(end - open - 1));
	return mime_address_valid(mailbox->address);
}

char *mime_address(struct mem *mem, const char *mailbox)
{
	MEM_AUTO scratch = mem_new(NULL);
	struct mailbox parts;

	if (!read_mailbox(scratch, mailbox, &parts))
		return NULL;
	return mem_text(mem, parts.address);
}

static bool is_ascii(const char *text)
{
	while (*text > '\0' && *text <= '\x7e')
		text++;
	return *text == '\0';
}

/* Mapping may yield any ASCII character, '<' and '@' too: checked again. */
static char *map_domain(struct mem *mem, const char *address, struct err *err)
{
	const char *domain = strrchr(address, '@') + 1;
	char *ascii = NULL;
	int status = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL);

	if (status != IDN2_OK) {
		err_set_detail(err, ERR_INVALID_PARAMETER,
		    "the mail address has a domain that cannot be used",
		    idn2_strerror(status));
		return NULL;
	}

	char *envelope =
	    mem_printf(mem, "%.*s%s", (int)(domain - address), address, ascii);
	idn2_free(ascii);
	if (mime_address_valid(envelope))
		return envelope;
	err_set(err, ERR_INVALID_PARAMETER,
	    "the mail address has a domain that cannot be used");
	return NULL;
}

char *mime_envelope(struct mem *mem, const char *address, struct err *err)
{
	if (mime_address_valid(address))
		return is_ascii(address) ? mem_text(mem, address)
		                         : map_domain(mem, address, err);
	const char *local = mem_text_n(mem, address, strcspn(address, "@"));
	err_set(err, ERR_INVALID_PARAMETER,
	    is_ascii(local) ? "the mail address is malformed"
	                    : "the mail address needs SMTPUTF8 before its @");
	return NULL;
}

static bool value_valid(const char *value)
{
	uint32_t point = utf8_next(&value);

	while (point >= ' ' && point != 0x7f && point != UTF8_WRONG)
		point = utf8_next(&value);
	return point == 0;
}

static bool message_id_valid(const char *id)
{
	size_t left = dot_atom(id);

	return strnlen(id, 251) <= 250 && left && id[left] == '@' &&
	       dot_atom(id + left + 1) == strlen(id + left + 1) &&
	       id[left + 1] != '\0';
}

static bool refuse(struct err *err, const char *name)
{
	return err_set(err, ERR_INVALID_PARAMETER,
	    "the header '%s' has a value that cannot stand in a mail", name);
}

static void field_add(struct field *field, const char *text, size_t length)
{
	str_add_n(field->out, text, length);
	field->column += length;
}

static struct field field_begin(struct str *out, const char *name)
{
	struct field field = { out, 0 };

	field_add(&field, name, strlen(name));
	field_add(&field, ": ", 2);
	return field;
}

static void field_fold(struct field *field)
{
	str_add_n(field->out, "\r\n ", 3);
	field->column = 1;
}

/* The blank before a word of LENGTH, where the line may be folded. */
static void field_gap(struct field *field, size_t length)
{
	if (field->column + 1 + length > LINE_MAX_HEADER)
		field_fold(field);
	else
		field_add(field, " ", 1);
}

static void add_base64(struct field *field, const char *text, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "abcdefghijklmnopqrstuvwxyz0123456789+/=";
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t group = (uint32_t)bytes[i] << 16;
		group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		group |= left > 2 ? bytes[i + 2] : 0;
		char four[] = { digits[group >> 18], digits[group >> 12 & 63],
			digits[left > 1 ? group >> 6 & 63 : 64],
			digits[left > 2 ? group & 63 : 64] };
		field_add(field, four, sizeof(four));
	}
}

/* Behind the last whole character within SIZE bytes of TEXT. */
static const char *whole(const char *text, size_t size)
{
	const char *end = text;
	const char *next = text;

	while (utf8_next(&next) && (size_t)(next - text) <= size)
		end = next;
	return end;
}

static void add_encoded(struct field *field, const char *text)
{
	static const char begin[] = "=?UTF-8?B?";

	while (*text) {
		size_t room = LINE_MAX_HEADER - field->column - 12;
		const char *end = whole(text, room / 4 * 3);
		field_add(field, begin, strlen(begin));
		add_base64(field, text, (size_t)(end - text));
		field_add(field, "?=", 2);
		if (*end)
			field_fold(field);
		text = end;
	}
}

/* What looks like an encoded-word must itself be encoded. */
static bool is_plain(const char *text)
{
	return is_ascii(text) && !strstr(text, "=?");
}

static void add_name(struct field *field, const char *name)
{
	if (!is_plain(name) || strlen(name) > 60) {
		add_encoded(field, name);
		return;
	}
	field_add(field, "\"", 1);
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			field_add(field, "\\", 1);
		field_add(field, name, 1);
	}
	field_add(field, "\"", 1);
}

static bool add_mailbox(struct str *out, const char *name, const char *value,
    struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	struct mailbox mailbox;

	if (!value_valid(value) || !read_mailbox(mem, value, &mailbox))
		return refuse(err, name);

	char *address = mime_envelope(mem, mailbox.address, err);
	if (!address)
		return false;

	struct field field = field_begin(out, name);
	if (mailbox.name && *mailbox.name) {
		add_name(&field, mailbox.name);
		field_gap(&field, strlen(address) + 2);
		str_addf(out, "<%s>\r\n", address);
	} else {
		str_addf(out, "%s\r\n", address);
	}
	return true;
}

/* Single blanks between words that fit a line: folding changes nothing. */
static bool is_foldable(const char *text)
{
	size_t word = strcspn(text, " ");

	while (word && word <= 60 && text[word]) {
		text += word + 1;
		word = strcspn(text, " ");
	}
	return word && word <= 60;
}

static void add_words(struct field *field, const char *text)
{
	size_t word = strcspn(text, " ");

	field_add(field, text, word);
	while (text[word]) {
		text += word + 1;
		word = strcspn(text, " ");
		field_gap(field, word);
		field_add(field, text, word);
	}
}

static bool add_subject(struct str *out, const char *subject, struct err *err)
{
	if (!value_valid(subject))
		return refuse(err, "Subject");

	struct field field = field_begin(out, "Subject");
	if (is_plain(subject) && is_foldable(subject))
		add_words(&field, subject);
	else
		add_encoded(&field, subject);
	str_add(out, "\r\n");
	return true;
}

static bool add_headers(struct str *out, const struct mime_mail *mail,
    struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);

	if (!mime_address_valid(mail->to))
		return refuse(err, "To");
	if (!message_id_valid(mail->message_id))
		return refuse(err, "Message-ID");
	str_addf(out, "Date: %s\r\n", clock_print_mail(mem, mail->date_ms));
	if (!add_mailbox(out, "From", mail->from, err) ||
	    !add_mailbox(out, "To", mail->to, err))
		return false;
	if (mail->reply_to &&
	    !add_mailbox(out, "Reply-To", mail->reply_to, err))
		return false;
	if (!add_subject(out, mail->subject, err))
		return false;
	str_addf(out,
	    "Message-ID: <%s>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "MIME-Version: 1.0\r\n",
	    mail->message_id);
	return true;
}

static void add_part(struct str *out, const char *type, const char *text)
{
	str_addf(out,
	    "Content-Type: text/%s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n",
	    type);
	quoted_print(out, text);
}

/* The same for every attempt (FNV-1a); "=_" is never in quoted-printable. */
static char *print_boundary(struct mem *mem, const char *message_id)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *message_id; message_id++)
		hash = (hash ^ (unsigned char)*message_id) * 0x100000001b3;
	return mem_printf(mem, "=_%016" PRIx64, hash);
}

static void add_body(struct str *out, const struct mime_mail *mail)
{
	MEM_AUTO mem = mem_new(NULL);

	if (!mail->html) {
		add_part(out, "plain", mail->text);
		return;
	}

	char *boundary = print_boundary(mem, mail->message_id);
	str_addf(out,
	    "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n"
	    "--%s\r\n",
	    boundary, boundary);
	add_part(out, "plain",
	    mail->text ? mail->text : html_to_text(mem, mail->html));
	str_addf(out, "\r\n--%s\r\n", boundary);
	add_part(out, "html", mail->html);
	str_addf(out, "\r\n--%s--\r\n", boundary);
}

/* Headers and a tenth for the encoding; more is found when it is needed. */
static size_t likely_size(const struct mime_mail *mail)
{
	size_t text = mail->text ? strlen(mail->text) : 0;
	size_t html = mail->html ? strlen(mail->html) : 0;

	return (text + html) * 11 / 10 + 2048;
}

char *mime_print(struct mem *mem, const struct mime_mail *mail, size_t *length,
    struct err *err)
{
	struct str *out = str_new(mem, STR_LIMIT_LARGE);

	assert(mail->html || mail->text);
	str_secret(out);
	str_reserve(out, likely_size(mail));
	if (!add_headers(out, mail, err))
		return NULL;
	add_body(out, mail);
	if (str_full(out)) {
		err_set(err, ERR_INVALID_PARAMETER, "the mail is too long");
		return NULL;
	}
	*length = str_length(out);
	return str_take(out);
}
