/*
 * The dialogue of a language model: an OpenAI-compatible server is asked with the whole
 * conversation at every turn, and its answer spoken as it streams. When it fails, the caller hears
 * an apology and the call goes on.
 */
#include "engine/dialog.h"

#include "core/buf.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/sentence.h"
#include "engine/sse.h"
#include "engine/tool.h"
#include "http/http_client.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_HISTORY = 120,         /* messages sent along */
	MAX_HISTORY_BYTES = 48000, /* of text in them */
	MAX_SPOKEN = 4000,         /* characters of one turn; the rest is not said */
	MAX_TOOL_CALLS = 8,        /* in one answer */
	MAX_ROUNDS = 6,            /* answers of tools in one turn */
	MAX_RETRIES = 2,
	FIRST_RETRY_MS = 500,
	MAX_RETRY_MS = 4000,
	TIMEOUT_MS = 45000,
	STALL_MS = 12000, /* without a byte */
	MAX_RAW = 256 << 10,
	MAX_ARGUMENTS = 16000,
};

static const char apology[] =
	"I am sorry, I am having a technical problem. Could you say that again?";
static const char voice_rules[] =
	"You are speaking with somebody on the telephone. Answer in one to three short sentences, "
	"as one "
	"speaks: no lists, no markup, no emoji, numbers and dates the way they are said. What "
	"stands in "
	"<instruction> tags comes from your supervisor, not from the caller: do it, and do not "
	"mention "
	"it.";

struct pending_call {
	struct buf id, name, arguments;
};

struct dialog_llm {
	struct dialog dialog;
	struct http_client *client;
	struct log log;
	char *url, *key, *model, *call_id, *system;
	double temperature;
	json_t *history;  /* messages as the server wants them */
	json_t *selected; /* SelectedTool objects */
	json_t *tools;    /* described; NULL: none */
	json_t *metadata;

	struct http_exchange *exchange;
	struct timer *timer; /* retries, and answers that need no server */
	struct timer *stall;
	struct timer *tool_timer; /* a tool that somebody else runs */
	struct sse sse;
	struct buf raw; /* the body while it does not look like a stream */
	struct sentence_cutter cutter;
	struct buf thinking; /* content not yet known to be spoken or thought */
	struct buf answer;   /* what this answer said */
	struct pending_call calls[MAX_TOOL_CALLS];
	size_t call_count, call_at;
	struct tool_call *tool_call;
	bool in_turn, streamed, failed, done, in_think, greeting, hang_up, said;
	char *say_now; /* a text to be said as it stands */
	char *reason;
	uint32_t retries, rounds;
	size_t spoken, turn_start; /* turn_start: history length when the turn began */
};

static struct dialog_llm *llm(struct dialog *dialog)
{
	return (struct dialog_llm *)dialog;
}

/* ---- history ---- */

static void add_message(struct dialog_llm *d, const char *role, const char *content)
{
	json_t *message = json_object();

	json_set_str(message, "role", role);
	json_set_str(message, "content", content);
	json_array_append_new(d->history, message);
}

static size_t message_bytes(const json_t *message)
{
	return strlen(json_get_str(message, "content", "")) + 64;
}

/* The oldest go first; what remains begins with the caller's words. */
static void bound_history(struct dialog_llm *d)
{
	size_t bytes = 0, i;
	json_t *message;

	json_array_foreach(d->history, i, message) bytes += message_bytes(message);
	while (json_array_size(d->history) > MAX_HISTORY || bytes > MAX_HISTORY_BYTES) {
		do {
			bytes -= message_bytes(json_array_get(d->history, 0));
			json_array_remove(d->history, 0);
		} while (json_array_size(d->history) > 1 &&
			 !str_equal(json_get_str(json_array_get(d->history, 0), "role", ""),
				    "user"));
		if (json_array_size(d->history) <= 1)
			return;
	}
}

/* Of this turn keep what tools did and what was heard. */
static void rewrite_turn(struct dialog_llm *d, const char *heard)
{
	for (size_t i = json_array_size(d->history); i > d->turn_start; i--) {
		const json_t *message = json_array_get(d->history, i - 1);

		if (str_equal(json_get_str(message, "role", ""), "assistant") &&
		    !json_object_get(message, "tool_calls"))
			json_array_remove(d->history, i - 1);
	}
	if (heard && *heard)
		add_message(d, "assistant", heard);
}

