/*
 * voiceai call: place a call through the platform's API, show it as it is spoken, and say how it
 * ended. It talks to the platform as any other client would.
 */
#include "cmd/cmd.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_client.h"
#include "http/ws.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "loop/timer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	POLL_MS = 5000,       /* the record is looked at this often, in case an event was missed */
	AFTERMATH_MS = 30000, /* how long summary and recording may take after the end */
	QUIT_MS = 3000,       /* between Ctrl-C and giving up on a clean end */
	RECONNECTS = 20,
	RECONNECT_MS = 500,
	MAX_TIMINGS = 200,
	PARTIAL_BYTES = 64, /* of a line of 80 */
};

static const char usage[] =
	"usage: voiceai call NUMBER [--agent NAME] [--prompt TEXT] [--first-message TEXT] [--voice "
	"NAME]\n"
	"                    [--max-duration SECONDS] [--url URL]\n"
	"\n"
	"Place a call and show the conversation as it is spoken, then why it ended, how long it "
	"took and what\n"
	"was concluded. NUMBER is E.164 (+15550100123) or a sip: URI. Ctrl-C ends the call.\n"
	"\n"
	"  --agent NAME            agent to use (default: DEFAULT_AGENT)\n"
	"  --prompt TEXT           instructions instead of the agent's\n"
	"  --first-message TEXT    what the agent says first\n"
	"  --voice NAME            Mark, Emily, Josh, Sarah, David or Jessica\n"
	"  --max-duration SECONDS  end the call after so long\n"
	"  --url URL               the platform (default: http://127.0.0.1:PORT, with TLS "
	"API_BASE_URL)\n"
	"\n"
	"Exit code: 0 the conversation took place and reached its goal, where the agent has one; 1 "
	"it did\n"
	"not; 2 wrong usage.\n";

struct timing {
	int64_t end_of_speech_ms, recognised_ms, answer_ms, first_audio_ms;
};

struct call_view {
	struct loop *loop;
	struct http_client *client;
	struct ws *live;
	struct timer *poll;      /* looks at the record */
	struct timer *reconnect; /* of the live socket */
	struct timer *give_up;
	const char *url;
	const char *bearer;        /* "Bearer KEY", or NULL */
	const char *authorization; /* the whole header, or NULL */
	bool expects_recording;
	json_t *request;
	char call_id[64];
	int64_t last_seq;
	uint32_t reconnects;
	char status[24];
	bool answered;
	bool ended;         /* a terminal status was seen */
	bool interrupted;   /* Ctrl-C */
	bool partial_shown; /* the current terminal line holds a partial */
	bool is_terminal;
	struct timing timings[MAX_TIMINGS];
	size_t timing_count;
	json_t *record; /* the call as last fetched */
	int exit_code;
};

static void view_fetch(struct call_view *view);
static void live_connect(struct call_view *view);

static void view_finish(struct call_view *view, int exit_code)
{
	view->exit_code = exit_code;
	loop_stop(view->loop);
}

static void end_partial(struct call_view *view)
{
	if (view->partial_shown)
		printf("\r\033[K");
	view->partial_shown = false;
}

