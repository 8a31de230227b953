/*
 * POST /api/v1/calls/initiate. The answer is given once the call and the job that places it are
 * committed, without waiting for a vendor: a vendor's failure shows on the call, as FAILED with
 * provider_error and the reason.
 *
 * The same Idempotency-Key with the same body is answered with the call it made (as it is now, and
 * with Idempotency-Replayed: true), with another body 409. Keys are kept for a day.
 */
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/platform_priv.h"

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

/* What the body asks for; strings are borrowed from it, NULL when absent. */
struct initiate {
	const char *phone_number;
	const char *agent;
	const char *voice;
	const char *system_prompt;
	const char *first_message;
	const char *language;
	const json_t *metadata;
	double temperature; /* NAN when absent */
	int64_t max_duration_s;
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

static bool check_phone_number(struct http_request *req, const struct initiate *want)
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

static bool take_texts(struct http_request *req, const json_t *body, struct initiate *want)
{
	const struct text_field fields[] = {
		{"phone_number", 4096, &want->phone_number},
		{"agent", AGENT_NAME_SIZE - 1, &want->agent},
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

static bool take_numbers(struct http_request *req, const json_t *body, struct initiate *want)
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

/* BCP 47 in its common shape: letters, then subtags of 1 to 8 letters and digits. */
static bool is_language(const char *tag)
{
	size_t len = strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (len < 2 || len > 3)
		return false;
	for (tag += len; *tag; tag += len) {
		if (*tag++ != '-')
			return false;
		for (len = 0; isalnum((unsigned char)tag[len]); len++)
			;
		if (len < 1 || len > 8)
			return false;
	}
	return true;
}

static bool take_metadata(struct http_request *req, const json_t *body, struct initiate *want)
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
		else if (str_has_prefix(key, "ultravox.") || str_equal(key, "call_id"))
			why = "an object without the reserved keys call_id and ultravox.*";
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
		"phone_number", "agent",       "voice",    "system_prompt",       "first_message",
		"metadata",     "temperature", "language", "max_duration_seconds"};
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

static bool check_values(struct http_request *req, const struct initiate *want)
{
	if (want->voice && !*str_trim((char[]){want->voice[0], '\0'})) {
		api_fail(req, API_INVALID_FIELD, "voice", "voice must not be empty.");
		return false;
	}
	if (want->language && !is_language(want->language)) {
		api_fail(req, API_INVALID_FIELD, "language",
			 "language must be a BCP 47 tag, such as en-US.");
		return false;
	}
	return check_phone_number(req, want);
}

static bool take_body(struct http_request *req, const json_t *body, struct initiate *want)
{
	if (!json_is_object(body)) {
		api_fail(req, API_INVALID_JSON, NULL, "The body must be a JSON object.");
		return false;
	}
	return check_known(req, body) && take_texts(req, body, want) &&
	       take_numbers(req, body, want) && take_metadata(req, body, want) &&
	       check_values(req, want);
}

static json_t *parse_body(struct http_request *req)
{
	const char *type = http_request_header(req, "content-type");
	char reason[JSON_ERROR_SIZE];
	json_t *body = NULL;
	size_t len;
	const char *text = http_request_body(req, &len);
	size_t name_len = type ? strcspn(type, "; \t") : 0;

	if (name_len != strlen("application/json") ||
	    strncasecmp(type, "application/json", name_len) != 0)
		api_fail(req, API_BAD_REQUEST, "Content-Type",
			 "Content-Type must be application/json.");
	else if (json_parse(&body, text, len, reason))
		api_fail(req, API_INVALID_JSON, NULL, "The body is not valid JSON: %s", reason);
	return body;
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

/* ---- creating ---- */

static void created(int err, struct call *call, bool changed, void *arg)
{
	struct task *task = arg;
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (err == -ENOTUNIQ) {
		api_fail(task->req, API_KEY_REUSED, "Idempotency-Key", NULL);
	} else if (err && err != -EEXIST) {
		api_fail_errno(task->req, err);
	} else {
		json_write_open(&writer, NULL, '{');
		call_write(&writer, call);
		json_write_close(&writer, '}');
		if (err == -EEXIST)
			http_reply_header(task->req, "Idempotency-Replayed", "true");
		else
			LOG_INFO(&task->log, "call_initiated",
				 LOG_PHONE("phone_number", call->phone_number),
				 LOG_STR("agent", call->agent));
		http_reply(task->req, 201, "application/json", body.data, body.len);
	}
	task_end(task);
}

static const char *or_else(const char *wanted, const char *agents)
{
	return wanted ? wanted : str_is_empty(agents) ? NULL : agents;
}

static int64_t duration(const struct platform *platform, const struct initiate *want,
			const struct agent *agent)
{
	if (want->max_duration_s)
		return want->max_duration_s;
	return agent->max_duration_s ? agent->max_duration_s
				     : platform->api.settings->max_call_duration_s;
}

static void create(struct platform *platform, struct http_request *req, const struct initiate *want,
		   const struct agent *agent, const char *key)
{
	auto_free char *metadata = want->metadata ? json_text(want->metadata) : NULL;
	uint8_t digest[SHA256_LEN];
	char id[UUID_SIZE], hex[2 * SHA256_LEN + 1];
	struct call_params params = {
		.tenant_id = platform->api.tenant_id,
		.id = id,
		.direction = CALL_OUTBOUND,
		.phone_number = want->phone_number,
		.from_number = platform->api.settings->twilio_phone_number,
		.agent = agent->name,
		.model = agent->model,
		.system_prompt = or_else(want->system_prompt, agent->system_prompt),
		.first_message = or_else(want->first_message, agent->first_message),
		.voice = or_else(want->voice, agent->voice),
		.language = or_else(want->language, agent->language),
		.temperature = isnan(want->temperature) ? agent->temperature : want->temperature,
		.max_duration_s = duration(platform, want, agent),
		.metadata = metadata,
		.idempotency_key = *key ? key : NULL,
		.request_digest = *key ? hex : NULL,
		.job_kind = JOB_DIAL,
	};
	struct task *task;
	const char *body;
	size_t len;

	uuid_new(id);
	body = http_request_body(req, &len);
	digest_sha256(digest, body, len);
	hex_encode(hex, digest, sizeof(digest));
	task = task_new(platform, sizeof(*task), "call_manager", id, NULL);
	task->req = mem_ref(req);
	call_table_create(platform->api.calls, &params, created, task);
}

static void initiate(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct initiate want = {0};
	const char *key = take_key(req);
	auto_json json_t *body = key ? parse_body(req) : NULL;
	const struct agent *agent;
	const char *name;

	if (!body || !take_body(req, body, &want))
		return;
	name = want.agent ? want.agent : platform->api.settings->default_agent;
	agent = agent_find(platform->agents, name);
	if (agent)
		create(platform, req, &want, agent, key);
	else
		api_fail(req, API_INVALID_FIELD, "agent",
			 "There is no agent \"%.64s\"; there are: %.400s.", name,
			 agent_names(platform->agents));
}

void api_initiate_routes(struct platform *platform)
{
	http_server_route(platform->server, "POST", "/api/v1/calls/initiate", initiate, platform);
}
