#include "core/metric.h"

#include "core/mem.h"
#include "core/str.h"

#include <pthread.h>
#include <string.h>

const struct metric_info metric_infos[METRIC_COUNT] = {
#define METRIC(id_, name_, type_, labels_, help_) [METRIC_##id_] = {name_, type_, labels_, help_},
#include "core/metric_table.h"
#undef METRIC
};

const double metric_bucket_bounds[METRIC_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
						     0.25,  0.5,    1,     2.5,  5,     60,   600};

enum { MAX_SERIES = 256 };

struct series {
	struct series *next;
	char *label_values;
	double value;
	uint64_t count;
	uint64_t buckets[METRIC_BUCKETS + 1];
};

static struct {
	struct series *head;
	size_t len;
} table[METRIC_COUNT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct series *find(enum metric_id id, const char *label_values)
{
	for (struct series *s = table[id].head; s; s = s->next)
		if (str_equal(s->label_values, label_values))
			return s;
	return NULL;
}

/* As many "other" as the metric has labels. */
static const char *overflow_values(enum metric_id id)
{
	return strchr(metric_infos[id].labels, ',') ? "other,other" : "other";
}

static struct series *find_or_add(enum metric_id id, const char *label_values)
{
	struct series *series = find(id, label_values);

	if (series)
		return series;
	if (table[id].len >= MAX_SERIES) {
		label_values = overflow_values(id);
		series = find(id, label_values);
		if (series)
			return series;
	}
	series = mem_alloc(sizeof(*series));
	series->label_values = mem_strdup(label_values);
	series->next = table[id].head;
	table[id].head = series;
	table[id].len++;
	return series;
}

void metric_add(enum metric_id id, const char *label_values, double value)
{
	pthread_mutex_lock(&lock);
	find_or_add(id, label_values)->value += value;
	pthread_mutex_unlock(&lock);
}

void metric_set(enum metric_id id, const char *label_values, double value)
{
	pthread_mutex_lock(&lock);
	find_or_add(id, label_values)->value = value;
	pthread_mutex_unlock(&lock);
}

void metric_observe(enum metric_id id, const char *label_values, double value)
{
	struct series *series;
	size_t bucket = 0;

	while (bucket < METRIC_BUCKETS && value > metric_bucket_bounds[bucket])
		bucket++;
	pthread_mutex_lock(&lock);
	series = find_or_add(id, label_values);
	series->value += value;
	series->count++;
	series->buckets[bucket]++;
	pthread_mutex_unlock(&lock);
}

double metric_value(enum metric_id id, const char *label_values)
{
	struct series *series;
	double value = 0;

	pthread_mutex_lock(&lock);
	series = find(id, label_values);
	if (series)
		value = metric_infos[id].type == METRIC_HISTOGRAM ? (double)series->count
								  : series->value;
	pthread_mutex_unlock(&lock);
	return value;
}

void metric_each(metric_sample_h *sampleh, void *arg)
{
	pthread_mutex_lock(&lock);
	for (int id = 0; id < METRIC_COUNT; id++) {
		for (struct series *s = table[id].head; s; s = s->next) {
			struct metric_sample sample = {
				.id = (enum metric_id)id,
				.label_values = s->label_values,
				.value = s->value,
				.count = s->count,
				.buckets = s->buckets,
			};

			sampleh(&sample, arg);
		}
	}
	pthread_mutex_unlock(&lock);
}
