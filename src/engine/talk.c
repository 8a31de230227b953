#include "engine/talk.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "engine/call_request.h"
#include "engine/conversation.h"
#include "engine/data_link.h"
#include "engine/data_message.h"
#include "engine/dialog.h"
#include "engine/duration.h"
#include "engine/tape.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	MAX_MESSAGES = 2000,
	TWILIO_LEAD_MS = 1000,
	WEBSOCKET_LEAD_MS = 60,
	MEDIA_IDLE_MS = 30000,
	MIN_MEDIA_IDLE_MS = 10000,
	BILLING_STEP_US = 6000000,
};

static const struct medium {
	const char *path; /* in the joinUrl */
	const struct line_ops *ops;
} media[] = {
	{"twilio", &line_twilio},
	{"server_web_socket", &line_websocket},
};

static const json_t *medium_settings(const struct talk *talk)
{
	const json_t *medium = json_object_get(talk->call, "medium");
	const json_t *websocket = json_object_get(medium, "serverWebSocket");

	return websocket ? websocket : json_object_get(medium, "twilio");
}

static const struct medium *talk_medium(const struct talk *talk)
{
	const json_t *medium = json_object_get(talk->call, "medium");

	for (size_t i = 0; i < ARRAY_LEN(media); i++) {
		if (json_object_get(medium, media[i].ops->name))
			return &media[i];
	}
	return NULL;
}

/* ---- telling ---- */

static void tell_all(struct talk *talk, const json_t *message)
{
	const json_t *wanted = json_object_get(medium_settings(talk), "dataMessages");

	data_link_send(talk->link, message);
	if (talk->line && line_ops(talk->line)->has_messages &&
	    data_message_enabled(wanted, json_get_str(message, "type", ""), false))
		line_message(talk->line, message);
}

static void on_conversation_message(const json_t *message, void *arg)
{
	tell_all(arg, message);
}

static void on_conversation_record(json_t *message, void *arg)
{
	struct talk *talk = arg;

	if (json_array_size(talk->messages) < MAX_MESSAGES)
		json_array_append(talk->messages, message);
	if (talk->grownh)
		talk->grownh(talk, talk->arg);
}

/* ---- the end ---- */

static void settle_bill(struct talk *talk, const char *reason)
{
	char text[DURATION_SIZE];
	int64_t us = talk->joined_us ? talk->ended_us - talk->joined_us : 0;

	us = (us + BILLING_STEP_US - 1) / BILLING_STEP_US * BILLING_STEP_US;
	duration_format(text, us);
	json_set_str(talk->call, "billedDuration", text);
	json_set_str(talk->call, "billingStatus",
		     str_equal(reason, "system_error") ? "BILLING_STATUS_FREE_SYSTEM_ERROR"
		     : us == 0 ? "BILLING_STATUS_FREE_ZERO_EFFECTIVE_DURATION"
			       : "BILLING_STATUS_BILLED");
}

static void settle_outcome(struct talk *talk)
{
	json_t *outcome = NULL, *message;

	if (talk->dialog && talk->joined_us)
		outcome = talk->dialog->ops->outcome(talk->dialog);
	if (!outcome)
		return;
	json_object_set(talk->call, "outcome", outcome);
	message = data_message_new("outcome");
	json_object_set_new(message, "outcome", outcome);
	tell_all(talk, message);
	json_decref(message);
}

static void set_ended(struct talk *talk, const char *reason)
{
	talk->state = TALK_ENDED;
	talk->ended_us = clock_wall_us();
	talk->token[0] = '\0';
	json_set_time(talk->call, "ended", talk->ended_us);
	json_set_str(talk->call, "endReason", reason);
	settle_bill(talk, reason);
}

static void finish(struct talk *talk, const char *reason)
{
	if (talk->state == TALK_ENDED)
		return;
	set_ended(talk, reason);
	settle_outcome(talk);
	LOG_INFO(&talk->log, "call_ended", LOG_STR("end_reason", reason),
		 LOG_INT("duration_ms",
			 talk->joined_us ? (talk->ended_us - talk->joined_us) / 1000 : 0));
	talk->join_timer = mem_unref(talk->join_timer);
	talk->idle_timer = mem_unref(talk->idle_timer);
	talk->tape = mem_unref(talk->tape);
	data_link_close(talk->link);
	talk->link = mem_unref(talk->link);
	if (talk->line)
		line_close(talk->line);
	talk->conversation = mem_unref(talk->conversation);
	talk->dialog = mem_unref(talk->dialog);
	if (talk->changedh)
		talk->changedh(talk, talk->arg);
}

