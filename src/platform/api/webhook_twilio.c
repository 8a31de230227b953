/*
 * The carrier's webhooks, each signed over its public URL: TwiML for inbound (voice) and outbound
 * (connect) calls, call status, recording status. Whatever goes wrong, a caller hears words and not
 * an error of the carrier's.
 */
#include "core/buf.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "loop/timer.h"
#include "platform/api/error.h"
#include "platform/call_payload.h"
#include "platform/carrier_status.h"
#include "platform/inbound.h"
#include "platform/number_owner.h"
#include "platform/platform_priv.h"
#include "platform/recording.h"
#include "platform/session.h"
#include "platform/twiml.h"
#include "provider/twilio_signature.h"

#include <errno.h>
#include <string.h>

/* Number-level callbacks of inbound calls know no id of ours. */
#define ID_INBOUND "inbound"

/* How long the engine may take to say who ended a call. */
enum { ENGINE_ANSWER_MS = 1000 };

struct webhook {
	struct task task;
	struct form *form;
	struct carrier_report report; /* of a status; its strings are the form's, and receipt */
	char *receipt;
};

static void release(void *data)
{
	struct webhook *webhook = data;

	mem_unref(webhook->form);
	mem_free(webhook->receipt);
}

static const char *field(const struct webhook *webhook, const char *name)
{
	const char *value = form_get(webhook->form, name);

	return value ? value : "";
}

/*
 * Parse and verify. NULL after answering: 400 for what is no form, 403 for a signature that is
 * missing or wrong.
 */
static struct webhook *take(struct platform *platform, struct http_request *req,
			    const char *call_id)
{
	auto_free char *url = mem_printf("%s%s", platform->base_url, http_request_target(req));
	const char *signature = http_request_header(req, "x-twilio-signature");
	struct form *form = NULL;
	struct webhook *webhook;
	size_t len;
	const char *body = http_request_body(req, &len);

	if (form_parse(&form, body, len)) {
		api_fail(req, API_INVALID_FORM, NULL, NULL);
		return NULL;
	}
	if (!twilio_signature_valid(platform->api.settings->twilio_auth_token, signature, url, form,
				    NULL, 0)) {
		metric_add(METRIC_WEBHOOK_REFUSED, "twilio", 1);
		LOG_WARN(&platform->log, "webhook_refused", LOG_STR("kind", "twilio"),
			 LOG_STR("remote", http_request_remote(req)));
		api_fail(req, API_BAD_SIGNATURE, NULL, NULL);
		mem_unref(form);
		return NULL;
	}
	webhook = task_new(platform, sizeof(*webhook), "webhook", platform_url_tenant(req),
			   uuid_is_valid(call_id) ? call_id : NULL);
	webhook->task.releaseh = release;
	webhook->task.req = mem_ref(req);
	webhook->form = form;
	return webhook;
}

static void keep_payload(struct webhook *webhook, const char *kind)
{
	struct task *task = &webhook->task;

	call_payload_keep(task->platform, task->tenant_id, task->call->id, "twilio", kind,
			  task->req);
}

/* False after answering 400. */
static bool need(struct webhook *webhook, const char *name)
{
	if (*field(webhook, name))
		return true;
	api_fail(webhook->task.req, API_MISSING_FIELD, name, "%s is required.", name);
	task_end(&webhook->task);
	return false;
}

static void reply_twiml(struct task *task, char *twiml)
{
	http_reply(task->req, 200, TWIML_CONTENT_TYPE, twiml, strlen(twiml));
	mem_free(twiml);
	task_end(task);
}

/*
 * True after answering 503: the database cannot say now. The carrier asks again (its fallback URL),
 * another pod perhaps; the call must not end for that.
 */
static bool refuse_for_now(struct task *task, int err)
{
	if (err != -EBUSY && err != -EIO && err != -EINPROGRESS)
		return false;
	api_fail_errno(task->req, -EBUSY);
	task_end(task);
	return true;
}

