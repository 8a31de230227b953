/*
 * POST /api/v1/calls/initiate. The answer is given once the call and the job that places it are
 * committed, without waiting for a vendor: a vendor's failure shows on the call, as FAILED with
 * provider_error and the reason.
 *
 * The same Idempotency-Key with the same body is answered with the call it made (as it is now, and
 * with Idempotency-Replayed: true), with another body 409. Keys are kept for a day.
 */
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/phone.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/call_order.h"
#include "platform/overload.h"
#include "platform/retry_policy.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_ADDRESS = 255,
	MAX_METADATA = 64,
	MAX_METADATA_KEY = 64,
	MAX_METADATA_VALUE = 1024,
	MAX_IDEMPOTENCY_KEY = 255,
	MIN_DURATION_S = 10,
	MAX_DURATION_S = 14400,
};

/* A request on its way. */
struct initiating {
	struct call_order order; /* its strings are the body's */
	json_t *body;
	char digest[2 * SHA256_LEN + 1];
};

/* ---- checking; each returns false after answering ---- */

/* sip:user@host[:port][;params]: what a SIP stack may safely be handed. */
static bool is_sip_uri(const char *uri)
{
	const char *rest = str_has_prefix(uri, "sips:") ? uri + 5 : uri + 4;
	const char *host;

	if (!str_has_prefix(uri, "sip:") && !str_has_prefix(uri, "sips:"))
		return false;
	for (const char *c = rest; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("@.:;=-_~!*'()&+$,%[]", *c))
			return false;
	host = strchr(rest, '@');
	host = host ? host + 1 : rest;
	return *host && !strchr(host, '@') && (isalnum((unsigned char)*host) || *host == '[');
}

static bool check_phone_number(struct http_request *req, const struct call_wanted *want)
{
	if (!want->phone_number) {
		api_fail(req, API_MISSING_FIELD, "phone_number", "phone_number is required.");
		return false;
	}
	if (strlen(want->phone_number) <= MAX_ADDRESS &&
	    (phone_is_e164(want->phone_number) || is_sip_uri(want->phone_number)))
		return true;
	api_fail(req, API_INVALID_FIELD, "phone_number",
		 "phone_number must be E.164 (\"+\" and 8 to 15 digits, such as +15551234567) or a "
		 "sip: URI.");
	return false;
}

struct text_field {
	const char *name;
	size_t most;
	const char **ret;
};

static bool take_texts(struct http_request *req, const json_t *body, struct call_wanted *want)
{
	const struct text_field fields[] = {
		{"phone_number", 4096, &want->phone_number},
		{"agent", AGENT_NAME_SIZE - 1, &want->agent},
		{"from", 32, &want->from},
		{"voice", 64, &want->voice},
		{"system_prompt", AGENT_MAX_PROMPT, &want->system_prompt},
		{"first_message", AGENT_MAX_MESSAGE, &want->first_message},
		{"language", 16, &want->language},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const json_t *value = json_object_get(body, fields[i].name);

		if (!value || json_is_null(value))
			continue;
		if (!json_is_string(value)) {
			api_fail(req, API_INVALID_FIELD, fields[i].name, "%s must be a string.",
				 fields[i].name);
			return false;
		}
		if (json_string_length(value) > fields[i].most) {
			api_fail(req, API_INVALID_FIELD, fields[i].name,
				 "%s must have at most %zu bytes.", fields[i].name, fields[i].most);
			return false;
		}
		*fields[i].ret = json_string_value(value);
	}
	return true;
}

