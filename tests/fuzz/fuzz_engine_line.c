/*
 * What a peer sends on a media socket, both media: the first byte says which, and every newline
 * (or, for audio, every 0xff) starts the next message. Rates that are not ours go through the
 * resampler.
 */
#include "core/log.h"
#include "core/mem.h"
#include "engine/line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	bool ready;
	size_t samples;
};

static void on_ready(void *arg)
{
	struct seen *seen = arg;

	if (seen->ready)
		abort(); /* once */
	seen->ready = true;
}

static void on_audio(const int16_t *samples, size_t count, void *arg)
{
	struct seen *seen = arg;

	if (!seen->ready || count == 0)
		abort();
	seen->samples += (size_t)samples[count - 1] & 1;
}

static void on_mark(uint64_t mark, void *arg)
{
}

static void on_digit(char digit, void *arg)
{
	if (!strchr("0123456789*#ABCD", digit))
		abort();
}

static void on_message(const json_t *message, void *arg)
{
	if (!json_is_object(message))
		abort();
}

static void on_gone(bool hung_up, const char *detail, void *arg)
{
}

static void drop_line(const char *line, void *arg)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct line_handlers handlers = {.readyh = on_ready,
						      .audioh = on_audio,
						      .markh = on_mark,
						      .digith = on_digit,
						      .messageh = on_message,
						      .goneh = on_gone};
	struct seen seen = {0};
	struct ws_handlers socket;
	struct line_conf conf = {.call_id = "fuzz", .input_rate_hz = 8000};
	bool twilio = size && data[0] & 1, binary = size && data[0] & 2;
	struct line *line;
	void *arg;

	log_set_handler(drop_line, NULL);
	if (!size)
		return 0;
	if (!twilio && data[0] & 4)
		conf.input_rate_hz = 24000;
	line_new(&line, &socket, &arg, twilio ? &line_twilio : &line_websocket, &conf, &handlers,
		 &seen);
	if (!twilio)
		socket.openh(NULL, arg);
	for (size_t at = 1; at < size;) {
		const uint8_t *end = memchr(data + at, binary ? 0xff : '\n', size - at);
		size_t len = end ? (size_t)(end - data) - at : size - at;
		char *copy = mem_alloc(len + 1);

		memcpy(copy, data + at, len);
		socket.messageh(NULL, copy, len, binary, arg);
		mem_free(copy);
		at += len + 1;
	}
	mem_unref(line);
	socket.closeh(NULL, 1000, "", 0, arg);
	return 0;
}