/* Text from outside goes to a terminal: control characters must not reach it. */
static void print_clean_to(FILE *out, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		fputc((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p, out);
}

static void print_clean(const char *text)
{
	print_clean_to(stdout, text);
}

static const char *speaker_label(const json_t *data)
{
	return str_equal(json_get_str(data, "speaker", ""), "agent") ? "agent " : "caller";
}

static void show_final(struct call_view *view, const json_t *data)
{
	end_partial(view);
	printf("%s  ", speaker_label(data));
	print_clean(json_get_str(data, "text", ""));
	putchar('\n');
	(void)fflush(stdout);
}

static void show_partial(struct call_view *view, const json_t *data)
{
	const char *text = json_get_str(data, "text", ""), *tail;
	size_t len = strlen(text);

	if (!view->is_terminal)
		return;
	end_partial(view);
	/* One line only, so that it can be taken back; the end of it, from a whole word on. */
	tail = len > PARTIAL_BYTES ? strchr(text + len - PARTIAL_BYTES, ' ') : NULL;
	printf("%s  %s", speaker_label(data), tail ? "..." : "");
	print_clean(tail ? tail : len > PARTIAL_BYTES ? "" : text);
	(void)fflush(stdout);
	view->partial_shown = true;
}

static void keep_timing(struct call_view *view, const json_t *data)
{
	const json_t *timing = json_object_get(data, "timing");

	if (!timing)
		timing = data;
	if (view->timing_count == MAX_TIMINGS)
		return;
	view->timings[view->timing_count++] = (struct timing){
		.end_of_speech_ms = json_get_int(timing, "end_of_speech_ms", -1),
		.recognised_ms = json_get_int(timing, "recognised_ms", -1),
		.answer_ms = json_get_int(timing, "answer_ms", -1),
		.first_audio_ms = json_get_int(timing, "first_audio_ms", -1),
	};
}

static bool is_terminal_status(const char *status)
{
	return str_equal(status, "COMPLETED") || str_equal(status, "FAILED") ||
	       str_equal(status, "NO_ANSWER") || str_equal(status, "BUSY");
}

static void show_status(struct call_view *view, const char *status)
{
	static const char *const words[][2] = {
		{"INITIATING", "dialling"}, {"RINGING", "ringing"}, {"IN_PROGRESS", "answered\n"}};

	if (str_equal(view->status, status))
		return;
	str_copy(view->status, sizeof(view->status), status);
	view->answered |= str_equal(status, "IN_PROGRESS");
	end_partial(view);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_equal(status, words[i][0]))
			printf("%s\n", words[i][1]);
	(void)fflush(stdout);
	if (is_terminal_status(status) && !view->ended) {
		view->ended = true;
		timer_start(view->give_up, view->interrupted ? QUIT_MS : AFTERMATH_MS);
		view_fetch(view);
	}
}

static void on_live_event(struct call_view *view, const json_t *event)
{
	const json_t *data = json_object_get(event, "data");
	const char *type = json_get_str(event, "type", "");
	int64_t seq = json_get_int(event, "seq", 0);

	if (!str_equal(json_get_str(event, "call_id", ""), view->call_id))
		return;
	if (seq > view->last_seq)
		view->last_seq = seq;
	if (str_equal(type, "call.status"))
		show_status(view, json_get_str(data, "status", ""));
	else if (str_equal(type, "transcript.final"))
		show_final(view, data);
	else if (str_equal(type, "transcript.partial"))
		show_partial(view, data);
	else if (str_equal(type, "turn.timing"))
		keep_timing(view, data);
	else if (str_equal(type, "call.summary") || str_equal(type, "call.recording"))
		view_fetch(view);
}

static void on_live_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	auto_json json_t *event = NULL;

	if (!binary && !json_parse(&event, data, len, NULL))
		on_live_event(arg, event);
}

static void on_live_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct call_view *view = arg;

	view->live = mem_unref(view->live);
	if (!view->ended && view->reconnects++ < RECONNECTS)
		timer_start(view->reconnect, RECONNECT_MS);
}

static void on_reconnect(void *arg)
{
	live_connect(arg);
}

static void live_connect(struct call_view *view)
{
	auto_free char *url =
		mem_printf("ws%s/api/v1/live?call_id=%s&since=%lld", view->url + strlen("http"),
			   view->call_id, (long long)view->last_seq);
	struct ws_header authorization = {"Authorization", view->bearer};
	struct ws_connect_params params = {
		.url = url,
		.headers = &authorization,
		.header_count = view->bearer ? 1 : 0,
		.handlers = {.messageh = on_live_message,
			     .closeh = on_live_close,
			     .max_message_bytes = (size_t)1024 * 1024},
		.arg = view,
	};

	if (ws_connect(&view->live, view->loop, &params))
		timer_start(view->reconnect, RECONNECT_MS);
}

static void print_list(const char *title, const json_t *items)
{
	size_t i;
	json_t *item;

	if (!json_array_size(items))
		return;
	printf("%s\n", title);
	json_array_foreach(items, i, item)
	{
		printf("  - ");
		print_clean(json_string_value(item));
		putchar('\n');
	}
}

