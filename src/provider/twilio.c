#include "provider/twilio.h"

#include "core/buf.h"
#include "core/decimal.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/form.h"
#include "provider/twilio_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_RETRIES = 3,
	BACKOFF_MS = 100,
	BACKOFF_CAP_MS = 3000,
	LIST_SIZE = 50,
	RECORDING_TIMEOUT_MS = 120000,
	RECORDING_MAX_BYTES = 512 * 1024 * 1024,
};

/*
 * Only what surely did nothing: 429 is answered before a request is looked at, and without a
 * connection there was no request. Anything else might dial twice.
 */
static bool may_retry(const struct http_result *http, const json_t *json, uint32_t retry, bool safe,
		      uint64_t *ret_wait_ms)
{
	uint64_t asked = provider_retry_after_ms(http);
	uint64_t wait = provider_jitter_ms(BACKOFF_MS, retry + 1, BACKOFF_CAP_MS);

	*ret_wait_ms = wait > asked ? wait : asked;
	return http->err ? !http->connected : http->status == 429;
}

/* {"code","message","more_info","status"}, or RFC 9457 {"type","title","status","code","detail"}.
 */
static void explain(struct provider_result *result, const json_t *json)
{
	const char *text = json_get_str(json, "message", NULL);

	if (!text)
		text = json_get_str(json, "detail", json_get_str(json, "title", ""));
	result->code = json_get_int(json, "code", 0);
	provider_text(result->reason, sizeof(result->reason), text);
}

static const struct provider_policy policy = {
	.name = "twilio",
	.max_retries = MAX_RETRIES,
	.max_wait_ms = 5000,
	.may_retry = may_retry,
	.explain = explain,
};

static void twilio_destroy(void *data)
{
	struct twilio *twilio = data;

	mem_unref(twilio->provider);
	mem_free(twilio->base);
	mem_free(twilio->api_url);
	mem_free(twilio->account_sid);
	mem_free(twilio->auth_token);
}

int twilio_new(struct twilio **ret_twilio, struct loop *loop, struct http_client *client,
	       const struct twilio_conf *conf)
{
	struct twilio *twilio;

	if (str_is_empty(conf->api_url) || str_is_empty(conf->account_sid) ||
	    str_is_empty(conf->auth_token))
		return -EINVAL;
	twilio = mem_new(sizeof(*twilio), twilio_destroy);
	twilio->provider = provider_new(loop, client, &policy);
	twilio->api_url = mem_strdup(conf->api_url);
	twilio->base = mem_printf("%s/2010-04-01/Accounts/%s", conf->api_url, conf->account_sid);
	twilio->account_sid = mem_strdup(conf->account_sid);
	twilio->auth_token = mem_strdup(conf->auth_token);
	twilio->timeout_ms = conf->timeout_ms;
	*ret_twilio = twilio;
	return 0;
}

/* ---- answers ---- */

static int64_t json_rfc2822(const json_t *obj, const char *key)
{
	const char *text = json_get_str(obj, key, NULL);
	int64_t us = 0;

	if (text)
		timestamp_parse_rfc2822(&us, text);
	return us;
}

/* "-0.00750": what it takes from the account is negative. */
static void parse_price(struct twilio_call *call, const json_t *json)
{
	const char *price = json_get_str(json, "price", NULL);

	if (!price || decimal_parse(&call->price_micros, price))
		return;
	call->has_price = true;
	call->price_micros = llabs(call->price_micros);
	str_copy(call->price_unit, sizeof(call->price_unit),
		 json_get_str(json, "price_unit", "USD"));
}

/* Every field is nullable, and numbers are strings; only sid and status are needed. */
static int parse_call(struct twilio_call *call, const json_t *json)
{
	const char *duration = json_get_str(json, "duration", NULL);
	const char *sid = json_get_str(json, "sid", NULL);
	const char *status = json_get_str(json, "status", NULL);

	*call = (struct twilio_call){.duration_s = -1};
	if (!sid || !status || !str_copy(call->sid, sizeof(call->sid), sid) ||
	    !str_copy(call->status, sizeof(call->status), status))
		return -EBADMSG;
	str_copy(call->direction, sizeof(call->direction), json_get_str(json, "direction", ""));
	str_copy(call->to, sizeof(call->to), json_get_str(json, "to", ""));
	str_copy(call->from, sizeof(call->from), json_get_str(json, "from", ""));
	if (duration)
		str_parse_int(&call->duration_s, duration, 0, INT32_MAX);
	parse_price(call, json);
	call->created_us = json_rfc2822(json, "date_created");
	call->started_us = json_rfc2822(json, "start_time");
	call->ended_us = json_rfc2822(json, "end_time");
	return 0;
}

void twilio_not_documented(struct provider_result *result)
{
	result->err = -EBADMSG;
	result->unknown = true;
	str_copy(result->reason, sizeof(result->reason), "twilio's answer is not understood");
}