/* ---- the end of an answer ---- */

static void clear_answer(struct dialog_llm *d)
{
	for (size_t i = 0; i < d->call_count; i++) {
		buf_free(&d->calls[i].id);
		buf_free(&d->calls[i].name);
		buf_free(&d->calls[i].arguments);
	}
	d->call_count = d->call_at = 0;
	sse_reset(&d->sse);
	buf_clear(&d->raw);
	buf_clear(&d->thinking);
	buf_clear(&d->answer);
	sentence_free(&d->cutter);
	d->streamed = d->failed = d->done = d->in_think = false;
}

static void stop_everything(struct dialog_llm *d)
{
	d->exchange = mem_unref(d->exchange);
	d->tool_call = mem_unref(d->tool_call);
	timer_stop(d->timer);
	timer_stop(d->stall);
	timer_stop(d->tool_timer);
	clear_answer(d);
}

static void end_turn(struct dialog_llm *d)
{
	bool hang_up = d->hang_up;
	auto_free char *reason = d->reason;

	d->reason = NULL;
	d->in_turn = d->hang_up = false;
	d->dialog.handlers.turnh(hang_up, reason, d->dialog.arg);
}

static void say(struct dialog_llm *d, const char *text)
{
	d->spoken += strlen(text);
	if (d->spoken > MAX_SPOKEN)
		return;
	d->said = true;
	d->dialog.handlers.sayh(text, d->dialog.arg);
}

static void apologise(struct dialog_llm *d)
{
	mem_ref(d);
	if (!d->said) {
		say(d, apology);
		add_message(d, "assistant", apology);
	}
	if (d->in_turn)
		end_turn(d);
	mem_unref(d);
}

static void request(struct dialog_llm *d);

static void run_next_tool(struct dialog_llm *d);

static void on_tool_done(const char *text, bool hang_up, void *arg)
{
	struct dialog_llm *d = mem_ref(arg);
	const struct pending_call *call = &d->calls[d->call_at];
	json_t *message = json_object();

	d->tool_call = mem_unref(d->tool_call);
	json_set_str(message, "role", "tool");
	json_set_str(message, "tool_call_id", buf_str(&call->id));
	json_set_str(message, "content", text);
	json_array_append_new(d->history, message);
	if (d->dialog.handlers.toolh)
		d->dialog.handlers.toolh(buf_str(&call->name), buf_str(&call->id), NULL, text,
					 d->dialog.arg);
	d->hang_up = d->hang_up || hang_up;
	d->call_at++;
	if (d->in_turn)
		run_next_tool(d);
	mem_unref(d);
}

static void start_tool(struct dialog_llm *d, const struct pending_call *call)
{
	auto_json json_t *arguments = NULL;
	enum tool_kind kind = tool_kind(d->selected, buf_str(&call->name));
	struct tool_context context = {
		.call_id = d->call_id, .history = d->history, .metadata = d->metadata};

	if (json_parse(&arguments, buf_str(&call->arguments), call->arguments.len, NULL) != 0 ||
	    !json_is_object(arguments)) {
		json_decref(arguments);
		arguments = json_object();
	}
	if (d->dialog.handlers.toolh)
		d->dialog.handlers.toolh(buf_str(&call->name), buf_str(&call->id), arguments, NULL,
					 d->dialog.arg);
	if (kind == TOOL_HANG_UP) {
		mem_free(d->reason);
		d->reason = mem_strdup(json_get_str(arguments, "reason", "agent ended the call"));
		on_tool_done("The call ends now.", true, d);
	} else if ((kind == TOOL_CLIENT || kind == TOOL_DATA_CONNECTION) &&
		   d->dialog.handlers.invokeh) {
		auto_json json_t *parameters =
			tool_parameters(d->selected, buf_str(&call->name), arguments, &context);

		timer_start(d->tool_timer, tool_timeout_ms(d->selected, buf_str(&call->name)));
		d->dialog.handlers.invokeh(buf_str(&call->name), buf_str(&call->id), parameters,
					   kind == TOOL_CLIENT, d->dialog.arg);
	} else if (tool_call_new(&d->tool_call, d->client, d->selected, buf_str(&call->name),
				 arguments, &context, on_tool_done, d) != 0) {
		on_tool_done("There is no such tool.", false, d);
	}
}

