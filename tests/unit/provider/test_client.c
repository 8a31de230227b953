/*
 * Protects: what the vendors' clients send and how they take answers: the fields on the wire, which
 * failures are tried again and which never, and what a caller is told. The vendor is a server in
 * this process.
 */
#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/loop.h"
#include "provider/openai_analysis.h"
#include "provider/twilio.h"
#include "provider/ultravox.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { MAX_ANSWERS = 8, WAIT_MS = 8000 };

struct answer {
	int status;
	const char *body;
	const char *header; /* "Name" of an extra header, or NULL */
	const char *value;
};

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct twilio *twilio;
	struct ultravox *ultravox;
	struct openai *openai;
	const struct answer *answers; /* the last one is repeated */
	size_t answer_count;
	size_t requests;
	char target[512];
	char auth[256];
	char key[128];
	char *body;
	bool done;
	int err;
	int64_t code;
	bool unknown;
	char reason[PROVIDER_REASON_SIZE];
	struct twilio_call call;
	char join_url[128];
	char session[ULTRAVOX_ID_SIZE];
	size_t messages;
	enum openai_outcome outcome;
	bool again;
	char summary[128];
};

static void vendor(struct http_request *req, void *arg)
{
	struct fixture *f = arg;
	size_t index = f->requests < f->answer_count ? f->requests : f->answer_count - 1;
	const struct answer *answer = &f->answers[index];
	const char *auth = http_request_header(req, "authorization");
	const char *key = http_request_header(req, "x-api-key");
	size_t len;
	const char *body = http_request_body(req, &len);

	f->requests++;
	str_copy(f->target, sizeof(f->target), http_request_target(req));
	str_copy(f->auth, sizeof(f->auth), auth ? auth : "");
	str_copy(f->key, sizeof(f->key), key ? key : "");
	mem_free(f->body);
	f->body = mem_strndup(body, len);
	if (answer->header)
		http_reply_header(req, answer->header, answer->value);
	http_reply(req, answer->status, "application/json", answer->body, strlen(answer->body));
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct http_server_conf conf = {.service = "vendor"};
	auto_free char *base = NULL, *api = NULL;

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop, &conf));
	for (size_t i = 0; i < 2; i++) {
		static const char *const methods[] = {"GET", "POST"};

		http_server_route(f->server, methods[i], "/2010-04-01/Accounts/{a}/{b}", vendor, f);
		http_server_route(f->server, methods[i], "/2010-04-01/Accounts/{a}/Calls/{b}",
				  vendor, f);
		http_server_route(f->server, methods[i], "/api/{b}", vendor, f);
		http_server_route(f->server, methods[i], "/api/calls/{b}", vendor, f);
		http_server_route(f->server, methods[i], "/api/calls/{b}/{c}", vendor, f);
		http_server_route(f->server, methods[i], "/api/chat/completions", vendor, f);
	}
	f->client = http_client_new(f->loop);
	base = mem_printf("http://127.0.0.1:%u", http_server_port(f->server));
	api = mem_printf("%s/api", base);
	assert_int_equal(0, twilio_new(&f->twilio, f->loop, f->client,
				       &(struct twilio_conf){.api_url = base,
							     .account_sid = "AC1",
							     .auth_token = "secret"}));
	assert_int_equal(0,
			 ultravox_new(&f->ultravox, f->loop, f->client,
				      &(struct ultravox_conf){.api_url = api, .api_key = "k.1"}));
	assert_int_equal(0, openai_new(&f->openai, f->loop, f->client,
				       &(struct openai_conf){.api_url = api,
							     .api_key = "sk-1",
							     .model = "m",
							     .max_tokens_field = "max_tokens"}));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->twilio);
	mem_unref(f->ultravox);
	mem_unref(f->openai);
	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->loop);
	mem_free(f->body);
	mem_free(f);
	return 0;
}

#define ANSWER(f_, ...)                                                \
	do {                                                           \
		static const struct answer answers_[] = {__VA_ARGS__}; \
		(f_)->answers = answers_;                              \
		(f_)->answer_count = ARRAY_LEN(answers_);              \
	} while (0)

