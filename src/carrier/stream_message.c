#include "carrier/stream_message.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void write_json(struct buf *out, json_t *json)
{
	auto_free char *text = json_text(json);

	buf_clear(out);
	buf_append_str(out, text);
	json_decref(json);
}

static json_t *message(const char *event, uint64_t sequence, const char *stream_sid)
{
	json_t *json = json_object();
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, sequence);
	json_set_str(json, "event", event);
	json_set_str(json, "sequenceNumber", number);
	json_set_str(json, "streamSid", stream_sid);
	return json;
}

void stream_message_connected(struct buf *out)
{
	buf_clear(out);
	buf_append_str(out,
		       "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
}

void stream_message_start(struct buf *out, uint64_t sequence, const struct stream_start *start)
{
	json_t *json = message("start", sequence, start->stream_sid);
	json_t *body = json_object(), *format = json_object(), *tracks = json_array();

	json_set_str(format, "encoding", "audio/x-mulaw");
	json_set_int(format, "sampleRate", 8000);
	json_set_int(format, "channels", 1);
	json_array_append_new(tracks, json_string("inbound"));
	json_set_str(body, "accountSid", start->account_sid);
	json_set_str(body, "streamSid", start->stream_sid);
	json_set_str(body, "callSid", start->call_sid);
	json_object_set_new(body, "tracks", tracks);
	json_object_set_new(body, "mediaFormat", format);
	json_object_set(body, "customParameters", (json_t *)start->parameters);
	json_object_set_new(json, "start", body);
	write_json(out, json);
}

void stream_message_media(struct buf *out, uint64_t sequence, const char *stream_sid,
			  uint64_t chunk, uint64_t timestamp_ms, const uint8_t *payload, size_t len)
{
	buf_clear(out);
	buf_printf(out,
		   "{\"event\":\"media\",\"sequenceNumber\":\"%" PRIu64 "\",\"streamSid\":\"%s\","
		   "\"media\":{\"track\":\"inbound\",\"chunk\":\"%" PRIu64
		   "\",\"timestamp\":\"%" PRIu64 "\",\"payload\":\"",
		   sequence, stream_sid, chunk, timestamp_ms);
	base64_encode(out, payload, len);
	buf_append_str(out, "\"}}");
}

void stream_message_dtmf(struct buf *out, uint64_t sequence, const char *stream_sid, char digit)
{
	json_t *json = message("dtmf", sequence, stream_sid), *body = json_object();
	char text[2] = {digit, '\0'};

	json_set_str(body, "track", "inbound_track");
	json_set_str(body, "digit", text);
	json_object_set_new(json, "dtmf", body);
	write_json(out, json);
}

void stream_message_mark(struct buf *out, uint64_t sequence, const char *stream_sid,
			 const char *name)
{
	json_t *json = message("mark", sequence, stream_sid), *body = json_object();

	json_set_str(body, "name", name);
	json_object_set_new(json, "mark", body);
	write_json(out, json);
}

void stream_message_stop(struct buf *out, uint64_t sequence, const struct stream_start *start)
{
	json_t *json = message("stop", sequence, start->stream_sid), *body = json_object();

	json_set_str(body, "accountSid", start->account_sid);
	json_set_str(body, "callSid", start->call_sid);
	json_object_set_new(json, "stop", body);
	write_json(out, json);
}

static int refuse(char error[JSON_ERROR_SIZE], const char *reason)
{
	str_copy(error, JSON_ERROR_SIZE, reason);
	return -EBADMSG;
}

static int parse_media(struct buf *payload, const json_t *json, char error[JSON_ERROR_SIZE])
{
	const json_t *text = json_object_get(json_object_get(json, "media"), "payload");

	if (!json_is_string(text))
		return refuse(error, "media.payload is not a string");
	if (base64_decode(payload, json_string_value(text), json_string_length(text)))
		return refuse(error, "media.payload is not base64");
	return 0;
}

static int parse_mark(struct stream_message *message, const json_t *json,
		      char error[JSON_ERROR_SIZE])
{
	const char *name = json_get_str(json_object_get(json, "mark"), "name", NULL);

	if (!name)
		return refuse(error, "mark.name is not a string");
	if (!str_copy(message->mark, sizeof(message->mark), name))
		return refuse(error, "mark.name is too long");
	return 0;
}

int stream_message_parse(struct stream_message *ret_message, struct buf *payload, const char *text,
			 size_t len, const char *stream_sid, char error[JSON_ERROR_SIZE])
{
	auto_json json_t *json = NULL;
	const char *event;

	if (json_parse(&json, text, len, error))
		return -EBADMSG;
	event = json_get_str(json, "event", NULL);
	if (!event)
		return refuse(error, "event is not a string");
	*ret_message = (struct stream_message){.command = STREAM_OTHER};
	if (!str_equal(event, "media") && !str_equal(event, "mark") && !str_equal(event, "clear"))
		return 0;
	if (!str_equal(json_get_str(json, "streamSid", NULL), stream_sid))
		return refuse(error, "streamSid is not this stream's");
	if (str_equal(event, "media")) {
		ret_message->command = STREAM_MEDIA;
		return parse_media(payload, json, error);
	}
	if (str_equal(event, "mark")) {
		ret_message->command = STREAM_MARK;
		return parse_mark(ret_message, json, error);
	}
	ret_message->command = STREAM_CLEAR;
	return 0;
}
