/*
 * lead_form_of_fields() and lead_form_of_json() of any bytes: what has no faults is within its
 * bounds, and says the same again when it is sent again.
 */
#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"
#include "platform/lead_form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct lead_form *form)
{
	for (size_t i = 0; i < form->fault_count; i++)
		if (!*form->faults[i].reason ||
		    !str_is_utf8(form->faults[i].field, strlen(form->faults[i].field)))
			abort();
	if (form->fault_count)
		return;
	if (!form->name || !form->email || strpbrk(form->name, "\r\n\t") ||
	    strlen(form->email) > LEAD_MAX_EMAIL || strlen(form->name) > 4ul * LEAD_MAX_NAME ||
	    (form->message && strlen(form->message) > 4ul * LEAD_MAX_MESSAGE) ||
	    (form->phone && !phone_is_e164(form->phone)) ||
	    (form->call_back && (!form->phone || !form->consent)))
		abort();
}

static struct lead_form *send_again(const struct lead_form *form)
{
	auto_unref struct form *fields = form_new();

	form_add(fields, "name", form->name);
	form_add(fields, "email", form->email);
	form_add(fields, "phone", form->phone);
	form_add(fields, "company", form->company);
	form_add(fields, "message", form->message);
	form_add(fields, "consent", form->consent ? "on" : "");
	return lead_form_of_fields(fields);
}

static void check_again(const struct lead_form *form)
{
	auto_unref struct lead_form *again = NULL;

	if (form->fault_count)
		return;
	again = send_again(form);
	if (again->fault_count || !str_equal(form->name, again->name) ||
	    !str_equal(form->email, again->email) || !str_equal(form->phone, again->phone) ||
	    !str_equal(form->company, again->company) ||
	    !str_equal(form->message, again->message) || form->consent != again->consent)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_unref struct lead_form *of_json = NULL, *of_fields = NULL;
	auto_unref struct form *fields = NULL;
	auto_json json_t *body = NULL;

	if (!json_parse(&body, (const char *)data, size, NULL) && json_is_object(body)) {
		of_json = lead_form_of_json(body);
		check(of_json);
		check_again(of_json);
	}
	if (!form_parse(&fields, (const char *)data, size)) {
		of_fields = lead_form_of_fields(fields);
		check(of_fields);
		check_again(of_fields);
	}
	return 0;
}
