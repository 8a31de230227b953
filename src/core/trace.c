#include "core/trace.h"

#include "core/clock.h"
#include "core/decimal.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { MAX_QUEUED = 4096, MAX_KEPT = 256, MAX_TEXT = 256 };

/* What the spans of one root share. One thread's only. */
struct trace {
	uint8_t id[TRACE_ID_LEN];
	bool sampled;
	bool decided; /* sampled and id are final */
	bool settled; /* the root is over: spans are queued as they end */
	bool remote;
	struct span *root; /* NULL once it has gone */
};

struct span {
	struct list_node node; /* in the queue, or in its root's kept */
	struct span_data data;
	struct trace *trace; /* NULL for one that is past */
	struct list kept;    /* of a root: spans that ended before it */
	int64_t mono_us;
	bool ended;
};

static _Atomic bool on;
static int64_t ratio;
static struct list queue;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct span *current;

/* ---- W3C Trace Context ---- */

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* version "-" trace-id "-" parent-id "-" flags; later versions may add "-" and more. */
int traceparent_parse(struct trace_context *ret_context, const char *text)
{
	enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, END = 55 };
	struct trace_context context;
	size_t len = text ? strlen(text) : 0;
	uint8_t flags;

	if (len < END || text[TRACE - 1] != '-' || text[PARENT - 1] != '-' ||
	    text[FLAGS - 1] != '-' || !is_hex(text, 2) || !is_hex(text + TRACE, 32) ||
	    !is_hex(text + PARENT, 16) || !is_hex(text + FLAGS, 2))
		return -EINVAL;
	if (str_has_prefix(text, "ff") || (str_has_prefix(text, "00") && len != END) ||
	    (len > END && text[END] != '-'))
		return -EINVAL;
	hex_decode(context.trace_id, TRACE_ID_LEN, text + TRACE, 32);
	hex_decode(context.span_id, SPAN_ID_LEN, text + PARENT, 16);
	hex_decode(&flags, 1, text + FLAGS, 2);
	context.sampled = flags & 1;
	if (is_zero(context.trace_id, TRACE_ID_LEN) || is_zero(context.span_id, SPAN_ID_LEN))
		return -EINVAL;
	*ret_context = context;
	return 0;
}

const char *traceparent_format(char text[TRACEPARENT_SIZE], const struct trace_context *context)
{
	memcpy(text, "00-", 3);
	hex_encode(text + 3, context->trace_id, TRACE_ID_LEN);
	text[35] = '-';
	hex_encode(text + 36, context->span_id, SPAN_ID_LEN);
	memcpy(text + 52, context->sampled ? "-01" : "-00", 4);
	return text;
}

/* ---- which traces ---- */

void trace_start(int64_t ratio_millionths)
{
	ratio = ratio_millionths;
	atomic_store(&on, true);
}

bool trace_is_on(void)
{
	return atomic_load_explicit(&on, memory_order_relaxed);
}

void trace_stop(void)
{
	struct span *span;

	atomic_store(&on, false);
	while ((span = trace_pop()))
		mem_unref(span);
}

/* By the last 7 bytes of the id, which are random in a UUID too: every process decides the same. */
static bool is_sampled(const uint8_t *trace_id)
{
	uint64_t value = 0;

	for (size_t i = TRACE_ID_LEN - 7; i < TRACE_ID_LEN; i++)
		value = value << 8 | trace_id[i];
	return (int64_t)(value % DECIMAL_ONE) < ratio;
}

void trace_of_uuid(struct trace_context *ret_context, const char *uuid)
{
	char digits[2 * TRACE_ID_LEN + 1] = "";
	size_t len = 0;

	for (const char *c = uuid; *c && len < sizeof(digits) - 1; c++)
		if (*c != '-')
			digits[len++] = *c;
	if (hex_decode(ret_context->trace_id, TRACE_ID_LEN, digits, len)) {
		/* Imported calls may have other ids. */
		uint8_t hash[SHA256_LEN];

		digest_sha256(hash, uuid, strlen(uuid));
		memcpy(ret_context->trace_id, hash, TRACE_ID_LEN);
	}
	memcpy(ret_context->span_id, ret_context->trace_id + TRACE_ID_LEN - SPAN_ID_LEN,
	       SPAN_ID_LEN);
	ret_context->sampled = is_sampled(ret_context->trace_id);
}

