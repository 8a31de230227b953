/* The API's serverWebSocket: binary frames are s16le audio, text frames are data messages. */
#include "engine/line_priv.h"

#include "core/mem.h"

#include <endian.h>
#include <string.h>

enum { MAX_FRAME = 192000 }; /* two seconds at 48 kHz */

static int websocket_audio(struct line *line, const int16_t *samples, size_t count)
{
	auto_free int16_t *bytes = mem_alloc((count + 1) * sizeof(*bytes));

	for (size_t i = 0; i < count; i++)
		bytes[i] = (int16_t)htole16((uint16_t)samples[i]);
	return ws_send(line->ws, bytes, count * sizeof(*bytes), true);
}

static int websocket_clear(struct line *line)
{
	return ws_send_text(line->ws, "{\"type\":\"playback_clear_buffer\"}");
}

static void websocket_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct line *line = arg;
	auto_json json_t *message = NULL;
	auto_free int16_t *samples = NULL;

	if (!binary) {
		if (json_parse(&message, data, len, NULL) != 0 || !json_is_object(message))
			line_garbage(line, "not a JSON object");
		else
			line->handlers.messageh(message, line->arg);
		return;
	}
	if (len % sizeof(int16_t) != 0) {
		line_garbage(line, "half a sample");
		return;
	}
	samples = mem_alloc(len + sizeof(int16_t));
	memcpy(samples, data, len);
	for (size_t i = 0; i < len / sizeof(int16_t); i++)
		samples[i] = (int16_t)le16toh((uint16_t)samples[i]);
	line_heard(line, samples, len / sizeof(int16_t));
}

const struct line_ops line_websocket = {
	.name = "serverWebSocket",
	.has_messages = true,
	.audio = websocket_audio,
	.clear = websocket_clear,
	.messageh = websocket_message,
	.ready_at_once = true,
	.max_message_bytes = MAX_FRAME,
};
