/* What a Sentry server answers, what a crashed process left, and any DSN: nothing breaks, and what
 * is made of it stays within its bounds. */
#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/sentry_dsn.h"
#include "core/str.h"
#include "observe/crash.h"
#include "observe/sentry_event.h"
#include "observe/sentry_limit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct sentry_source source = {
	.server = "platform", .version = "1", .environment = "test", .host = "h"};

static void check_event(const struct buf *event)
{
	auto_json json_t *json = NULL;

	if (json_parse(&json, event->data, event->len, NULL))
		abort();
}

static void try_dsn(const char *text)
{
	struct sentry_dsn dsn;
	const char *reason;

	if (sentry_dsn_parse(&dsn, text, &reason)) {
		if (str_is_empty(reason))
			abort();
		return;
	}
	if (!*dsn.key || !*dsn.host || strpbrk(dsn.url, " \r\n") ||
	    !str_has_suffix(dsn.url, "/envelope/"))
		abort();
}

static void try_line(const char *text)
{
	auto_buf struct buf event = {0};
	char key[SENTRY_KEY_SIZE];

	if (!sentry_event_of_line(&event, &source, text, "0", key))
		check_event(&event);
}

static void try_crash(const char *text, size_t len)
{
	static struct crash_report report;
	auto_buf struct buf event = {0};

	if (crash_parse(&report, text, len))
		return;
	sentry_event_of_crash(&event, &source, &report, "0");
	check_event(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);

	try_dsn(text);
	try_line(text);
	try_crash(text, strlen(text));
	if (sentry_limit_parse(429, text, NULL) > 86400000 ||
	    sentry_limit_parse(429, NULL, text) > 86400000)
		abort();
	return 0;
}
