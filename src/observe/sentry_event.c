#include "observe/sentry_event.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/sentry_dsn.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "observe/crash.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

enum { MIN_DIGITS = 8, MAX_DIGITS = 15 };

/* ---- masking ---- */

/* How long the "+" or "%2B" at the start of text is; 0 when there is none. */
static size_t plus_len(const char *text)
{
	if (*text == '+')
		return 1;
	return str_has_prefix(text, "%2B") || str_has_prefix(text, "%2b") ? 3 : 0;
}

/* Every number in E.164, wherever it stands. Owned by the caller. */
static char *mask_numbers(const char *text)
{
	struct buf out = {0};

	while (*text) {
		char number[MAX_DIGITS + 2] = "+", masked[PHONE_MASK_SIZE];
		const size_t plus = plus_len(text);
		const size_t digits = plus ? strspn(text + plus, "0123456789") : 0;

		if (digits < MIN_DIGITS || digits > MAX_DIGITS) {
			buf_append_char(&out, *text++);
			continue;
		}
		memcpy(number + 1, text + plus, digits);
		phone_mask(masked, number);
		buf_append_str(&out, masked);
		text += plus + digits;
	}
	return out.data ? buf_steal(&out) : mem_strdup("");
}

static void write_masked(struct json_writer *writer, const char *key, const char *text)
{
	auto_free char *masked = mask_numbers(text);

	json_write_str(writer, key, masked);
}

/* ---- what all events have ---- */

static void write_hex(struct json_writer *writer, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_write_str(writer, key, text);
}

static void write_head(struct json_writer *writer, const struct sentry_source *source,
		       const char *event_id, const char *level, const char *version)
{
	auto_free char *release = mem_printf("voiceai@%s", version);

	json_write_str(writer, "event_id", event_id);
	json_write_str(writer, "level", level);
	json_write_str(writer, "release", release);
	json_write_str(writer, "environment", source->environment);
	json_write_str(writer, "server_name", source->host);
	json_write_open(writer, "sdk", '{');
	json_write_str(writer, "name", "voiceai");
	json_write_str(writer, "version", source->version);
	json_write_close(writer, '}');
}

static void write_os(struct json_writer *writer)
{
	struct utsname name;

	if (uname(&name))
		return;
	json_write_open(writer, "os", '{');
	json_write_str(writer, "name", name.sysname);
	json_write_str(writer, "kernel_version", name.release);
	json_write_close(writer, '}');
}

/* ---- the event of a log line ---- */

static void write_tag(struct json_writer *writer, const json_t *line, const char *key)
{
	const char *value = json_get_str(line, key, NULL);

	if (value)
		json_write_str(writer, key, value);
}

static void write_contexts(struct json_writer *writer, const json_t *line)
{
	const char *trace_id = json_get_str(line, "trace_id", NULL);

	json_write_open(writer, "contexts", '{');
	write_os(writer);
	if (trace_id) {
		json_write_open(writer, "trace", '{');
		json_write_str(writer, "type", "trace");
		json_write_str(writer, "trace_id", trace_id);
		write_tag(writer, line, "span_id");
		json_write_close(writer, '}');
	}
	json_write_close(writer, '}');
}

