/* The part of `voiceai doctor` that asks whoever is at the other end of an URL. */
#include "cmd/doctor.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/sentry_dsn.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/http_client.h"
#include "http/http_url.h"
#include "observe/health.h"
#include "observe/otlp.h"
#include "observe/sentry_event.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 8000, SKEW_WARN_S = 5 };

struct ask;
typedef void ask_answer_h(struct ask *ask, const struct http_result *http);

/* A question to one of them. */
struct ask {
	struct doctor *doctor;
	const char *check;       /* name of the finding */
	const char *who;         /* for people */
	const char *credentials; /* names of settings */
	bool embedded;           /* one of ours, which may simply not be running */
	const char *model;       /* to be found in a list of models, or NULL */
	ask_answer_h *answerh;
	struct http_exchange *exchange;
	int64_t sent_us;
	char nonce[HEALTH_NONCE_SIZE];
	char setting[32];
	int port;
};

static struct ask *ask_new(struct doctor *doctor, const char *check, const char *who,
			   ask_answer_h *answerh)
{
	struct ask *ask = mem_alloc(sizeof(*ask));

	*ask = (struct ask){.doctor = doctor, .check = check, .who = who, .answerh = answerh};
	return ask;
}

/* Between sending and the answer the peer wrote its time, in whole seconds. */
static void compare_clock(struct ask *ask, const struct http_result *http)
{
	const char *date = http_exchange_header(http->exchange, "date");
	int64_t theirs, now = clock_wall_us(), skew = 0;

	if (ask->embedded || !date || timestamp_parse_rfc2822(&theirs, date))
		return;
	if (ask->sent_us > theirs + 1000000)
		skew = ask->sent_us - theirs - 1000000;
	else if (now < theirs)
		skew = now - theirs;
	ask->doctor->compared = true;
	if (llabs(skew) > llabs(ask->doctor->skew_us))
		ask->doctor->skew_us = skew;
}

static void on_answer(const struct http_result *http, void *arg)
{
	struct ask *ask = arg;
	struct doctor *doctor = ask->doctor;

	if (!http->err)
		compare_clock(ask, http);
	ask->answerh(ask, http);
	mem_unref(ask->exchange);
	mem_free(ask);
	doctor->waiting--;
}

static void ask_send(struct ask *ask, struct http_client_params *params)
{
	struct doctor *doctor = ask->doctor;

	if (!params->method)
		params->method = "GET";
	params->timeout_ms = TIMEOUT_MS;
	ask->sent_us = clock_wall_us();
	doctor->waiting++;
	if (!http_client_request(&ask->exchange, doctor->client, params, NULL, on_answer, ask))
		return;
	doctor->waiting--;
	doctor_say(doctor, FINDING_FAIL, ask->check, "correct the URL", "the URL of %s is none",
		   ask->who);
	mem_free(ask);
}

/* ---- credentials ---- */

/* Returns whether there was an answer worth looking at. */
static bool has_answered(struct ask *ask, const struct http_result *http)
{
	if (!http->err)
		return true;
	if (ask->embedded)
		doctor_say(ask->doctor, FINDING_WARN, ask->check, "start it: `voiceai up`",
			   "%s is not running", ask->who);
	else
		doctor_say(ask->doctor, FINDING_FAIL, ask->check,
			   "check the network, a proxy or firewall in between, and the URL",
			   "%s cannot be reached: %s", ask->who, strerror(-http->err));
	return false;
}

static bool has_model(const struct ask *ask, const struct http_result *http)
{
	auto_json json_t *body = NULL;
	const json_t *list;

	if (!ask->model || json_parse(&body, http->body, http->body_len, NULL))
		return true;
	list = json_object_get(body, "data");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (str_equal(json_get_str(json_array_get(list, i), "id", ""), ask->model))
			return true;
	return !json_array_size(list);
}

