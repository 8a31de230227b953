/*
 * Messages of a media stream (WebSocket text frames, JSON). Audio goes fifty times a second, call
 * and direction, so it is written and read without a JSON tree; the rest is not in a hurry.
 */
#pragma once

#include "core/json.h"

#include <stddef.h>
#include <stdint.h>

struct buf;

struct stream_start {
	const char *account_sid, *call_sid, *stream_sid;
	const json_t *parameters; /* object of strings */
	bool inbound, outbound;   /* tracks; neither: inbound */
};

/* Each empties out first. Numbers go as strings, as the protocol has it. */
void stream_message_connected(struct buf *out);
void stream_message_start(struct buf *out, uint64_t sequence, const struct stream_start *start);
void stream_message_dtmf(struct buf *out, uint64_t sequence, const char *stream_sid, char digit);
void stream_message_mark(struct buf *out, uint64_t sequence, const char *stream_sid,
			 const char *name);
void stream_message_stop(struct buf *out, uint64_t sequence, const struct stream_start *start);

/*
 * A frame of a track's audio, len at most STREAM_MAX_FRAME, into a caller's array: nothing is
 * allocated. Returns the length; no NUL follows.
 */
enum { STREAM_MAX_FRAME = 160, STREAM_MEDIA_SIZE = 512 };
struct stream_media {
	const char *track; /* "inbound", "outbound" */
	uint64_t chunk;
	uint64_t timestamp_ms; /* since the stream's start */
	const uint8_t *payload;
	size_t len;
};
size_t stream_message_media(char out[STREAM_MEDIA_SIZE], uint64_t sequence, const char *stream_sid,
			    const struct stream_media *media);

enum stream_command { STREAM_MEDIA, STREAM_MARK, STREAM_CLEAR, STREAM_OTHER };

enum { STREAM_MAX_MARK_NAME = 256 };

struct stream_message {
	enum stream_command command; /* STREAM_OTHER: an event we do not know, to be ignored */
	char mark[STREAM_MAX_MARK_NAME];
};

/*
 * One message of the server. The audio of STREAM_MEDIA is appended to payload. stream_sid must be
 * the message's own. Audio written the usual way is read without a JSON tree and costs no memory
 * but the payload's. error (room for JSON_ERROR_SIZE) gets the reason. Returns 0 or -EBADMSG.
 */
int stream_message_parse(struct stream_message *ret_message, struct buf *payload, const char *text,
			 size_t len, const char *stream_sid, char error[JSON_ERROR_SIZE]);
