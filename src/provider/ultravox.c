#include "provider/ultravox.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_RETRIES = 3,
	BACKOFF_MS = 250,
	BACKOFF_CAP_MS = 4000,
	PAGE_SIZE = 100,
};

struct ultravox {
	struct provider *provider;
	char *api_url;
	char *key_header;
	uint32_t timeout_ms;
};

/* 429 and 503 were refused before anything was done; reading again is harmless after any failure.
 */
static bool may_retry(const struct http_result *http, const json_t *json, uint32_t retry, bool safe,
		      uint64_t *ret_wait_ms)
{
	uint64_t asked = provider_retry_after_ms(http);
	uint64_t wait = provider_jitter_ms(BACKOFF_MS, retry + 1, BACKOFF_CAP_MS);

	*ret_wait_ms = asked ? asked + wait / 4 : wait;
	if (http->err)
		return !http->connected || safe;
	return http->status == 429 || http->status == 503 || (safe && http->status >= 500);
}

/* The shape of errors is not documented: take Django's {"detail"}, else the first
 * {"field":["why"]}. */
static void explain(struct provider_result *result, const json_t *json)
{
	const char *text = json_get_str(json, "detail", NULL);
	const char *key;
	json_t *value;

	if (text) {
		provider_text(result->reason, sizeof(result->reason), text);
		return;
	}
	json_object_foreach((json_t *)json, key, value)
	{
		const char *why =
			json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
		char line[PROVIDER_REASON_SIZE];

		if (!why)
			continue;
		snprintf(line, sizeof(line), "%.40s: %.120s", key, why);
		provider_text(result->reason, sizeof(result->reason), line);
		return;
	}
}

static const struct provider_policy policy = {
	.name = "ultravox",
	.max_retries = MAX_RETRIES,
	.max_wait_ms = 20000,
	.may_retry = may_retry,
	.explain = explain,
};

static void ultravox_destroy(void *data)
{
	struct ultravox *ultravox = data;

	mem_unref(ultravox->provider);
	mem_free(ultravox->api_url);
	mem_free(ultravox->key_header);
}

int ultravox_new(struct ultravox **ret_ultravox, struct loop *loop, struct http_client *client,
		 const struct ultravox_conf *conf)
{
	struct ultravox *ultravox;

	if (str_is_empty(conf->api_url) || str_is_empty(conf->api_key))
		return -EINVAL;
	ultravox = mem_new(sizeof(*ultravox), ultravox_destroy);
	ultravox->provider = provider_new(loop, client, &policy);
	ultravox->api_url = mem_strdup(conf->api_url);
	ultravox->key_header = mem_printf("X-API-Key: %s", conf->api_key);
	ultravox->timeout_ms = conf->timeout_ms;
	*ret_ultravox = ultravox;
	return 0;
}

/* ---- values on the wire ---- */

/* protobuf JSON: -?(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?s */
int ultravox_duration_parse(double *ret_seconds, const char *text)
{
	size_t len = strlen(text ? text : "");
	char number[32];

	if (len < 2 || len >= sizeof(number) || text[len - 1] != 's' ||
	    strspn(text, "-0123456789.") != len - 1)
		return -EINVAL;
	memcpy(number, text, len - 1);
	number[len - 1] = '\0';
	return str_parse_double(ret_seconds, number, -1e12, 1e12);
}

static void set_duration(json_t *obj, const char *key, double seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%.9gs", seconds);
	json_set_str(obj, key, text);
}

static double get_duration(const json_t *obj, const char *key)
{
	double seconds = -1;

	if (ultravox_duration_parse(&seconds, json_get_str(obj, key, NULL)))
		return -1;
	return seconds;
}

static int64_t get_time(const json_t *obj, const char *key)
{
	const char *text = json_get_str(obj, key, NULL);
	int64_t us = 0;

	if (text)
		timestamp_parse_iso(&us, text);
	return us;
}

int ultravox_call_parse(struct ultravox_call *ret_call, const json_t *json)
{
	const char *id = json_get_str(json, "callId", "");
	const json_t *outcome = json_object_get(json, "outcome");
	const json_t *metadata = json_object_get(json, "metadata");
	struct ultravox_call call = {0};

	if (!*id || !str_copy(call.id, sizeof(call.id), id) || strchr(id, '/'))
		return -EBADMSG;
	str_copy(call.end_reason, sizeof(call.end_reason), json_get_str(json, "endReason", ""));
	call.join_url = json_get_str(json, "joinUrl", "");
	call.created_us = get_time(json, "created");
	call.joined_us = get_time(json, "joined");
	call.ended_us = get_time(json, "ended");
	call.billed_s = get_duration(json, "billedDuration");
	call.metadata = json_is_object(metadata) ? metadata : NULL;
	call.outcome = json_is_object(outcome) ? outcome : NULL;
	*ret_call = call;
	return 0;
}