static void wait_done(struct fixture *f)
{
	uint64_t end = loop_now_ms(f->loop) + WAIT_MS;

	while (!f->done && loop_now_ms(f->loop) < end)
		loop_run_once(f->loop, 50);
	assert_true(f->done);
	f->done = false;
}

static void note(struct fixture *f, const struct provider_result *result)
{
	f->done = true;
	f->err = result->err;
	f->code = result->code;
	f->unknown = result->unknown;
	str_copy(f->reason, sizeof(f->reason), result->reason);
}

static void on_call(const struct provider_result *result, const struct twilio_call *call, void *arg)
{
	struct fixture *f = arg;

	note(f, result);
	if (call)
		f->call = *call;
}

static void create(struct fixture *f)
{
	static const struct twilio_call_params params = {
		.to = "+15551234567",
		.from = "+15550100000",
		.url = "https://us.example/connect/1?a=b&c=d",
		.status_callback = "https://us.example/status/1",
		.record = true,
		.recording_callback = "https://us.example/recording/1",
		.ring_timeout_s = 45,
		.time_limit_s = 600,
	};

	assert_int_equal(0, twilio_call_create(NULL, f->twilio, &params, on_call, f));
	wait_done(f);
}

#define QUEUED "{\"sid\":\"CA0123\",\"status\":\"queued\",\"duration\":null,\"price\":null}"

static void twilio_create_says_everything(void **state)
{
	static const char *const expected[][2] = {
		{"To", "+15551234567"},
		{"From", "+15550100000"},
		{"Url", "https://us.example/connect/1?a=b&c=d"},
		{"Timeout", "45"},
		{"TimeLimit", "600"},
		{"Record", "true"},
		{"RecordingChannels", "dual"},
		{"RecordingStatusCallback", "https://us.example/recording/1"},
	};
	struct fixture *f = *state;
	auto_unref struct form *form = NULL;
	size_t events = 0;

	ANSWER(f, {201, QUEUED});
	create(f);
	assert_int_equal(0, f->err);
	assert_string_equal("CA0123", f->call.sid);
	assert_string_equal("queued", f->call.status);
	assert_int_equal(-1, f->call.duration_s);
	assert_string_equal("/2010-04-01/Accounts/AC1/Calls.json", f->target);
	assert_string_equal("Basic QUMxOnNlY3JldA==", f->auth);
	assert_non_null(strstr(f->body, "To=%2B15551234567"));
	assert_int_equal(0, form_parse(&form, f->body, strlen(f->body)));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_string_equal(expected[i][1], form_get(form, expected[i][0]));
	for (size_t i = 0; i < form_count(form); i++)
		events += str_equal(form_name(form, i), "StatusCallbackEvent");
	assert_int_equal(4, events);
}

static void twilio_429_is_tried_again(void **state)
{
	struct fixture *f = *state;

	ANSWER(f, {429, "{\"code\":20429,\"message\":\"Too Many Requests\",\"status\":429}"},
	       {201, QUEUED});
	create(f);
	assert_int_equal(0, f->err);
	assert_int_equal(2, f->requests);
}

static void twilio_create_is_never_repeated_after_it_may_have_worked(void **state)
{
	struct fixture *f = *state;

	ANSWER(f, {502, "<html>Bad Gateway</html>"});
	create(f);
	assert_int_equal(-EREMOTEIO, f->err);
	assert_true(f->unknown);
	assert_int_equal(1, f->requests);
}

static void twilio_errors_are_told_in_both_shapes(void **state)
{
	struct fixture *f = *state;

	ANSWER(f,
	       {400,
		"{\"code\":21211,\"message\":\"Invalid 'To'\",\"more_info\":\"x\",\"status\":400}"},
	       {404,
		"{\"type\":\"about:blank\",\"title\":\"Not found\",\"status\":404,\"code\":20404,"
		"\"detail\":\"no such call\"}"},
	       {401, "not JSON"}, {201, "[]"});
	create(f);
	assert_int_equal(-EINVAL, f->err);
	assert_int_equal(TWILIO_CODE_INVALID_TO, f->code);
	assert_false(f->unknown);
	assert_string_equal("twilio answered 400, code 21211: Invalid 'To'", f->reason);
	create(f);
	assert_int_equal(-ENOENT, f->err);
	assert_string_equal("twilio answered 404, code 20404: no such call", f->reason);
	create(f);
	assert_int_equal(-EACCES, f->err);
	assert_string_equal("twilio answered 401", f->reason);
	create(f);
	assert_int_equal(-EBADMSG, f->err);
	assert_true(f->unknown);
}

