#include "engine/line_priv.h"

#include "core/mem.h"

#include <errno.h>

enum { MAX_GARBAGE = 100, MAX_QUEUE_BYTES = 4 << 20 };

static void line_opened(struct ws *ws, void *arg)
{
	struct knock *knock = arg;
	struct line *line = knock->line;

	if (!line) { /* nobody waits for it any more */
		ws_detach(ws);
		mem_unref(knock);
		return;
	}
	line->ws = mem_ref(ws);
	if (line->closing)
		line_close(line);
	else if (line->ops->ready_at_once)
		line_ready(line);
}

static void line_closed(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	auto_unref struct knock *knock = arg;
	struct line *line = mem_ref(knock->line);
	bool hung_up;

	if (!line)
		return;
	hung_up = line->hung_up || code == 1000 || code == 1001 || code == 1005;
	line->ws = mem_unref(line->ws);
	if (!line->gone) {
		line->gone = true;
		line->handlers.goneh(hung_up, reason ? reason : "", line->arg);
	}
	mem_unref(line);
}

static void line_received(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	const struct knock *knock = arg;
	struct line *line = mem_ref(knock->line);

	if (!line)
		return;
	if (!line->gone)
		line->ops->messageh(ws, data, len, binary, line);
	mem_unref(line);
}

static void line_destroy(void *data)
{
	struct line *line = data;

	line->knock->line = NULL;
	if (line->ws) {
		ws_detach(line->ws);
		line->ws = mem_unref(line->ws);
		mem_unref(line->knock); /* the socket's */
	}
	mem_unref(line->knock);
}

int line_new(struct line **ret_line, struct ws_handlers *ret_ws, void **ret_ws_arg,
	     const struct line_ops *ops, const struct line_conf *conf,
	     const struct line_handlers *handlers, void *arg)
{
	struct line *line = mem_new(sizeof(*line), line_destroy);

	line->knock = mem_new(sizeof(*line->knock), NULL);
	line->knock->line = line;
	line->ops = ops;
	line->handlers = *handlers;
	line->arg = arg;
	line->input_rate_hz = conf->input_rate_hz ? conf->input_rate_hz : 8000;
	line->output_rate_hz = conf->output_rate_hz ? conf->output_rate_hz : line->input_rate_hz;
	log_init(&line->log, "engine", conf->call_id);
	*ret_ws = (struct ws_handlers){
		.openh = line_opened,
		.messageh = line_received,
		.closeh = line_closed,
		.max_message_bytes = ops->max_message_bytes,
		.max_queue_bytes = MAX_QUEUE_BYTES,
	};
	*ret_ws_arg = mem_ref(line->knock);
	*ret_line = line;
	return 0;
}

uint32_t line_rate_hz(const struct line *line)
{
	return line->input_rate_hz <= 8000 ? 8000 : 16000;
}

uint32_t line_output_rate_hz(const struct line *line)
{
	return line->output_rate_hz;
}

const struct line_ops *line_ops(const struct line *line)
{
	return line->ops;
}

void line_ready(struct line *line)
{
	if (line->ready)
		return;
	line->ready = true;
	line->handlers.readyh(line->arg);
}

/* Linear interpolation down to 16 kHz: speech recognition does not mind, nobody listens to it. */
void line_heard(struct line *line, const int16_t *samples, size_t count)
{
	int16_t out[1024];
	size_t made = 0;
	double step = (double)line->input_rate_hz / line_rate_hz(line);

	if (!line->ready || count == 0)
		return;
	if (line->input_rate_hz == line_rate_hz(line)) {
		line->handlers.audioh(samples, count, line->arg);
		return;
	}
	while (line->resample_at < (double)count) {
		size_t at = (size_t)line->resample_at;
		double part = line->resample_at - (double)at;
		double before = at ? samples[at - 1] : line->resample_last;

		out[made++] = (int16_t)(before + (samples[at] - before) * part);
		line->resample_at += step;
		if (made == ARRAY_LEN(out)) {
			line->handlers.audioh(out, made, line->arg);
			made = 0;
		}
	}
	line->resample_at -= (double)count;
	line->resample_last = samples[count - 1];
	if (made)
		line->handlers.audioh(out, made, line->arg);
}

void line_garbage(struct line *line, const char *what)
{
	if (line->garbage++ == 0)
		LOG_WARN(&line->log, "media_message_refused", LOG_STR("reason", what));
	if (line->garbage == MAX_GARBAGE)
		line_refuse(line, 1008, "too many messages that make no sense");
}

void line_refuse(struct line *line, uint16_t code, const char *reason)
{
	if (line->ws)
		ws_close(line->ws, code, reason);
}

int line_audio(struct line *line, const int16_t *samples, size_t count)
{
	return line->ws ? line->ops->audio(line, samples, count) : -ENOTCONN;
}

int line_mark(struct line *line, uint64_t mark)
{
	return line->ws && line->ops->mark ? line->ops->mark(line, mark) : -ENOTCONN;
}

int line_clear(struct line *line)
{
	return line->ws ? line->ops->clear(line) : -ENOTCONN;
}

int line_message(struct line *line, const json_t *message)
{
	auto_free char *text = NULL;

	if (!line->ws || !line->ops->has_messages)
		return -ENOTCONN;
	text = json_text(message);
	return ws_send_text(line->ws, text);
}

void line_close(struct line *line)
{
	line->closing = true;
	line_refuse(line, 1000, "call ended");
}