static void call_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	struct twilio_call call;

	if (!result->err && parse_call(&call, result->json))
		twilio_not_documented(result);
	((twilio_call_h *)userh)(result, result->err ? NULL : &call, arg);
}

static void list_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	const json_t *list = json_object_get(result->json, "calls");
	auto_free struct twilio_call *calls = mem_alloc(LIST_SIZE * sizeof(*calls));
	size_t count = 0;

	if (!result->err && !json_is_array(list))
		twilio_not_documented(result);
	for (size_t i = 0; !result->err && i < json_array_size(list) && count < LIST_SIZE; i++)
		if (!parse_call(&calls[count], json_array_get(list, i)))
			count++;
	((twilio_list_h *)userh)(result, calls, count, arg);
}

/* ---- requests ---- */

struct provider_send_params twilio_request(const struct twilio *twilio, const char *method,
					   const char *url)
{
	return (struct provider_send_params){
		.http.method = method,
		.http.url = url,
		.http.username = twilio->account_sid,
		.http.password = twilio->auth_token,
		.http.timeout_ms = twilio->timeout_ms,
		.safe = str_equal(method, "GET"),
	};
}

int twilio_post_form(struct provider_request **ret_request, struct twilio *twilio, const char *url,
		     const struct form *form, provider_answer_h *answerh, provider_user_h *userh,
		     void *arg)
{
	static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
					      "Accept: application/json", NULL};
	struct provider_send_params params = twilio_request(twilio, "POST", url);
	auto_buf struct buf body = {0};

	form_encode(form, &body);
	params.http.headers = headers;
	params.http.body = buf_str(&body);
	params.http.body_len = body.len;
	params.answerh = answerh;
	params.userh = userh;
	params.arg = arg;
	return provider_send(ret_request, twilio->provider, &params);
}

static void add_number(struct form *form, const char *name, uint32_t value)
{
	auto_free char *text = mem_printf("%u", value);

	if (value)
		form_add(form, name, text);
}

static void add(struct form *form, const char *name, const char *value)
{
	if (!str_is_empty(value))
		form_add(form, name, value);
}

int twilio_call_create(struct provider_request **ret_request, struct twilio *twilio,
		       const struct twilio_call_params *params, twilio_call_h *callh, void *arg)
{
	static const char *const events[] = {"initiated", "ringing", "answered", "completed"};
	auto_unref struct form *form = form_new();
	auto_free char *url = mem_printf("%s/Calls.json", twilio->base);

	if (str_is_empty(params->to) || str_is_empty(params->from) || str_is_empty(params->url))
		return -EINVAL;
	form_add(form, "To", params->to);
	form_add(form, "From", params->from);
	form_add(form, "Url", params->url);
	add(form, "FallbackUrl", params->fallback_url);
	add(form, "StatusCallback", params->status_callback);
	for (size_t i = 0; params->status_callback && i < ARRAY_LEN(events); i++)
		form_add(form, "StatusCallbackEvent", events[i]);
	add_number(form, "Timeout", params->ring_timeout_s);
	add_number(form, "TimeLimit", params->time_limit_s);
	if (params->record) {
		form_add(form, "Record", "true");
		form_add(form, "RecordingChannels", "dual");
		add(form, "RecordingStatusCallback", params->recording_callback);
		form_add(form, "RecordingStatusCallbackEvent", "completed absent");
		/* The recording and the transcript have one clock. */
		form_add(form, "Trim", "do-not-trim");
	}
	return twilio_post_form(ret_request, twilio, url, form, call_answered,
				(provider_user_h *)callh, arg);
}