/* ---- connect: the callee answered ---- */

static void apology_noted(struct task *task, int err, const char *reason)
{
	reply_twiml(task, twiml_hangup(INBOUND_APOLOGY));
}

static void apologise(struct task *task, const char *reason)
{
	struct call_change change = {
		.event = CALL_EV_FAILED,
		.source = "platform",
		.end_reason = CALL_END_PROVIDER,
		.end_detail = reason,
	};

	task_apply(task, &change, apology_noted);
}

static void connect_session(struct task *task, int err, const char *reason)
{
	if (err)
		apologise(task, reason);
	else if (call_status_is_terminal(task->call->status) || !task->call->join_url)
		reply_twiml(task, twiml_hangup(NULL));
	else
		reply_twiml(task, twiml_connect(task->call->join_url));
}

static void connect_answered(struct task *task, int err, const char *reason)
{
	if (refuse_for_now(task, err))
		return;
	if (err)
		reply_twiml(task, twiml_hangup(INBOUND_APOLOGY));
	else if (call_status_is_terminal(task->call->status) || task->call->end_hint)
		reply_twiml(task, twiml_hangup(NULL)); /* ended while it rang */
	else if (!task->call->join_url || session_is_stale(task->platform, task->call))
		session_create(task, connect_session);
	else
		connect_session(task, 0, "");
}

static void connect_loaded(struct task *task, int err, const char *reason)
{
	struct webhook *webhook = (struct webhook *)task;
	const char *sid = field(webhook, "CallSid");
	struct carrier_report report = {
		.status = *field(webhook, "CallStatus") ? field(webhook, "CallStatus")
							: "in-progress",
		.sid = sid,
		.answered_by = form_get(webhook->form, "AnsweredBy"),
		.duration_s = -1,
	};

	if (refuse_for_now(task, err))
		return;
	if (!err)
		keep_payload(webhook, "connect");
	if (err || call_status_is_terminal(task->call->status) ||
	    (task->call->twilio_call_sid && !str_equal(task->call->twilio_call_sid, sid)))
		reply_twiml(task,
			    twiml_hangup(err ? "This call is not known here. Goodbye." : NULL));
	else
		carrier_status_apply(task, &report, connect_answered);
}

static void connect(struct http_request *req, void *arg)
{
	struct webhook *webhook = take(arg, req, http_request_param(req, "call_id"));

	if (!webhook || !need(webhook, "CallSid"))
		return;
	if (*webhook->task.call_id)
		task_load(&webhook->task, connect_loaded);
	else
		reply_twiml(&webhook->task, twiml_hangup("This call is not known here. Goodbye."));
}

/* ---- voice: somebody calls us ---- */

static void voice_done(struct task *task, int err, const char *reason)
{
	if (task->call)
		keep_payload((struct webhook *)task, "voice");
	if (!err && task->call->join_url && !call_status_is_terminal(task->call->status))
		reply_twiml(task, twiml_connect(task->call->join_url));
	else if (task->call && !err)
		reply_twiml(task, twiml_hangup(NULL));
	else if (err == -EDQUOT)
		reply_twiml(task, twiml_reject_busy());
	else if (!task->call && refuse_for_now(task, err))
		return;
	else
		reply_twiml(task, twiml_hangup(INBOUND_APOLOGY));
}

static void voice_owned(struct task *task, int err, const char *reason)
{
	const struct webhook *webhook = (struct webhook *)task;
	struct inbound_params params = {
		.sid = field(webhook, "CallSid"),
		.from = field(webhook, "From"),
		.to = field(webhook, "To"),
		.agent = err ? NULL : number_owner_agent(task),
	};

	if (err)
		voice_done(task, err, reason);
	else
		inbound_take(task, &params, voice_done);
}

static void voice(struct http_request *req, void *arg)
{
	struct webhook *webhook = take(arg, req, NULL);

	if (webhook && need(webhook, "CallSid"))
		number_owner_find(&webhook->task, field(webhook, "To"), voice_owned);
}