static void print_summary(const json_t *summary)
{
	if (!json_is_object(summary)) {
		printf("\nno summary yet\n");
		return;
	}
	if (str_equal(json_get_str(summary, "status", "completed"), "failed")) {
		printf("\nno summary: ");
		print_clean(json_get_str(summary, "error", "the analysis failed"));
		putchar('\n');
		return;
	}
	printf("\nsummary (%s analyser)\n  ", json_get_str(summary, "analyser", "?"));
	print_clean(json_get_str(summary, "summary", ""));
	putchar('\n');
	print_list("key points", json_object_get(summary, "key_points"));
	print_list("to do", json_object_get(summary, "action_items"));
	printf("sentiment: %s\n", json_get_str(summary, "sentiment", "?"));
}

static void print_ms(int64_t ms)
{
	if (ms < 0)
		printf("  %12s", "-");
	else
		printf("  %9lld ms", (long long)ms);
}

static void print_timings(const struct call_view *view)
{
	if (!view->timing_count)
		return;
	printf("\ntimes per turn, after the caller's last sound\n"
	       "  turn  end of turn    recognised        answer   first audio\n");
	for (size_t i = 0; i < view->timing_count; i++) {
		const struct timing *t = &view->timings[i];

		printf("  %4zu", i + 1);
		print_ms(t->end_of_speech_ms);
		print_ms(t->recognised_ms);
		print_ms(t->answer_ms);
		print_ms(t->first_audio_ms);
		putchar('\n');
	}
}

static bool was_answered(const struct call_view *view)
{
	return view->answered || str_equal(view->status, "COMPLETED") ||
	       json_get_int(view->record, "duration_seconds", 0) > 0;
}

/* Whether the agent's own aim was reached; true when it has none. */
static bool print_outcome(const json_t *record)
{
	const json_t *outcome = json_object_get(record, "outcome");
	const json_t *goal = json_object_get(outcome, "goal_reached"), *value;
	const char *name;

	if (!goal)
		return true;
	printf("goal reached: %s", json_is_true(goal) ? "yes" : "no");
	json_object_foreach((json_t *)json_object_get(outcome, "slots"), name, value)
	{
		auto_free char *text = json_is_string(value) ? mem_strdup(json_string_value(value))
							     : json_text(value);

		printf(", %s ", name);
		print_clean(text);
	}
	putchar('\n');
	return json_is_true(goal);
}

/* A call without a conversation has one thing to say: why. */
static void print_no_conversation(const struct call_view *view)
{
	static const char *const texts[][2] = {
		{"busy", "the line is busy"},
		{"no_answer", "nobody answered"},
		{"rejected", "the call was declined"},
		{"canceled", "the call was cancelled"},
		{"ended_by_api", "the call was cancelled"},
		{"lost", "the carrier lost the call"},
		{"provider_error", "the call could not be placed"},
	};
	const char *reason = json_get_str(view->record, "end_reason", "");
	const char *detail = json_get_str(view->record, "end_detail", NULL);
	const char *text = "the call failed";

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (str_equal(texts[i][0], reason))
			text = texts[i][1];
	(void)fflush(stdout);
	fprintf(stderr, "voiceai call: %s", text);
	if (detail) {
		fputs(": ", stderr);
		print_clean_to(stderr, detail);
	}
	fputc('\n', stderr);
}

static void print_end(struct call_view *view)
{
	const json_t *record = view->record;
	const char *status = json_get_str(record, "status", view->status);
	const json_t *recording = json_object_get(record, "recording");
	bool goal;

	end_partial(view);
	if (!was_answered(view)) {
		print_no_conversation(view);
		view_finish(view, CMD_FAILED);
		return;
	}
	printf("\ncall ended: %s, %s, after %lld s\n", status,
	       json_get_str(record, "end_reason", "?"),
	       (long long)json_get_int(record, "duration_seconds", 0));
	if (json_get_str(record, "end_detail", NULL)) {
		printf("reason: ");
		print_clean(json_get_str(record, "end_detail", ""));
		putchar('\n');
	}
	print_summary(json_object_get(record, "summary"));
	print_timings(view);
	putchar('\n');
	goal = print_outcome(record);
	if (str_equal(json_get_str(recording, "status", ""), "available"))
		printf("recording: %s%s\n", view->url, json_get_str(recording, "url", ""));
	printf("details: %s/api/v1/calls/%s\n", view->url, view->call_id);
	view_finish(view, str_equal(status, "COMPLETED") && goal && !view->interrupted
				  ? CMD_OK
				  : CMD_FAILED);
}