static void on_conversation_ended(const char *reason, void *arg)
{
	struct talk *talk = mem_ref(arg);

	finish(talk, reason);
	mem_unref(talk);
}

void talk_end(struct talk *talk, const char *reason)
{
	mem_ref(talk);
	if (talk->conversation && talk->state != TALK_ENDED)
		conversation_end(talk->conversation, reason);
	finish(talk, reason);
	mem_unref(talk);
}

/* ---- the line ---- */

static void send_audio(const int16_t *samples, size_t count, void *arg)
{
	struct talk *talk = arg;

	if (talk->tape)
		tape_agent(talk->tape, samples, count);
	if (line_audio(talk->line, samples, count) == -ENOBUFS)
		LOG_WARN(&talk->log, "audio_dropped", LOG_STR("reason", "peer does not read"));
}

static void send_mark(uint64_t mark, void *arg)
{
	struct talk *talk = arg;

	line_mark(talk->line, mark);
}

static void send_clear(void *arg)
{
	struct talk *talk = arg;

	if (talk->tape)
		tape_cut(talk->tape);
	line_clear(talk->line);
}

static void line_idle(void *arg)
{
	struct talk *talk = arg;

	if (talk->idle_audio == 0) {
		LOG_WARN(&talk->log, "media_idle", LOG_INT("idle_ms", talk->idle_ms));
		talk_end(talk, "connection_error");
		return;
	}
	talk->idle_audio = 0;
	timer_start(talk->idle_timer, talk->idle_ms);
}

static void watch_line(struct talk *talk)
{
	uint32_t ms = call_request_ms(medium_settings(talk), "mediaIdleTimeout", MEDIA_IDLE_MS);

	talk->idle_ms = ms < MIN_MEDIA_IDLE_MS ? MIN_MEDIA_IDLE_MS : ms;
	talk->idle_timer = timer_new(talk->loop, line_idle, talk);
	timer_start(talk->idle_timer, talk->idle_ms);
}

static void on_link_message(const json_t *json, void *arg)
{
	struct talk *talk = arg;
	struct data_message message;
	char error[160];
	int err = data_message_parse(&message, json, error);

	if (err == -EINVAL)
		LOG_WARN(&talk->log, "data_message_refused", LOG_STR("reason", error));
	if (err)
		return;
	if (message.type == DATA_PING) {
		json_t *pong = data_message_new("pong");

		json_set_number(pong, "timestamp", message.timestamp);
		tell_all(talk, pong);
		json_decref(pong);
		return;
	}
	talk_command(talk, &message);
}

static void open_link(struct talk *talk)
{
	const json_t *config = json_object_get(talk->call, "dataConnectionConfig");
	struct data_link_conf conf = {
		.call_id = talk->call_id,
		.config = config,
		.secrets = json_object_get(talk->secrets, "sharedSecrets"),
	};

	if (json_is_object(config) &&
	    data_link_new(&talk->link, talk->loop, &conf, on_link_message, talk) != 0)
		LOG_ERROR(&talk->log, "data_connection_failed");
}

static uint32_t line_lead_ms(const struct talk *talk)
{
	int64_t lead;

	if (line_ops(talk->line)->echoes_marks)
		return TWILIO_LEAD_MS;
	lead = json_get_int(medium_settings(talk), "clientBufferSizeMs", WEBSOCKET_LEAD_MS);
	return lead < 40 ? 40 : (uint32_t)lead;
}

