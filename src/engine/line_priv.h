/* What the media share; only line*.c includes this. */
#pragma once

#include "core/buf.h"
#include "core/log.h"
#include "engine/line.h"

/*
 * What the socket is given instead of the line, and both hold: between the handshake and the open
 * socket a call can be deleted, and its line with it.
 */
struct knock {
	struct line *line; /* NULL once released */
};

struct line {
	struct knock *knock;
	const struct line_ops *ops;
	struct line_handlers handlers;
	void *arg;
	struct ws *ws; /* NULL until open and after close */
	struct log log;
	uint32_t input_rate_hz, output_rate_hz;
	bool ready, hung_up, gone, closing;
	char stream_sid[64]; /* twilio */
	double resample_at;  /* websocket: position inside the next chunk */
	int16_t resample_last;
	uint64_t garbage; /* messages that made no sense */
};

/* Tell the owner that audio can flow. */
void line_ready(struct line *line);
/* The peer's audio, at input_rate_hz. */
void line_heard(struct line *line, const int16_t *samples, size_t count);
/* Count a message that makes no sense; a peer that keeps on is cut off. */
void line_garbage(struct line *line, const char *what);

/* Close with this code; goneh follows. */
void line_refuse(struct line *line, uint16_t code, const char *reason);

uint8_t line_ulaw_encode(int16_t sample);
int16_t line_ulaw_decode(uint8_t code);
