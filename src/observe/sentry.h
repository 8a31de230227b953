/*
 * Reports errors to Sentry, or to a server that takes its envelopes: log lines of the level ERROR
 * (core/error_line.h), and what a process before this one died of (crash.h). Nobody ever waits for
 * it: what the server does not take in time is dropped and counted (METRIC_ERROR_REPORTS).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct sentry;
struct settings;

/*
 * Report from now on when SENTRY_DSN is set; else NULL, which is fine everywhere below. server:
 * which of ours this is, static. Owned by the caller; goes before the loop.
 */
struct sentry *sentry_new(struct loop *loop, const struct settings *settings, const char *server,
			  const char *version);

/*
 * Send now what is queued. Returns true when nothing is left to wait for, or waiting is no use. For
 * a clean stop: call it until it does.
 */
bool sentry_flush(struct sentry *sentry);

/* The same after loop_run(): runs the loop until then, bound_ms at most. */
void sentry_finish(struct sentry *sentry, uint32_t bound_ms);
