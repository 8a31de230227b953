/* The REST endpoints: calls, voices, models, webhooks. */
#include "engine/engine_priv.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "engine/data_message.h"
#include "engine/duration.h"
#include "engine/hook.h"
#include "engine/preview.h"
#include "engine/schema.h"
#include "http/form.h"
#include "http/http_safe_file.h"
#include "http/http_server.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_PAGE = 100, MAX_PAGE = 1000 };

#define DAY_US ((int64_t)24 * 3600 * 1000000)

/* ---- answering ---- */

static void reply_detail(struct http_request *req, int status, const char *detail)
{
	auto_json json_t *json = json_object();

	json_set_str(json, "detail", detail);
	http_reply_json(req, status, json);
}

static void server_error(struct http_request *req, int status, const char *message, void *arg)
{
	reply_detail(req, status, status == 404 ? "Not found." : message);
}

static bool authorised(struct engine *engine, struct http_request *req)
{
	const char *key = http_request_header(req, "x-api-key");

	if (digest_equal_str(key, engine->settings->ultravox_api_key) && !str_is_empty(key))
		return true;
	reply_detail(req, 401,
		     key ? "Invalid API key." : "Authentication credentials were not provided.");
	return false;
}

/* NULL after an answer was given: 401 or 404. */
static struct record *requested(struct engine *engine, struct http_request *req)
{
	struct record *record;

	if (!authorised(engine, req))
		return NULL;
	record = engine_find(engine, http_request_param(req, "call_id"));
	if (!record)
		reply_detail(req, 404, "Not found.");
	return record;
}

/* The body as JSON; NULL after a 400. An empty body is an empty object. */
static json_t *read_body(struct http_request *req)
{
	size_t len;
	const char *body = http_request_body(req, &len);
	char error[JSON_ERROR_SIZE];
	json_t *json = NULL;

	if (len == 0)
		return json_object();
	if (json_parse(&json, body, len, error) != 0) {
		auto_free char *detail = mem_printf("JSON parse error - %s", error);

		reply_detail(req, 400, detail);
	}
	return json;
}

/* pageSize of the query; 0 after a 400. */
static size_t page_size(struct http_request *req)
{
	const char *text = form_get(http_request_query(req), "pageSize");
	auto_json json_t *errors = json_object();
	int64_t size = DEFAULT_PAGE;

	if (text && str_parse_int(&size, text, 1, MAX_PAGE) != 0) {
		schema_error(errors, "pageSize", "A number from 1 to 1000 is required.");
		http_reply_json(req, 400, errors);
		return 0;
	}
	return (size_t)size;
}

/* The URL of the page that starts at cursor: this request's, with another cursor. */
static char *page_url(struct engine *engine, struct http_request *req, const char *cursor)
{
	const struct form *query = http_request_query(req);
	struct form *next = form_new();
	struct buf encoded = {0};
	char *url;

	for (size_t i = 0; i < form_count(query); i++) {
		if (!str_equal(form_name(query, i), "cursor"))
			form_add(next, form_name(query, i), form_value(query, i));
	}
	form_add(next, "cursor", cursor);
	form_encode(next, &encoded);
	url = mem_printf("%s%s?%s", engine->public_url, http_request_path(req), buf_str(&encoded));
	buf_free(&encoded);
	mem_unref(next);
	return url;
}

static void reply_page(struct engine *engine, struct http_request *req, json_t *results,
		       size_t total, const char *next, const char *previous)
{
	auto_json json_t *page = json_object();
	auto_free char *next_url = next ? page_url(engine, req, next) : NULL;
	auto_free char *previous_url = previous ? page_url(engine, req, previous) : NULL;

	json_set_str(page, "next", next_url);
	json_set_str(page, "previous", previous_url);
	json_object_set_new(page, "results", results);
	json_set_int(page, "total", (int64_t)total);
	http_reply_json(req, 200, page);
}