static void twilio_refuses_sids_and_urls_that_are_not(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(-EINVAL, twilio_call_fetch(NULL, f->twilio, "../x", on_call, f));
	assert_int_equal(-EINVAL, twilio_call_fetch(NULL, f->twilio, "", on_call, f));
	assert_int_equal(-EINVAL, twilio_call_fetch(NULL, f->twilio, NULL, on_call, f));
	/* Our credentials go nowhere else. */
	assert_int_equal(-EINVAL,
			 twilio_recording_download(NULL, f->twilio, "http://evil.example/RE1",
						   "/dev/null", NULL, NULL));
	assert_int_equal(0, f->requests);
}

static void a_released_request_is_silent(void **state)
{
	struct fixture *f = *state;
	struct provider_request *request;

	ANSWER(f, {201, QUEUED});
	assert_int_equal(0, twilio_call_fetch(&request, f->twilio, "CA1", on_call, f));
	mem_unref(request);
	for (int i = 0; i < 20; i++)
		loop_run_once(f->loop, 5);
	assert_false(f->done);
}

/* ---- Ultravox ---- */

static void on_session(const struct provider_result *result, const struct ultravox_call *call,
		       void *arg)
{
	struct fixture *f = arg;

	note(f, result);
	if (!call)
		return;
	str_copy(f->join_url, sizeof(f->join_url), call->join_url);
	str_copy(f->session, sizeof(f->session), call->id);
}

#define SESSION "{\"callId\":\"u-1\",\"joinUrl\":\"wss://v/1\",\"joined\":null,\"endReason\":null}"

static void ultravox_create_says_everything(void **state)
{
	struct fixture *f = *state;
	auto_json json_t *metadata = json_pack("{s:s}", "call_id", "c-1");
	auto_json json_t *body = NULL;
	struct ultravox_call_params params = {
		.system_prompt = "Be \"kind\".",
		.model = "flow/appointment",
		.temperature = -1,
		.first_message = "Hello?",
		.callee_first = true,
		.first_delay_ms = 1500,
		.join_timeout_s = 105,
		.max_duration_s = 600,
		.metadata = metadata,
		.data_url = "wss://us.example/data/1",
		.data_secret = "0123456789abcdef",
		.callback_url = "https://us.example/events",
		.callback_secret = "s",
	};

	ANSWER(f, {201, SESSION});
	assert_int_equal(0, ultravox_call_create(NULL, f->ultravox, &params, on_session, f));
	wait_done(f);
	assert_int_equal(0, f->err);
	assert_string_equal("wss://v/1", f->join_url);
	assert_string_equal("/api/calls", f->target);
	assert_string_equal("k.1", f->key);
	assert_int_equal(0, json_parse(&body, f->body, strlen(f->body), NULL));
	assert_string_equal("105s", json_get_str(body, "joinTimeout", ""));
	assert_string_equal("600s", json_get_str(body, "maxDuration", ""));
	assert_null(json_object_get(body, "temperature"));
	assert_null(json_object_get(body, "voice"));
	{
		json_t *fallback = json_object_get(
			json_object_get(json_object_get(body, "firstSpeakerSettings"), "user"),
			"fallback");

		assert_string_equal("1.5s", json_get_str(fallback, "delay", ""));
		assert_string_equal("Hello?", json_get_str(fallback, "text", ""));
	}
	assert_string_equal(
		"0123456789abcdef",
		json_string_value(json_array_get(json_object_get(body, "sharedSecrets"), 0)));
	assert_non_null(json_object_get(json_object_get(body, "callbacks"), "joined"));
}

static void ultravox_429_waits_as_asked(void **state)
{
	struct fixture *f = *state;
	struct ultravox_call_params params = {.temperature = 0};
	uint64_t before = loop_now_ms(f->loop);

	ANSWER(f, {429, "{\"detail\":\"slow down\"}", "Retry-After", "1"}, {201, SESSION});
	assert_int_equal(0, ultravox_call_create(NULL, f->ultravox, &params, on_session, f));
	wait_done(f);
	assert_int_equal(0, f->err);
	assert_int_equal(2, f->requests);
	assert_true(loop_now_ms(f->loop) - before >= 1000);
}