static void on_credentials(struct ask *ask, const struct http_result *http)
{
	struct doctor *doctor = ask->doctor;
	auto_free char *advice = mem_printf("check %s", ask->credentials);

	if (!has_answered(ask, http))
		return;
	if (http->status == 401 || http->status == 403)
		doctor_say(doctor, FINDING_FAIL, ask->check, advice, "%s refuses the credentials",
			   ask->who);
	else if (http->status == 429)
		doctor_say(doctor, FINDING_WARN, ask->check, "check the account's limits",
			   "%s answers that it is asked too often", ask->who);
	else if (http->status < 200 || http->status >= 300)
		doctor_say(doctor, FINDING_WARN, ask->check,
			   "check the URL, and the vendor's status page", "%s answers %d", ask->who,
			   http->status);
	else if (!has_model(ask, http))
		doctor_say(doctor, FINDING_FAIL, ask->check, "set another model",
			   "%s has no model \"%s\"", ask->who, ask->model);
	else
		doctor_say(doctor, FINDING_OK, ask->check, NULL,
			   "%s takes the credentials, in %llu ms", ask->who,
			   (unsigned long long)http->took_ms);
}

static void ask_twilio(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	auto_free char *url = mem_printf("%s/2010-04-01/Accounts/%s/Calls.json?PageSize=1",
					 s->twilio_api_url, s->twilio_account_sid);
	struct http_client_params params = {
		.url = url,
		.username = s->twilio_account_sid,
		.password = s->twilio_auth_token,
	};
	struct ask *ask =
		ask_new(doctor, "twilio", s->embedded_carrier ? "the embedded carrier" : "Twilio",
			on_credentials);

	ask->embedded = s->embedded_carrier;
	ask->credentials = "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN";
	ask_send(ask, &params);
}

static void ask_ultravox(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	auto_free char *url = mem_printf("%s/calls?pageSize=1", s->ultravox_api_url);
	auto_free char *key = mem_printf("X-API-Key: %s", s->ultravox_api_key);
	const char *headers[] = {key, NULL};
	struct http_client_params params = {.url = url, .headers = headers};
	struct ask *ask =
		ask_new(doctor, "ultravox", s->embedded_engine ? "the embedded engine" : "Ultravox",
			on_credentials);

	ask->embedded = s->embedded_engine;
	ask->credentials = "ULTRAVOX_API_KEY";
	ask_send(ask, &params);
}

static void ask_models(struct doctor *doctor, const char *check, const char *who, const char *api,
		       const char *key, const char *model, const char *credentials)
{
	auto_free char *url = mem_printf("%s/models", api);
	auto_free char *header = mem_printf("Authorization: Bearer %s", key);
	const char *headers[] = {*key ? header : NULL, NULL};
	struct http_client_params params = {.url = url, .headers = headers};
	struct ask *ask = ask_new(doctor, check, who, on_credentials);

	ask->credentials = credentials;
	ask->model = model;
	ask_send(ask, &params);
}

/* ---- the collector of traces ---- */

static void on_collector(struct ask *ask, const struct http_result *http)
{
	if (!http->err && http->status >= 200 && http->status < 300)
		doctor_say(ask->doctor, FINDING_OK, ask->check, NULL, "the collector takes spans");
	else if (http->err)
		doctor_say(ask->doctor, FINDING_WARN, ask->check,
			   "start it, or leave OTEL_EXPORTER_OTLP_ENDPOINT out",
			   "the collector cannot be reached: %s", strerror(-http->err));
	else
		doctor_say(ask->doctor, FINDING_WARN, ask->check,
			   "check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS",
			   "the collector answers %d", http->status);
}

static void ask_collector(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	auto_free char *url = mem_printf("%s/v1/traces", s->otlp_endpoint);
	struct http_client_params params = {
		.method = "POST", .url = url, .body = "{}", .body_len = 2};
	char **headers;

	if (otlp_headers_parse(&headers, s->otlp_headers)) {
		doctor_say(doctor, FINDING_FAIL, "traces", "name=value,name=value is expected",
			   "OTEL_EXPORTER_OTLP_HEADERS cannot be read");
		return;
	}
	params.headers = (const char *const *)headers;
	ask_send(ask_new(doctor, "traces", "the collector", on_collector), &params);
	otlp_headers_free(headers);
}

/* ---- who takes errors ---- */