/* A page of an array; the cursor is an offset. */
static void reply_array(struct engine *engine, struct http_request *req, const json_t *all)
{
	size_t size = page_size(req), total = json_array_size(all), end, before;
	const char *cursor = form_get(http_request_query(req), "cursor");
	char next[24], previous[24];
	int64_t start = 0;
	json_t *results;

	if (size == 0)
		return;
	if (cursor && str_parse_int(&start, cursor, 0, (int64_t)total) != 0) {
		reply_detail(req, 404, "Invalid cursor");
		return;
	}
	results = json_array();
	end = (size_t)start + size < total ? (size_t)start + size : total;
	for (size_t i = (size_t)start; i < end; i++)
		json_array_append(results, json_array_get(all, i));
	before = (size_t)start > size ? (size_t)start - size : 0;
	snprintf(next, sizeof(next), "%zu", end);
	snprintf(previous, sizeof(previous), "%zu", before);
	reply_page(engine, req, results, total, end < total ? next : NULL,
		   start > 0 ? previous : NULL);
}

/* ---- calls ---- */

/* Another call's settings under this one's, and its words as the beginning. Returns 0 after a 400.
 */
static bool inherit(struct engine *engine, struct http_request *req, json_t **body)
{
	const char *prior = form_get(http_request_query(req), "priorCallId");
	auto_json json_t *errors = json_object();
	json_t *merged, *messages, *kept, *message;
	struct record *record;
	size_t i;

	if (!prior || !json_is_object(*body))
		return true;
	record = engine_find(engine, prior);
	if (!record)
		schema_error(errors, "priorCallId", "There is no such call.");
	else if (json_object_get(*body, "initialMessages"))
		schema_error(errors, "initialMessages", "Not together with priorCallId.");
	if (!record || json_object_size(errors) > 0) {
		http_reply_json(req, 400, errors);
		return false;
	}
	merged = record->talk->request ? json_deep_copy(record->talk->request) : json_object();
	json_object_update_missing(merged, record->talk->secrets);
	json_object_update(merged, *body);
	messages = engine_messages(engine, record);
	kept = json_array();
	json_array_foreach(messages, i, message)
	{
		if (json_array_size(kept) < 500)
			json_array_append(kept, message);
	}
	json_object_set_new(merged, "initialMessages", kept);
	json_decref(messages);
	json_decref(*body);
	*body = merged;
	return true;
}

/* What the query asks for that is not offered here; false after a 400. */
static bool check_create_query(struct http_request *req)
{
	const struct form *query = http_request_query(req);
	const char *greeting = form_get(query, "enableGreetingPrompt");
	auto_json json_t *errors = json_object();

	if (greeting && !str_equal_nocase(greeting, "true"))
		schema_error(errors, "enableGreetingPrompt",
			     "This engine always prompts for a greeting; firstSpeakerSettings says "
			     "who begins, and with which words.");
	if (form_get(query, "throttle"))
		schema_error(errors, "throttle", "There is no such throttle.");
	if (json_object_size(errors) > 0)
		http_reply_json(req, 400, errors);
	return json_object_size(errors) == 0;
}

static void create_call(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	auto_json json_t *body = NULL, *errors = NULL;
	struct record *record = NULL;
	int err;

	if (!authorised(engine, req) || !check_create_query(req))
		return;
	body = read_body(req);
	if (!body || !inherit(engine, req, &body))
		return;
	err = engine_create(engine, body, &record, &errors);
	if (err == -EBUSY) {
		http_reply_header(req, "Retry-After", "5");
		reply_detail(req, 429, "Too many calls at once (ENGINE_MAX_CALLS).");
	} else if (err) {
		http_reply_json(req, 400, errors);
	} else {
		http_reply_json(req, 201, record->talk->call);
	}
}

struct call_filter {
	const struct form *query;
	int64_t from_us, to_us;
	int64_t duration_min_us, duration_max_us;
	int64_t day_from_us, day_to_us; /* since midnight UTC */
	const char *voice, *search;
	bool ascending;
	bool of_agents; /* of which there are none here */
};