static void ultravox_asking_for_too_much_patience_is_told(void **state)
{
	struct fixture *f = *state;

	ANSWER(f, {503, "{\"detail\":\"no capacity\"}", "Retry-After", "3600"});
	assert_int_equal(0, ultravox_call_get(NULL, f->ultravox, "u-1", on_session, f));
	wait_done(f);
	assert_int_equal(-EAGAIN, f->err);
	assert_int_equal(1, f->requests);
	assert_string_equal("ultravox answered 503: no capacity", f->reason);
}

static void ultravox_field_errors_are_told(void **state)
{
	struct fixture *f = *state;

	ANSWER(f, {400, "{\"voice\":[\"Unknown voice.\"]}"});
	assert_int_equal(0, ultravox_call_get(NULL, f->ultravox, "u-1", on_session, f));
	wait_done(f);
	assert_string_equal("ultravox answered 400: voice: Unknown voice.", f->reason);
}

static void durations_are_strings(void **state)
{
	double seconds;

	assert_int_equal(0, ultravox_duration_parse(&seconds, "5.5s"));
	assert_float_equal(5.5, seconds, 1e-9);
	assert_int_equal(0, ultravox_duration_parse(&seconds, "60s"));
	assert_int_equal(-EINVAL, ultravox_duration_parse(&seconds, "60"));
	assert_int_equal(-EINVAL, ultravox_duration_parse(&seconds, "s"));
	assert_int_equal(-EINVAL, ultravox_duration_parse(&seconds, "1h"));
	assert_int_equal(-EINVAL, ultravox_duration_parse(&seconds, NULL));
	assert_int_equal(-EINVAL, ultravox_duration_parse(&seconds, "0x1ps"));
}

/* ---- OpenAI ---- */

static void on_analysis(const struct openai_summary *summary, const struct openai_verdict *verdict,
			void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->outcome = verdict->outcome;
	f->again = verdict->again;
	str_copy(f->reason, sizeof(f->reason), verdict->reason);
	str_copy(f->summary, sizeof(f->summary), summary ? summary->summary : "");
}

#define CHOICE(finish_, content_)                                     \
	"{\"model\":\"m-1\",\"choices\":[{\"finish_reason\":" finish_ \
	",\"message\":{\"content\":" content_ ",\"refusal\":null}}]}"
#define GOOD                                                                        \
	"\"{\\\"summary\\\":\\\"Fine.\\\",\\\"key_topics\\\":[],\\\"sentiment\\\":" \
	"\\\"neutral\\\","                                                          \
	"\\\"action_items\\\":[],\\\"conversation_highlights\\\":[\\\"x\\\"]}\""

static void analyse(struct fixture *f)
{
	struct openai_analysis *analysis;

	f->requests = 0;
	assert_int_equal(0, openai_analyse(&analysis, f->openai, "agent: Hello\nuser: Hi\n",
					   on_analysis, f));
	wait_done(f);
	mem_unref(analysis);
}

static void openai_request_is_strict_and_carries_the_transcript(void **state)
{
	struct fixture *f = *state;
	auto_json json_t *body = NULL;
	const json_t *format;

	ANSWER(f, {200, CHOICE("\"stop\"", GOOD)});
	analyse(f);
	assert_int_equal(OPENAI_OK, f->outcome);
	assert_string_equal("Fine.", f->summary);
	assert_string_equal("Bearer sk-1", f->auth);
	assert_int_equal(0, json_parse(&body, f->body, strlen(f->body), NULL));
	assert_true(json_get_int(body, "max_tokens", 0) > 0);
	format = json_object_get(json_object_get(body, "response_format"), "json_schema");
	assert_true(json_get_bool(format, "strict", false));
	assert_int_equal(
		5, json_array_size(json_object_get(json_object_get(format, "schema"), "required")));
	assert_non_null(strstr(f->body, "user: Hi"));
	assert_non_null(strstr(f->body, "conversation_highlights"));
}

