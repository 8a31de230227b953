#include "platform/lead_form.h"

#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"
#include "platform/email.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum kind { LINE, LINES, FLAG };

static const struct field {
	const char *name;
	enum kind kind;
	size_t offset;
	size_t most; /* characters */
	bool required;
	bool of_forms; /* JSON has none */
} fields[] = {
#define FIELD(name_) #name_
#define AT(name_)    offsetof(struct lead_form, name_)
	{FIELD(name), LINE, AT(name), LEAD_MAX_NAME, .required = true},
	{FIELD(email), LINE, AT(email), LEAD_MAX_EMAIL, .required = true},
	{FIELD(phone), LINE, AT(phone), LEAD_MAX_PHONE},
	{FIELD(company), LINE, AT(company), LEAD_MAX_COMPANY},
	{FIELD(message), LINES, AT(message), LEAD_MAX_MESSAGE},
	{FIELD(website), LINES, AT(website), LEAD_MAX_URL},
	{FIELD(tenant), LINE, AT(tenant), LEAD_MAX_TENANT},
	{FIELD(redirect), LINE, AT(redirect), LEAD_MAX_URL, .of_forms = true},
	{FIELD(consent), FLAG, AT(consent)},
	{FIELD(call_back), FLAG, AT(call_back)},
};

static void form_destroy(void *data)
{
	struct lead_form *form = data;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].kind != FLAG)
			mem_free(*(char **)((char *)form + fields[i].offset));
}

void lead_form_fault(struct lead_form *form, enum lead_fault_kind kind, const char *field,
		     const char *reason, ...)
{
	struct lead_fault *fault = &form->faults[form->fault_count];
	va_list ap;

	if (form->fault_count == LEAD_MAX_FAULTS)
		return;
	form->fault_count++;
	fault->kind = kind;
	str_copy(fault->field, sizeof(fault->field), field);
	va_start(ap, reason);
	vsnprintf(fault->reason, sizeof(fault->reason), reason, ap);
	va_end(ap);
}

/* ---- one field ---- */

static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

/* A line has no control characters; several have ends of lines and tabs. */
static bool has_control(const char *text, bool lines)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == 0x7f || (c < 0x20 && !(lines && (c == '\n' || c == '\r' || c == '\t'))))
			return true;
	}
	return false;
}

/* "\r\n" and "\r" become "\n". In place. */
static void join_lines(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (*in == '\r' && in[1] == '\n')
			continue;
		*out++ = *in;
		if (*in == '\r')
			out[-1] = '\n';
	}
	*out = '\0';
}

static void take_text(struct lead_form *form, const struct field *field, const char *given)
{
	auto_free char *copy = mem_strdup(given);
	const char *text;

	if (!str_is_utf8(copy, strlen(copy))) {
		lead_form_fault(form, LEAD_INVALID, field->name, "%s must be UTF-8.", field->name);
		return;
	}
	if (field->kind == LINES)
		join_lines(copy);
	text = str_trim(copy);
	if (count_characters(text) > field->most)
		lead_form_fault(form, LEAD_INVALID, field->name,
				"%s must have at most %zu characters.", field->name, field->most);
	else if (has_control(text, field->kind == LINES))
		lead_form_fault(form, LEAD_INVALID, field->name,
				"%s must not have control characters.", field->name);
	else if (*text)
		*(char **)((char *)form + field->offset) = mem_strdup(text);
}

static void take_flag(struct lead_form *form, const struct field *field, const char *given)
{
	bool *flag = (bool *)((char *)form + field->offset);

	if (*given && str_parse_bool(flag, given))
		lead_form_fault(form, LEAD_INVALID, field->name, "%s must be true or false.",
				field->name);
}

static const struct field *find_field(const char *name, bool of_forms)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (str_equal(fields[i].name, name) && (of_forms || !fields[i].of_forms))
			return &fields[i];
	return NULL;
}

