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

static const double short_bounds[METRIC_BUCKETS] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
						    0.1,    0.25,  0.5,    1,     2.5,  10,    60};
static const double long_bounds[METRIC_BUCKETS] = {1,   5,   10,  20,  30,  60,   90,
						   120, 180, 300, 600, 900, 1800, 3600};

enum { MAX_SERIES = 256, SLOTS = 1024 };

struct series {
	struct series *next;    /* of the metric */
	struct series *in_slot; /* with the same hash */
	enum metric_id id;
	char *label_values; /* never freed: series stay */
	double value;
	uint64_t count;
	uint64_t buckets[]; /* METRIC_BUCKETS + 1 of a histogram */
};

static struct {
	struct series *head;
	size_t len;
} table[METRIC_COUNT];
static struct series *slots[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool metric_is_histogram(enum metric_type type)
{
	return type == METRIC_HISTOGRAM || type == METRIC_LONG_HISTOGRAM;
}

const double *metric_bucket_bounds(enum metric_type type)
{
	return type == METRIC_LONG_HISTOGRAM ? long_bounds : short_bounds;
}

static struct series **slot_of(enum metric_id id, const char *label_values)
{
	uint32_t hash = 2166136261u ^ (uint32_t)id;

	for (const char *c = label_values; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	hash *= 16777619u; /* no labels: the id alone */
	return &slots[(hash ^ hash >> 16) % SLOTS];
}

static struct series *find(struct series *const *slot, enum metric_id id, const char *label_values)
{
	for (struct series *s = *slot; s; s = s->in_slot)
		if (s->id == id && str_equal(s->label_values, label_values))
			return s;
	return NULL;
}

/* As many "other" as the metric has labels. */
static const char *overflow_values(enum metric_id id)
{
	return strchr(metric_infos[id].labels, ',') ? "other,other" : "other";
}

static struct series *add(struct series **slot, enum metric_id id, const char *label_values)
{
	bool histogram = metric_is_histogram(metric_infos[id].type);
	struct series *series = mem_alloc(sizeof(*series) +
					  (histogram ? METRIC_BUCKETS + 1 : 0) * sizeof(uint64_t));

	series->id = id;
	series->label_values = mem_strdup(label_values);
	series->in_slot = *slot;
	*slot = series;
	series->next = table[id].head;
	table[id].head = series;
	table[id].len++;
	return series;
}

static struct series *find_or_add(enum metric_id id, const char *label_values)
{
	struct series **slot = slot_of(id, label_values);
	struct series *series = find(slot, id, label_values);

	if (series)
		return series;
	if (table[id].len >= MAX_SERIES) {
		label_values = overflow_values(id);
		slot = slot_of(id, label_values);
		series = find(slot, id, label_values);
	}
	return series ? series : add(slot, id, label_values);
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

void metric_zero(enum metric_id id)
{
	pthread_mutex_lock(&lock);
	for (struct series *s = table[id].head; s; s = s->next)
		s->value = 0;
	pthread_mutex_unlock(&lock);
}

void metric_observe(enum metric_id id, const char *label_values, double value)
{
	const double *bounds = metric_bucket_bounds(metric_infos[id].type);
	struct series *series;
	size_t bucket = 0;

	while (bucket < METRIC_BUCKETS && value > bounds[bucket])
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
	series = find(slot_of(id, label_values), id, label_values);
	if (series)
		value = metric_is_histogram(metric_infos[id].type) ? (double)series->count
								   : series->value;
	pthread_mutex_unlock(&lock);
	return value;
}

/* As they are at one moment; the buckets lie behind the samples. */
static struct metric_sample *copy_samples(enum metric_id id, size_t *ret_count)
{
	bool histogram = metric_is_histogram(metric_infos[id].type);
	struct metric_sample *samples;
	uint64_t *buckets;
	size_t i = 0;

	pthread_mutex_lock(&lock);
	samples = mem_alloc(table[id].len *
			    (sizeof(*samples) + (METRIC_BUCKETS + 1) * sizeof(*buckets)));
	buckets = (uint64_t *)(samples + table[id].len);
	for (struct series *s = table[id].head; s; s = s->next, i++) {
		samples[i] = (struct metric_sample){
			.id = id,
			.label_values = s->label_values,
			.value = s->value,
			.count = s->count,
			.buckets = buckets,
		};
		if (histogram)
			memcpy(buckets, s->buckets, (METRIC_BUCKETS + 1) * sizeof(*buckets));
		buckets += METRIC_BUCKETS + 1;
	}
	pthread_mutex_unlock(&lock);
	*ret_count = i;
	return samples;
}

/* Nobody who counts waits while this writes. */
void metric_each(metric_sample_h *sampleh, void *arg)
{
	for (int id = 0; id < METRIC_COUNT; id++) {
		size_t count = 0;
		auto_free struct metric_sample *samples = copy_samples((enum metric_id)id, &count);

		for (size_t i = 0; i < count; i++)
			sampleh(&samples[i], arg);
	}
}