/* sid comes from a webhook or the database: never let it be anything but a path segment. */
static char *resource_url(const struct twilio *twilio, const char *kind, const char *sid,
			  const char *tail)
{
	size_t len;

	if (!sid)
		return NULL;
	len = strspn(sid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789");
	if (!len || sid[len])
		return NULL;
	return mem_printf("%s/%s/%s%s", twilio->base, kind, sid, tail);
}

static char *call_url(const struct twilio *twilio, const char *sid, const char *tail)
{
	return resource_url(twilio, "Calls", sid, tail);
}

int twilio_call_fetch(struct provider_request **ret_request, struct twilio *twilio, const char *sid,
		      twilio_call_h *callh, void *arg)
{
	auto_free char *url = call_url(twilio, sid, ".json");
	struct provider_send_params params;

	if (!url)
		return -EINVAL;
	params = twilio_request(twilio, "GET", url);
	params.answerh = call_answered;
	params.userh = (provider_user_h *)callh;
	params.arg = arg;
	return provider_send(ret_request, twilio->provider, &params);
}

int twilio_call_list(struct provider_request **ret_request, struct twilio *twilio, const char *to,
		     const char *from, int64_t started_after_us, twilio_list_h *listh, void *arg)
{
	auto_unref struct form *query = form_new();
	auto_buf struct buf url = {0};
	struct provider_send_params params;
	char day[TIMESTAMP_SIZE];

	add(query, "To", to);
	add(query, "From", from);
	if (started_after_us > 0) {
		timestamp_iso(day, started_after_us);
		day[strlen("2026-02-01")] = '\0';
		form_add(query, "StartTime>", day);
	}
	add_number(query, "PageSize", LIST_SIZE);
	buf_printf(&url, "%s/Calls.json?", twilio->base);
	form_encode(query, &url);
	params = twilio_request(twilio, "GET", buf_str(&url));
	params.answerh = list_answered;
	params.userh = (provider_user_h *)listh;
	params.arg = arg;
	return provider_send(ret_request, twilio->provider, &params);
}

int twilio_call_update(struct provider_request **ret_request, struct twilio *twilio,
		       const char *sid, const struct twilio_update *update, twilio_call_h *callh,
		       void *arg)
{
	auto_free char *url = call_url(twilio, sid, ".json");
	auto_unref struct form *form = form_new();

	if (!url || (update->url && update->twiml))
		return -EINVAL;
	add(form, "Status", update->status);
	add(form, "Twiml", update->twiml);
	add(form, "Url", update->url);
	if (form_count(form) == 0)
		return -EINVAL;
	return twilio_post_form(ret_request, twilio, url, form, call_answered,
				(provider_user_h *)callh, arg);
}

int twilio_recording_start(struct provider_request **ret_request, struct twilio *twilio,
			   const char *sid, const char *callback, provider_done_h *doneh, void *arg)
{
	auto_free char *url = call_url(twilio, sid, "/Recordings.json");
	auto_unref struct form *form = form_new();

	if (!url)
		return -EINVAL;
	form_add(form, "RecordingChannels", "dual");
	form_add(form, "RecordingStatusCallback", callback);
	form_add(form, "RecordingStatusCallbackEvent", "completed absent");
	return twilio_post_form(ret_request, twilio, url, form, NULL, (provider_user_h *)doneh,
				arg);
}

static void stream_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	const char *sid = json_get_str(result->json, "sid", NULL);

	if (!result->err && str_is_empty(sid))
		twilio_not_documented(result);
	((twilio_stream_h *)userh)(result, result->err ? NULL : sid, arg);
}

int twilio_stream_start(struct provider_request **ret_request, struct twilio *twilio,
			const char *sid, const char *stream_url, twilio_stream_h *streamh,
			void *arg)
{
	auto_free char *url = call_url(twilio, sid, "/Streams.json");
	auto_unref struct form *form = form_new();

	if (!url)
		return -EINVAL;
	form_add(form, "Url", stream_url);
	form_add(form, "Track", "both_tracks");
	return twilio_post_form(ret_request, twilio, url, form, stream_answered,
				(provider_user_h *)streamh, arg);
}

int twilio_stream_stop(struct provider_request **ret_request, struct twilio *twilio,
		       const char *sid, const char *stream_sid, provider_done_h *doneh, void *arg)
{
	bool good = stream_sid[strspn(stream_sid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
						  "pqrstuvwxyz0123456789")] == '\0';
	auto_free char *tail = mem_printf("/Streams/%s.json", stream_sid);
	auto_free char *url = good ? call_url(twilio, sid, tail) : NULL;
	auto_unref struct form *form = form_new();

	if (!url)
		return -EINVAL;
	form_add(form, "Status", "stopped");
	return twilio_post_form(ret_request, twilio, url, form, NULL, (provider_user_h *)doneh,
				arg);
}

int twilio_recording_download(struct provider_request **ret_request, struct twilio *twilio,
			      const char *recording_url, const char *path, provider_done_h *doneh,
			      void *arg)
{
	size_t base_len = strlen(twilio->api_url);
	struct provider_send_params params;
	auto_free char *url = NULL;

	if (!str_has_prefix(recording_url, twilio->api_url) || recording_url[base_len] != '/')
		return -EINVAL;
	url = mem_printf("%s.wav?RequestedChannels=2", recording_url);
	params = twilio_request(twilio, "GET", url);
	params.http.output_path = path;
	params.http.timeout_ms = RECORDING_TIMEOUT_MS;
	params.http.max_body_bytes = RECORDING_MAX_BYTES;
	params.http.max_redirects = 3;
	params.userh = (provider_user_h *)doneh;
	params.arg = arg;
	return provider_send(ret_request, twilio->provider, &params);
}

int twilio_recording_remove(struct provider_request **ret_request, struct twilio *twilio,
			    const char *sid, provider_done_h *doneh, void *arg)
{
	struct provider_send_params params;
	auto_free char *url = resource_url(twilio, "Recordings", sid, ".json");

	if (!url)
		return -EINVAL;
	params = twilio_request(twilio, "DELETE", url);
	params.safe = true;
	params.userh = (provider_user_h *)doneh;
	params.arg = arg;
	return provider_send(ret_request, twilio->provider, &params);
}
