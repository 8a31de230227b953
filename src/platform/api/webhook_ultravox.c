/*
 * POST /api/v1/webhooks/ultravox/events: call.joined, call.ended and call.billed, signed. They come
 * twice, late or never; the receipt and the state machine take care of that.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/call_payload.h"
#include "platform/cost_price.h"
#include "platform/platform_priv.h"
#include "platform/principal.h"
#include "platform/recording_fetch.h"
#include "platform/session.h"
#include "provider/ultravox_signature.h"

#include <errno.h>
#include <stdio.h>

struct webhook {
	struct task task;
	json_t *body; /* what session borrows from */
	struct ultravox_call session;
	char event[32];
};

static void release(void *data)
{
	struct webhook *webhook = data;

	json_decref(webhook->body);
}

static void applied(struct task *task, int err, const char *reason)
{
	if (err)
		api_fail_errno(task->req, err);
	else
		http_reply(task->req, 204, NULL, NULL, 0);
	if (!err && str_equal(((struct webhook *)task)->event, "call.joined"))
		recording_want(task->platform, task->call);
	task_end(task);
}

/*
 * An unjoined session is no news about the call: it was made early, and a call that is answered
 * later gets another one.
 */
static enum call_event what_happened(const struct webhook *webhook)
{
	if (str_equal(webhook->event, "call.joined"))
		return CALL_EV_ENGINE_JOINED;
	if (str_equal(webhook->event, "call.ended") && webhook->session.joined_us)
		return CALL_EV_ENGINE_ENDED;
	return CALL_EV_NOTED;
}

static void apply(struct webhook *webhook)
{
	const struct ultravox_call *session = &webhook->session;
	auto_free char *outcome = session->outcome ? json_text(session->outcome) : NULL;
	auto_free char *receipt = mem_printf("ultravox:%s:%s", session->id, webhook->event);
	struct call_change change = {
		.event = what_happened(webhook),
		.source = "ultravox",
		.ultravox_call_id = session->id,
		.outcome = outcome,
		.receipt = receipt,
		.known = webhook->task.call,
	};

	if (change.event == CALL_EV_ENGINE_ENDED) {
		change.end_reason = session_end_reason(session);
		if (session->ended_us > session->joined_us)
			metric_observe(METRIC_ULTRAVOX_SESSION, "",
				       (double)(session->ended_us - session->joined_us) / 1e6);
	}
	cost_price_session(&webhook->task, session);
	LOG_INFO(&webhook->task.log, "engine_event", LOG_STR("kind", webhook->event),
		 LOG_STR("end_reason", session->end_reason));
	task_apply(&webhook->task, &change, applied);
}

static void loaded(struct task *task, int err, const char *reason)
{
	struct webhook *webhook = (struct webhook *)task;
	const char *known;

	if (err) {
		api_fail_errno(task->req, err);
		task_end(task);
		return;
	}
	known = task->call->ultravox_call_id;
	if (known && !str_equal(known, webhook->session.id)) {
		/* A session that was replaced by a later one: nothing about it matters any more. */
		http_reply(task->req, 204, NULL, NULL, 0);
		task_end(task);
		return;
	}
	call_payload_keep(task->platform, task->tenant_id, task->call->id, "ultravox",
			  webhook->event, task->req);
	apply(webhook);
}

static bool is_ours(struct platform *platform, struct http_request *req)
{
	const struct settings *settings = platform->api.settings;
	size_t len;
	const char *body = http_request_body(req, &len);

	return ultravox_webhook_valid(settings->ultravox_webhook_secret,
				      http_request_header(req, "x-ultravox-webhook-signature"),
				      http_request_header(req, "x-ultravox-webhook-timestamp"),
				      body, len, clock_wall_us(), settings->webhook_tolerance_s);
}

static void take_event(struct platform *platform, struct http_request *req, json_t *body)
{
	const char *event = json_get_str(body, "event", "");
	struct ultravox_call session;
	struct webhook *webhook;
	const char *call_id, *tenant_id;

	if (!*event || ultravox_call_parse(&session, json_object_get(body, "call"))) {
		api_fail(req, API_BAD_REQUEST, *event ? "call" : "event",
			 "The event has no event name or no call with a callId.");
		return;
	}
	call_id = json_get_str(session.metadata, "call_id", "");
	tenant_id = json_get_str(session.metadata, "tenant_id", "");
	webhook = task_new(platform, sizeof(*webhook), "webhook",
			   tenant_id_is_valid(tenant_id) ? tenant_id : platform_url_tenant(req),
			   uuid_is_valid(call_id) ? call_id : NULL);
	webhook->task.releaseh = release;
	webhook->task.req = mem_ref(req);
	webhook->body = json_incref(body);
	webhook->session = session;
	str_copy(webhook->event, sizeof(webhook->event), event);
	if (*webhook->task.call_id)
		task_load(&webhook->task, loaded);
	else
		task_load_session(&webhook->task, session.id, loaded);
}

static void events(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	char reason[JSON_ERROR_SIZE];
	auto_json json_t *body = NULL;
	size_t len;
	const char *text = http_request_body(req, &len);

	if (!is_ours(platform, req)) {
		metric_add(METRIC_WEBHOOK_REFUSED, "ultravox", 1);
		LOG_WARN(&platform->log, "webhook_refused", LOG_STR("kind", "ultravox"),
			 LOG_STR("remote", http_request_remote(req)));
		api_fail(req, API_BAD_SIGNATURE, NULL, NULL);
	} else if (json_parse(&body, text, len, reason)) {
		api_fail(req, API_INVALID_JSON, NULL, "The body is not valid JSON: %s", reason);
	} else {
		take_event(platform, req, body);
	}
}

void api_ultravox_routes(struct platform *platform)
{
	http_server_route(platform->server, "POST", PATH_ULTRAVOX_EVENTS, events, platform);
}