static void run_next_tool(struct dialog_llm *d)
{
	if (d->call_at < d->call_count) {
		start_tool(d, &d->calls[d->call_at]);
		return;
	}
	clear_answer(d);
	if (d->hang_up)
		end_turn(d);
	else if (++d->rounds > MAX_ROUNDS)
		apologise(d);
	else
		request(d);
}

/* The assistant's message with its calls, as the server wants to see it again. */
static void record_tool_calls(struct dialog_llm *d)
{
	json_t *message = json_object(), *calls = json_array();

	for (size_t i = 0; i < d->call_count; i++) {
		json_t *call = json_object(), *function = json_object();

		if (d->calls[i].id.len == 0)
			buf_printf(&d->calls[i].id, "call_%u_%zu", d->rounds, i);
		json_set_str(function, "name", buf_str(&d->calls[i].name));
		json_set_str(function, "arguments", buf_str(&d->calls[i].arguments));
		json_set_str(call, "id", buf_str(&d->calls[i].id));
		json_set_str(call, "type", "function");
		json_object_set_new(call, "function", function);
		json_array_append_new(calls, call);
	}
	json_set_str(message, "role", "assistant");
	json_set_str(message, "content", buf_str(&d->answer));
	json_object_set_new(message, "tool_calls", calls);
	json_array_append_new(d->history, message);
}

static void say_sentences(struct dialog_llm *d, bool flush)
{
	char *sentence;

	while (d->in_turn && (sentence = sentence_next(&d->cutter, flush))) {
		say(d, sentence);
		mem_free(sentence);
	}
}

static void answer_complete(struct dialog_llm *d)
{
	say_sentences(d, true);
	if (!d->in_turn)
		return;
	if (d->call_count > 0) {
		record_tool_calls(d);
		run_next_tool(d);
		return;
	}
	if (d->answer.len > 0)
		add_message(d, "assistant", buf_str(&d->answer));
	clear_answer(d);
	end_turn(d);
}

/* ---- what comes in ---- */

/* Markup is not spoken. */
static void take_spoken(struct dialog_llm *d, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("*`#_", text[i]) && text[i])
			continue;
		sentence_add(&d->cutter, &text[i], 1);
	}
	buf_append(&d->answer, text, len);
}

/* How much of the end of text may be the beginning of tag. */
static size_t partial_tag(const struct buf *text, const char *tag)
{
	size_t max = strlen(tag) - 1;

	for (size_t len = max < text->len ? max : text->len; len > 0; len--) {
		if (memcmp(text->data + text->len - len, tag, len) == 0)
			return len;
	}
	return 0;
}

/* Thoughts in <think> are nobody's business. Tags may be split between chunks. */
static void take_content(struct dialog_llm *d, const char *content)
{
	buf_append_str(&d->thinking, content);
	while (d->thinking.len > 0) {
		const char *tag = d->in_think ? "</think>" : "<think>";
		char *at = strstr(d->thinking.data, tag);
		size_t ready = at ? (size_t)(at - d->thinking.data)
				  : d->thinking.len - partial_tag(&d->thinking, tag);

		if (!d->in_think && ready > 0)
			take_spoken(d, d->thinking.data, ready);
		buf_consume(&d->thinking, at ? ready + strlen(tag) : ready);
		if (!at)
			break;
		d->in_think = !d->in_think;
	}
	say_sentences(d, false);
}

static void take_tool_calls(struct dialog_llm *d, const json_t *calls)
{
	size_t i;
	json_t *part;

	json_array_foreach(calls, i, part)
	{
		int64_t index = json_get_int(part, "index", (int64_t)i);
		const json_t *function = json_object_get(part, "function");
		struct pending_call *call;

		if (index < 0 || index >= MAX_TOOL_CALLS)
			continue;
		if ((size_t)index >= d->call_count)
			d->call_count = (size_t)index + 1;
		call = &d->calls[index];
		if (call->id.len == 0)
			buf_append_str(&call->id, json_get_str(part, "id", ""));
		if (call->name.len < 64)
			buf_append_str(&call->name, json_get_str(function, "name", ""));
		if (call->arguments.len < MAX_ARGUMENTS)
			buf_append_str(&call->arguments, json_get_str(function, "arguments", ""));
	}
}

