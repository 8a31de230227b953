#include "observe/sentry.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/decimal.h"
#include "core/digest.h"
#include "core/error_line.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/sentry_dsn.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_client.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "observe/crash.h"
#include "observe/sentry_event.h"
#include "observe/sentry_limit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	PERIOD_MS = 1000,
	TIMEOUT_MS = 10000,
	MAX_TRIES = 4,
	MAX_KINDS = 64,
	MAX_REPEATS = 10, /* of one kind of error a minute: more tell nothing new */
	MINUTE_MS = 60000,
};

/* How often errors came in this minute. */
struct kind {
	char key[SENTRY_KEY_SIZE];
	uint32_t count;
};

struct sentry {
	struct loop *loop;
	struct timer *timer;
	struct http_client *client;
	struct http_exchange *exchange; /* under way */
	struct sentry_dsn dsn;
	char *auth; /* header */
	struct sentry_source source;
	char host[65];
	int64_t sample_rate;

	struct buf body;                /* the envelope that is sent, or tried again */
	struct crash_file *crash;       /* that it is about; NULL for an error */
	uint64_t told[SENTRY_DISCARDS]; /* in it */
	uint32_t tries;

	uint64_t discards[SENTRY_DISCARDS]; /* not told yet */
	struct kind kinds[MAX_KINDS];
	size_t kind_count;
	uint64_t minute_until_ms;
	uint64_t limited_until_ms;

	char *crash_folder;
	struct crash_watch *watch;
	bool crashes_over; /* none is left, or those that are wait for another day */
	bool troubled;     /* the last try failed */
	struct log log;
};

static void discard(struct sentry *sentry, enum sentry_discard why, const char *outcome)
{
	sentry->discards[why]++;
	metric_add(METRIC_ERROR_REPORTS, outcome, 1);
}

/* ---- what is reported ---- */

static bool is_limited(const struct sentry *sentry)
{
	return loop_now_ms(sentry->loop) < sentry->limited_until_ms;
}

/* A disk that is full says so a thousand times. */
static bool comes_too_often(struct sentry *sentry, const char *key)
{
	const uint64_t now_ms = loop_now_ms(sentry->loop);
	struct kind *kind = NULL;

	if (now_ms >= sentry->minute_until_ms) {
		sentry->minute_until_ms = now_ms + MINUTE_MS;
		sentry->kind_count = 0;
	}
	for (size_t i = 0; i < sentry->kind_count && !kind; i++)
		if (str_equal(sentry->kinds[i].key, key))
			kind = &sentry->kinds[i];
	if (!kind && sentry->kind_count < MAX_KINDS) {
		kind = &sentry->kinds[sentry->kind_count++];
		str_copy(kind->key, sizeof(kind->key), key);
		kind->count = 0;
	}
	return kind && ++kind->count > MAX_REPEATS;
}

/* false when it is passed over */
static bool take_line(struct sentry *sentry, const char *line)
{
	auto_buf struct buf event = {0};
	char event_id[SENTRY_EVENT_ID_SIZE], key[SENTRY_KEY_SIZE];

	if (is_limited(sentry)) {
		discard(sentry, SENTRY_DISCARD_RATELIMIT_BACKOFF, "limited");
		return false;
	}
	if ((int64_t)(random_u64() % DECIMAL_ONE) >= sentry->sample_rate) {
		discard(sentry, SENTRY_DISCARD_SAMPLE_RATE, "sampled");
		return false;
	}
	random_hex(event_id, SENTRY_EVENT_ID_SIZE - 1);
	if (sentry_event_of_line(&event, &sentry->source, line, event_id, key))
		return false;
	if (comes_too_often(sentry, key)) {
		discard(sentry, SENTRY_DISCARD_EVENT_PROCESSOR, "repeated");
		return false;
	}
	sentry->discards[SENTRY_DISCARD_QUEUE_OVERFLOW] += error_line_dropped();
	sentry_envelope_write(&sentry->body, &sentry->source, event_id, &event, sentry->discards);
	memcpy(sentry->told, sentry->discards, sizeof(sentry->told));
	return true;
}