static int64_t duration_of(const struct talk *talk)
{
	return talk->joined_us && talk->ended_us ? talk->ended_us - talk->joined_us : 0;
}

static bool metadata_matches(const struct form *query, const json_t *call)
{
	const json_t *metadata = json_object_get(call, "metadata");

	for (size_t i = 0; i < form_count(query); i++) {
		const char *name = form_name(query, i);

		if (str_has_prefix(name, "metadata.") &&
		    !str_equal(form_value(query, i),
			       json_get_str(metadata, name + strlen("metadata."), NULL)))
			return false;
	}
	return true;
}

/* By name or id, either way. */
static bool is_same_voice(const char *a, const char *b)
{
	const struct tts_voice *voice = tts_voice_find(a);

	return voice && voice == tts_voice_find(b);
}

static bool filter_matches(const struct call_filter *filter, const struct talk *talk)
{
	int64_t duration = duration_of(talk), in_day = talk->created_us % DAY_US;

	if (filter->of_agents || in_day < filter->day_from_us || in_day > filter->day_to_us)
		return false;
	if (talk->created_us < filter->from_us || talk->created_us > filter->to_us ||
	    duration < filter->duration_min_us || duration > filter->duration_max_us)
		return false;
	if (filter->voice && !is_same_voice(filter->voice, json_get_str(talk->call, "voice", "")))
		return false;
	if (filter->search) {
		auto_free char *text = json_text(talk->call);

		if (!strcasestr(text, filter->search))
			return false;
	}
	return metadata_matches(filter->query, talk->call);
}

/* A date alone means its first or last moment. */
static int read_date(int64_t *ret_us, const char *text, bool end_of_day)
{
	if (strlen(text) == strlen("2026-01-01")) {
		auto_free char *full =
			mem_printf("%sT%s", text, end_of_day ? "23:59:59.999999" : "00:00:00");

		return timestamp_parse_iso(ret_us, full);
	}
	return timestamp_parse_iso(ret_us, text);
}

/* "HH:MM:SS", as microseconds since midnight. */
static int read_time_of_day(int64_t *ret_us, const char *text)
{
	auto_free char *full = mem_printf("1970-01-01T%s", text);

	return strchr(text, 'Z') || strpbrk(text, "+-") ? -EINVAL
							: timestamp_parse_iso(ret_us, full);
}

static bool read_filter(struct call_filter *filter, struct http_request *req)
{
	const struct form *query = http_request_query(req);
	auto_json json_t *errors = json_object();
	const char *from = form_get(query, "fromDate"), *to = form_get(query, "toDate");
	const char *least = form_get(query, "durationMin"), *most = form_get(query, "durationMax");
	const char *sort = form_get(query, "sort");
	const char *day_from = form_get(query, "timeOfDayStart");
	const char *day_to = form_get(query, "timeOfDayEnd");

	*filter = (struct call_filter){
		.query = query,
		.to_us = INT64_MAX,
		.duration_max_us = INT64_MAX,
		.day_to_us = DAY_US,
		.of_agents = form_get(query, "agentIds") != NULL,
		.voice = form_get(query, "voiceId"),
		.search = form_get(query, "search"),
		.ascending = str_equal(sort, "created"),
	};
	if (from && read_date(&filter->from_us, from, false) != 0)
		schema_error(errors, "fromDate", "Enter a valid date/time.");
	if (to && read_date(&filter->to_us, to, true) != 0)
		schema_error(errors, "toDate", "Enter a valid date/time.");
	if (day_from && read_time_of_day(&filter->day_from_us, day_from) != 0)
		schema_error(errors, "timeOfDayStart", "Enter a valid time: HH:MM:SS.");
	if (day_to && read_time_of_day(&filter->day_to_us, day_to) != 0)
		schema_error(errors, "timeOfDayEnd", "Enter a valid time: HH:MM:SS.");
	if (least && duration_parse(&filter->duration_min_us, least) != 0)
		schema_error(errors, "durationMin", "Not a valid duration.");
	if (most && duration_parse(&filter->duration_max_us, most) != 0)
		schema_error(errors, "durationMax", "Not a valid duration.");
	if (sort && !str_equal(sort, "created") && !str_equal(sort, "-created"))
		schema_error(errors, "sort", "Must be created or -created.");
	if (json_object_size(errors) > 0)
		http_reply_json(req, 400, errors);
	return json_object_size(errors) == 0;
}