static bool take_numbers(struct http_request *req, const json_t *body, struct call_wanted *want)
{
	const json_t *temperature = json_object_get(body, "temperature");
	const json_t *duration = json_object_get(body, "max_duration_seconds");

	want->temperature = NAN;
	if (temperature && !json_is_null(temperature)) {
		want->temperature = json_number_value(temperature);
		if (!json_is_number(temperature) || want->temperature < 0 ||
		    want->temperature > 1) {
			api_fail(req, API_INVALID_FIELD, "temperature",
				 "temperature must be a number from 0 to 1.");
			return false;
		}
	}
	if (duration && !json_is_null(duration)) {
		want->max_duration_s = json_integer_value(duration);
		if (!json_is_integer(duration) || want->max_duration_s < MIN_DURATION_S ||
		    want->max_duration_s > MAX_DURATION_S) {
			api_fail(req, API_INVALID_FIELD, "max_duration_seconds",
				 "max_duration_seconds must be a whole number from %d to %d.",
				 MIN_DURATION_S, MAX_DURATION_S);
			return false;
		}
	}
	return true;
}

static bool take_metadata(struct http_request *req, const json_t *body, struct call_wanted *want)
{
	const json_t *metadata = json_object_get(body, "metadata");
	const char *key, *why = NULL;
	json_t *value;

	if (!metadata || json_is_null(metadata))
		return true;
	if (!json_is_object(metadata) || json_object_size(metadata) > MAX_METADATA)
		why = "an object of at most 64 strings";
	json_object_foreach((json_t *)metadata, key, value)
	{
		if (!json_is_string(value))
			why = "an object whose values are all strings";
		else if (!*key || strlen(key) > MAX_METADATA_KEY ||
			 json_string_length(value) > MAX_METADATA_VALUE)
			why = "an object with keys of 1 to 64 bytes and values of at most 1024";
		else if (str_has_prefix(key, "ultravox.") || str_equal(key, "call_id") ||
			 str_equal(key, "tenant_id"))
			why = "an object without the reserved keys call_id, tenant_id and "
			      "ultravox.*";
	}
	if (why) {
		api_fail(req, API_INVALID_FIELD, "metadata", "metadata must be %s.", why);
		return false;
	}
	want->metadata = metadata;
	return true;
}

static bool check_known(struct http_request *req, const json_t *body)
{
	static const char *const known[] = {
		"phone_number", "agent",        "voice",    "system_prompt",        "first_message",
		"metadata",     "temperature",  "language", "max_duration_seconds", "variables",
		"from",         "scheduled_at", "retry"};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)body, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found |= str_equal(known[i], key);
		if (!found) {
			api_fail(req, API_UNKNOWN_FIELD, key, "There is no field \"%.64s\".", key);
			return false;
		}
	}
	return true;
}

static bool take_schedule(struct platform *platform, struct http_request *req, const json_t *body,
			  struct call_wanted *want)
{
	int64_t days = platform->api.settings->schedule_days, now = clock_wall_us();

	if (!body_time(req, body, "scheduled_at", &want->scheduled_at))
		return false;
	if (!want->scheduled_at ||
	    (want->scheduled_at > now && want->scheduled_at <= now + days * 24 * 3600 * 1000000))
		return true;
	api_fail(req, API_INVALID_FIELD, "scheduled_at",
		 "scheduled_at must be in the future, by at most %lld days.", (long long)days);
	return false;
}

static bool take_retry(struct http_request *req, const json_t *body, struct call_wanted *want)
{
	const json_t *retry = json_object_get(body, "retry");
	struct retry_policy policy;
	char fault[RETRY_FAULT_SIZE];

	if (!retry || json_is_null(retry))
		return true;
	want->retry = retry;
	if (!retry_policy_parse(&policy, retry, fault))
		return true;
	api_fail(req, API_INVALID_FIELD, "retry", "retry: %s.", fault);
	return false;
}

static bool check_values(struct http_request *req, const struct call_wanted *want)
{
	if (want->voice && !*str_trim((char[]){want->voice[0], '\0'})) {
		api_fail(req, API_INVALID_FIELD, "voice", "voice must not be empty.");
		return false;
	}
	if (want->language && !agent_language_is_valid(want->language)) {
		api_fail(req, API_INVALID_FIELD, "language",
			 "language must be a BCP 47 tag, such as en-US.");
		return false;
	}
	return check_phone_number(req, want);
}