static void on_errors_taken(struct ask *ask, const struct http_result *http)
{
	struct doctor *doctor = ask->doctor;

	if (http->err)
		doctor_say(doctor, FINDING_WARN, ask->check,
			   "check SENTRY_DSN, DNS, firewall and certificate",
			   "the server of SENTRY_DSN cannot be reached: %s", strerror(-http->err));
	else if (http->status < 200 || http->status >= 300)
		doctor_say(doctor, FINDING_WARN, ask->check,
			   "copy SENTRY_DSN from the project's settings again",
			   "the server of SENTRY_DSN answers %d", http->status);
	else
		doctor_say(doctor, FINDING_OK, ask->check, NULL,
			   "the server of SENTRY_DSN takes reports");
}

/* An envelope that says that no event was dropped makes no issue there. */
static void ask_sentry(struct doctor *doctor)
{
	static const uint64_t none[SENTRY_DISCARDS];
	const struct sentry_source source = {.version = VOICEAI_VERSION};
	const char *headers[] = {"Content-Type: application/x-sentry-envelope", NULL, NULL};
	struct http_client_params params = {.method = "POST", .headers = headers};
	auto_buf struct buf body = {0};
	auto_free char *auth = NULL;
	struct sentry_dsn dsn;
	const char *reason;

	if (sentry_dsn_parse(&dsn, doctor->settings->sentry_dsn, &reason))
		return;
	if (!dsn.tls && !str_equal(dsn.host, "localhost") && !str_has_prefix(dsn.host, "127.") &&
	    !str_equal(dsn.host, "::1"))
		doctor_say(doctor, FINDING_WARN, "errors", "use https:// in SENTRY_DSN",
			   "errors go to %s unencrypted", dsn.host);
	auth = sentry_auth_header(&dsn, VOICEAI_VERSION);
	headers[1] = auth;
	sentry_envelope_write(&body, &source, NULL, NULL, none);
	params.url = dsn.url;
	params.body = body.data;
	params.body_len = body.len;
	ask_send(ask_new(doctor, "errors", "the server of SENTRY_DSN", on_errors_taken), &params);
}

/* ---- whether vendors reach us ---- */

/* Only a platform with our secrets can know the proof; theirs would be wrong in callbacks too. */
static bool is_proven(const struct ask *ask, const json_t *body)
{
	char proof[HEALTH_PROOF_SIZE];

	health_proof(proof, ask->doctor->settings->ultravox_webhook_secret, ask->nonce);
	return digest_equal_str(proof, json_get_str(body, "proof", NULL));
}

static void on_public_url(struct ask *ask, const struct http_result *http)
{
	struct doctor *doctor = ask->doctor;
	const char *url = doctor->settings->api_base_url;
	auto_json json_t *body = NULL;

	if (http->err) {
		doctor_say(doctor, ask->embedded ? FINDING_WARN : FINDING_FAIL, ask->check,
			   "start the platform; check DNS, proxy, certificate and firewall",
			   "API_BASE_URL %s does not answer: %s", url, strerror(-http->err));
		return;
	}
	json_parse(&body, http->body, http->body_len, NULL);
	if (http->status != 200 || !str_equal(json_get_str(body, "service", ""), "platform"))
		doctor_say(doctor, FINDING_FAIL, ask->check,
			   "point API_BASE_URL, or the proxy behind it, at this platform",
			   "something else than voiceai answers at API_BASE_URL %s (%d)", url,
			   http->status);
	else if (!is_proven(ask, body))
		doctor_say(doctor, FINDING_FAIL, ask->check,
			   "give every pod the same ULTRAVOX_WEBHOOK_SECRET, or correct the URL",
			   "a voiceai with other secrets answers at API_BASE_URL %s", url);
	else
		doctor_say(doctor, FINDING_OK, ask->check, NULL, "API_BASE_URL %s reaches us", url);
}