static void list_calls(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	struct call_filter filter;
	auto_json json_t *all = NULL;

	if (!authorised(engine, req) || !read_filter(&filter, req))
		return;
	all = json_array();
	for (struct list_node *node = filter.ascending ? engine->records.head
						       : engine->records.tail;
	     node; node = filter.ascending ? node->next : node->prev) {
		struct record *record = node->data;

		if (filter_matches(&filter, record->talk))
			json_array_append(all, record->talk->call);
	}
	reply_array(engine, req, all);
}

static void get_call(struct http_request *req, void *arg)
{
	struct record *record = requested(arg, req);

	if (record)
		http_reply_json(req, 200, record->talk->call);
}

static void delete_call(struct http_request *req, void *arg)
{
	struct record *record = requested(arg, req);

	if (!record)
		return;
	engine_delete(arg, record);
	http_reply(req, 204, NULL, NULL, 0);
}

static void get_messages(struct http_request *req, void *arg)
{
	struct record *record = requested(arg, req);
	const char *mode = form_get(http_request_query(req), "mode");
	auto_json json_t *errors = json_object(), *all = NULL, *messages = NULL;
	json_t *initial, *message;
	size_t i;

	if (!record)
		return;
	if (mode && !str_equal(mode, "last_stage") && !str_equal(mode, "in_call")) {
		schema_error(errors, "mode", "Must be one of: last_stage|in_call.");
		http_reply_json(req, 400, errors);
		return;
	}
	all = json_array();
	initial = json_object_get(record->talk->request, "initialMessages");
	if (!str_equal(mode, "in_call")) {
		json_array_foreach(initial, i, message) json_array_append(all, message);
	}
	messages = engine_messages(arg, record);
	json_array_extend(all, messages);
	reply_array(arg, req, all);
}

static void get_recording(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	struct record *record = requested(engine, req);
	auto_free char *path = NULL;

	if (!record)
		return;
	path = mem_printf("%s/%s.wav", engine->recordings_dir, record->talk->call_id);
	if (!json_get_bool(record->talk->call, "recordingEnabled", false))
		reply_detail(req, 404, "This call was not recorded.");
	else if (record->talk->state != TALK_ENDED)
		reply_detail(req, 425, "The call is not over.");
	else if (http_reply_safe_file(req, engine->safe, path, "audio/wav") != 0)
		reply_detail(req, 404, "There is no recording of this call.");
}

static void send_data_message(struct http_request *req, void *arg)
{
	struct record *record = requested(arg, req);
	auto_json json_t *body = NULL, *errors = json_object();
	struct data_message message;
	char error[160], *colon;
	int err;

	if (!record)
		return;
	body = read_body(req);
	if (!body)
		return;
	err = data_message_parse(&message, body, error);
	if (!err && message.type != DATA_FORCED_AGENT && message.type != DATA_HANG_UP &&
	    message.type != DATA_USER_TEXT) {
		err = -EINVAL;
		str_copy(error, sizeof(error),
			 "type: Must be forced_agent_message, hang_up or user_text_message.");
	}
	if (err) {
		colon = strchr(error, ':');
		if (colon)
			*colon = '\0';
		schema_error(errors, error, colon ? colon + 2 : "Invalid.");
		http_reply_json(req, 400, errors);
	} else if (record->talk->state != TALK_JOINED) {
		reply_detail(req, 422, "The call is not active.");
	} else {
		talk_command(record->talk, &message);
		http_reply(req, 204, NULL, NULL, 0);
	}
}