/* ---- spans ---- */

static void span_destroy(void *data)
{
	struct span *span = data;
	struct span *kept;

	list_remove(&span->node);
	while ((kept = list_pop(&span->kept)))
		mem_unref(kept);
	if (span->trace && span->trace->root == span)
		span->trace->root = NULL;
	for (size_t i = 0; i < span->data.attribute_count; i++)
		mem_free(span->data.attributes[i].str);
	mem_free(span->data.name);
	mem_free(span->data.why);
	mem_unref(span->trace);
}

static struct span *span_new(const char *name, enum span_kind kind)
{
	struct span *span = mem_new(sizeof(*span), span_destroy);

	span->data.name = mem_strdup(name);
	span->data.kind = kind;
	span->data.start_us = clock_wall_us();
	span->mono_us = clock_mono_us();
	random_bytes(span->data.context.span_id, SPAN_ID_LEN);
	return span;
}

struct span *span_root(const char *name, enum span_kind kind, const struct trace_context *parent,
		       bool remote)
{
	struct span *span;

	if (!trace_is_on())
		return NULL;
	span = span_new(name, kind);
	span->trace = mem_new(sizeof(*span->trace), NULL);
	span->trace->root = span;
	if (parent) {
		memcpy(span->trace->id, parent->trace_id, TRACE_ID_LEN);
		memcpy(span->data.parent, parent->span_id, SPAN_ID_LEN);
		span->trace->sampled = parent->sampled;
		span->trace->remote = remote;
		span->trace->decided = true;
	} else {
		random_bytes(span->trace->id, TRACE_ID_LEN);
		span->trace->sampled = is_sampled(span->trace->id);
	}
	return span;
}

struct span *span_child(const char *name, enum span_kind kind)
{
	struct span *span;

	if (!current || !current->trace || (current->trace->decided && !current->trace->sampled))
		return NULL;
	span = span_new(name, kind);
	span->trace = mem_ref(current->trace);
	memcpy(span->data.parent, current->data.context.span_id, SPAN_ID_LEN);
	return span;
}

struct span *span_past(const char *name, const struct trace_context *context, const uint8_t *parent,
		       int64_t start_us, int64_t end_us)
{
	struct span *span;

	if (!trace_is_on() || !context->sampled)
		return NULL;
	span = span_new(name, SPAN_INTERNAL);
	span->data.context = *context;
	span->data.start_us = start_us;
	span->data.end_us = end_us > start_us ? end_us : start_us;
	if (parent)
		memcpy(span->data.parent, parent, SPAN_ID_LEN);
	return span;
}

static struct span_attribute *add_attribute(struct span *span, const char *key)
{
	struct span_attribute *attribute;

	if (!span || span->ended || span->data.attribute_count == SPAN_MAX_ATTRIBUTES)
		return NULL;
	attribute = &span->data.attributes[span->data.attribute_count++];
	attribute->key = key;
	return attribute;
}

/* Cut at a whole character; owned by the caller. */
static char *copy_text(const char *text)
{
	size_t len = strnlen(text, MAX_TEXT);

	if (text[len])
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	return str_is_utf8(text, len) ? mem_strndup(text, len) : mem_strdup("(not UTF-8)");
}

void span_str(struct span *span, const char *key, const char *value)
{
	struct span_attribute *attribute = value ? add_attribute(span, key) : NULL;

	if (attribute)
		attribute->str = copy_text(value);
}

void span_int(struct span *span, const char *key, int64_t value)
{
	struct span_attribute *attribute = add_attribute(span, key);

	if (attribute)
		attribute->integer = value;
}

void span_fail(struct span *span, const char *why)
{
	if (!span || span->ended)
		return;
	span->data.failed = true;
	mem_free(span->data.why);
	span->data.why = why ? copy_text(why) : NULL;
}

/* ---- ending ---- */

