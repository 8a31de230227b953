#include "platform/call_view.h"

#include "platform/call.h"

#include <math.h>
#include <string.h>

/* A column with JSON in it, written by us: null when it is empty. */
static void set_json(json_t *view, const char *key, const char *text)
{
	json_t *value = NULL;

	if (text)
		json_parse(&value, text, strlen(text), NULL);
	json_object_set_new(view, key, value ? value : json_null());
}

json_t *call_view_brief(const struct call *call)
{
	json_t *view = json_object();

	json_set_str(view, "call_id", call->id);
	json_set_str(view, "status", call_status_name(call->status));
	json_set_str(view, "direction", call_direction_name(call->direction));
	json_set_str(view, "phone_number", call->phone_number);
	json_set_str(view, "from_number", call->from_number);
	json_set_str(view, "agent", call->agent);
	json_set_time(view, "created_at", call->created_at);
	json_set_time(view, "started_at", call->started_at);
	json_set_time(view, "ended_at", call->ended_at);
	if (call->ended_at)
		json_set_int(view, "duration_seconds", call->duration_s);
	else
		json_set_str(view, "duration_seconds", NULL);
	json_set_str(view, "end_reason", call->end_reason);
	json_set_str(view, "end_detail", call->end_detail);
	json_set_str(view, "answered_by", call->answered_by);
	set_json(view, "outcome", call->outcome);
	return view;
}

json_t *call_view(const struct call *call)
{
	json_t *view = call_view_brief(call);

	json_set_str(view, "ultravox_call_id", call->ultravox_call_id);
	json_set_str(view, "twilio_call_sid", call->twilio_call_sid);
	json_set_str(view, "system_prompt", call->system_prompt);
	json_set_str(view, "first_message", call->first_message);
	json_set_str(view, "model", call->model);
	json_set_str(view, "voice", call->voice);
	json_set_str(view, "language", call->language);
	if (isnan(call->temperature))
		json_set_str(view, "temperature", NULL);
	else
		json_set_number(view, "temperature", call->temperature);
	json_set_int(view, "max_duration_seconds", call->max_duration_s);
	set_json(view, "metadata", call->metadata);
	json_set_time(view, "updated_at", call->updated_at);
	return view;
}
