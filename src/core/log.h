/*
 * Structured log lines: one JSON object a line on stderr (spec 8.1).
 *
 *	{"timestamp":..,"level":"INFO","service":"call_manager","call_id":..,"event":"call_initiated",..}
 *
 * A `struct log` is a context that travels with an object and knows service and call id. Events
 * are snake_case words; what varies goes into fields. Phone numbers only ever go in through
 * LOG_PHONE(), which masks them; secrets never. Lines of the level ERROR are also reported, where
 * that is asked for (core/error_line.h).
 *
 *	LOG_INFO(&call->log, "call_initiated", LOG_PHONE("phone_number", to), LOG_INT("duration_ms",
 *ms));
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Embedded by value. */
struct log {
	const char *service; /* static string, such as "carrier" */
	char call_id[40];    /* "" when the line is about no call */
};

enum log_type { LOG_TYPE_STR, LOG_TYPE_PHONE, LOG_TYPE_INT, LOG_TYPE_NUMBER, LOG_TYPE_ERRNO };

struct log_field {
	const char *key;
	enum log_type type;
	const char *str;
	int64_t integer;
	double number;
};

/* What is longer than 1024 bytes is cut. */
#define LOG_STR(key_, value_)    ((struct log_field){(key_), LOG_TYPE_STR, .str = (value_)})
#define LOG_PHONE(key_, value_)  ((struct log_field){(key_), LOG_TYPE_PHONE, .str = (value_)})
#define LOG_INT(key_, value_)    ((struct log_field){(key_), LOG_TYPE_INT, .integer = (value_)})
#define LOG_NUMBER(key_, value_) ((struct log_field){(key_), LOG_TYPE_NUMBER, .number = (value_)})
/* A negative errno, written as its text under "error". */
#define LOG_ERR(err_) ((struct log_field){"error", LOG_TYPE_ERRNO, .integer = (err_)})

void log_init(struct log *log, const char *service, const char *call_id);

void log_emit(const struct log *log, enum log_level level, const char *event,
	      const struct log_field *fields, size_t count);

#define LOG_AT(log_, level_, event_, ...)                                                         \
	log_emit((log_), (level_), (event_), (struct log_field[]){{NULL}, ##__VA_ARGS__} + 1,     \
		 sizeof((struct log_field[]){{NULL}, ##__VA_ARGS__}) / sizeof(struct log_field) - \
			 1)
#define LOG_DEBUG(log_, event_, ...) LOG_AT(log_, LOG_LEVEL_DEBUG, event_, ##__VA_ARGS__)
#define LOG_INFO(log_, event_, ...)  LOG_AT(log_, LOG_LEVEL_INFO, event_, ##__VA_ARGS__)
#define LOG_WARN(log_, event_, ...)  LOG_AT(log_, LOG_LEVEL_WARNING, event_, ##__VA_ARGS__)
#define LOG_ERROR(log_, event_, ...) LOG_AT(log_, LOG_LEVEL_ERROR, event_, ##__VA_ARGS__)

/* Lines below this level are dropped. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Where lines go instead of stderr, for tests. NULL gives stderr back. line has no newline. */
typedef void log_line_h(const char *line, void *arg);
void log_set_handler(log_line_h *lineh, void *arg);