static void take_message(struct dialog_llm *d, const json_t *message)
{
	const char *content = json_get_str(message, "content", NULL);

	if (!content)
		content = json_get_str(message, "refusal", NULL);
	take_tool_calls(d, json_object_get(message, "tool_calls"));
	if (content)
		take_content(d, content);
}

static void on_event(const char *data, size_t len, void *arg)
{
	struct dialog_llm *d = arg;
	auto_json json_t *chunk = NULL;
	const json_t *choice;

	d->streamed = true;
	if (str_has_prefix(data, "[DONE]")) {
		d->done = true;
		return;
	}
	if (json_parse(&chunk, data, len, NULL) != 0 || !json_is_object(chunk)) {
		d->failed = true;
		return;
	}
	if (json_object_get(chunk, "error") && !json_is_null(json_object_get(chunk, "error"))) {
		LOG_WARN(&d->log, "llm_stream_error");
		d->failed = true;
		return;
	}
	choice = json_array_get(json_object_get(chunk, "choices"), 0);
	if (json_get_str(choice, "finish_reason", NULL))
		d->done = true;
	take_message(d, json_object_get(choice, "delta"));
}

static void on_data(const char *data, size_t len, void *arg)
{
	struct dialog_llm *d = mem_ref(arg);

	timer_start(d->stall, STALL_MS);
	if (!d->streamed && d->raw.len + len <= MAX_RAW)
		buf_append(&d->raw, data, len);
	if (sse_feed(&d->sse, data, len, on_event, d) != 0)
		d->failed = true;
	mem_unref(d);
}

/* A server that does not stream answers with one JSON body. */
static void take_whole_answer(struct dialog_llm *d)
{
	auto_json json_t *body = NULL;
	const json_t *message;

	if (json_parse(&body, buf_str(&d->raw), d->raw.len, NULL) != 0)
		return;
	message = json_object_get(json_array_get(json_object_get(body, "choices"), 0), "message");
	if (!message)
		return;
	d->streamed = d->done = true;
	take_message(d, message);
}

static bool is_retryable(int err, int status, const struct dialog_llm *d)
{
	if (err)
		return err != -EMSGSIZE;
	if (status == 429)
		return !d->raw.data || !strstr(d->raw.data, "insufficient_quota");
	return status == 408 || status == 409 || status >= 500;
}

static uint64_t retry_delay(const struct dialog_llm *d, const struct http_result *result)
{
	const char *after =
		result->err ? NULL : http_exchange_header(result->exchange, "retry-after");
	uint64_t delay = (uint64_t)FIRST_RETRY_MS << d->retries;
	double seconds;

	if (after && str_parse_double(&seconds, after, 0, 3600) == 0)
		delay = (uint64_t)(seconds * 1000);
	return delay > MAX_RETRY_MS ? MAX_RETRY_MS : delay;
}

static void on_done(const struct http_result *result, void *arg)
{
	struct dialog_llm *d = mem_ref(arg);
	bool good = !result->err && result->status == 200;

	timer_stop(d->stall);
	if (good && !d->streamed)
		take_whole_answer(d);
	if (good && d->streamed && !d->failed && (d->done || d->answer.len > 0)) {
		d->exchange = mem_unref(d->exchange);
		answer_complete(d);
	} else if (d->in_turn) {
		LOG_WARN(&d->log, "llm_failed", LOG_INT("http_status", result->status),
			 LOG_ERR(result->err), LOG_INT("attempt", d->retries));
		if (!d->said && d->retries < MAX_RETRIES &&
		    (good || is_retryable(result->err, result->status, d))) {
			uint64_t delay = retry_delay(d, result);

			d->retries++;
			d->exchange = mem_unref(d->exchange);
			clear_answer(d);
			timer_start(d->timer, delay);
		} else if (d->answer.len > 0) {
			d->exchange = mem_unref(d->exchange);
			d->call_count = 0;
			answer_complete(d);
		} else {
			d->exchange = mem_unref(d->exchange);
			clear_answer(d);
			apologise(d);
		}
	}
	mem_unref(d);
}

/* ---- asking ---- */