static void on_line_ready(void *arg)
{
	struct talk *talk = arg;
	const struct line_ops *ops = line_ops(talk->line);
	struct conversation_line line = {
		.rate_hz = line_rate_hz(talk->line),
		.output_rate_hz = line_output_rate_hz(talk->line),
		.lead_ms = line_lead_ms(talk),
		.audioh = send_audio,
		.markh = ops->echoes_marks ? send_mark : NULL,
		.clearh = send_clear,
		.arg = talk,
	};
	json_t *started;

	if (talk->state != TALK_CREATED)
		return;
	mem_ref(talk);
	talk->state = TALK_JOINED;
	talk->joined_us = clock_wall_us();
	json_set_time(talk->call, "joined", talk->joined_us);
	json_set_str(talk->call, "joinUrl", NULL);
	timer_stop(talk->join_timer);
	watch_line(talk);
	LOG_INFO(&talk->log, "call_joined", LOG_STR("medium", ops->name));
	open_link(talk);
	started = data_message_new("call_started");
	json_set_str(started, "callId", talk->call_id);
	tell_all(talk, started);
	json_decref(started);
	if (talk->changedh)
		talk->changedh(talk, talk->arg);
	if (talk->conversation)
		conversation_join(talk->conversation, &line);
	mem_unref(talk);
}

static void on_line_audio(const int16_t *samples, size_t count, void *arg)
{
	struct talk *talk = mem_ref(arg);

	talk->idle_audio++;
	if (talk->tape)
		tape_caller(talk->tape, samples, count);
	if (talk->conversation)
		conversation_audio(talk->conversation, samples, count);
	mem_unref(talk);
}

static void on_line_mark(uint64_t mark, void *arg)
{
	struct talk *talk = arg;

	if (talk->conversation)
		conversation_marked(talk->conversation, mark);
}

static void on_line_digit(char digit, void *arg)
{
	struct talk *talk = arg;

	if (talk->conversation)
		conversation_digit(talk->conversation, digit);
}

static void on_line_gone(bool hung_up, const char *detail, void *arg)
{
	struct talk *talk = mem_ref(arg);

	if (talk->state == TALK_JOINED)
		talk_end(talk, hung_up ? "hangup" : "connection_error");
	talk->line = mem_unref(talk->line);
	mem_unref(talk);
}

static void start_tape(struct talk *talk)
{
	struct tape_conf conf = {
		.pool = talk->pool,
		.safe = talk->safe,
		.path = talk->tape_path,
		.rate_hz = line_rate_hz(talk->line),
		.agent_rate_hz = line_output_rate_hz(talk->line),
	};
	int err;

	if (!conf.path)
		return;
	err = tape_new(&talk->tape, &conf);
	if (err)
		LOG_ERROR(&talk->log, "recording_failed", LOG_ERR(err));
}

int talk_join(struct talk *talk, const char *medium, const char *token,
	      struct ws_handlers *ret_handlers, void **ret_arg)
{
	static const struct line_handlers handlers = {
		.readyh = on_line_ready,
		.audioh = on_line_audio,
		.markh = on_line_mark,
		.digith = on_line_digit,
		.messageh = on_link_message,
		.goneh = on_line_gone,
	};
	const struct medium *expected = talk_medium(talk);
	const json_t *settings = medium_settings(talk);
	struct line_conf conf = {
		.call_id = talk->call_id,
		.input_rate_hz = (uint32_t)json_get_int(settings, "inputSampleRate", 8000),
		.output_rate_hz = (uint32_t)json_get_int(settings, "outputSampleRate", 0),
	};

	if (talk->state == TALK_ENDED)
		return 410;
	if (!expected || !str_equal(medium, expected->path))
		return 404;
	if (talk->token[0] == '\0')
		return 409;
	if (!digest_equal_str(token, talk->token))
		return 404;
	talk->token[0] = '\0';
	line_new(&talk->line, ret_handlers, ret_arg, expected->ops, &conf, &handlers, talk);
	start_tape(talk);
	return 0;
}

static void not_joined(void *arg)
{
	talk_end(arg, "unjoined");
}

void talk_command(struct talk *talk, const struct data_message *message)
{
	mem_ref(talk);
	if (talk->conversation && talk->state == TALK_JOINED)
		conversation_command(talk->conversation, message);
	mem_unref(talk);
}

/* ---- making one ---- */