/* Keys are written as they are, and ours are words. */
static bool is_word(const char *key)
{
	return *key && !key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static bool is_told_elsewhere(const char *key)
{
	static const char *const keys[] = {"timestamp", "level",    "service", "event",
					   "call_id",   "trace_id", "span_id"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_equal(keys[i], key))
			return true;
	return false;
}

static void write_fields(struct json_writer *writer, json_t *line)
{
	const char *key;
	json_t *value;

	json_write_open(writer, "extra", '{');
	json_object_foreach(line, key, value)
	{
		if (is_told_elsewhere(key) || !is_word(key))
			continue;
		if (json_is_string(value))
			write_masked(writer, key, json_string_value(value));
		else
			json_write_json(writer, key, value);
	}
	json_write_close(writer, '}');
}

/* "dial_failed: Connection refused" */
static void write_message(struct json_writer *writer, const json_t *line)
{
	const char *event = json_get_str(line, "event", "");
	const char *why = json_get_str(line, "reason", NULL);
	auto_free char *text = NULL;

	if (str_is_empty(why))
		why = json_get_str(line, "detail", NULL);
	if (str_is_empty(why))
		why = json_get_str(line, "error", NULL);
	text = str_is_empty(why) ? mem_strdup(event) : mem_printf("%s: %s", event, why);
	json_write_open(writer, "logentry", '{');
	write_masked(writer, "formatted", text);
	json_write_close(writer, '}');
}

int sentry_event_of_line(struct buf *out, const struct sentry_source *source, const char *text,
			 const char *event_id, char ret_key[SENTRY_KEY_SIZE])
{
	struct json_writer writer = {.out = out};
	auto_json json_t *line = NULL;
	const char *service, *event, *kind;

	if (json_parse(&line, text, strlen(text), NULL) || !json_is_object(line))
		return -EBADMSG;
	service = json_get_str(line, "service", "");
	event = json_get_str(line, "event", "");
	kind = json_get_str(line, "kind", "");
	snprintf(ret_key, SENTRY_KEY_SIZE, "%s/%s/%s", service, event, kind);

	json_write_open(&writer, NULL, '{');
	write_head(&writer, source, event_id, "error", source->version);
	json_write_str(&writer, "timestamp", json_get_str(line, "timestamp", NULL));
	json_write_str(&writer, "platform", "c");
	json_write_str(&writer, "logger", service);
	write_message(&writer, line);
	json_write_open(&writer, "tags", '{');
	json_write_str(&writer, "server", source->server);
	write_tag(&writer, line, "service");
	write_tag(&writer, line, "event");
	write_tag(&writer, line, "call_id");
	write_tag(&writer, line, "trace_id");
	json_write_close(&writer, '}');
	/* One event is one issue, whatever differs in its fields but the kind of a job. */
	json_write_open(&writer, "fingerprint", '[');
	json_write_str(&writer, NULL, source->server);
	json_write_str(&writer, NULL, service);
	json_write_str(&writer, NULL, event);
	if (*kind)
		json_write_str(&writer, NULL, kind);
	json_write_close(&writer, ']');
	write_contexts(&writer, line);
	write_fields(&writer, line);
	json_write_close(&writer, '}');
	return 0;
}

/* ---- the event of a crash ---- */

/* The addresses but the last are those after a call: one less is within it. */
static void write_frames(struct json_writer *writer, const struct crash_report *report)
{
	json_write_open(writer, "stacktrace", '{');
	json_write_open(writer, "frames", '[');
	for (size_t i = report->frame_count; i > 0; i--) {
		const uint64_t address = report->frames[i - 1];

		json_write_open(writer, NULL, '{');
		write_hex(writer, "instruction_addr", address);
		for (size_t j = 0; j < report->module_count; j++) {
			const struct crash_module *module = &report->modules[j];

			if (address - module->address >= module->size)
				continue;
			write_hex(writer, "image_addr", module->address);
			json_write_str(writer, "package", module->path);
			break;
		}
		json_write_close(writer, '}');
	}
	json_write_close(writer, ']');
	json_write_close(writer, '}');
}

static void write_exception(struct json_writer *writer, const struct crash_report *report)
{
	const char *name = crash_signal_name(report->signum);
	auto_free char *value = report->address
					? mem_printf("%s at 0x%llx", strsignal(report->signum),
						     (unsigned long long)report->address)
					: mem_strdup(strsignal(report->signum));

	json_write_open(writer, "exception", '{');
	json_write_open(writer, "values", '[');
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "type", name);
	json_write_str(writer, "value", value);
	json_write_open(writer, "mechanism", '{');
	json_write_str(writer, "type", "signalhandler");
	json_write_bool(writer, "handled", false);
	json_write_bool(writer, "synthetic", true);
	json_write_open(writer, "meta", '{');
	json_write_open(writer, "signal", '{');
	json_write_int(writer, "number", report->signum);
	json_write_int(writer, "code", report->code);
	json_write_str(writer, "name", name);
	json_write_close(writer, '}');
	json_write_close(writer, '}');
	json_write_close(writer, '}');
	write_frames(writer, report);
	json_write_close(writer, '}');
	json_write_close(writer, ']');
	json_write_close(writer, '}');
}

/* A build id's first 16 bytes as a GUID, whose first three fields are little-endian: how debug
 * files are found. */
static void write_debug_id(struct json_writer *writer, const char *build_id)
{
	static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	char id[40];
	size_t len = 0;

	if (strlen(build_id) < 2 * ARRAY_LEN(order))
		return;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id[len++] = '-';
		memcpy(id + len, build_id + (size_t)2 * order[i], 2);
		len += 2;
	}
	id[len] = '\0';
	json_write_str(writer, "debug_id", id);
}

