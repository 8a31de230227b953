#include "core/log.h"

#include "core/clock.h"
#include "core/encoding.h"
#include "core/error_line.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/phone.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "core/trace.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { MAX_STR = 1024 };

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
static const char *const level_labels[] = {"debug", "info", "warning", "error"};

static _Atomic int least_level = LOG_LEVEL_INFO;
static log_line_h *handler;
static void *handler_arg;

void log_init(struct log *log, const char *service, const char *call_id)
{
	log->service = service;
	str_copy(log->call_id, sizeof(log->call_id), call_id ? call_id : "");
}

void log_set_level(enum log_level level)
{
	atomic_store(&least_level, (int)level);
}

void log_set_handler(log_line_h *lineh, void *arg)
{
	handler = lineh;
	handler_arg = arg;
}

/* Some of it is what a peer sent: it may be long, and it may be no text. */
static void add_str(json_t *line, const char *key, const char *str)
{
	size_t len = str ? strlen(str) : 0;
	auto_free char *start = NULL;

	if (str && !str_is_utf8(str, len)) {
		json_set_str(line, key, "(not UTF-8)");
		return;
	}
	if (len <= MAX_STR) {
		json_set_str(line, key, str);
		return;
	}
	for (len = MAX_STR; ((unsigned char)str[len] & 0xc0) == 0x80;)
		len--;
	start = mem_printf("%.*s...", (int)len, str);
	json_set_str(line, key, start);
}

static void add_field(json_t *line, const struct log_field *field)
{
	char masked[PHONE_MASK_SIZE];

	switch (field->type) {
	case LOG_TYPE_STR:
		add_str(line, field->key, field->str);
		break;
	case LOG_TYPE_PHONE:
		phone_mask(masked, field->str);
		json_set_str(line, field->key, masked);
		break;
	case LOG_TYPE_INT:
		json_set_int(line, field->key, field->integer);
		break;
	case LOG_TYPE_NUMBER:
		json_set_number(line, field->key, field->number);
		break;
	case LOG_TYPE_ERRNO:
		json_set_str(line, field->key, strerror((int)-field->integer));
		break;
	}
}

/* So that a line is found from its trace, and the trace from a line. */
static void add_trace(json_t *line)
{
	const struct trace_context *context = span_context(span_current());
	char trace_id[2 * TRACE_ID_LEN + 1], span_id[2 * SPAN_ID_LEN + 1];

	if (!context)
		return;
	hex_encode(trace_id, context->trace_id, TRACE_ID_LEN);
	hex_encode(span_id, context->span_id, SPAN_ID_LEN);
	json_set_str(line, "trace_id", trace_id);
	json_set_str(line, "span_id", span_id);
}

void log_emit(const struct log *log, enum log_level level, const char *event,
	      const struct log_field *fields, size_t count)
{
	auto_json json_t *line = NULL;
	auto_free char *text = NULL;
	char now[TIMESTAMP_SIZE];

	if ((int)level < atomic_load(&least_level))
		return;
	metric_add(METRIC_LOG_LINES, level_labels[level], 1);
	line = json_object();
	timestamp_iso(now, clock_wall_us());
	json_set_str(line, "timestamp", now);
	json_set_str(line, "level", level_names[level]);
	json_set_str(line, "service", log && log->service ? log->service : "voiceai");
	if (log && log->call_id[0])
		json_set_str(line, "call_id", log->call_id);
	add_trace(line);
	json_set_str(line, "event", event);
	for (size_t i = 0; i < count; i++)
		add_field(line, &fields[i]);

	text = json_text(line);
	if (level == LOG_LEVEL_ERROR)
		error_line_add(text);
	if (handler)
		handler(text, handler_arg);
	else
		fprintf(stderr, "%s\n", text);
}
