/*
 * Protects the dialogue of a language model against what servers send: streams split anywhere,
 * errors in the middle, missing ends, thoughts, answers that do not stream, retries; and that an
 * interrupted answer is remembered as far as it was heard. The server is a real one in this
 * process.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/dialog.h"
#include "engine/sse.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/loop.h"

#include <stdio.h>
#include <string.h>

struct fixture {
	struct loop *loop;
	struct http_client *client;
	struct http_server *server;
	struct dialog *dialog;
	const char *bodies[8]; /* one an answer; the last repeats */
	int statuses[8];
	size_t answers, asked;
	json_t *requests;
	struct buf said;
	int turns;
	bool hang_up;
};

static void answer(struct http_request *req, void *arg)
{
	struct fixture *f = arg;
	size_t len, i = f->asked < f->answers ? f->asked : f->answers - 1;
	const char *body = http_request_body(req, &len);
	json_t *json = NULL;

	f->asked++;
	assert_int_equal(0, json_parse(&json, body, len, NULL));
	json_array_append_new(f->requests, json);
	http_reply(req, f->statuses[i] ? f->statuses[i] : 200, "text/event-stream", f->bodies[i],
		   strlen(f->bodies[i]));
}

static void on_say(const char *text, void *arg)
{
	struct fixture *f = arg;

	buf_printf(&f->said, "%s|", text);
}

static void on_turn(bool hang_up, const char *reason, void *arg)
{
	struct fixture *f = arg;

	f->turns++;
	f->hang_up = hang_up;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct http_server_conf conf = {.service = "test"};

	f->loop = loop_new();
	f->client = http_client_new(f->loop);
	f->requests = json_array();
	assert_int_equal(0, http_server_new(&f->server, f->loop, &conf));
	http_server_route(f->server, "POST", "/v1/chat/completions", answer, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->dialog);
	mem_unref(f->server);
	mem_unref(f->client);
	mem_unref(f->loop);
	json_decref(f->requests);
	buf_free(&f->said);
	mem_free(f);
	return 0;
}

static void open_dialog(struct fixture *f)
{
	static const struct dialog_handlers handlers = {.sayh = on_say, .turnh = on_turn};
	auto_free char *url = mem_printf("http://127.0.0.1:%d/v1/", http_server_port(f->server));
	struct dialog_conf conf = {.model = "m", .system_prompt = "Be kind.", .call_id = "c"};
	char error[256];

	assert_int_equal(0, dialog_llm_new(&f->dialog, f->loop, f->client, url, "key", &conf,
					   &handlers, f, error));
}

static void hear(struct fixture *f, const char *text)
{
	struct dialog_input input = {.text = text, .confidence = 1};
	int turns = f->turns;

	f->dialog->ops->hear(f->dialog, &input);
	assert_int_equal(turns, f->turns); /* nothing before hear() has returned */
	for (int i = 0; i < 500 && f->turns == turns; i++)
		loop_run_once(f->loop, 20);
	assert_int_equal(turns + 1, f->turns);
}