static void write_images(struct json_writer *writer, const struct crash_report *report)
{
	json_write_open(writer, "debug_meta", '{');
	json_write_open(writer, "images", '[');
	for (size_t i = 0; i < report->module_count; i++) {
		const struct crash_module *module = &report->modules[i];

		json_write_open(writer, NULL, '{');
		json_write_str(writer, "type", "elf");
		write_hex(writer, "image_addr", module->address);
		json_write_int(writer, "image_size", (int64_t)module->size);
		json_write_str(writer, "code_file", module->path);
		if (*module->build_id)
			json_write_str(writer, "code_id", module->build_id);
		write_debug_id(writer, module->build_id);
		json_write_close(writer, '}');
	}
	json_write_close(writer, ']');
	json_write_close(writer, '}');
}

void sentry_event_of_crash(struct buf *out, const struct sentry_source *source,
			   const struct crash_report *report, const char *event_id)
{
	struct json_writer writer = {.out = out};
	char time[TIMESTAMP_SIZE];

	timestamp_iso(time, report->time_us ? report->time_us : clock_wall_us());
	json_write_open(&writer, NULL, '{');
	write_head(&writer, source, event_id, "fatal", report->version);
	json_write_str(&writer, "timestamp", time);
	json_write_str(&writer, "platform", "native");
	json_write_open(&writer, "tags", '{');
	json_write_str(&writer, "server", report->server);
	json_write_str(&writer, "thread", report->thread);
	json_write_close(&writer, '}');
	json_write_open(&writer, "contexts", '{');
	write_os(&writer);
	json_write_close(&writer, '}');
	write_exception(&writer, report);
	write_images(&writer, report);
	json_write_close(&writer, '}');
}

/* ---- envelopes: a line of headers, then for each item a line of headers and its payload ---- */

static void write_discards(struct buf *out, const uint64_t *discards)
{
	static const char *const reasons[SENTRY_DISCARDS] = {
		[SENTRY_DISCARD_QUEUE_OVERFLOW] = "queue_overflow",
		[SENTRY_DISCARD_EVENT_PROCESSOR] = "event_processor",
		[SENTRY_DISCARD_SAMPLE_RATE] = "sample_rate",
		[SENTRY_DISCARD_RATELIMIT_BACKOFF] = "ratelimit_backoff",
		[SENTRY_DISCARD_NETWORK_ERROR] = "network_error",
		[SENTRY_DISCARD_SEND_ERROR] = "send_error",
	};
	struct json_writer writer = {.out = out};
	char now[TIMESTAMP_SIZE];

	timestamp_iso(now, clock_wall_us());
	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "timestamp", now);
	json_write_open(&writer, "discarded_events", '[');
	for (size_t i = 0; i < SENTRY_DISCARDS; i++) {
		if (!discards[i])
			continue;
		json_write_open(&writer, NULL, '{');
		json_write_str(&writer, "reason", reasons[i]);
		json_write_str(&writer, "category", "error");
		json_write_int(&writer, "quantity", (int64_t)discards[i]);
		json_write_close(&writer, '}');
	}
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
}

static void write_item(struct buf *out, const char *type, const struct buf *payload)
{
	struct json_writer writer = {.out = out};

	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "type", type);
	json_write_str(&writer, "content_type", "application/json");
	json_write_int(&writer, "length", (int64_t)payload->len);
	json_write_close(&writer, '}');
	buf_append_char(out, '\n');
	buf_append(out, payload->data, payload->len);
	buf_append_char(out, '\n');
}

static bool has_discards(const uint64_t *discards)
{
	for (size_t i = 0; i < SENTRY_DISCARDS; i++)
		if (discards[i])
			return true;
	return false;
}

char *sentry_auth_header(const struct sentry_dsn *dsn, const char *version)
{
	return mem_printf("X-Sentry-Auth: Sentry sentry_version=7, sentry_client=voiceai/%s, "
			  "sentry_key=%s",
			  version, dsn->key);
}

void sentry_envelope_write(struct buf *out, const struct sentry_source *source,
			   const char *event_id, const struct buf *event, const uint64_t *discards)
{
	struct json_writer writer = {.out = out};
	auto_buf struct buf report = {0};
	char now[TIMESTAMP_SIZE];

	timestamp_iso(now, clock_wall_us());
	json_write_open(&writer, NULL, '{');
	if (event)
		json_write_str(&writer, "event_id", event_id);
	json_write_str(&writer, "sent_at", now);
	json_write_open(&writer, "sdk", '{');
	json_write_str(&writer, "name", "voiceai");
	json_write_str(&writer, "version", source->version);
	json_write_close(&writer, '}');
	json_write_close(&writer, '}');
	buf_append_char(out, '\n');
	if (event)
		write_item(out, "event", event);
	if (event && !has_discards(discards))
		return;
	write_discards(&report, discards);
	write_item(out, "client_report", &report);
}