static void talk_destroy(void *data)
{
	struct talk *talk = data;

	mem_unref(talk->join_timer);
	mem_unref(talk->idle_timer);
	mem_unref(talk->conversation);
	mem_unref(talk->dialog);
	mem_unref(talk->line);
	mem_unref(talk->link);
	mem_unref(talk->tape);
	mem_free(talk->tape_path);
	mem_unref(talk->safe);
	json_decref(talk->call);
	json_decref(talk->messages);
	json_decref(talk->secrets);
	json_decref(talk->request);
}

/* What a greeting is to be like goes to the model with the rest of what it is told. */
static char *system_prompt(const json_t *request)
{
	const json_t *first = json_object_get(request, "firstSpeakerSettings");
	const json_t *fallback = json_object_get(json_object_get(first, "user"), "fallback");
	const char *prompt = json_get_str(request, "systemPrompt", NULL);
	const char *greeting = json_get_str(json_object_get(first, "agent"), "prompt",
					    json_get_str(fallback, "prompt", NULL));

	if (!greeting)
		return mem_strdup(prompt);
	return mem_printf("%s\n\nHow to open the conversation: %s", prompt ? prompt : "", greeting);
}

static int make_dialog(struct talk *talk, const struct talk_conf *conf, const json_t *request,
		       json_t *errors)
{
	const char *model = json_get_str(request, "model", "ultravox-v0.7");
	auto_free char *prompt = system_prompt(request);
	char error[256] = "";
	time_t now = (time_t)(talk->created_us / 1000000);
	struct tm local;
	struct dialog_conf dialog = {
		.model = model,
		.system_prompt = prompt,
		.temperature = json_get_number(request, "temperature", 0),
		.language = json_get_str(request, "languageHint", NULL),
		.initial_messages = json_object_get(request, "initialMessages"),
		.tools = json_object_get(request, "selectedTools"),
		.call_id = talk->call_id,
		.metadata = json_object_get(request, "metadata"),
		.now_us = talk->created_us,
	};
	int err;

	if (localtime_r(&now, &local))
		dialog.utc_offset_s = (int32_t)local.tm_gmtoff;
	if (str_has_prefix(model, "flow/")) {
		err = dialog_flow_new(&talk->dialog, talk->loop, conf->flows_dir, &dialog,
				      &conversation_dialog_handlers, talk->conversation, error);
	} else if (str_is_empty(conf->llm_api_url)) {
		err = -EINVAL;
		str_copy(error, sizeof(error),
			 "Not a model of this engine: flow/NAME, or any name once LLM_API_URL is "
			 "set.");
	} else {
		/* the vendor's model names mean nothing to another server */
		if (str_has_prefix(model, "ultravox") || str_has_prefix(model, "fixie-ai/"))
			dialog.model = conf->llm_model;
		err = dialog_llm_new(&talk->dialog, talk->loop, conf->client, conf->llm_api_url,
				     conf->llm_api_key, &dialog, &conversation_dialog_handlers,
				     talk->conversation, error);
	}
	if (err)
		schema_error(errors, "model", *error ? error : "Cannot be used.");
	return err;
}

static int make_conversation(struct talk *talk, const struct talk_conf *conf, const json_t *request,
			     json_t *errors)
{
	static const struct conversation_handlers handlers = {
		.messageh = on_conversation_message,
		.recordh = on_conversation_record,
		.endedh = on_conversation_ended,
	};
	struct conversation_conf conversation;
	const char *voice = json_get_str(request, "voice", NULL);
	int err;

	call_request_conf(&conversation, request);
	conversation.call_id = talk->call_id;
	if (voice) {
		conversation.voice = tts_voice_find(voice);
		if (!conversation.voice)
			schema_error(errors, "voice", "There is no voice with that id or name.");
	}
	talk->conversation =
		conversation_new(talk->loop, conf->box, &conversation, &handlers, talk);
	call_request_conf_free(&conversation);
	err = make_dialog(talk, conf, request, errors);
	if (!err)
		conversation_set_dialog(talk->conversation, talk->dialog);
	return json_object_size(errors) == 0 ? 0 : -EINVAL;
}

static json_t *secrets_of(const json_t *request)
{
	json_t *secrets = json_object();
	const json_t *shared = json_object_get(request, "sharedSecrets");
	const json_t *callbacks = json_object_get(request, "callbacks");

	if (shared)
		json_object_set_new(secrets, "sharedSecrets", json_deep_copy(shared));
	if (callbacks)
		json_object_set_new(secrets, "callbacks", json_deep_copy(callbacks));
	return secrets;
}

