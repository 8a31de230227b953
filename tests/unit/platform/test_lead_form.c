/*
 * Protects: what a visitor's form may say. Every field has its bounds, everything that is wrong is
 * said with its field, and JSON and a browser's form mean the same.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "platform/lead_form.h"
#include "platform/lead_settings.h"

#include <stdio.h>
#include <string.h>

static struct lead_form *of_json(const char *text)
{
	auto_json json_t *body = NULL;

	assert_int_equal(0, json_parse(&body, text, strlen(text), NULL));
	return lead_form_of_json(body);
}

static struct lead_form *of_fields(const char *text)
{
	auto_unref struct form *fields = NULL;

	assert_int_equal(0, form_parse(&fields, text, strlen(text)));
	return lead_form_of_fields(fields);
}

/* "field:kind field:kind ", in the order in which they are said. */
static const char *faults_of(const struct lead_form *form)
{
	static const char *const kinds[] = {"missing", "invalid", "unknown"};
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < form->fault_count; i++) {
		const struct lead_fault *fault = &form->faults[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s:%s ", fault->field,
			 kinds[fault->kind]);
		assert_string_not_equal("", fault->reason);
	}
	return text;
}

#define WHO "\"name\":\"Ada\",\"email\":\"ada@example.com\""

static void json_says_what_is_wrong(void **state)
{
	static const struct {
		const char *body, *faults;
	} rows[] = {
		{"{" WHO "}", ""},
		{"{" WHO ",\"phone\":null,\"company\":\"\",\"website\":null,\"consent\":null}", ""},
		{"{}", "name:missing email:missing "},
		{"{\"name\":\" \",\"email\":\"x\"}", "name:missing email:invalid "},
		{"{\"name\":1,\"email\":[]}", "name:invalid email:invalid "},
		{"{\"name\":\"a\\u0007b\",\"email\":\"a@b\"}", "name:invalid "},
		{"{" WHO ",\"message\":\"a\\u0000b\"}", NULL},
		{"{" WHO ",\"message\":\"a\\u0001b\"}", "message:invalid "},
		{"{" WHO ",\"message\":\"a\\n\\tb\"}", ""},
		{"{" WHO ",\"company\":\"a\\nb\"}", "company:invalid "},
		{"{" WHO ",\"phone\":\"+0123456789\"}", "phone:invalid "},
		{"{" WHO ",\"phone\":\"00\"}", "phone:invalid "},
		{"{" WHO ",\"phone\":\"+1555abc0100\"}", "phone:invalid "},
		{"{" WHO ",\"call_back\":true}", "phone:missing consent:missing "},
		{"{" WHO ",\"call_back\":true,\"phone\":\"1\"}", "phone:invalid consent:missing "},
		{"{" WHO ",\"call_back\":true,\"consent\":true,\"phone\":\"+15550100123\"}", ""},
		{"{" WHO ",\"call_back\":1,\"consent\":\"true\"}",
		 "call_back:invalid consent:invalid "},
		{"{" WHO ",\"colour\":1,\"redirect\":\"https://x\"}",
		 "colour:unknown redirect:unknown "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_json json_t *body = NULL;
		auto_unref struct lead_form *form = NULL;
		int err = json_parse(&body, rows[i].body, strlen(rows[i].body), NULL);

		assert_int_equal(!rows[i].faults, err != 0); /* a NUL is no JSON here */
		if (err)
			continue;
		form = lead_form_of_json(body);
		print_message("%s\n", rows[i].body);
		assert_string_equal(rows[i].faults, faults_of(form));
	}
}

static void a_form_says_what_is_wrong(void **state)
{
	static const struct {
		const char *body, *faults;
	} rows[] = {
		{"name=Ada&email=ada%40example.com", ""},
		{"name=Ada&email=ada%40example.com&phone=&company=&consent=&website=&redirect=",
		 ""},
		{"", "name:missing email:missing "},
		{"name=Ada&email=a%40b&consent=maybe", "consent:invalid "},
		{"name=Ada&name=Eve&email=a%40b", "name:invalid "},
		{"name=%ff&email=a%40b", "name:invalid "},
		{"name=A%0aB&email=a%40b", "name:invalid "},
		{"name=Ada&email=a%40b&%01=1&x%ff=1&=1", ":unknown :unknown :unknown "},
		{"name=Ada&email=a%40b&redirect=https%3A%2F%2Fx", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_unref struct lead_form *form = of_fields(rows[i].body);

		print_message("%s\n", rows[i].body);
		assert_string_equal(rows[i].faults, faults_of(form));
	}
}

static void values_are_cleaned(void **state)
{
	auto_unref struct lead_form *form =
		of_fields("name=+Ada++&email=+ADA%40Example.COM&phone=+0044+(20)+7946-0000&"
			  "message=one%0d%0atwo%0dthree%0a&consent=On&call_back=1&company=%20");

	assert_string_equal("", faults_of(form));
	assert_string_equal("Ada", form->name);
	assert_string_equal("ada@example.com", form->email);
	assert_string_equal("+442079460000", form->phone);
	assert_string_equal("one\ntwo\nthree", form->message);
	assert_null(form->company);
	assert_true(form->consent && form->call_back);
}

/* Of characters, not bytes: what a browser's maxlength lets through. */
static void a_field_has_its_most(void **state)
{
	struct buf auto_buf body = {0};

	for (size_t count = LEAD_MAX_NAME; count <= LEAD_MAX_NAME + 1; count++) {
		auto_unref struct lead_form *form = NULL;

		buf_clear(&body);
		buf_append_str(&body, "{\"email\":\"a@b\",\"name\":\"");
		for (size_t i = 0; i < count; i++)
			buf_append_str(&body, "\xc3\xa9");
		buf_append_str(&body, "\"}");
		form = of_json(buf_str(&body));
		assert_string_equal(count > LEAD_MAX_NAME ? "name:invalid " : "", faults_of(form));
	}
}

static void faults_have_their_most(void **state)
{
	struct buf auto_buf body = {0};
	auto_unref struct lead_form *form = NULL;

	for (size_t i = 0; i < 500; i++)
		buf_printf(&body, "f%zu=1&", i);
	form = of_fields(buf_str(&body));
	assert_int_equal(LEAD_MAX_FAULTS, form->fault_count);
}

/* ---- settings ---- */

#define SETTINGS(leads_) "{\"brand\":{},\"leads\":" leads_ "}"

static void settings_that_make_no_sense_switch_leads_off(void **state)
{
	static const char *const bad[] = {
		NULL,
		"",
		"{}",
		"[]",
		SETTINGS("null"),
		SETTINGS("[]"),
		SETTINGS("{}"),
		SETTINGS("{\"enabled\":1}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":\"https://a.example\"}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":[\"https://a.example\",\"*\"]}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":[\"https://a.example/x\"]}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":[\"https://u@a.example\"]}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":[\"ftp://a.example\"]}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":[\"https://a.example?x\"]}"),
		SETTINGS("{\"enabled\":true,\"allowed_origins\":[7]}"),
		SETTINGS("{\"enabled\":true,\"call_back_agent\":\"../x\"}"),
		SETTINGS("{\"enabled\":true,\"call_backs_per_day\":-1}"),
		SETTINGS("{\"enabled\":true,\"collapse_minutes\":1441}"),
		SETTINGS("{\"enabled\":true,\"other\":1}"),
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_unref struct lead_settings *settings = lead_settings_of(bad[i]);

		assert_false(settings->enabled);
		assert_false(lead_settings_allow(settings, "https://a.example"));
		assert_false(lead_settings_allow_url(settings, "https://a.example/"));
	}
}

static void origins_are_compared_as_browsers_write_them(void **state)
{
	static const char text[] = SETTINGS("{\"enabled\":true,\"allowed_origins\":"
					    "[\"https://A.example\",\"http://b.example:80/\","
					    "\"http://[::1]:3000\"],\"call_back_agent\":null}");
	static const struct {
		const char *url;
		bool origin, target;
	} rows[] = {
		{"https://a.example", true, true},
		{"http://a.example", false, false},
		{"https://a.example:444", false, false},
		{"http://b.example", true, true},
		{"http://[::1]:3000", true, true},
		{"null", false, false},
		{"", false, false},
		{"https://a.example/thanks?x=https://evil.example#y", false, true},
		{"https://a.example.evil.example/", false, false},
		{"https://a.example@evil.example/", false, false},
		{"https://evil.example\\@a.example/", false, false},
		{"https://evil.example/@a.example", false, false},
		{"//a.example/", false, false},
		{"/thanks", false, false},
		{"javascript:alert(1)//https://a.example", false, false},
		{"https://a.example\r\nSet-Cookie: x", false, false},
	};
	auto_unref struct lead_settings *settings = lead_settings_of(text);

	assert_true(settings->enabled);
	assert_int_equal(50, settings->call_backs_per_day);
	assert_int_equal(10, settings->collapse_minutes);
	assert_false(lead_settings_allow(settings, NULL));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].url);
		assert_int_equal(rows[i].origin, lead_settings_allow(settings, rows[i].url));
		assert_int_equal(rows[i].target, lead_settings_allow_url(settings, rows[i].url));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_says_what_is_wrong),
		cmocka_unit_test(a_form_says_what_is_wrong),
		cmocka_unit_test(values_are_cleaned),
		cmocka_unit_test(a_field_has_its_most),
		cmocka_unit_test(faults_have_their_most),
		cmocka_unit_test(settings_that_make_no_sense_switch_leads_off),
		cmocka_unit_test(origins_are_compared_as_browsers_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