static bool take_crash(struct sentry *sentry)
{
	static const uint64_t none[SENTRY_DISCARDS];
	auto_buf struct buf event = {0};
	char event_id[SENTRY_EVENT_ID_SIZE];
	const struct crash_report *report;

	if (sentry->crashes_over || is_limited(sentry))
		return false;
	if (crash_take(&sentry->crash, sentry->crash_folder)) {
		sentry->crashes_over = true;
		return false;
	}
	report = crash_file_report(sentry->crash);
	LOG_WARN(&sentry->log, "crash_found", LOG_STR("server", report->server),
		 LOG_STR("signal", crash_signal_name(report->signum)),
		 LOG_STR("version", report->version));
	random_hex(event_id, SENTRY_EVENT_ID_SIZE - 1);
	sentry_event_of_crash(&event, &sentry->source, report, event_id);
	sentry_envelope_write(&sentry->body, &sentry->source, event_id, &event, none);
	return true;
}

static bool take_next(struct sentry *sentry)
{
	bool taken = take_crash(sentry);
	char *line;

	while (!taken && (line = error_line_pop())) {
		taken = take_line(sentry, line);
		mem_free(line);
	}
	return taken;
}

/* ---- sending ---- */

static void envelope_over(struct sentry *sentry)
{
	sentry->crash = mem_unref(sentry->crash);
	sentry->tries = 0;
	memset(sentry->told, 0, sizeof(sentry->told));
	buf_clear(&sentry->body);
}

static void envelope_taken(struct sentry *sentry)
{
	metric_add(METRIC_ERROR_REPORTS, "sent", 1);
	for (size_t i = 0; i < SENTRY_DISCARDS; i++)
		sentry->discards[i] -= sentry->told[i];
	if (sentry->crash)
		crash_file_remove(sentry->crash);
	envelope_over(sentry);
}

/* Errors are gone then; a crash is told at the next start, unless it is what the server minds. */
static void envelope_failed(struct sentry *sentry, const struct http_result *http)
{
	if (sentry->crash) {
		metric_add(METRIC_ERROR_REPORTS, http->status == 429 ? "limited" : "failed", 1);
		if (http->status == 400 || http->status == 413)
			crash_file_remove(sentry->crash);
		else if (http->status != 429)
			sentry->crashes_over = true;
	} else if (http->status == 429) {
		discard(sentry, SENTRY_DISCARD_RATELIMIT_BACKOFF, "limited");
	} else {
		discard(sentry,
			http->err ? SENTRY_DISCARD_NETWORK_ERROR : SENTRY_DISCARD_SEND_ERROR,
			"failed");
	}
	envelope_over(sentry);
}

static bool may_pass(const struct http_result *http)
{
	return http->err || http->status == 502 || http->status == 503 || http->status == 504;
}

static void note_limit(struct sentry *sentry, const struct http_result *http)
{
	const uint64_t limit_ms = sentry_limit_ms(http);
	const uint64_t until_ms = loop_now_ms(sentry->loop) + limit_ms;

	if (!limit_ms || until_ms <= sentry->limited_until_ms)
		return;
	LOG_WARN(&sentry->log, "reports_limited", LOG_INT("for_ms", (int64_t)limit_ms));
	sentry->limited_until_ms = until_ms;
}

