/*
 * Counters, gauges and histograms. core only counts; observe/ writes them out for Prometheus.
 * Every metric is a row of metric_table.h. Any thread may count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,      /* of waits: a millisecond to a minute */
	METRIC_LONG_HISTOGRAM, /* of calls: seconds to an hour */
};

enum metric_id {
#define METRIC(id_, name_, type_, labels_, help_) METRIC_##id_,
#include "core/metric_table.h"
#undef METRIC
	METRIC_COUNT
};

struct metric_info {
	const char *name;
	enum metric_type type;
	const char *labels; /* comma-separated label names, "" for none */
	const char *help;
};
extern const struct metric_info metric_infos[METRIC_COUNT];

/*
 * Label values go in the order of the row, comma-separated: metric_add(METRIC_CALL_TOTAL,
 * "completed,outbound", 1). Values come from our own tables, never from a peer: the number of
 * series of one metric is bounded (256), more are counted under "other".
 */
void metric_add(enum metric_id id, const char *label_values, double value);     /* counter, gauge */
void metric_set(enum metric_id id, const char *label_values, double value);     /* gauge, or a
										     counter that
										     somebody else
										     keeps */
void metric_observe(enum metric_id id, const char *label_values, double value); /* histogram */

/* Every series of a gauge becomes 0: before setting those that are left. */
void metric_zero(enum metric_id id);

/* The value of a counter or gauge, or a histogram's count; 0 when never touched. For tests. */
double metric_value(enum metric_id id, const char *label_values);

enum { METRIC_BUCKETS = 14 };
/* Upper bounds in seconds, METRIC_BUCKETS of them; of a histogram's type. */
const double *metric_bucket_bounds(enum metric_type type);
bool metric_is_histogram(enum metric_type type);

struct metric_sample {
	enum metric_id id;
	const char *label_values;
	double value; /* histogram: sum */
	uint64_t count;
	const uint64_t *buckets; /* not cumulative; METRIC_BUCKETS + 1, the last is +Inf */
};
typedef void metric_sample_h(const struct metric_sample *sample, void *arg);

/* Every series there is, grouped by metric, in table order. */
void metric_each(metric_sample_h *sampleh, void *arg);