/* ---- what most callbacks are answered with ---- */

static void reply_empty(struct task *task, int err, const char *reason)
{
	if (err)
		api_fail_errno(task->req, err);
	else
		http_reply(task->req, 204, NULL, NULL, 0);
	task_end(task);
}

static int64_t number(const struct webhook *webhook, const char *name, int64_t otherwise)
{
	int64_t value;

	return str_parse_int(&value, field(webhook, name), 0, INT32_MAX) ? otherwise : value;
}

/* ---- a recording, told of by its own callback or by the call's last one ---- */

static void recording_queued(int err, const char *job_id, void *arg)
{
	reply_empty(arg, err == -EEXIST ? 0 : err, "");
}

static void recording_noted(int err, void *arg)
{
	struct webhook *webhook = arg;
	struct task *task = &webhook->task;
	auto_free char *key =
		mem_printf("recording:%s:%.64s", task->call_id, field(webhook, "RecordingSid"));
	auto_json json_t *payload = json_object();
	struct job_params params = {
		.tenant_id = task->tenant_id,
		.kind = JOB_RECORDING,
		.call_id = task->call_id,
		.unique_key = key,
		.payload = payload,
	};

	if (err) {
		reply_empty(task, err, "");
		return;
	}
	json_set_str(payload, "url", field(webhook, "RecordingUrl"));
	json_set_str(payload, "sid", field(webhook, "RecordingSid"));
	json_set_int(payload, "duration_s", number(webhook, "RecordingDuration", 0));
	json_set_int(payload, "channels", number(webhook, "RecordingChannels", 2));
	job_enqueue(task->platform->api.jobs, &params, recording_queued, task);
}

/* The file may not be ready yet: the job waits for it. */
static void keep_recording(struct webhook *webhook)
{
	struct task *task = &webhook->task;
	struct recording recording = {
		.tenant_id = task->tenant_id,
		.call_id = task->call_id,
		.status = "pending",
		.provider_sid = field(webhook, "RecordingSid"),
		.url = field(webhook, "RecordingUrl"),
		.duration_s = number(webhook, "RecordingDuration", 0),
		.channels = number(webhook, "RecordingChannels", 2),
	};

	if (*recording.url && *recording.provider_sid)
		recording_save(task->platform->api.calls, &recording, recording_noted, webhook);
	else
		reply_empty(task, 0, "");
}

/* ---- status ---- */

static void status_noted(struct task *task, int err, const char *reason)
{
	if (err)
		reply_empty(task, err, reason);
	else
		keep_recording((struct webhook *)task);
}

static void apply_status(struct webhook *webhook)
{
	struct task *task = &webhook->task;

	task->timer = mem_unref(task->timer);
	task->request = mem_unref(task->request);
	carrier_status_apply(task, &webhook->report, status_noted);
}

static void engine_told(const struct provider_result *result, const struct ultravox_call *session,
			void *arg)
{
	struct webhook *webhook = arg;

	if (!result->err)
		webhook->report.end_reason = session_end_reason(session);
	apply_status(webhook);
}

static void engine_silent(void *arg)
{
	apply_status(arg);
}

/*
 * The carrier says that the call is over, not who ended it. The engine knows, but its own webhook
 * may come later: ask, for a moment, while nobody has said.
 */
static bool ask_engine(struct webhook *webhook)
{
	struct task *task = &webhook->task;
	const struct call *call = task->call;

	if (!str_equal(webhook->report.status, "completed") || call->status != CALL_IN_PROGRESS ||
	    call->end_hint || !call->ultravox_call_id)
		return false;
	if (ultravox_call_get(&task->request, task->platform->ultravox, call->ultravox_call_id,
			      engine_told, webhook))
		return false;
	task->timer = timer_new(task->platform->api.loop, engine_silent, webhook);
	timer_start(task->timer, ENGINE_ANSWER_MS);
	return true;
}

