/*
 * A bidirectional media stream: the phone's audio to the customer's WebSocket server, the server's
 * audio to the phone. We are the client.
 */
#pragma once

#include <stdint.h>

struct call_leg;
struct media_stream;
struct twiml_verb;

/* The stream is over, other than by media_stream_stop(). Once. */
typedef void media_stream_done_h(void *arg);

/*
 * verb is the <Stream>; it must outlive the stream. Owned by the caller; releasing it stops the
 * stream. Always reports through doneh, never before this has returned.
 */
struct media_stream *media_stream_new(struct call_leg *leg, const struct twiml_verb *verb,
				      const char *base_url, media_stream_done_h *doneh, void *arg);

/* The call ends or goes on elsewhere: stop, then close. */
void media_stream_stop(struct media_stream *stream);

void media_stream_hear(struct media_stream *stream, const int16_t *samples); /* 20 ms */
void media_stream_digit(struct media_stream *stream, char digit);
void media_stream_mark(struct media_stream *stream, uint32_t mark);