/* Takes over the reference. */
static void enqueue(struct span *span)
{
	bool full;

	pthread_mutex_lock(&lock);
	full = queue.len >= MAX_QUEUED || !trace_is_on();
	if (!full)
		list_append(&queue, &span->node, span);
	pthread_mutex_unlock(&lock);
	if (full) {
		metric_add(METRIC_TRACE_SPANS, "dropped", 1);
		mem_unref(span);
	}
}

/* The same, once id and decision of its trace are final. */
static void settle(struct span *span)
{
	const struct trace *trace = span->trace;

	if (!trace->sampled) {
		mem_unref(span);
		return;
	}
	memcpy(span->data.context.trace_id, trace->id, TRACE_ID_LEN);
	span->data.context.sampled = true;
	enqueue(span);
}

static void settle_root(struct span *root)
{
	struct span *kept;

	root->trace->settled = root->trace->decided = true;
	while ((kept = list_pop(&root->kept)))
		settle(kept);
	settle(mem_ref(root));
}

static void end(struct span *span)
{
	struct trace *trace = span->trace;

	span->ended = true;
	if (!trace) {
		enqueue(mem_ref(span));
		return;
	}
	span->data.end_us = span->data.start_us + clock_mono_us() - span->mono_us;
	if (trace->root == span)
		settle_root(span);
	else if (trace->settled || trace->decided)
		settle(mem_ref(span));
	else if (trace->root && trace->root->kept.len < MAX_KEPT)
		list_append(&trace->root->kept, &span->node, mem_ref(span));
	else
		metric_add(METRIC_TRACE_SPANS, "dropped", 1);
}

struct span *span_end(struct span *span)
{
	if (span && !span->ended)
		end(span);
	return mem_unref(span);
}

/* ---- the current one ---- */

const struct trace_context *span_context(const struct span *span)
{
	struct span *writable = (struct span *)span;

	if (!span)
		return NULL;
	if (span->trace && !span->ended) {
		memcpy(writable->data.context.trace_id, span->trace->id, TRACE_ID_LEN);
		writable->data.context.sampled = span->trace->sampled;
	}
	return &span->data.context;
}

struct span *span_current(void)
{
	return current;
}

struct span *span_enter(struct span *span)
{
	struct span *before = current;

	current = span;
	return before;
}

void span_leave(struct span *before)
{
	current = before;
}

void trace_adopt(const struct trace_context *context)
{
	struct trace *trace = current ? current->trace : NULL;
	struct span *root = trace ? trace->root : NULL;

	if (!root || root->ended || !memcmp(trace->id, context->trace_id, TRACE_ID_LEN))
		return;
	if (trace->remote) {
		root->data.linked = true;
		root->data.link = *context;
	}
	if (trace->decided)
		return;
	memcpy(trace->id, context->trace_id, TRACE_ID_LEN);
	memcpy(root->data.parent, context->span_id, SPAN_ID_LEN);
	trace->sampled = context->sampled;
	trace->decided = true;
}

const char *trace_current_parent(char text[TRACEPARENT_SIZE])
{
	const struct trace_context *context = span_context(current);

	return context ? traceparent_format(text, context) : NULL;
}

bool trace_remote_parent(struct trace_context *ret_parent)
{
	const struct trace *trace = current ? current->trace : NULL;

	if (!trace || !trace->remote || !trace->root)
		return false;
	memcpy(ret_parent->trace_id, trace->id, TRACE_ID_LEN);
	memcpy(ret_parent->span_id, trace->root->data.parent, SPAN_ID_LEN);
	ret_parent->sampled = trace->sampled;
	return true;
}

/* ---- for the exporter ---- */

struct span *trace_pop(void)
{
	struct span *span;

	pthread_mutex_lock(&lock);
	span = list_pop(&queue);
	pthread_mutex_unlock(&lock);
	return span;
}

const struct span_data *span_data(const struct span *span)
{
	return &span->data;
}

size_t trace_queued(void)
{
	size_t count;

	pthread_mutex_lock(&lock);
	count = queue.len;
	pthread_mutex_unlock(&lock);
	return count;
}
