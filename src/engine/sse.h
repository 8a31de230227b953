/*
 * Server-sent events (WHATWG HTML, 9.2), the part that streams of language models use: "data:"
 * lines, a blank line ends an event. Fed as bytes come, split anywhere.
 */
#pragma once

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { SSE_MAX_EVENT = 256 << 10 };

/* data is NUL-terminated; its lines are joined by newlines. */
typedef void sse_event_h(const char *data, size_t len, void *arg);

/* Embedded by value; all zero is a fresh stream. */
struct sse {
	struct buf line;
	struct buf data;
	bool has_data;
	bool after_cr; /* a LF now belongs to the CR before */
	bool started;  /* past the optional byte order mark */
	bool stopped;  /* sse_reset() was called from a handler */
};

/* Returns 0, or -EMSGSIZE when an event is too long (the stream is of no more use then). */
int sse_feed(struct sse *sse, const char *bytes, size_t len, sse_event_h *eventh, void *arg);

/* Forget everything; may be called from a handler, which then is the last. */
void sse_reset(struct sse *sse);