static void answers_are_read_whatever_their_form(void **state)
{
	static const struct {
		const char *body, *said;
	} cases[] = {
		{"data: {\"choices\":[{\"delta\":{\"content\":\"Hi. Yo\"}}]}\n\n"
		 "data: {\"choices\":[{\"delta\":{\"content\":\"u?\"}}]}\n\ndata: [DONE]\n\n",
		 "Hi.|You?|"},
		{": hello\r\ndata:{\"choices\":[{\"delta\":{\"content\":\"Crlf.\"},"
		 "\"finish_reason\":\"stop\"}]}\r\n\r\n",
		 "Crlf.|"},
		{"data: {\"choices\":[{\"delta\":{\"content\":\"<thi\"}}]}\n\n"
		 "data: {\"choices\":[{\"delta\":{\"content\":\"nk>Hm. No.</th\"}}]}\n\n"
		 "data: {\"choices\":[{\"delta\":{\"content\":\"ink>**Yes.**\"}}]}\n\n"
		 "data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n",
		 "Yes.|"},
		{"data: {\"choices\":[{\"delta\":{\"content\":\"Cut off. And\"}}]}\n\n",
		 "Cut off.|And|"},
		{"data: {\"choices\":[{\"delta\":{\"content\":\"Half. An\"}}]}\n\n"
		 "data: {\"error\":{\"message\":\"boom\"}}\n\n",
		 "Half.|An|"},
		{"{\"choices\":[{\"message\":{\"content\":\"Whole.\"}}]}", "Whole.|"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture *f;

		setup(state);
		f = *state;
		f->bodies[0] = cases[i].body;
		f->answers = 1;
		open_dialog(f);
		hear(f, "hello");
		assert_string_equal(cases[i].said, buf_str(&f->said));
		assert_false(f->hang_up);
		teardown(state);
	}
}

static void overload_is_retried_and_bad_requests_are_not(void **state)
{
	struct fixture *f = *state;

	f->bodies[0] = "{\"error\":{\"message\":\"busy\"}}";
	f->statuses[0] = 503;
	f->bodies[1] =
		"data: {\"choices\":[{\"delta\":{\"content\":\"Now.\"}}]}\n\ndata: [DONE]\n\n";
	f->bodies[2] = "{\"error\":\"no\"}";
	f->statuses[2] = 400;
	f->answers = 3;
	open_dialog(f);
	hear(f, "hello");
	assert_string_equal("Now.|", buf_str(&f->said));
	assert_int_equal(2, f->asked);
	buf_clear(&f->said);
	hear(f, "again");
	assert_int_equal(3, f->asked);
	assert_non_null(strstr(buf_str(&f->said), "sorry"));
}

static void interrupted_answer_is_remembered_as_heard(void **state)
{
	struct fixture *f = *state;
	const json_t *messages;

	f->bodies[0] = "data: {\"choices\":[{\"delta\":{\"content\":\"One two three.\"}}]}\n\n"
		       "data: [DONE]\n\n";
	f->answers = 1;
	open_dialog(f);
	hear(f, "count");
	f->dialog->ops->interrupt(f->dialog, "One two");
	hear(f, "stop");
	messages = json_object_get(json_array_get(f->requests, 1), "messages");
	assert_int_equal(4, json_array_size(messages));
	assert_string_equal("system", json_get_str(json_array_get(messages, 0), "role", ""));
	assert_string_equal("count", json_get_str(json_array_get(messages, 1), "content", ""));
	assert_string_equal("One two", json_get_str(json_array_get(messages, 2), "content", ""));
	assert_string_equal("stop", json_get_str(json_array_get(messages, 3), "content", ""));
}

static void hang_up_tool_ends_the_turn(void **state)
{
	struct fixture *f = *state;

	f->bodies[0] = "data: {\"choices\":[{\"delta\":{\"content\":\"Bye.\",\"tool_calls\":[{"
		       "\"index\":0,\"id\":\"1\",\"function\":{\"name\":\"hangUp\","
		       "\"arguments\":\"{}\"}}]}}]}\n\ndata: [DONE]\n\n";
	f->answers = 1;
	open_dialog(f);
	hear(f, "bye");
	assert_string_equal("Bye.|", buf_str(&f->said));
	assert_true(f->hang_up);
	assert_int_equal(1, f->asked);
}

static void endless_tools_are_bounded(void **state)
{
	struct fixture *f = *state;

	f->bodies[0] = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
		       "\"function\":{\"name\":\"nosuch\",\"arguments\":\"{\"}}]}}]}\n\n"
		       "data: [DONE]\n\n";
	f->answers = 1;
	open_dialog(f);
	hear(f, "loop");
	assert_in_range(f->asked, 2, 10);
	assert_non_null(strstr(buf_str(&f->said), "sorry"));
}

static void collect(const char *data, size_t len, void *arg)
{
	buf_printf(arg, "[%s]", data);
}

static void events_survive_any_split(void **state)
{
	static const char stream[] =
		"\xef\xbb\xbf"
		"data: a\n\n: c\nevent: x\ndata: b\ndata:  c\r\n\r\ndata\n\nid: 1\n\ndata: d\n";

	for (size_t cut = 0; cut < sizeof(stream) - 1; cut++) {
		struct sse sse = {0};
		auto_buf struct buf out = {0};

		assert_int_equal(0, sse_feed(&sse, stream, cut, collect, &out));
		assert_int_equal(
			0, sse_feed(&sse, stream + cut, sizeof(stream) - 1 - cut, collect, &out));
		assert_string_equal("[a][b\n c][]", buf_str(&out));
		sse_reset(&sse);
	}
}

#define T(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_whatever_their_form),
		T(overload_is_retried_and_bad_requests_are_not),
		T(interrupted_answer_is_remembered_as_heard),
		T(hang_up_tool_ends_the_turn),
		T(endless_tools_are_bounded),
		cmocka_unit_test(events_survive_any_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