/* Everything there is to show has come, or will not come. */
static bool is_settled(const struct call_view *view)
{
	const json_t *recording = json_object_get(view->record, "recording");
	const char *summary = json_get_str(json_object_get(view->record, "summary"), "status", "");
	const char *state = json_get_str(recording, "status", "");

	if (!was_answered(view))
		return true;
	if (!str_equal(summary, "completed") && !str_equal(summary, "failed"))
		return false;
	if (str_equal(state, "available") || str_equal(state, "failed"))
		return true;
	/* The carrier may not have told of the recording yet. */
	return !view->expects_recording || !json_get_int(view->record, "duration_seconds", 0);
}

static void on_record(const struct http_result *result, void *arg)
{
	struct call_view *view = arg;
	json_t *record = NULL;

	if (result->status != 200 || json_parse(&record, result->body, result->body_len, NULL))
		return;
	json_decref(view->record);
	view->record = record;
	show_status(view, json_get_str(record, "status", ""));
	if (view->ended && is_settled(view))
		print_end(view);
}

static void view_fetch(struct call_view *view)
{
	auto_free char *url = mem_printf("%s/api/v1/calls/%s", view->url, view->call_id);
	const char *const headers[] = {view->authorization, NULL};
	struct http_client_params params = {
		.method = "GET", .url = url, .headers = headers, .max_body_bytes = 16 << 20};

	(void)http_client_request(NULL, view->client, &params, NULL, on_record, view);
}

static void on_poll(void *arg)
{
	struct call_view *view = arg;

	view_fetch(view);
	timer_start(view->poll, view->ended ? POLL_MS / 5 : POLL_MS);
}

static void on_give_up(void *arg)
{
	struct call_view *view = arg;

	if (view->record && view->ended)
		print_end(view);
	else
		view_finish(view, CMD_FAILED);
}

static void print_api_error(const struct http_result *result)
{
	auto_json json_t *body = NULL;
	const char *field, *message;
	const json_t *error;

	if (result->err) {
		fprintf(stderr,
			"voiceai call: the platform does not answer (%s); is `voiceai up` "
			"running?\n",
			strerror(-result->err));
		return;
	}
	if (json_parse(&body, result->body, result->body_len, NULL)) {
		fprintf(stderr, "voiceai call: the platform answered %d\n", result->status);
		return;
	}
	error = json_object_get(body, "error");
	field = json_get_str(error, "field", NULL);
	message = json_get_str(error, "message", "the platform refused the call");
	fputs("voiceai call: ", stderr);
	if (field && !str_has_prefix(message, field)) {
		print_clean_to(stderr, field);
		fputs(": ", stderr);
	}
	print_clean_to(stderr, message);
	fputc('\n', stderr);
}

static void on_initiated(const struct http_result *result, void *arg)
{
	struct call_view *view = arg;

	if (result->status != 201 ||
	    json_parse(&view->record, result->body, result->body_len, NULL)) {
		print_api_error(result);
		view_finish(view, CMD_FAILED);
		return;
	}
	str_copy(view->call_id, sizeof(view->call_id), json_get_str(view->record, "call_id", ""));
	live_connect(view);
	timer_start(view->poll, POLL_MS);
}

static void view_initiate(struct call_view *view)
{
	const char *const headers[] = {"Content-Type: application/json", view->authorization, NULL};
	auto_free char *url = mem_printf("%s/api/v1/calls/initiate", view->url);
	auto_free char *body = json_text(view->request);
	struct http_client_params params = {.method = "POST",
					    .url = url,
					    .headers = headers,
					    .body = body,
					    .body_len = strlen(body)};

	printf("calling %s\n", json_get_str(view->request, "phone_number", ""));
	(void)fflush(stdout);
	if (http_client_request(NULL, view->client, &params, NULL, on_initiated, view)) {
		fprintf(stderr, "voiceai call: --url %s is no http:// or https:// URL\n",
			view->url);
		view_finish(view, CMD_USAGE);
	}
}

