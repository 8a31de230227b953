#include "platform/session.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/talk.h"

#include <errno.h>
#include <math.h>

enum {
	/* On top of the ringing: the create request, the carrier's queue, fetching the TwiML. */
	JOIN_SLACK_S = 60,
	/* A callee who picks up usually says hello first; silence means it is our turn. */
	FIRST_DELAY_MS = 1500,
};

static uint32_t join_timeout_s(const struct platform *platform)
{
	return (uint32_t)platform->api.settings->ring_timeout_s + JOIN_SLACK_S;
}

bool session_is_stale(const struct platform *platform, const struct call *call)
{
	return clock_wall_us() - call->created_at > (int64_t)join_timeout_s(platform) * 1000000;
}

bool provider_error_may_pass(int err)
{
	return err == -EAGAIN || err == -ETIMEDOUT || err == -ECONNREFUSED ||
	       err == -EHOSTUNREACH || err == -EPROTO || err == -EIO || err == -EREMOTEIO;
}

static void session_made(const struct provider_result *result, const struct ultravox_call *session,
			 void *arg)
{
	struct task *task = arg;
	struct call_change change = {.event = CALL_EV_SESSION, .source = "ultravox"};
	task_step_h *then = task->then;

	if (result->err) {
		then(task, result->err, result->reason);
		return;
	}
	if (!*session->join_url) {
		then(task, -EBADMSG, "ultravox gave no join URL");
		return;
	}
	change.ultravox_call_id = session->id;
	change.join_url = session->join_url;
	change.known = task->call;
	task_apply(task, &change, then);
}

/* What the engine gives back with every webhook: how its call is known here. */
static json_t *make_metadata(const struct call *call)
{
	json_t *metadata = NULL;

	if (call->metadata)
		metadata = json_loads(call->metadata, 0, NULL);
	if (!metadata)
		metadata = json_object();
	json_set_str(metadata, "call_id", call->id);
	json_set_str(metadata, "tenant_id", call->tenant_id);
	return metadata;
}

void session_create(struct task *task, task_step_h *then)
{
	struct platform *platform = task->platform;
	const struct settings *settings = platform->api.settings;
	const struct call *call = task->call;
	auto_free char *data_url =
		platform_ws_url(platform, PATH_ULTRAVOX_DATA, call->tenant_id, call->id);
	auto_free char *events_url =
		platform_url(platform, PATH_ULTRAVOX_EVENTS, call->tenant_id, "");
	auto_json json_t *metadata = make_metadata(call);
	auto_json json_t *tools = call->tools ? json_loads(call->tools, 0, NULL) : NULL;
	struct ultravox_call_params params = {
		.system_prompt = call->system_prompt,
		.model = call->model,
		.voice = call->voice,
		.language = call->language,
		.first_message = call->first_message,
		.callee_first = call->direction == CALL_OUTBOUND,
		.first_delay_ms = FIRST_DELAY_MS,
		.temperature = isnan(call->temperature) ? -1 : call->temperature,
		.join_timeout_s = join_timeout_s(platform),
		.max_duration_s = (uint32_t)call->max_duration_s,
		.recording = call->wants_recording,
		.tools = tools,
		.metadata = metadata,
		.data_url = data_url,
		.data_secret = settings->ultravox_shared_secret,
		.callback_url = events_url,
		.callback_secret = settings->ultravox_webhook_secret,
		.web_socket_rate_hz = call_is_browser(call) ? TALK_RATE_HZ : 0,
	};

	task->then = then;
	task->request = mem_unref(task->request);
	if (ultravox_call_create(&task->request, platform->ultravox, &params, session_made, task))
		then(task, -EINVAL, "the voice session's request cannot be made");
}

const char *session_end_reason(const struct ultravox_call *session)
{
	static const struct {
		const char *engines;
		const char *ours;
	} reasons[] = {
		{"hangup", CALL_END_CALLER},         {"agent_hangup", CALL_END_AGENT},
		{"timeout", CALL_END_TIMEOUT},       {"connection_error", CALL_END_PROVIDER},
		{"system_error", CALL_END_PROVIDER},
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (str_equal(reasons[i].engines, session->end_reason))
			return reasons[i].ours;
	return NULL;
}