static void on_sent(const struct http_result *http, void *arg)
{
	struct sentry *sentry = arg;
	const bool taken = !http->err && http->status >= 200 && http->status < 300;
	uint64_t wait_ms = 0;

	sentry->exchange = mem_unref(sentry->exchange);
	note_limit(sentry, http);
	if (!taken && !sentry->troubled && http->status != 429)
		LOG_WARN(&sentry->log, "reports_not_taken", LOG_INT("status", http->status),
			 LOG_STR("error", http->err ? strerror(-http->err) : NULL));
	sentry->troubled = !taken && http->status != 429;
	if (taken)
		envelope_taken(sentry);
	else if (may_pass(http) && sentry->tries < MAX_TRIES)
		wait_ms = (uint64_t)PERIOD_MS << (sentry->tries - 1);
	else
		envelope_failed(sentry, http);
	timer_start(sentry->timer, wait_ms);
}

static void send_next(void *arg)
{
	struct sentry *sentry = arg;
	const char *const headers[] = {"Content-Type: application/x-sentry-envelope", sentry->auth,
				       NULL};
	const struct http_result none = {.err = -1};
	struct http_client_params params = {
		.method = "POST",
		.url = sentry->dsn.url,
		.headers = headers,
		.timeout_ms = TIMEOUT_MS,
	};

	if (sentry->exchange)
		return;
	if (!sentry->body.len && !take_next(sentry)) {
		timer_start(sentry->timer, PERIOD_MS);
		return;
	}
	params.body = sentry->body.data;
	params.body_len = sentry->body.len;
	sentry->tries++;
	if (http_client_request(&sentry->exchange, sentry->client, &params, NULL, on_sent,
				sentry)) {
		envelope_failed(sentry, &none);
		timer_start(sentry->timer, PERIOD_MS);
	}
}

bool sentry_flush(struct sentry *sentry)
{
	if (!sentry)
		return true;
	sentry->crashes_over = true;
	if (!sentry->exchange && !sentry->troubled && !is_limited(sentry) &&
	    (sentry->body.len || error_line_queued()))
		send_next(sentry);
	return !sentry->exchange || sentry->troubled;
}

void sentry_finish(struct sentry *sentry, uint32_t bound_ms)
{
	int64_t until_us = clock_mono_us() + bound_ms * 1000ll;

	while (!sentry_flush(sentry) && clock_mono_us() < until_us)
		loop_run_once(sentry->loop, 20);
}

/* ---- opening ---- */

static void sentry_destroy(void *data)
{
	struct sentry *sentry = data;

	error_line_stop();
	mem_unref(sentry->exchange);
	mem_unref(sentry->client);
	mem_unref(sentry->timer);
	mem_unref(sentry->crash);
	mem_unref(sentry->watch);
	mem_free(sentry->crash_folder);
	mem_free(sentry->auth);
	buf_free(&sentry->body);
}

struct sentry *sentry_new(struct loop *loop, const struct settings *settings, const char *server,
			  const char *version)
{
	struct sentry *sentry;
	struct sentry_dsn dsn;
	const char *reason;
	int err;

	if (str_is_empty(settings->sentry_dsn) ||
	    sentry_dsn_parse(&dsn, settings->sentry_dsn, &reason))
		return NULL;
	sentry = mem_new(sizeof(*sentry), sentry_destroy);
	log_init(&sentry->log, "sentry", NULL);
	sentry->loop = loop;
	sentry->dsn = dsn;
	sentry->auth = sentry_auth_header(&dsn, version);
	if (gethostname(sentry->host, sizeof(sentry->host) - 1))
		str_copy(sentry->host, sizeof(sentry->host), "unknown");
	sentry->source = (struct sentry_source){
		.server = server,
		.version = version,
		.environment = settings->sentry_environment,
		.host = sentry->host,
	};
	sentry->sample_rate = settings->sentry_sample_rate;
	sentry->client = http_client_new(loop);
	sentry->timer = timer_new(loop, send_next, sentry);
	sentry->crash_folder = mem_printf("%s/crashes", settings->data_dir);
	err = crash_watch_new(&sentry->watch, sentry->crash_folder, server, version);
	if (err)
		LOG_WARN(&sentry->log, "crashes_not_watched", LOG_ERR(err));
	error_line_start();
	timer_start(sentry->timer, 0);
	return sentry;
}
