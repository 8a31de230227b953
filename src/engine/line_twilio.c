/* Twilio Media Streams, their WebSocket server's side: JSON text frames, mu-law 8 kHz in base64. */
#include "engine/line_priv.h"

#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAYLOAD = 16000 }; /* two seconds of audio in one message is no telephone */

/* ITU-T G.711, 8-bit mu-law. */
uint8_t line_ulaw_encode(int16_t sample)
{
	int magnitude = sample < 0 ? -(int)sample : sample, exponent = 7;
	uint8_t sign = sample < 0 ? 0x80 : 0;

	if (magnitude > 32635)
		magnitude = 32635;
	magnitude += 0x84;
	while (exponent > 0 && !(magnitude & (0x80 << exponent)))
		exponent--;
	return (uint8_t) ~(sign | exponent << 4 | ((magnitude >> (exponent + 3)) & 0x0f));
}

int16_t line_ulaw_decode(uint8_t code)
{
	int exponent, magnitude;

	code = (uint8_t)~code;
	exponent = (code >> 4) & 7;
	magnitude = ((((code & 0x0f) << 3) + 0x84) << exponent) - 0x84;
	return (int16_t)(code & 0x80 ? -magnitude : magnitude);
}

static int send_json(struct line *line, const char *event, const char *key, json_t *content)
{
	auto_json json_t *message = json_object();
	auto_free char *text = NULL;

	json_set_str(message, "event", event);
	json_set_str(message, "streamSid", line->stream_sid);
	if (content)
		json_object_set_new(message, key, content);
	text = json_text(message);
	return ws_send_text(line->ws, text);
}

static int twilio_audio(struct line *line, const int16_t *samples, size_t count)
{
	auto_buf struct buf payload = {0};
	auto_free uint8_t *codes = mem_alloc(count + 1);
	json_t *media = json_object();

	for (size_t i = 0; i < count; i++)
		codes[i] = line_ulaw_encode(samples[i]);
	base64_encode(&payload, codes, count);
	json_set_str(media, "payload", buf_str(&payload));
	return send_json(line, "media", "media", media);
}

static int twilio_mark(struct line *line, uint64_t mark)
{
	auto_free char *name = mem_printf("m%" PRIu64, mark);
	json_t *content = json_object();

	json_set_str(content, "name", name);
	return send_json(line, "mark", "mark", content);
}

static int twilio_clear(struct line *line)
{
	return send_json(line, "clear", NULL, NULL);
}

static void on_start(struct line *line, const json_t *message)
{
	const json_t *start = json_object_get(message, "start");
	const json_t *format = json_object_get(start, "mediaFormat");
	const char *sid =
		json_get_str(message, "streamSid", json_get_str(start, "streamSid", NULL));

	if (!sid || !str_copy(line->stream_sid, sizeof(line->stream_sid), sid) || !*sid) {
		line_garbage(line, "start without streamSid");
		return;
	}
	if (!str_equal(json_get_str(format, "encoding", "audio/x-mulaw"), "audio/x-mulaw")) {
		line_refuse(line, 1003, "only audio/x-mulaw is understood");
		return;
	}
	line_ready(line);
}

static void on_media(struct line *line, const json_t *message)
{
	const json_t *media = json_object_get(message, "media");
	const char *payload = json_get_str(media, "payload", NULL);
	auto_buf struct buf codes = {0};
	auto_free int16_t *samples = NULL;

	if (!str_equal(json_get_str(media, "track", "inbound"), "inbound"))
		return;
	if (!payload || strlen(payload) > MAX_PAYLOAD * 4 / 3 ||
	    base64_decode(&codes, payload, strlen(payload)) != 0) {
		line_garbage(line, "media without a payload in base64");
		return;
	}
	samples = mem_alloc((codes.len + 1) * sizeof(*samples));
	for (size_t i = 0; i < codes.len; i++)
		samples[i] = line_ulaw_decode((uint8_t)codes.data[i]);
	line_heard(line, samples, codes.len);
}

static void on_mark(struct line *line, const json_t *message)
{
	const char *name = json_get_str(json_object_get(message, "mark"), "name", "");
	char *end;
	uint64_t mark;

	if (name[0] != 'm' || name[1] < '0' || name[1] > '9')
		return;
	mark = strtoull(name + 1, &end, 10);
	if (*end == '\0')
		line->handlers.markh(mark, line->arg);
}

static void on_dtmf(struct line *line, const json_t *message)
{
	const char *digit = json_get_str(json_object_get(message, "dtmf"), "digit", "");

	if (*digit && !digit[1] && strchr("0123456789*#ABCD", *digit))
		line->handlers.digith(*digit, line->arg);
	else
		line_garbage(line, "dtmf without a digit");
}

static void on_stop(struct line *line, const json_t *message)
{
	line->hung_up = true;
	line_refuse(line, 1000, "stopped");
}

static void on_connected(struct line *line, const json_t *message)
{
}

static const struct {
	const char *event;
	void (*handler)(struct line *line, const json_t *message);
} events[] = {
	{"media", on_media}, {"mark", on_mark}, {"dtmf", on_dtmf},
	{"start", on_start}, {"stop", on_stop}, {"connected", on_connected},
};

static void twilio_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct line *line = arg;
	auto_json json_t *message = NULL;
	const char *event;

	if (binary || json_parse(&message, data, len, NULL) != 0 || !json_is_object(message)) {
		line_garbage(line, "not a JSON object");
		return;
	}
	event = json_get_str(message, "event", "");
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (str_equal(event, events[i].event)) {
			events[i].handler(line, message);
			return;
		}
	}
}

const struct line_ops line_twilio = {
	.name = "twilio",
	.echoes_marks = true,
	.audio = twilio_audio,
	.mark = twilio_mark,
	.clear = twilio_clear,
	.messageh = twilio_message,
	.max_message_bytes = 64 << 10,
};