static void not_documented(struct provider_result *result)
{
	result->err = -EBADMSG;
	result->unknown = true;
	str_copy(result->reason, sizeof(result->reason), "ultravox's answer is not understood");
}

static void call_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	struct ultravox_call call;

	if (!result->err && ultravox_call_parse(&call, result->json))
		not_documented(result);
	((ultravox_call_h *)userh)(result, result->err ? NULL : &call, arg);
}

#define INSTRUCTION     "<instruction>"
#define INSTRUCTION_END "</instruction>"

bool ultravox_is_instruction(const char *text)
{
	return str_has_prefix(text, INSTRUCTION);
}

/* True when it is something that was said. */
static bool parse_message(struct ultravox_message *message, const json_t *json)
{
	const char *role = json_get_str(json, "role", "");
	const json_t *span = json_object_get(json, "wallClockTimespan");
	const char *confidence =
		json_get_str(json_object_get(json, "metadata"), "confidence", NULL);

	*message = (struct ultravox_message){
		.agent = str_equal(role, "MESSAGE_ROLE_AGENT"),
		.text = json_get_str(json, "text", ""),
		.confidence = -1,
	};
	if (!json_is_object(span))
		span = json_object_get(json, "timespan");
	message->start_s = get_duration(span, "start");
	message->end_s = get_duration(span, "end");
	if (confidence)
		str_parse_double(&message->confidence, confidence, 0, 1);
	if (!message->agent &&
	    (!str_equal(role, "MESSAGE_ROLE_USER") || ultravox_is_instruction(message->text)))
		return false;
	return *message->text;
}

static void messages_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	const json_t *list = json_object_get(result->json, "results");
	size_t size = json_array_size(list) > PAGE_SIZE ? PAGE_SIZE : json_array_size(list);
	auto_free struct ultravox_message *messages = mem_alloc((size + 1) * sizeof(*messages));
	const char *next = json_get_str(result->json, "next", NULL);
	size_t count = 0;

	if (!result->err && !json_is_array(list))
		not_documented(result);
	for (size_t i = 0; !result->err && i < size; i++)
		if (parse_message(&messages[count], json_array_get(list, i)))
			count++;
	((ultravox_messages_h *)userh)(result, messages, count, result->err ? NULL : next, arg);
}

/* ---- requests ---- */

static int send_json(struct provider_request **ret_request, struct ultravox *ultravox,
		     const char *url, const json_t *body, struct provider_send_params *params)
{
	const char *headers[] = {ultravox->key_header, "Accept: application/json",
				 body ? "Content-Type: application/json" : NULL, NULL};
	auto_free char *text = body ? json_text(body) : NULL;

	params->http.method = body ? "POST" : "GET";
	params->http.url = url;
	params->http.headers = headers;
	params->http.body = text;
	params->http.body_len = text ? strlen(text) : 0;
	params->http.timeout_ms = ultravox->timeout_ms;
	params->safe = !body;
	return provider_send(ret_request, ultravox->provider, params);
}

static void set_text(json_t *obj, const char *key, const char *text)
{
	if (!str_is_empty(text))
		json_set_str(obj, key, text);
}

static json_t *first_speaker(const struct ultravox_call_params *params)
{
	json_t *speech = json_object();

	set_text(speech, "text", params->first_message);
	if (!params->callee_first)
		return json_pack("{s:o}", "agent", speech);
	set_duration(speech, "delay", params->first_delay_ms / 1000.0);
	return json_pack("{s:{s:o}}", "user", "fallback", speech);
}

static json_t *callbacks(const struct ultravox_call_params *params)
{
	static const char *const events[] = {"joined", "ended", "billed"};
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		json_object_set_new(all, events[i],
				    json_pack("{s:s,s:[s]}", "url", params->callback_url, "secrets",
					      params->callback_secret));
	return all;
}

/* Audio may be sent ahead by so much: whoever plays it drops it when told to. */
enum { CLIENT_BUFFER_MS = 300 };

