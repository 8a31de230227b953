#include "platform/call_view.h"

#include "platform/call.h"

#include <math.h>

void call_write_brief(struct json_writer *writer, const struct call *call)
{
	json_write_str(writer, "call_id", call->id);
	json_write_str(writer, "status", call_status_name(call->status));
	json_write_str(writer, "direction", call_direction_name(call->direction));
	json_write_str(writer, "phone_number", call->phone_number);
	json_write_str(writer, "from_number", call->from_number);
	json_write_str(writer, "agent", call->agent);
	if (call->agent_version)
		json_write_int(writer, "agent_version", call->agent_version);
	else
		json_write_str(writer, "agent_version", NULL);
	json_write_time(writer, "scheduled_at", call->scheduled_at);
	json_write_int(writer, "attempt", call->attempt);
	json_write_str(writer, "retry_of", call->retry_of);
	json_write_time(writer, "created_at", call->created_at);
	json_write_time(writer, "started_at", call->started_at);
	json_write_time(writer, "ended_at", call->ended_at);
	if (call->ended_at)
		json_write_int(writer, "duration_seconds", call->duration_s);
	else
		json_write_str(writer, "duration_seconds", NULL);
	json_write_str(writer, "end_reason", call->end_reason);
	json_write_str(writer, "end_detail", call->end_detail);
	json_write_str(writer, "answered_by", call->answered_by);
	json_write_raw(writer, "outcome", call->outcome, "null");
}

void call_write(struct json_writer *writer, const struct call *call)
{
	call_write_brief(writer, call);
	json_write_str(writer, "ultravox_call_id", call->ultravox_call_id);
	json_write_str(writer, "twilio_call_sid", call->twilio_call_sid);
	json_write_str(writer, "system_prompt", call->system_prompt);
	json_write_str(writer, "first_message", call->first_message);
	json_write_str(writer, "model", call->model);
	json_write_str(writer, "voice", call->voice);
	json_write_str(writer, "language", call->language);
	json_write_number(writer, "temperature", call->temperature);
	json_write_int(writer, "max_duration_seconds", call->max_duration_s);
	json_write_bool(writer, "recorded", call->wants_recording);
	json_write_raw(writer, "tools", call->tools, "null");
	json_write_raw(writer, "metadata", call->metadata, "null");
	json_write_raw(writer, "retry", call->retry, "null");
	json_write_time(writer, "updated_at", call->updated_at);
}

json_t *call_view(const struct call *call)
{
	struct buf auto_buf text = {0};
	struct json_writer writer = {.out = &text};

	json_write_open(&writer, NULL, '{');
	call_write(&writer, call);
	json_write_close(&writer, '}');
	return json_written(&text);
}