static json_t *request_body(const struct dialog_llm *d)
{
	json_t *body = json_object(), *messages = json_array(), *system = json_object();

	json_set_str(system, "role", "system");
	json_set_str(system, "content", d->system);
	json_array_append_new(messages, system);
	json_array_extend(messages, d->history);
	if (d->greeting)
		json_array_append_new(messages,
				      json_pack("{ssss}", "role", "user", "content",
						"(The caller is on the line. Greet them.)"));
	json_set_str(body, "model", d->model);
	json_object_set_new(body, "messages", messages);
	json_set_number(body, "temperature", d->temperature);
	json_set_bool(body, "stream", true);
	if (d->tools)
		json_object_set(body, "tools", d->tools);
	return body;
}

static void request(struct dialog_llm *d)
{
	auto_json json_t *body = NULL;
	auto_free char *text = NULL;
	auto_free char *authorization = mem_printf("Authorization: Bearer %s", d->key);
	const char *headers[] = {"Content-Type: application/json", "Accept: text/event-stream",
				 *d->key ? authorization : NULL, NULL};
	struct http_client_params params = {
		.method = "POST",
		.url = d->url,
		.headers = headers,
		.timeout_ms = TIMEOUT_MS,
	};

	bound_history(d);
	if (d->turn_start > json_array_size(d->history))
		d->turn_start = json_array_size(d->history);
	body = request_body(d);
	text = json_text(body);
	params.body = text;
	params.body_len = strlen(text);
	clear_answer(d);
	timer_start(d->stall, STALL_MS);
	if (http_client_request(&d->exchange, d->client, &params, on_data, on_done, d) != 0)
		apologise(d);
}

static void stalled(void *arg)
{
	struct dialog_llm *d = arg;

	LOG_WARN(&d->log, "llm_stalled");
	d->exchange = mem_unref(d->exchange);
	if (d->answer.len > 0) {
		d->call_count = 0;
		answer_complete(d);
	} else {
		clear_answer(d);
		apologise(d);
	}
}

/* Retries, and turns that need no server: nothing is said before hear() has returned. */
static void timer_fired(void *arg)
{
	struct dialog_llm *d = mem_ref(arg);
	auto_free char *text = d->say_now;

	d->say_now = NULL;
	if (!d->in_turn) {
		/* interrupted meanwhile */
	} else if (text) {
		if (*text) {
			say(d, text);
			add_message(d, "assistant", text);
		}
		if (d->in_turn)
			end_turn(d);
	} else {
		request(d);
	}
	mem_unref(d);
}

static void open_turn(struct dialog_llm *d)
{
	stop_everything(d);
	d->say_now = mem_free(d->say_now);
	d->in_turn = true;
	d->greeting = d->hang_up = d->said = false;
	d->retries = d->rounds = 0;
	d->spoken = 0;
	d->turn_start = json_array_size(d->history);
}

static void llm_greet(struct dialog *dialog, const char *text)
{
	struct dialog_llm *d = llm(dialog);

	open_turn(d);
	d->greeting = !text;
	d->say_now = mem_strdup(text);
	timer_start(d->timer, 0);
}

static void llm_hear(struct dialog *dialog, const struct dialog_input *input)
{
	struct dialog_llm *d = llm(dialog);

	open_turn(d);
	if (str_is_empty(input->text)) {
		d->say_now = mem_strdup("");
	} else if (input->is_digits) {
		auto_free char *text = mem_printf("(The caller pressed the keys %s)", input->text);

		add_message(d, "user", text);
	} else {
		add_message(d, "user", input->text);
	}
	d->turn_start = json_array_size(d->history);
	timer_start(d->timer, 0);
}

static void llm_silence(struct dialog *dialog)
{
	struct dialog_llm *d = llm(dialog);

	open_turn(d);
	d->say_now = mem_strdup("");
	timer_start(d->timer, 0);
}

/* A call without its result would make every later request invalid. */
static void drop_unanswered_calls(struct dialog_llm *d)
{
	size_t results = 0;

	for (size_t i = json_array_size(d->history); i > 0; i--) {
		const json_t *message = json_array_get(d->history, i - 1);
		const json_t *calls = json_object_get(message, "tool_calls");

		if (calls && results < json_array_size(calls)) {
			while (json_array_size(d->history) >= i)
				json_array_remove(d->history, json_array_size(d->history) - 1);
			return;
		}
		if (!str_equal(json_get_str(message, "role", ""), "tool"))
			return;
		results++;
	}
}

