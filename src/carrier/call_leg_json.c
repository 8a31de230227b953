#include "carrier/call_leg_json.h"

#include "carrier/call_leg.h"
#include "carrier/call_recording.h"
#include "carrier/carrier_priv.h"
#include "carrier/phone_number.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_time(json_t *json, const char *key, int64_t us)
{
	char text[TIMESTAMP_SIZE];

	if (us)
		timestamp_rfc2822(text, us);
	json_set_str(json, key, us ? text : NULL);
}

/* Numbers are strings in this API; negative means not known yet. */
static void set_number(json_t *json, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	json_set_str(json, key, value < 0 ? NULL : text);
}

static void set_uri(json_t *json, const char *key, const struct call_leg *leg, const char *tail)
{
	auto_free char *uri = mem_printf("/2010-04-01/Accounts/%s%s",
					 leg->carrier->settings->twilio_account_sid, tail);

	json_set_str(json, key, uri);
}

/* North American numbers read (555) 010-0000; others stay as they are. */
static void set_formatted(json_t *json, const char *key, const char *number)
{
	char text[16];

	if (str_has_prefix(number, "+1") && strlen(number) == 12 && phone_is_e164(number)) {
		snprintf(text, sizeof(text), "(%.3s) %.3s-%.4s", number + 2, number + 5,
			 number + 8);
		json_set_str(json, key, text);
	} else {
		json_set_str(json, key, number);
	}
}

static json_t *subresources(const struct call_leg *leg)
{
	static const struct {
		const char *key, *name;
	} all[] = {
		{"notifications", "Notifications"},
		{"recordings", "Recordings"},
		{"payments", "Payments"},
		{"events", "Events"},
		{"siprec", "Siprec"},
		{"streams", "Streams"},
		{"transcriptions", "Transcriptions"},
		{"user_defined_message_subscriptions", "UserDefinedMessageSubscriptions"},
		{"user_defined_messages", "UserDefinedMessages"},
	};
	json_t *json = json_object();

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		auto_free char *tail = mem_printf("/Calls/%s/%s.json", leg->sid, all[i].name);

		set_uri(json, all[i].key, leg, tail);
	}
	return json;
}

json_t *call_leg_json(const struct call_leg *leg)
{
	static const char *const nulls[] = {"parent_call_sid", "phone_number_sid", "price",
					    "answered_by",     "forwarded_from",   "group_sid",
					    "caller_name",     "trunk_sid"};
	auto_free char *tail = mem_printf("/Calls/%s.json", leg->sid);
	json_t *json = json_object();

	json_set_str(json, "sid", leg->sid);
	json_set_str(json, "account_sid", leg->carrier->settings->twilio_account_sid);
	json_set_str(json, "api_version", "2010-04-01");
	json_set_str(json, "status", call_leg_state_name(leg->state));
	json_set_str(json, "direction", leg->inbound ? "inbound" : "outbound-api");
	json_set_str(json, "to", leg->to);
	json_set_str(json, "from", leg->from);
	set_formatted(json, "to_formatted", leg->to);
	set_formatted(json, "from_formatted", leg->from);
	json_set_str(json, "price_unit", "USD");
	set_number(json, "duration", call_leg_duration_s(leg));
	set_number(json, "queue_time", leg->queue_ms);
	set_time(json, "date_created", leg->created_us);
	set_time(json, "date_updated", leg->updated_us);
	set_time(json, "start_time", leg->started_us);
	set_time(json, "end_time", leg->ended_us);
	set_uri(json, "uri", leg, tail);
	json_object_set_new(json, "subresource_uris", subresources(leg));
	for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
		json_set_str(json, nulls[i], NULL);
	return json;
}

json_t *call_recording_json(const struct call_recording *recording, bool under_call)
{
	static const char *const nulls[] = {"conference_sid", "price", "error_code",
					    "encryption_details"};
	const struct call_leg *leg = recording->leg;
	auto_free char *url = call_recording_url(recording);
	auto_free char *tail =
		under_call ? mem_printf("/Calls/%s/Recordings/%s.json", leg->sid, recording->sid)
			   : mem_printf("/Recordings/%s.json", recording->sid);
	json_t *json = json_object();

	json_set_str(json, "sid", recording->sid);
	json_set_str(json, "account_sid", leg->carrier->settings->twilio_account_sid);
	json_set_str(json, "call_sid", leg->sid);
	json_set_str(json, "api_version", "2010-04-01");
	json_set_str(json, "status", call_recording_status_name(recording->status));
	json_set_str(json, "source", recording->conf->source);
	json_set_int(json, "channels", recording->conf->channels);
	json_set_str(json, "price_unit", "USD");
	set_number(json, "duration", recording->duration_s);
	set_time(json, "date_created", recording->started_us);
	set_time(json, "date_updated", recording->updated_us);
	set_time(json, "start_time", recording->started_us);
	set_uri(json, "uri", leg, tail);
	if (under_call) {
		json_set_str(json, "track", call_recording_track_name(recording->conf->track));
	} else {
		json_set_str(json, "media_url", url);
		json_object_set_new(json, "subresource_uris", json_object());
	}
	for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
		json_set_str(json, nulls[i], NULL);
	return json;
}

