/*
 * Ships spans (core/trace.h) to a collector: OTLP over HTTP, as JSON, a batch a second. Nobody ever
 * waits for it: what the collector does not take in time is dropped and counted
 * (METRIC_TRACE_SPANS).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OTLP_ERROR_SIZE = 200 };

struct buf;
struct loop;
struct otlp;
struct settings;
struct span;

/*
 * Start tracing when OTEL_EXPORTER_OTLP_ENDPOINT is set; else *ret_otlp is NULL, which is no error
 * and fine everywhere below. server: which of ours this is, static.
 * Returns 0, or -EINVAL when OTEL_EXPORTER_OTLP_HEADERS cannot be read. Owned by the caller; goes
 * before the loop.
 */
int otlp_new(struct otlp **ret_otlp, struct loop *loop, const struct settings *settings,
	     const char *server, const char *version, char error[OTLP_ERROR_SIZE]);

/*
 * Send now what is queued. Returns true when nothing is left to wait for, or waiting is no use
 * because the collector does not answer. For a clean stop: call it until it does.
 */
bool otlp_flush(struct otlp *otlp);

/* The same after loop_run(): runs the loop until then, bound_ms at most. */
void otlp_finish(struct otlp *otlp, uint32_t bound_ms);

/* What identifies us to the collector. */
struct otlp_resource {
	const char *service_name;
	const char *server; /* platform, carrier, engine */
	const char *version;
	const char *instance;
};

/* The body of a request: an ExportTraceServiceRequest in OTLP's JSON. */
void otlp_write(struct buf *out, const struct otlp_resource *resource, struct span *const *spans,
		size_t count);

/*
 * "name=value,name2=value2", values percent-encoded, as headers "name: value"; NULL at the end.
 * Owned by the caller, otlp_headers_free(). Returns 0 or -EINVAL.
 */
int otlp_headers_parse(char ***ret_headers, const char *text);
void otlp_headers_free(char **headers);