static bool take_body(struct platform *platform, struct http_request *req, const json_t *body,
		      struct call_wanted *want)
{
	if (!json_is_object(body)) {
		api_fail(req, API_INVALID_JSON, NULL, "The body must be a JSON object.");
		return false;
	}
	want->variables = json_object_get(body, "variables");
	if (json_is_null(want->variables))
		want->variables = NULL;
	return check_known(req, body) && take_texts(req, body, want) &&
	       take_numbers(req, body, want) && take_metadata(req, body, want) &&
	       take_schedule(platform, req, body, want) && take_retry(req, body, want) &&
	       check_values(req, want);
}

/* Printable ASCII only: the key is stored and compared, nothing else. NULL when it was answered. */
static const char *take_key(struct http_request *req)
{
	const char *key = http_request_header(req, "idempotency-key");
	size_t len = 0;

	if (!key)
		return "";
	while (key[len] > 0x20 && key[len] < 0x7f)
		len++;
	if (len && !key[len] && len <= MAX_IDEMPOTENCY_KEY)
		return key;
	api_fail(req, API_INVALID_FIELD, "Idempotency-Key",
		 "Idempotency-Key must have 1 to %d printable characters without spaces.",
		 MAX_IDEMPOTENCY_KEY);
	return NULL;
}

/* ---- answering ---- */

static void reply(struct task *task, const struct call *call, bool replayed)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	call_write(&writer, call);
	json_write_close(&writer, '}');
	if (replayed)
		http_reply_header(task->req, "Idempotency-Replayed", "true");
	else
		LOG_INFO(&task->log, "call_initiated",
			 LOG_PHONE("phone_number", call->phone_number),
			 LOG_STR("agent", call->agent));
	http_reply(task->req, 201, "application/json", body.data, body.len);
}

static void refuse(struct http_request *req, const struct call_order_end *end)
{
	char seconds[STR_INT_SIZE];

	if (end->retry_after_s) {
		str_from_int(seconds, end->retry_after_s);
		http_reply_header(req, "Retry-After", seconds);
	}
	if (end->reason)
		api_fail(req, end->error, end->field, "%s", end->reason);
	else
		api_fail(req, end->error, end->field, NULL);
}

static void ended(struct call_order *order, const struct call_order_end *end)
{
	if (end->err == -ECANCELED)
		refuse(order->task.req, end);
	else if (end->err && end->err != -EEXIST)
		api_fail_errno(order->task.req, end->err);
	else
		reply(&order->task, end->call, end->err == -EEXIST);
	task_end(&order->task);
}

static void release(void *data)
{
	struct initiating *initiating = data;

	call_order_release(&initiating->order);
	json_decref(initiating->body);
}

/* True after refusing. */
static bool refuse_overload(const struct platform *platform, struct http_request *req)
{
	const char *reason = overload_call_reason(platform->api.overload);

	if (!reason)
		return false;
	metric_add(METRIC_OVERLOAD_REFUSED, "call", 1);
	api_fail_overloaded(req, reason);
	return true;
}

static void digest_of(char hex[2 * SHA256_LEN + 1], const struct http_request *req)
{
	uint8_t digest[SHA256_LEN];
	size_t len;
	const char *body = http_request_body(req, &len);

	digest_sha256(digest, body, len);
	hex_encode(hex, digest, sizeof(digest));
}

static void initiate(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct initiating *initiating;
	struct call_wanted want = {0};
	const char *key = take_key(req);
	auto_json json_t *body = key ? body_json(req) : NULL;
	char id[UUID_SIZE];

	if (!body || !take_body(platform, req, body, &want) || refuse_overload(platform, req))
		return;
	uuid_new(id);
	initiating = task_for_request(platform, sizeof(*initiating), "call_manager", req, id);
	initiating->order.task.releaseh = release;
	initiating->body = json_incref(body);
	digest_of(initiating->digest, req);
	want.idempotency_key = *key ? key : NULL;
	want.request_digest = initiating->digest;
	want.by = api_principal(req);
	initiating->order.want = want;
	call_order_place(&initiating->order, ended);
}

void api_initiate_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/initiate",
		  PERM_CALLS_WRITE, initiate, platform);
}