static void ask_public_url(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	bool vendors = !s->embedded_carrier || !s->embedded_engine;
	struct http_client_params params = {0};
	auto_free char *url = NULL;
	struct http_url parsed;
	struct ask *ask;

	if (http_url_parse(&parsed, s->api_base_url))
		return;
	if (vendors && http_url_is_loopback(&parsed)) {
		/* What stands in for a vendor may be on this machine, then it is no failure. */
		struct http_url vendor;
		const char *api = s->embedded_carrier ? s->ultravox_api_url : s->twilio_api_url;
		bool local = !http_url_parse(&vendor, api) && http_url_is_loopback(&vendor);

		doctor_say(doctor, local ? FINDING_WARN : FINDING_FAIL, "callbacks",
			   "set API_BASE_URL to the public URL of this platform",
			   "vendors cannot call back to %s", s->api_base_url);
	} else if (vendors && !parsed.tls) {
		doctor_say(doctor, FINDING_WARN, "callbacks", "use https://",
			   "callbacks come unencrypted: API_BASE_URL is %s", s->api_base_url);
	}
	ask = ask_new(doctor, "callbacks", "API_BASE_URL", on_public_url);
	ask->embedded = !vendors;
	random_hex(ask->nonce, HEALTH_NONCE_SIZE - 1);
	url = mem_printf("%s/health?nonce=%s", s->api_base_url, ask->nonce);
	params.url = url;
	ask_send(ask, &params);
}

/* ---- ports that are taken ---- */

static void on_port(struct ask *ask, const struct http_result *http)
{
	auto_json json_t *body = NULL;

	if (!http->err)
		json_parse(&body, http->body, http->body_len, NULL);
	if (str_equal(json_get_str(body, "service", ""), ask->who))
		doctor_say(ask->doctor, FINDING_OK, ask->check, NULL,
			   "%s %d: the %s is running, version %s", ask->setting, ask->port,
			   ask->who, json_get_str(body, "version", "?"));
	else
		doctor_say(ask->doctor, FINDING_FAIL, ask->check,
			   "end the other program, or choose another port",
			   "%s %d is taken by something else than the %s", ask->setting, ask->port,
			   ask->who);
}

void doctor_whose_port(struct doctor *doctor, const char *setting, int port, const char *service)
{
	bool tls = str_equal(service, "platform") && !str_is_empty(doctor->settings->tls_cert_path);
	auto_free char *url = mem_printf("http%s://127.0.0.1:%d/health", tls ? "s" : "", port);
	struct http_client_params params = {.url = url};
	struct ask *ask;

	/* The certificate is not for 127.0.0.1; API_BASE_URL is asked in any case. */
	if (tls) {
		doctor_say(doctor, FINDING_OK, "ports", NULL, "%s %d is taken, with TLS", setting,
			   port);
		return;
	}
	ask = ask_new(doctor, "ports", service, on_port);
	ask->embedded = true;
	ask->port = port;
	str_copy(ask->setting, sizeof(ask->setting), setting);
	ask_send(ask, &params);
}

/* ---- all ---- */

void doctor_vendors(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;

	ask_twilio(doctor);
	ask_ultravox(doctor);
	if (!s->embedded_analyser)
		ask_models(doctor, "openai", "the server of OPENAI_API_URL", s->openai_api_url,
			   s->openai_api_key, s->openai_model, "OPENAI_API_KEY");
	if (s->embedded_engine && !str_is_empty(s->llm_api_url))
		ask_models(doctor, "llm", "the server of LLM_API_URL", s->llm_api_url,
			   s->llm_api_key, NULL, "LLM_API_KEY");
	if (!str_is_empty(s->otlp_endpoint))
		ask_collector(doctor);
	if (!str_is_empty(s->sentry_dsn))
		ask_sentry(doctor);
	ask_public_url(doctor);
}

void doctor_clock(struct doctor *doctor)
{
	int64_t seconds = llabs(doctor->skew_us) / 1000000;
	int64_t tolerance = doctor->settings->webhook_tolerance_s;
	enum finding_level level = FINDING_OK;

	if (!doctor->compared) {
		doctor_say(doctor, FINDING_OK, "clock", NULL, "nobody outside to compare it with");
		return;
	}
	if (seconds >= tolerance / 2)
		level = FINDING_FAIL;
	else if (seconds >= SKEW_WARN_S)
		level = FINDING_WARN;
	doctor_say(doctor, level, "clock",
		   level ? "run a time service (chrony, systemd-timesyncd): signatures have times"
			 : NULL,
		   "%lld s %s the vendors' clocks", (long long)seconds,
		   doctor->skew_us >= 0 ? "ahead of" : "behind");
}