static void on_end_requested(const struct http_result *result, void *arg)
{
}

static void on_signal(int signum, void *arg)
{
	struct call_view *view = arg;
	auto_free char *url = mem_printf("%s/api/v1/calls/%s/end", view->url, view->call_id);
	const char *const headers[] = {view->authorization, NULL};
	struct http_client_params params = {.method = "POST", .url = url, .headers = headers};

	if (view->interrupted || !*view->call_id) {
		view_finish(view, CMD_FAILED);
		return;
	}
	view->interrupted = true;
	timer_start(view->give_up, QUIT_MS);
	(void)http_client_request(NULL, view->client, &params, NULL, on_end_requested, view);
}

static void view_run(struct call_view *view)
{
	auto_unref struct signal_watch *interrupt = NULL, *terminate = NULL;

	view->loop = loop_new();
	view->client = http_client_new(view->loop);
	view->poll = timer_new(view->loop, on_poll, view);
	view->reconnect = timer_new(view->loop, on_reconnect, view);
	view->give_up = timer_new(view->loop, on_give_up, view);
	view->is_terminal = isatty(STDOUT_FILENO);
	(void)signal_watch_new(&interrupt, view->loop, SIGINT, on_signal, view);
	(void)signal_watch_new(&terminate, view->loop, SIGTERM, on_signal, view);
	view_initiate(view);
	if (view->exit_code != CMD_USAGE)
		loop_run(view->loop);

	if (view->live)
		ws_detach(view->live);
	mem_unref(view->live);
	mem_unref(view->client);
	mem_unref(view->poll);
	mem_unref(view->reconnect);
	mem_unref(view->give_up);
	json_decref(view->record);
	mem_unref(view->loop);
}

/* Returns CMD_OK, or CMD_USAGE when it has complained. */
static int parse_options(struct call_view *view, int argc, char **argv)
{
	static const char *const options[][2] = {{"--agent", "agent"},
						 {"--prompt", "system_prompt"},
						 {"--first-message", "first_message"},
						 {"--voice", "voice"},
						 {"--max-duration", "max_duration_seconds"}};

	for (int i = 1; i < argc; i++) {
		size_t k = 0;
		int64_t seconds;

		if (argv[i][0] != '-') {
			json_set_str(view->request, "phone_number", argv[i]);
			continue;
		}
		while (k < ARRAY_LEN(options) && !str_equal(argv[i], options[k][0]))
			k++;
		if (i + 1 == argc || (k == ARRAY_LEN(options) && !str_equal(argv[i], "--url")))
			return cmd_misuse("call", "unknown option or missing value");
		i++;
		if (k == ARRAY_LEN(options))
			view->url = argv[i];
		else if (!str_equal(options[k][0], "--max-duration"))
			json_set_str(view->request, options[k][1], argv[i]);
		else if (str_parse_int(&seconds, argv[i], 1, 86400))
			return cmd_misuse("call", "--max-duration takes seconds, 1 to 86400");
		else
			json_set_int(view->request, options[k][1], seconds);
	}
	if (!json_get_str(view->request, "phone_number", NULL))
		return cmd_misuse("call", "which number?");
	return CMD_OK;
}

int cmd_call(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	auto_json json_t *request = json_object();
	auto_free char *url = NULL, *bearer = NULL, *authorization = NULL;
	struct call_view view = {.request = request};
	int err;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	err = parse_options(&view, argc, argv);
	if (err)
		return err;
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	url = str_is_empty(settings->tls_cert_path)
		      ? mem_printf("http://127.0.0.1:%d", (int)settings->port)
		      : mem_strdup(settings->api_base_url);
	if (!view.url)
		view.url = url;
	if (*settings->voiceai_api_key) {
		view.bearer = bearer = mem_printf("Bearer %s", settings->voiceai_api_key);
		view.authorization = authorization = mem_printf("Authorization: %s", bearer);
	}
	view.expects_recording = settings->record_calls;
	if (!str_has_prefix(view.url, "http"))
		return cmd_misuse("call", "--url takes an http:// or https:// URL");
	view_run(&view);
	return view.exit_code;
}