struct outcome_row {
	struct answer answers[3];
	size_t count;
	enum openai_outcome outcome;
	size_t requests;
	bool again;
};

static void openai_decision_table(void **state)
{
	static const struct outcome_row rows[] = {
		{{{200, "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":null,"
			"\"refusal\":\"no\"}}]}"}},
		 1,
		 OPENAI_REFUSED,
		 1,
		 false},
		{{{200, CHOICE("\"content_filter\"", "\"\"")}}, 1, OPENAI_FILTERED, 1, false},
		{{{200, CHOICE("\"length\"", "\"{\"")}}, 1, OPENAI_TRUNCATED, 2, false},
		{{{200, CHOICE("\"length\"", "\"{\"")}, {200, CHOICE("null", GOOD)}},
		 2,
		 OPENAI_OK,
		 2,
		 false},
		{{{200, CHOICE("\"stop\"", "\"Sure!\"")}}, 1, OPENAI_INVALID, 2, false},
		{{{200, CHOICE("\"stop\"", "\"{}\"")}, {200, CHOICE("\"stop\"", GOOD)}},
		 2,
		 OPENAI_OK,
		 2,
		 false},
		{{{200, "{\"choices\":[]}"}}, 1, OPENAI_FAILED, 1, true},
		{{{401, "{\"error\":{\"message\":\"x\",\"code\":\"invalid_api_key\"}}"}},
		 1,
		 OPENAI_FAILED,
		 1,
		 false},
		{{{400, "{\"error\":\"just text\"}"}}, 1, OPENAI_FAILED, 1, false},
		{{{429, "{\"error\":{\"message\":\"x\",\"code\":\"insufficient_quota\"}}"}},
		 1,
		 OPENAI_FAILED,
		 1,
		 false},
		{{{503, "{}", "retry-after-ms", "5"}, {200, CHOICE("\"stop\"", GOOD)}},
		 2,
		 OPENAI_OK,
		 2,
		 false},
		{{{400, "{}", "x-should-retry", "true"}, {200, CHOICE("\"stop\"", GOOD)}},
		 2,
		 OPENAI_OK,
		 2,
		 false},
		{{{500, "{}", "x-should-retry", "false"}}, 1, OPENAI_FAILED, 1, true},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		f->answers = rows[i].answers;
		f->answer_count = rows[i].count;
		analyse(f);
		if (f->outcome != rows[i].outcome || f->requests != rows[i].requests ||
		    f->again != rows[i].again)
			fail_msg("row %zu: outcome %d, %zu requests, again %d (%s)", i, f->outcome,
				 f->requests, f->again, f->reason);
	}
}

static void openai_object_is_found_in_what_models_write(void **state)
{
	static const char *const texts[] = {"{\"a\":1}",
					    "  {\"a\":1}\n",
					    "```json\n{\"a\":1}\n```",
					    "```\n{\"a\":1}\n```",
					    "<think>\n{ not this }\n</think>\n{\"a\":1}",
					    "<think>x</think>```json\n{\"a\":1}\n```"};
	static const char *const bad[] = {
		"", "[1]", "1", "{", "```", "<think>{\"a\":1}", "{\"a\":1} {}"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		auto_json json_t *object = NULL;

		assert_int_equal(0, openai_parse_object(&object, texts[i]));
		assert_int_equal(1, json_get_int(object, "a", 0));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		json_t *object = NULL;

		assert_int_equal(-EBADMSG, openai_parse_object(&object, bad[i]));
	}
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(twilio_create_says_everything),
		TEST(twilio_429_is_tried_again),
		TEST(twilio_create_is_never_repeated_after_it_may_have_worked),
		TEST(twilio_errors_are_told_in_both_shapes),
		TEST(twilio_refuses_sids_and_urls_that_are_not),
		TEST(a_released_request_is_silent),
		TEST(ultravox_create_says_everything),
		TEST(ultravox_429_waits_as_asked),
		TEST(ultravox_asking_for_too_much_patience_is_told),
		TEST(ultravox_field_errors_are_told),
		TEST(durations_are_strings),
		TEST(openai_request_is_strict_and_carries_the_transcript),
		TEST(openai_decision_table),
		TEST(openai_object_is_found_in_what_models_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
