/*
 * Sentry's event payloads and envelopes, as text: https://develop.sentry.dev/sdk/ has the formats.
 * What is written about people in a log line is masked there already; numbers that stand inside
 * other text, such as what a peer said, are masked here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct crash_report;
struct sentry_dsn;

/* Who reports. Strings are never NULL. */
struct sentry_source {
	const char *server; /* platform, carrier, engine, supervisor */
	const char *version;
	const char *environment;
	const char *host;
};

/* The header that says who posts an envelope. Owned by the caller. */
char *sentry_auth_header(const struct sentry_dsn *dsn, const char *version);

enum { SENTRY_EVENT_ID_SIZE = 33, SENTRY_KEY_SIZE = 96 };

/*
 * The event of a log line (core/log.h). ret_key: what makes one kind of error, for counting how
 * often it comes. Returns 0, or -EBADMSG when it is no log line.
 */
int sentry_event_of_line(struct buf *out, const struct sentry_source *source, const char *text,
			 const char *event_id, char ret_key[SENTRY_KEY_SIZE]);

/* The event of a crash. */
void sentry_event_of_crash(struct buf *out, const struct sentry_source *source,
			   const struct crash_report *report, const char *event_id);

/* Why an event never reached the server, in Sentry's words. */
enum sentry_discard {
	SENTRY_DISCARD_QUEUE_OVERFLOW,
	SENTRY_DISCARD_EVENT_PROCESSOR, /* the same came too often */
	SENTRY_DISCARD_SAMPLE_RATE,
	SENTRY_DISCARD_RATELIMIT_BACKOFF,
	SENTRY_DISCARD_NETWORK_ERROR,
	SENTRY_DISCARD_SEND_ERROR,
	SENTRY_DISCARDS,
};

/*
 * An envelope around an event; NULL for none, then it holds what was discarded alone. discards:
 * how many by reason, SENTRY_DISCARDS of them; when all are 0 and there is an event they are left
 * out.
 */
void sentry_envelope_write(struct buf *out, const struct sentry_source *source,
			   const char *event_id, const struct buf *event, const uint64_t *discards);
