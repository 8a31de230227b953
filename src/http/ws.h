/*
 * One WebSocket connection (RFC 6455), accepted by http_server or dialled by ws_connect(). Messages
 * are whole: fragments are put together, up to max_message_bytes, beyond which the peer is
 * closed with 1009. Pings are answered and sent (every 20 s; a peer silent for 60 s is closed).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct ws;

typedef void ws_open_h(struct ws *ws, void *arg);
typedef void ws_message_h(struct ws *ws, const char *data, size_t len, bool binary, void *arg);
/*
 * Once, when the connection is over or could not be made; the last call for this ws. code is a
 * close code (1000..4999; 1006 without a close frame); http_status is that of a refused handshake,
 * otherwise 0. The connection's own reference to ws is dropped after this.
 */
typedef void ws_close_h(struct ws *ws, int code, const char *reason, int http_status, void *arg);
/* The send queue has become empty, after something had to wait in it. May be NULL. */
typedef void ws_drain_h(struct ws *ws, void *arg);

struct ws_handlers {
	ws_open_h *openh;
	ws_message_h *messageh;
	ws_close_h *closeh;
	ws_drain_h *drainh;
	size_t max_message_bytes; /* 0 means 64 KiB */
	size_t max_queue_bytes;   /* 0 means 1 MiB */
};

struct ws_header {
	const char *name; /* as "X-Ultravox-Call-ID" */
	const char *value;
};

struct ws_connect_params {
	const char *url; /* ws:// or wss:// */
	const struct ws_header *headers;
	size_t header_count;
	uint32_t connect_timeout_ms; /* handshake included; 0 means 5000 */
	struct ws_handlers handlers;
	void *arg;
};

/*
 * Dial. ret_ws: a reference owned by the caller; dropping it does not close, ws_close() does, and
 * ws_detach() silences the handlers. Returns 0 or -EINVAL for a bad URL.
 */
int ws_connect(struct ws **ret_ws, struct loop *loop, const struct ws_connect_params *params);

/*
 * Queue a message (copied). Returns 0, -ENOTCONN when not open, or -ENOBUFS when the queue would
 * pass max_queue_bytes (nothing is queued then).
 */
int ws_send(struct ws *ws, const void *data, size_t len, bool binary);
int ws_send_text(struct ws *ws, const char *text);
size_t ws_queued_bytes(const struct ws *ws);

/* Send what is queued, then a close frame; closeh follows, after 2 s at most. */
void ws_close(struct ws *ws, uint16_t code, const char *reason);

/* No handler runs any more for this ws (its owner is going away), and it is closed with 1001. */
void ws_detach(struct ws *ws);
