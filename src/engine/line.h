/*
 * The caller's side of a conversation: a WebSocket that carries audio both ways, in one of the
 * API's media. A line is made when the peer knocks with a call's token, and belongs to that call.
 */
#pragma once

#include "core/json.h"
#include "http/ws.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line;

struct line_handlers {
	/* Audio can be sent now; once. */
	void (*readyh)(void *arg);
	/* Caller's audio at line_rate_hz(). */
	void (*audioh)(const int16_t *samples, size_t count, void *arg);
	void (*markh)(uint64_t mark, void *arg);
	void (*digith)(char digit, void *arg);
	/* A data message of the client; media without them never call this. */
	void (*messageh)(const json_t *message, void *arg);
	/* Once, the last call. hung_up: the peer said goodbye; otherwise the connection broke. */
	void (*goneh)(bool hung_up, const char *detail, void *arg);
};

struct line_conf {
	const char *call_id;
	uint32_t input_rate_hz;  /* serverWebSocket: 8000..48000 */
	uint32_t output_rate_hz; /* serverWebSocket: 8000..48000 */
};

/* One const instance a medium. */
struct line_ops {
	const char *name; /* as in the API's medium object */
	bool echoes_marks;
	bool has_messages;
	int (*audio)(struct line *line, const int16_t *samples, size_t count);
	int (*mark)(struct line *line, uint64_t mark);
	int (*clear)(struct line *line);
	ws_message_h *messageh; /* what the peer sends; arg is the line, held meanwhile */
	bool ready_at_once;     /* audio may be sent as soon as the socket is open */
	size_t max_message_bytes;
};
extern const struct line_ops line_twilio;
extern const struct line_ops line_websocket;

/*
 * ret_line: owned by the caller; releasing it, at any time, closes the socket and silences the
 * handlers. ret_ws and ret_ws_arg get the handlers to give to the WebSocket and their argument; the
 * WebSocket must be accepted then, for the argument is released when it closes.
 */
int line_new(struct line **ret_line, struct ws_handlers *ret_ws, void **ret_ws_arg,
	     const struct line_ops *ops, const struct line_conf *conf,
	     const struct line_handlers *handlers, void *arg);

/* 8000 or 16000: of the samples audioh gets. */
uint32_t line_rate_hz(const struct line *line);
/* Of the samples line_audio() wants. */
uint32_t line_output_rate_hz(const struct line *line);
const struct line_ops *line_ops(const struct line *line);

/* 0, -ENOTCONN, or -ENOBUFS when the peer does not read. */
int line_audio(struct line *line, const int16_t *samples, size_t count);
int line_mark(struct line *line, uint64_t mark);
int line_clear(struct line *line);
int line_message(struct line *line, const json_t *message);

/* Send what is queued and close, as soon as it is open; goneh follows. */
void line_close(struct line *line);