/* ---- voices and models ---- */

/* All voices alike. */
#define VOICE_OWNERSHIP "public"
#define VOICE_BILLING   "VOICE_BILLING_STYLE_INCLUDED"
#define VOICE_PROVIDER  "voiceai"

static bool differs(const char *wanted, const char *value)
{
	return wanted && !str_equal(wanted, value);
}

static json_t *voice_json(struct engine *engine, const struct tts_voice *voice)
{
	json_t *json = json_object();
	auto_free char *preview =
		mem_printf("%s/api/voices/%s/preview", engine->public_url, voice->voice_id);

	json_set_str(json, "voiceId", voice->voice_id);
	json_set_str(json, "name", voice->name);
	json_set_str(json, "description", voice->description);
	json_set_str(json, "primaryLanguage", voice->language);
	json_set_str(json, "languageLabel", voice->language);
	json_set_str(json, "previewUrl", preview);
	json_set_str(json, "ownership", VOICE_OWNERSHIP);
	json_set_str(json, "billingStyle", VOICE_BILLING);
	json_set_str(json, "provider", VOICE_PROVIDER);
	json_object_set_new(json, "definition", json_object());
	return json;
}

static void list_voices(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	const char *search = form_get(http_request_query(req), "search");
	const char *language = form_get(http_request_query(req), "primaryLanguage");
	const char *const wanted[] = {form_get(http_request_query(req), "ownership"),
				      form_get(http_request_query(req), "billingStyle"),
				      form_get(http_request_query(req), "provider")};
	auto_json json_t *all = NULL;
	size_t count;
	const struct tts_voice *voices = tts_voices(&count);

	if (!authorised(engine, req))
		return;
	all = json_array();
	if (differs(wanted[0], VOICE_OWNERSHIP) || differs(wanted[1], VOICE_BILLING) ||
	    differs(wanted[2], VOICE_PROVIDER))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		if (search && !strcasestr(voices[i].name, search) &&
		    !strcasestr(voices[i].description, search))
			continue;
		if (language && strncasecmp(voices[i].language, language, strlen(language)) != 0)
			continue;
		json_array_append_new(all, voice_json(engine, &voices[i]));
	}
	reply_array(engine, req, all);
}

static void get_voice(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	const struct tts_voice *voice;
	auto_json json_t *json = NULL;

	if (!authorised(engine, req))
		return;
	voice = tts_voice_find(http_request_param(req, "voice_id"));
	if (!voice) {
		reply_detail(req, 404, "Not found.");
		return;
	}
	json = voice_json(engine, voice);
	http_reply_json(req, 200, json);
}

static void preview_voice(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	const struct tts_voice *voice;
	int err;

	if (!authorised(engine, req))
		return;
	voice = tts_voice_find(http_request_param(req, "voice_id"));
	err = voice ? preview_start(&engine->previews, engine->tts, voice, req) : -ENOENT;
	if (err == -EBUSY) {
		http_reply_header(req, "Retry-After", "1");
		reply_detail(req, 429, "Too many previews at once.");
	} else if (err) {
		reply_detail(req, err == -ENOENT ? 404 : 400,
			     err == -ENOENT ? "Not found." : "This voice cannot speak.");
	}
}

static int is_flow(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".json");
}

static void add_model(json_t *all, const char *name)
{
	json_t *model = json_object();

	json_set_str(model, "name", name);
	json_array_append_new(all, model);
}

static void list_models(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	struct dirent **entries = NULL;
	auto_json json_t *all = NULL;
	int count;

	if (!authorised(engine, req))
		return;
	all = json_array();
	count = scandir(engine->settings->flows_dir, &entries, is_flow, alphasort);
	for (int i = 0; i < count; i++) {
		size_t len = strlen(entries[i]->d_name) - strlen(".json");
		auto_free char *name = mem_printf("flow/%.*s", (int)len, entries[i]->d_name);

		add_model(all, name);
		free(entries[i]);
	}
	free(entries);
	if (!str_is_empty(engine->settings->llm_api_url))
		add_model(all, engine->settings->llm_model);
	reply_array(engine, req, all);
}