static void set_join_url(struct talk *talk, const char *public_url)
{
	const struct medium *medium = talk_medium(talk);
	const char *rest = strstr(public_url, "://");
	auto_free char *url = NULL;

	random_hex(talk->token, TALK_TOKEN_LEN);
	url = mem_printf("%s%s/calls/%s/%s/%s", str_has_prefix(public_url, "https") ? "wss" : "ws",
			 rest ? rest : public_url, talk->call_id, medium->path, talk->token);
	json_set_str(talk->call, "joinUrl", url);
}

static json_t *without_secrets(const json_t *request)
{
	json_t *copy = json_deep_copy(request);

	json_object_del(copy, "sharedSecrets");
	json_object_del(copy, "callbacks");
	return copy;
}

int talk_new(struct talk **ret_talk, struct loop *loop, const struct talk_conf *conf,
	     const json_t *request, json_t **ret_errors)
{
	auto_unref struct talk *talk = mem_new(sizeof(*talk), talk_destroy);
	auto_json json_t *errors = json_object();

	if (!call_request_check(request, errors)) {
		*ret_errors = json_incref(errors);
		return -EINVAL;
	}
	talk->loop = loop;
	talk->pool = conf->pool;
	talk->safe = mem_ref(conf->safe);
	uuid_new(talk->call_id);
	log_init(&talk->log, "engine", talk->call_id);
	talk->created_us = clock_wall_us();
	talk->call = call_request_to_call(request);
	talk->messages = json_array();
	talk->secrets = secrets_of(request);
	talk->request = without_secrets(request);
	if (make_conversation(talk, conf, request, errors) != 0) {
		*ret_errors = json_incref(errors);
		return -EINVAL;
	}
	json_set_str(talk->call, "callId", talk->call_id);
	json_set_time(talk->call, "created", talk->created_us);
	set_join_url(talk, conf->public_url);
	if (json_get_bool(request, "recordingEnabled", false))
		talk->tape_path = mem_printf("%s/%s.wav", conf->recordings_dir, talk->call_id);
	talk->changedh = conf->changedh;
	talk->grownh = conf->grownh;
	talk->arg = conf->arg;
	talk->join_timer = timer_new(loop, not_joined, talk);
	timer_start(talk->join_timer, call_request_ms(request, "joinTimeout", 30000));
	*ret_talk = mem_ref(talk);
	return 0;
}

json_t *talk_record(const struct talk *talk)
{
	json_t *record = json_object();

	json_object_set(record, "call", talk->call);
	if (talk->messages)
		json_object_set(record, "messages", talk->messages);
	json_object_set(record, "secrets", talk->secrets);
	json_object_set(record, "request", talk->request);
	return record;
}

static int64_t read_time(const json_t *call, const char *key)
{
	int64_t us = 0;
	const char *text = json_get_str(call, key, NULL);

	return text && timestamp_parse_iso(&us, text) == 0 ? us : 0;
}

struct talk *talk_restore(struct loop *loop, const json_t *record)
{
	json_t *call = json_object_get(record, "call");
	const char *id = json_get_str(call, "callId", NULL);
	struct talk *talk;

	if (!id || !uuid_is_valid(id))
		return NULL;
	talk = mem_new(sizeof(*talk), talk_destroy);
	talk->loop = loop;
	str_copy(talk->call_id, sizeof(talk->call_id), id);
	log_init(&talk->log, "engine", id);
	talk->call = json_deep_copy(call);
	talk->messages = json_deep_copy(json_object_get(record, "messages"));
	talk->secrets = json_deep_copy(json_object_get(record, "secrets"));
	talk->request = json_deep_copy(json_object_get(record, "request"));
	talk->created_us = read_time(call, "created");
	talk->joined_us = read_time(call, "joined");
	talk->ended_us = read_time(call, "ended");
	talk->state = talk->ended_us ? TALK_ENDED : talk->joined_us ? TALK_JOINED : TALK_CREATED;
	return talk;
}