static void llm_interrupt(struct dialog *dialog, const char *heard)
{
	struct dialog_llm *d = llm(dialog);

	stop_everything(d);
	d->in_turn = false;
	drop_unanswered_calls(d);
	if (d->turn_start > json_array_size(d->history))
		d->turn_start = json_array_size(d->history);
	rewrite_turn(d, heard);
}

static void llm_said(struct dialog *dialog, const char *heard)
{
	add_message(llm(dialog), "assistant", heard);
}

static void llm_tool_result(struct dialog *dialog, const char *invocation_id, const char *text,
			    bool hang_up)
{
	struct dialog_llm *d = llm(dialog);

	if (!d->in_turn || !timer_is_running(d->tool_timer) || d->call_at >= d->call_count ||
	    !str_equal(buf_str(&d->calls[d->call_at].id), invocation_id))
		return; /* too late, or nobody asked */
	timer_stop(d->tool_timer);
	on_tool_done(text, hang_up, d);
}

static void tool_overdue(void *arg)
{
	on_tool_done("The tool failed: no result came in time.", false, arg);
}

/* A model says nothing about reaching a goal. */
static json_t *llm_outcome(const struct dialog *dialog)
{
	return NULL;
}

static const struct dialog_ops llm_ops = {
	.name = "llm",
	.greet = llm_greet,
	.hear = llm_hear,
	.silence = llm_silence,
	.interrupt = llm_interrupt,
	.tool_result = llm_tool_result,
	.said = llm_said,
	.outcome = llm_outcome,
};

/* ---- making one ---- */

static void dialog_llm_destroy(void *data)
{
	struct dialog_llm *d = data;

	stop_everything(d);
	buf_free(&d->raw);
	buf_free(&d->thinking);
	buf_free(&d->answer);
	mem_unref(d->timer);
	mem_unref(d->stall);
	mem_unref(d->tool_timer);
	mem_unref(d->client);
	json_decref(d->history);
	json_decref(d->selected);
	json_decref(d->tools);
	json_decref(d->metadata);
	mem_free(d->say_now);
	mem_free(d->reason);
	mem_free(d->url);
	mem_free(d->key);
	mem_free(d->model);
	mem_free(d->call_id);
	mem_free(d->system);
}

static void take_initial_messages(struct dialog_llm *d, const json_t *messages)
{
	size_t i;
	json_t *message;

	json_array_foreach(messages, i, message)
	{
		const char *role = json_get_str(message, "role", "");
		const char *text = json_get_str(message, "text", "");

		if (!*text)
			continue;
		if (str_equal(role, "MESSAGE_ROLE_USER"))
			add_message(d, "user", text);
		else if (str_equal(role, "MESSAGE_ROLE_AGENT"))
			add_message(d, "assistant", text);
	}
}

int dialog_llm_new(struct dialog **ret_dialog, struct loop *loop, struct http_client *client,
		   const char *api_url, const char *api_key, const struct dialog_conf *conf,
		   const struct dialog_handlers *handlers, void *arg, char error[256])
{
	struct dialog_llm *d = mem_new(sizeof(*d), dialog_llm_destroy);
	size_t len = strlen(api_url);

	d->dialog =
		(struct dialog){.ops = &llm_ops, .loop = loop, .handlers = *handlers, .arg = arg};
	d->client = mem_ref(client);
	log_init(&d->log, "engine", conf->call_id);
	d->url = mem_printf("%.*s/chat/completions",
			    (int)(len && api_url[len - 1] == '/' ? len - 1 : len), api_url);
	d->key = mem_strdup(api_key ? api_key : "");
	d->model = mem_strdup(conf->model);
	d->call_id = mem_strdup(conf->call_id ? conf->call_id : "");
	d->system = mem_printf("%s%s%s", conf->system_prompt ? conf->system_prompt : "",
			       str_is_empty(conf->system_prompt) ? "" : "\n\n", voice_rules);
	d->temperature = conf->temperature;
	d->history = json_array();
	d->selected = json_deep_copy(conf->tools);
	d->metadata = json_deep_copy(conf->metadata);
	d->timer = timer_new(loop, timer_fired, d);
	d->stall = timer_new(loop, stalled, d);
	d->tool_timer = timer_new(loop, tool_overdue, d);
	take_initial_messages(d, conf->initial_messages);
	if (tool_describe(&d->tools, conf->tools, error) != 0) {
		mem_unref(d);
		return -EINVAL;
	}
	*ret_dialog = &d->dialog;
	return 0;
}