/* ---- webhooks ---- */

static void list_webhooks(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	auto_json json_t *all = NULL;

	if (!authorised(engine, req))
		return;
	all = hooks_list(engine->hooks);
	reply_array(engine, req, all);
}

static void reply_webhook(struct http_request *req, int status, int err, const json_t *webhook,
			  const json_t *errors)
{
	if (err == -ENOENT)
		reply_detail(req, 404, "Not found.");
	else if (err == -ENOSPC)
		reply_detail(req, 400, "There are too many webhooks already.");
	else
		http_reply_json(req, err ? 400 : status, err ? errors : webhook);
}

static void create_webhook(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	auto_json json_t *body = NULL, *errors = json_object();
	const json_t *webhook = NULL;
	int err;

	if (!authorised(engine, req))
		return;
	body = read_body(req);
	if (!body)
		return;
	err = hooks_create(engine->hooks, body, &webhook, errors);
	reply_webhook(req, 201, err, webhook, errors);
}

static void get_webhook(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	const json_t *webhook;

	if (!authorised(engine, req))
		return;
	webhook = hooks_find(engine->hooks, http_request_param(req, "webhook_id"));
	reply_webhook(req, 200, webhook ? 0 : -ENOENT, webhook, NULL);
}

static void update_webhook(struct http_request *req, void *arg)
{
	struct engine *engine = arg;
	auto_json json_t *body = NULL, *errors = json_object();
	const json_t *webhook = NULL;
	int err;

	if (!authorised(engine, req))
		return;
	body = read_body(req);
	if (!body)
		return;
	err = hooks_update(engine->hooks, http_request_param(req, "webhook_id"), body,
			   str_equal(http_request_method(req), "PATCH"), &webhook, errors);
	reply_webhook(req, 200, err, webhook, errors);
}

static void delete_webhook(struct http_request *req, void *arg)
{
	struct engine *engine = arg;

	if (!authorised(engine, req))
		return;
	if (hooks_delete(engine->hooks, http_request_param(req, "webhook_id")) != 0)
		reply_detail(req, 404, "Not found.");
	else
		http_reply(req, 204, NULL, NULL, 0);
}

/* ---- */

static const struct {
	const char *method, *pattern;
	http_request_h *handler;
} routes[] = {
	{"POST", "/api/calls", create_call},
	{"GET", "/api/calls", list_calls},
	{"GET", "/api/calls/{call_id}", get_call},
	{"DELETE", "/api/calls/{call_id}", delete_call},
	{"GET", "/api/calls/{call_id}/messages", get_messages},
	{"GET", "/api/calls/{call_id}/recording", get_recording},
	{"POST", "/api/calls/{call_id}/send_data_message", send_data_message},
	{"GET", "/api/voices", list_voices},
	{"GET", "/api/voices/{voice_id}", get_voice},
	{"GET", "/api/voices/{voice_id}/preview", preview_voice},
	{"GET", "/api/models", list_models},
	{"GET", "/api/webhooks", list_webhooks},
	{"POST", "/api/webhooks", create_webhook},
	{"GET", "/api/webhooks/{webhook_id}", get_webhook},
	{"PUT", "/api/webhooks/{webhook_id}", update_webhook},
	{"PATCH", "/api/webhooks/{webhook_id}", update_webhook},
	{"DELETE", "/api/webhooks/{webhook_id}", delete_webhook},
};

void engine_api_routes(struct engine *engine)
{
	http_server_error_shape(engine->server, server_error, engine);
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		http_server_route(engine->server, routes[i].method, routes[i].pattern,
				  routes[i].handler, engine);
}