static void status_loaded(struct task *task, int err, const char *reason)
{
	struct webhook *webhook = (struct webhook *)task;
	const char *sid = field(webhook, "CallSid");

	if (err) {
		api_fail_errno(task->req, err);
		task_end(task);
		return;
	}
	if (task->call->twilio_call_sid && !str_equal(task->call->twilio_call_sid, sid)) {
		api_fail(task->req, API_CALL_NOT_FOUND, "CallSid",
			 "This call has another CallSid.");
		task_end(task);
		return;
	}
	keep_payload(webhook, "status");
	if (*field(webhook, "SequenceNumber"))
		webhook->receipt = mem_printf("twilio:%.64s:%.16s:%.32s", sid,
					      field(webhook, "SequenceNumber"),
					      field(webhook, "CallbackSource"));
	webhook->report = (struct carrier_report){
		.status = field(webhook, "CallStatus"),
		.sid = sid,
		.answered_by = form_get(webhook->form, "AnsweredBy"),
		.sip_code = number(webhook, "SipResponseCode", 0),
		.duration_s = number(webhook, "CallDuration", -1),
		.receipt = webhook->receipt,
	};
	LOG_INFO(&task->log, "carrier_event", LOG_STR("status", webhook->report.status),
		 LOG_STR("sequence", field(webhook, "SequenceNumber")));
	if (ask_engine(webhook))
		return;
	webhook->report.is_fresh = true;
	apply_status(webhook);
}

/* The callback of a number knows neither the call's id nor the tenant. */
static void status_owned(struct task *task, int err, const char *reason)
{
	if (err)
		status_loaded(task, err, reason);
	else
		task_load_sid(task, field((struct webhook *)task, "CallSid"), status_loaded);
}

static void status(struct http_request *req, void *arg)
{
	const char *id = http_request_param(req, "call_id");
	struct webhook *webhook = take(arg, req, id);

	if (!webhook || !need(webhook, "CallSid") || !need(webhook, "CallStatus"))
		return;
	if (*webhook->task.call_id) {
		task_load(&webhook->task, status_loaded);
	} else if (str_equal(id, ID_INBOUND)) {
		number_owner_find(&webhook->task, field(webhook, "To"), status_owned);
	} else {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		task_end(&webhook->task);
	}
}

/* ---- recording ---- */

static void recording_loaded(struct task *task, int err, const char *reason)
{
	struct webhook *webhook = (struct webhook *)task;
	const char *sid = field(webhook, "CallSid");

	if (!err && task->call->twilio_call_sid && !str_equal(task->call->twilio_call_sid, sid))
		err = -ENOENT;
	if (!err)
		keep_payload(webhook, "recording");
	if (err || !str_equal(field(webhook, "RecordingStatus"), "completed"))
		reply_empty(task, err, "");
	else
		keep_recording(webhook);
}

static void recording(struct http_request *req, void *arg)
{
	const char *id = http_request_param(req, "call_id");
	struct webhook *webhook = take(arg, req, id);

	if (!webhook || !need(webhook, "CallSid"))
		return;
	if (*webhook->task.call_id) {
		task_load(&webhook->task, recording_loaded);
	} else if (str_equal(id, ID_INBOUND)) {
		task_load_sid(&webhook->task, field(webhook, "CallSid"), recording_loaded);
	} else {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		task_end(&webhook->task);
	}
}

void api_twilio_routes(struct platform *platform)
{
	struct http_server *server = platform->server;

	http_server_route(server, "POST", PATH_TWILIO_VOICE, voice, platform);
	http_server_route(server, "POST", PATH_TWILIO_CONNECT "{call_id}", connect, platform);
	http_server_route(server, "POST", PATH_TWILIO_STATUS "{call_id}", status, platform);
	http_server_route(server, "POST", PATH_TWILIO_RECORDING "{call_id}", recording, platform);
}