/* What a number does not say itself is as the settings say. */
static void set_number_target(json_t *json, const char *url_key, const char *method_key,
			      const struct call_leg_target *target, const char *otherwise)
{
	json_set_str(json, url_key, target->url ? target->url : otherwise);
	json_set_str(json, method_key, target->url ? target->method : "POST");
}

json_t *phone_number_json(const struct carrier *carrier, const struct phone_number *number)
{
	static const char *const nulls[] = {"address_sid",        "identity_sid",
					    "trunk_sid",          "voice_application_sid",
					    "bundle_sid",         "emergency_address_sid",
					    "sms_application_sid"};
	const struct settings *s = carrier->settings;
	json_t *json = json_object();
	auto_free char *uri = mem_printf("/2010-04-01/Accounts/%s/IncomingPhoneNumbers/%s.json",
					 s->twilio_account_sid, number->sid);

	json_set_str(json, "sid", number->sid);
	json_set_str(json, "account_sid", s->twilio_account_sid);
	json_set_str(json, "phone_number", number->number);
	json_set_str(json, "friendly_name", number->friendly_name);
	json_set_str(json, "api_version", "2010-04-01");
	json_set_str(json, "origin", "twilio");
	json_set_str(json, "status", "in-use");
	json_set_str(json, "type", "local");
	json_set_str(json, "address_requirements", "none");
	json_set_str(json, "voice_receive_mode", "voice");
	json_set_str(json, "emergency_status", "Inactive");
	json_set_str(json, "emergency_address_status", "unregistered");
	json_set_bool(json, "beta", false);
	json_set_bool(json, "voice_caller_id_lookup", false);
	json_object_set_new(
		json, "capabilities",
		json_pack("{s:b,s:b,s:b,s:b}", "voice", 1, "sms", 0, "mms", 0, "fax", 0));
	set_number_target(json, "voice_url", "voice_method", &number->voice, s->carrier_voice_url);
	set_number_target(json, "voice_fallback_url", "voice_fallback_method", &number->fallback,
			  "");
	set_number_target(json, "status_callback", "status_callback_method", &number->status,
			  s->carrier_status_url);
	json_set_str(json, "sms_url", "");
	json_set_str(json, "sms_method", "POST");
	json_set_str(json, "sms_fallback_url", "");
	json_set_str(json, "sms_fallback_method", "POST");
	set_time(json, "date_created", number->created_us);
	set_time(json, "date_updated", number->updated_us);
	json_set_str(json, "uri", uri);
	for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
		json_set_str(json, nulls[i], NULL);
	return json;
}

json_t *account_json(const struct carrier *carrier)
{
	const char *sid = carrier->settings->twilio_account_sid;
	auto_free char *uri = mem_printf("/2010-04-01/Accounts/%s.json", sid);
	auto_free char *calls = mem_printf("/2010-04-01/Accounts/%s/Calls.json", sid);
	auto_free char *recordings = mem_printf("/2010-04-01/Accounts/%s/Recordings.json", sid);
	auto_free char *numbers =
		mem_printf("/2010-04-01/Accounts/%s/IncomingPhoneNumbers.json", sid);
	json_t *json = json_object(), *uris = json_object();

	json_set_str(json, "sid", sid);
	json_set_str(json, "owner_account_sid", sid);
	json_set_str(json, "friendly_name", "voiceai embedded carrier");
	json_set_str(json, "status", "active");
	json_set_str(json, "type", "Full");
	json_set_str(json, "auth_token", NULL);
	json_set_str(json, "uri", uri);
	set_time(json, "date_created", carrier->started_us);
	set_time(json, "date_updated", carrier->started_us);
	json_set_str(uris, "calls", calls);
	json_set_str(uris, "recordings", recordings);
	json_set_str(uris, "incoming_phone_numbers", numbers);
	json_object_set_new(json, "subresource_uris", uris);
	return json;
}
