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
	if (start->inbound || !start->outbound)
		json_array_append_new(tracks, json_string("inbound"));
	if (start->outbound)
		json_array_append_new(tracks, json_string("outbound"));
	json_set_str(body, "accountSid", start->account_sid);
	json_set_str(body, "streamSid", start->stream_sid);
	json_set_str(body, "callSid", start->call_sid);
	json_object_set_new(body, "tracks", tracks);
	json_object_set_new(body, "mediaFormat", format);
	json_object_set(body, "customParameters", (json_t *)start->parameters);
	json_object_set_new(json, "start", body);
	write_json(out, json);
}

static char *put_str(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return out + len;
}

static char *put_number(char *out, uint64_t value)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*out++ = digits[--count];
	return out;
}

size_t stream_message_media(char out[STREAM_MEDIA_SIZE], uint64_t sequence, const char *stream_sid,
			    const struct stream_media *media)
{
	char *end = put_str(out, "{\"event\":\"media\",\"sequenceNumber\":\"");

	end = put_number(end, sequence);
	end = put_str(end, "\",\"streamSid\":\"");
	end = put_str(end, stream_sid);
	end = put_str(end, "\",\"media\":{\"track\":\"");
	end = put_str(end, media->track);
	end = put_str(end, "\",\"chunk\":\"");
	end = put_number(end, media->chunk);
	end = put_str(end, "\",\"timestamp\":\"");
	end = put_number(end, media->timestamp_ms);
	end = put_str(end, "\",\"payload\":\"");
	end += base64_write(end, media->payload,
			    media->len < STREAM_MAX_FRAME ? media->len : STREAM_MAX_FRAME);
	end = put_str(end, "\"}}");
	return (size_t)(end - out);
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

static int parse_json(struct stream_message *ret_message, struct buf *payload, const char *text,
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

/* ---- audio without a JSON tree ---- */

/* A piece of the text; at NULL for none. */
struct piece {
	const char *at;
	size_t len;
};

struct scan {
	const char *next, *end;
};

static bool piece_is(struct piece piece, const char *text)
{
	return piece.at && piece.len == strlen(text) && !memcmp(piece.at, text, piece.len);
}

static bool skip_to(struct scan *scan, char wanted)
{
	while (scan->next < scan->end && strchr(" \t\r\n", *scan->next) && *scan->next)
		scan->next++;
	if (scan->next >= scan->end || *scan->next != wanted)
		return false;
	scan->next++;
	return true;
}

/* A string that says what it looks like: printable ASCII, nothing escaped. */
static bool scan_string(struct scan *scan, struct piece *ret_piece)
{
	const char *at, *quote;

	if (!skip_to(scan, '"'))
		return false;
	at = scan->next;
	quote = memchr(at, '"', (size_t)(scan->end - at));
	if (!quote)
		return false;
	for (const char *c = at; c < quote; c++)
		if (*c < ' ' || *c > '~' || *c == '\\')
			return false;
	*ret_piece = (struct piece){at, (size_t)(quote - at)};
	scan->next = quote + 1;
	return true;
}

/* The members that matter, each at most once; what else there is makes the message unusual. */
struct member {
	const char *name;
	struct piece value;
};

static struct member *find_member(struct member *members, size_t count, struct piece name)
{
	for (size_t i = 0; i < count; i++)
		if (piece_is(name, members[i].name))
			return members[i].value.at ? NULL : &members[i];
	return NULL;
}

/* "{" members, all of them strings, "}". */
static bool scan_media(struct scan *scan, struct member *members, size_t count)
{
	struct piece name;
	struct member *member;

	if (!skip_to(scan, '{'))
		return false;
	do {
		if (!scan_string(scan, &name) || !skip_to(scan, ':'))
			return false;
		member = find_member(members, count, name);
		if (!member || !scan_string(scan, &member->value))
			return false;
	} while (skip_to(scan, ','));
	return skip_to(scan, '}');
}

/* The payload of a media message with nothing unusual about it. */
static bool scan_message(struct piece *ret_payload, const char *text, size_t len,
			 const char *stream_sid)
{
	struct scan scan = {text, text + len};
	struct member top[] = {
		{.name = "event"}, {.name = "streamSid"}, {.name = "sequenceNumber"}};
	struct member media[] = {
		{.name = "payload"}, {.name = "track"}, {.name = "chunk"}, {.name = "timestamp"}};
	struct member *member;
	struct piece name;

	if (!skip_to(&scan, '{'))
		return false;
	do {
		if (!scan_string(&scan, &name) || !skip_to(&scan, ':'))
			return false;
		if (piece_is(name, "media") && !media[0].value.at) {
			if (!scan_media(&scan, media, ARRAY_LEN(media)))
				return false;
			continue;
		}
		member = find_member(top, ARRAY_LEN(top), name);
		if (!member || !scan_string(&scan, &member->value))
			return false;
	} while (skip_to(&scan, ','));
	if (!skip_to(&scan, '}') || scan.next != scan.end)
		return false;
	*ret_payload = media[0].value;
	return piece_is(top[0].value, "media") && piece_is(top[1].value, stream_sid) &&
	       ret_payload->at;
}

int stream_message_parse(struct stream_message *ret_message, struct buf *payload, const char *text,
			 size_t len, const char *stream_sid, char error[JSON_ERROR_SIZE])
{
	struct piece audio;

	/* Whatever is unusual or wrong about a message, the JSON parser says. */
	if (!scan_message(&audio, text, len, stream_sid) ||
	    base64_decode(payload, audio.at, audio.len))
		return parse_json(ret_message, payload, text, len, stream_sid, error);
	ret_message->command = STREAM_MEDIA;
	ret_message->mark[0] = '\0';
	return 0;
}
