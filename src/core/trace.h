/*
 * Traces (OpenTelemetry, W3C Trace Context): spans with a parent, of which those of sampled traces
 * wait in a bounded queue until observe/otlp.h ships them. Nothing here blocks or fails; while
 * tracing is off every function does nothing and gives NULL, which all of them take.
 *
 * What is traced belongs to a span_current() of its thread. Whoever starts something asynchronous
 * keeps a reference of it and enters it again around the handler: the HTTP client, the database and
 * the strands do, so that handlers need not know. A timer forgets it.
 *
 * A root is the first span of a trace in this process: a request that came in, a job. The spans
 * below it are kept back until it ends, because only then it is sure which trace they belong to:
 * trace_adopt() makes the root part of another, once it is known which call it is about.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_ID_LEN = 16, SPAN_ID_LEN = 8, TRACEPARENT_SIZE = 56, SPAN_MAX_ATTRIBUTES = 12 };

/* What crosses processes. */
struct trace_context {
	uint8_t trace_id[TRACE_ID_LEN];
	uint8_t span_id[SPAN_ID_LEN];
	bool sampled;
};

/* W3C traceparent, of any version. Returns 0, or -EINVAL: then there is none. text may be NULL. */
int traceparent_parse(struct trace_context *ret_context, const char *text);
/* Version 00; returns text. */
const char *traceparent_format(char text[TRACEPARENT_SIZE], const struct trace_context *context);

/* Record from now on: of traces that begin here ratio millionths, of others what they say. */
void trace_start(int64_t ratio);
void trace_stop(void); /* and forget what is queued */
bool trace_is_on(void);

/*
 * The trace of a thing that has a UUID, such as a call: the UUID is the trace's id, so that every
 * process knows it, and whether it is sampled. span_id is that of the span for the thing itself.
 */
void trace_of_uuid(struct trace_context *ret_context, const char *uuid);

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

struct span;

/*
 * A root. parent: NULL begins a trace. remote: parent came from a peer, and is kept whatever
 * trace_adopt() says. name is copied. Owned by the caller, span_end().
 */
struct span *span_root(const char *name, enum span_kind kind, const struct trace_context *parent,
		       bool remote);

/* Below the current one; NULL when there is none, or its trace is not sampled. */
struct span *span_child(const char *name, enum span_kind kind);

/*
 * The span of a thing that is over, with the ids of context: times are UTC microseconds, parent
 * (SPAN_ID_LEN bytes) NULL for none. Give it its attributes and end it.
 */
struct span *span_past(const char *name, const struct trace_context *context, const uint8_t *parent,
		       int64_t start_us, int64_t end_us);

/* key is static; at most SPAN_MAX_ATTRIBUTES. NULL values are left out. No personal data. */
void span_str(struct span *span, const char *key, const char *value);
void span_int(struct span *span, const char *key, int64_t value);
/* It failed; why is a sentence, copied, or NULL. */
void span_fail(struct span *span, const char *why);

/* Over: it is queued, now or with its root. Drops the reference; returns NULL. Again is harmless.
 */
struct span *span_end(struct span *span);

const struct trace_context *span_context(const struct span *span); /* NULL for NULL */

/* Of this thread; borrowed, NULL for none. */
struct span *span_current(void);
/* Make span (NULL for none) the current one; returns what was. Pairs nest. */
struct span *span_enter(struct span *span);
void span_leave(struct span *before);

/*
 * What is going on turned out to belong to this trace. Its root becomes a child of context, unless
 * it belongs there already, came from a peer (it is linked then), or has been adopted before.
 */
void trace_adopt(const struct trace_context *context);

/* The current span as a traceparent; NULL when there is none. */
const char *trace_current_parent(char text[TRACEPARENT_SIZE]);
/* Whether the current root was begun by a peer; *ret_parent is then the peer's span. */
bool trace_remote_parent(struct trace_context *ret_parent);

/* ---- for the exporter ---- */

struct span_attribute {
	const char *key;
	char *str; /* NULL: integer */
	int64_t integer;
};

struct span_data {
	char *name;
	enum span_kind kind;
	struct trace_context context;
	uint8_t parent[SPAN_ID_LEN]; /* zeros for none */
	int64_t start_us, end_us;    /* UTC */
	bool failed;
	char *why; /* may be NULL */
	bool linked;
	struct trace_context link;
	struct span_attribute attributes[SPAN_MAX_ATTRIBUTES];
	size_t attribute_count;
};

/* The oldest span in the queue, taken out; NULL when it is empty. Owned by the caller. */
struct span *trace_pop(void);
const struct span_data *span_data(const struct span *span);
size_t trace_queued(void);