static json_t *medium(const struct ultravox_call_params *params)
{
	if (!params->web_socket_rate_hz)
		return json_pack("{s:{}}", "twilio");
	return json_pack("{s:{s:i,s:i,s:i}}", "serverWebSocket", "inputSampleRate",
			 (int)params->web_socket_rate_hz, "outputSampleRate",
			 (int)params->web_socket_rate_hz, "clientBufferSizeMs", CLIENT_BUFFER_MS);
}

static json_t *create_body(const struct ultravox_call_params *params)
{
	json_t *body = json_object();

	set_text(body, "systemPrompt", params->system_prompt);
	set_text(body, "model", params->model);
	set_text(body, "voice", params->voice);
	set_text(body, "languageHint", params->language);
	if (params->temperature >= 0)
		json_set_number(body, "temperature", params->temperature);
	if (params->join_timeout_s)
		set_duration(body, "joinTimeout", params->join_timeout_s);
	if (params->max_duration_s)
		set_duration(body, "maxDuration", params->max_duration_s);
	json_set_bool(body, "recordingEnabled", params->recording);
	json_object_set_new(body, "medium", medium(params));
	json_object_set_new(body, "firstSpeakerSettings", first_speaker(params));
	/* Times of each turn on the data connection; engines that do not know it ignore it. */
	json_object_set_new(body, "experimentalSettings", json_pack("{s:b}", "turnTiming", 1));
	if (params->tools)
		json_object_set(body, "selectedTools", (json_t *)params->tools);
	if (params->metadata)
		json_object_set(body, "metadata", (json_t *)params->metadata);
	if (!str_is_empty(params->data_url)) {
		json_object_set_new(body, "dataConnection",
				    json_pack("{s:s}", "websocketUrl", params->data_url));
		json_object_set_new(body, "sharedSecrets", json_pack("[s]", params->data_secret));
	}
	if (!str_is_empty(params->callback_url))
		json_object_set_new(body, "callbacks", callbacks(params));
	return body;
}

int ultravox_call_create(struct provider_request **ret_request, struct ultravox *ultravox,
			 const struct ultravox_call_params *params, ultravox_call_h *callh,
			 void *arg)
{
	auto_json json_t *body = create_body(params);
	auto_free char *url = mem_printf("%s/calls", ultravox->api_url);
	struct provider_send_params send = {
		.answerh = call_answered, .userh = (provider_user_h *)callh, .arg = arg};

	return send_json(ret_request, ultravox, url, body, &send);
}

/* An id is a UUID; whatever else is in the database must not become another path. */
static char *call_url(const struct ultravox *ultravox, const char *id, const char *tail)
{
	size_t len;

	if (!id)
		return NULL;
	len = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-_");
	if (!len || id[len])
		return NULL;
	return mem_printf("%s/calls/%s%s", ultravox->api_url, id, tail);
}

int ultravox_call_get(struct provider_request **ret_request, struct ultravox *ultravox,
		      const char *id, ultravox_call_h *callh, void *arg)
{
	auto_free char *url = call_url(ultravox, id, "");
	struct provider_send_params send = {
		.answerh = call_answered, .userh = (provider_user_h *)callh, .arg = arg};

	return url ? send_json(ret_request, ultravox, url, NULL, &send) : -EINVAL;
}

int ultravox_messages(struct provider_request **ret_request, struct ultravox *ultravox,
		      const char *id, const char *page, ultravox_messages_h *messagesh, void *arg)
{
	auto_free char *first = call_url(ultravox, id, "/messages?pageSize=100");
	size_t base_len = strlen(ultravox->api_url);
	struct provider_send_params send = {
		.answerh = messages_answered, .userh = (provider_user_h *)messagesh, .arg = arg};

	if (!first || (page && (!str_has_prefix(page, ultravox->api_url) || page[base_len] != '/')))
		return -EINVAL;
	return send_json(ret_request, ultravox, page ? page : first, NULL, &send);
}

/* ---- voices ---- */

enum { MAX_PREVIEW_BYTES = 8 * 1024 * 1024 };

static void voices_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	const json_t *list = json_object_get(result->json, "results");
	size_t size = json_array_size(list) > PAGE_SIZE ? PAGE_SIZE : json_array_size(list);
	auto_free struct ultravox_voice *voices = mem_alloc((size + 1) * sizeof(*voices));
	const char *next = json_get_str(result->json, "next", NULL);

	if (!result->err && !json_is_array(list))
		not_documented(result);
	if (result->err)
		size = 0;
	for (size_t i = 0; i < size; i++) {
		const json_t *json = json_array_get(list, i);

		voices[i] = (struct ultravox_voice){
			.id = json_get_str(json, "voiceId", ""),
			.name = json_get_str(json, "name", ""),
			.description = json_get_str(json, "description", ""),
			.language = json_get_str(json, "primaryLanguage", ""),
			.provider = json_get_str(json, "provider", ""),
		};
	}
	((ultravox_voices_h *)userh)(result, voices, size, result->err ? NULL : next, arg);
}