static void unknown(struct lead_form *form, const char *name)
{
	bool sayable = str_is_utf8(name, strlen(name)) && !has_control(name, false) &&
		       strlen(name) < sizeof(form->faults[0].field);

	lead_form_fault(form, LEAD_UNKNOWN, sayable ? name : "",
			sayable ? "There is no field \"%s\"." : "There is a field too many.", name);
}

/* ---- all of them together ---- */

static bool has_fault(const struct lead_form *form, const char *field)
{
	for (size_t i = 0; i < form->fault_count; i++)
		if (str_equal(form->faults[i].field, field))
			return true;
	return false;
}

static void check_email(struct lead_form *form)
{
	char *clean = form->email ? email_clean(form->email) : NULL;

	if (form->email && !clean)
		lead_form_fault(form, LEAD_INVALID, "email", "email must be an email address.");
	mem_free(form->email);
	form->email = clean;
}

/* As people write them: "+1 (555) 010-0123", "0044 20 7946 0000". In place. */
static void bare_number(char *phone)
{
	char *out = phone;

	for (const char *in = phone; *in; in++)
		if (!strchr(" -./()", *in))
			*out++ = *in;
	*out = '\0';
	if (str_has_prefix(phone, "00") && phone[2]) {
		phone[0] = '+';
		memmove(phone + 1, phone + 2, strlen(phone + 2) + 1);
	}
}

static void check_phone(struct lead_form *form)
{
	if (!form->phone)
		return;
	bare_number(form->phone);
	if (!phone_is_e164(form->phone))
		lead_form_fault(form, LEAD_INVALID, "phone",
				"phone must be an international number, such as +15550100123.");
}

static void check_call_back(struct lead_form *form)
{
	if (!form->call_back)
		return;
	if (!form->phone && !has_fault(form, "phone"))
		lead_form_fault(form, LEAD_MISSING, "phone", "phone is required for a call back.");
	if (!form->consent && !has_fault(form, "consent"))
		lead_form_fault(form, LEAD_MISSING, "consent",
				"consent is required for a call back.");
}

static struct lead_form *check(struct lead_form *form)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].required && !*(char **)((char *)form + fields[i].offset) &&
		    !has_fault(form, fields[i].name))
			lead_form_fault(form, LEAD_MISSING, fields[i].name, "%s is required.",
					fields[i].name);
	check_email(form);
	check_phone(form);
	check_call_back(form);
	return form;
}

/* ---- where they come from ---- */

static void take_member(struct lead_form *form, const struct field *field, const json_t *value)
{
	if (json_is_null(value))
		return;
	if (field->kind == FLAG && json_is_boolean(value))
		*(bool *)((char *)form + field->offset) = json_is_true(value);
	else if (field->kind == FLAG)
		lead_form_fault(form, LEAD_INVALID, field->name, "%s must be true or false.",
				field->name);
	else if (json_is_string(value))
		take_text(form, field, json_string_value(value));
	else
		lead_form_fault(form, LEAD_INVALID, field->name, "%s must be a string.",
				field->name);
}

struct lead_form *lead_form_of_json(const json_t *body)
{
	struct lead_form *form = mem_new(sizeof(*form), form_destroy);
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)body, name, value)
	{
		const struct field *field = find_field(name, false);

		if (field)
			take_member(form, field, value);
		else
			unknown(form, name);
	}
	return check(form);
}

static bool came_before(const struct form *given, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (str_equal(form_name(given, i), form_name(given, index)))
			return true;
	return false;
}

struct lead_form *lead_form_of_fields(const struct form *given)
{
	struct lead_form *form = mem_new(sizeof(*form), form_destroy);

	for (size_t i = 0; i < form_count(given) && form->fault_count < LEAD_MAX_FAULTS; i++) {
		const char *name = form_name(given, i);
		const struct field *field = find_field(name, true);

		if (!field)
			unknown(form, name);
		else if (came_before(given, i))
			lead_form_fault(form, LEAD_INVALID, name, "%s comes twice.", name);
		else if (field->kind == FLAG)
			take_flag(form, field, form_value(given, i));
		else
			take_text(form, field, form_value(given, i));
	}
	return check(form);
}