int ultravox_voices(struct provider_request **ret_request, struct ultravox *ultravox,
		    const char *page, ultravox_voices_h *voicesh, void *arg)
{
	auto_free char *first = mem_printf("%s/voices?pageSize=100", ultravox->api_url);
	size_t base_len = strlen(ultravox->api_url);
	struct provider_send_params send = {
		.answerh = voices_answered, .userh = (provider_user_h *)voicesh, .arg = arg};

	if (page && (!str_has_prefix(page, ultravox->api_url) || page[base_len] != '/'))
		return -EINVAL;
	return send_json(ret_request, ultravox, page ? page : first, NULL, &send);
}

static int fetch_sound(struct provider_request **ret_request, struct ultravox *ultravox,
		       const char *url, const char *key_header, provider_done_h *doneh, void *arg)
{
	const char *headers[] = {key_header, NULL};
	struct provider_send_params send = {
		.http = {.method = "GET",
			 .url = url,
			 .headers = headers,
			 .timeout_ms = ultravox->timeout_ms,
			 .max_body_bytes = MAX_PREVIEW_BYTES,
			 .guarded = !key_header}, /* an address that somebody gave us */
		.safe = true,
		.userh = (provider_user_h *)doneh,
		.arg = arg};

	return provider_send(ret_request, ultravox->provider, &send);
}

int ultravox_voice_preview(struct provider_request **ret_request, struct ultravox *ultravox,
			   const char *voice_id, provider_done_h *doneh, void *arg)
{
	auto_buf struct buf url = {0};

	buf_printf(&url, "%s/voices/", ultravox->api_url);
	percent_encode(&url, voice_id, strlen(voice_id));
	buf_append_str(&url, "/preview");
	return fetch_sound(ret_request, ultravox, buf_str(&url), ultravox->key_header, doneh, arg);
}

int ultravox_voice_preview_at(struct provider_request **ret_request, struct ultravox *ultravox,
			      const char *url, provider_done_h *doneh, void *arg)
{
	bool plain = str_has_prefix(url, "http://") && str_has_prefix(ultravox->api_url, "http://");

	if (!plain && !str_has_prefix(url, "https://"))
		return -EINVAL;
	return fetch_sound(ret_request, ultravox, url, NULL, doneh, arg);
}

/* ---- live calls ---- */

/* What a live call is told. */
static int send_data(struct provider_request **ret_request, struct ultravox *ultravox,
		     const char *id, const json_t *message, provider_done_h *doneh, void *arg)
{
	auto_free char *url = call_url(ultravox, id, "/send_data_message");
	struct provider_send_params send = {.userh = (provider_user_h *)doneh, .arg = arg};

	return url ? send_json(ret_request, ultravox, url, message, &send) : -EINVAL;
}

int ultravox_hang_up(struct provider_request **ret_request, struct ultravox *ultravox,
		     const char *id, const char *message, provider_done_h *doneh, void *arg)
{
	auto_json json_t *body =
		json_pack("{s:s,s:s}", "type", "hang_up", "message", message ? message : "");

	return send_data(ret_request, ultravox, id, body, doneh, arg);
}

int ultravox_say(struct provider_request **ret_request, struct ultravox *ultravox, const char *id,
		 const struct ultravox_speech *speech, provider_done_h *doneh, void *arg)
{
	auto_json json_t *body =
		json_pack("{s:s,s:s,s:s,s:b}", "type", "forced_agent_message", "content",
			  speech->text, "urgency", speech->urgent ? "immediate" : "soon",
			  "uninterruptible", speech->uninterruptible);

	return send_data(ret_request, ultravox, id, body, doneh, arg);
}

int ultravox_instruct(struct provider_request **ret_request, struct ultravox *ultravox,
		      const char *id, const char *text, provider_done_h *doneh, void *arg)
{
	auto_free char *tagged = mem_printf(INSTRUCTION "%s" INSTRUCTION_END, text);
	auto_json json_t *body = json_pack("{s:s,s:s,s:s}", "type", "user_text_message", "text",
					   tagged, "urgency", "later");

	return send_data(ret_request, ultravox, id, body, doneh, arg);
}
