/*
 * Protects: counting from several threads loses nothing, histograms have buckets that fit what they
 * measure, and however many label values come, the number of series stays bounded.
 */
#include "unit/check.h"

#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, TIMES = 20000 };

static void *count(void *arg)
{
	for (int i = 0; i < TIMES; i++) {
		metric_add(METRIC_RTP_LOST, "", 1);
		metric_observe(METRIC_TURN_LATENCY, i % 2 ? "answer" : "recognised", 0.02);
	}
	return NULL;
}

static void threads_count_together(void **state)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, count, NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(metric_value(METRIC_RTP_LOST, "") == THREADS * TIMES);
	assert_true(metric_value(METRIC_TURN_LATENCY, "answer") == THREADS * TIMES / 2);
}

struct seen {
	enum metric_id id;
	size_t series;
	double sum;
	uint64_t at[METRIC_BUCKETS + 1];
};

static void see(const struct metric_sample *sample, void *arg)
{
	struct seen *seen = arg;

	if (sample->id != seen->id)
		return;
	seen->series++;
	seen->sum += sample->value;
	for (int i = 0; metric_is_histogram(metric_infos[seen->id].type) && i <= METRIC_BUCKETS;
	     i++)
		seen->at[i] += sample->buckets[i];
}

static void calls_have_longer_buckets_than_requests(void **state)
{
	struct seen calls = {.id = METRIC_CALL_DURATION}, requests = {.id = METRIC_API_DURATION};

	metric_observe(METRIC_CALL_DURATION, "", 170);
	metric_observe(METRIC_API_DURATION, "", 0.0007);
	metric_each(see, &calls);
	metric_each(see, &requests);
	for (int i = 0; i <= METRIC_BUCKETS; i++) {
		const double *longer = metric_bucket_bounds(METRIC_LONG_HISTOGRAM);
		const double *shorter = metric_bucket_bounds(METRIC_HISTOGRAM);

		if (calls.at[i])
			assert_true(longer[i] == 180 && longer[i - 1] == 120);
		if (requests.at[i])
			assert_true(shorter[i] == 0.001 && shorter[i - 1] == 0.0005);
	}
	assert_true(calls.sum == 170);
}

static void series_are_bounded(void **state)
{
	struct seen seen = {.id = METRIC_JOB_TOTAL};

	for (int i = 0; i < 5000; i++) {
		char labels[32];

		snprintf(labels, sizeof(labels), "kind%d,done", i);
		metric_add(METRIC_JOB_TOTAL, labels, 1);
	}
	metric_each(see, &seen);
	assert_in_range(seen.series, 200, 257);
	assert_true(seen.sum == 5000);
	assert_true(metric_value(METRIC_JOB_TOTAL, "other,other") > 4000);
}

static void a_gauge_can_be_zeroed(void **state)
{
	metric_set(METRIC_CALLS_OPEN, "ringing", 3);
	metric_set(METRIC_CALLS_OPEN, "pending", 4);
	metric_zero(METRIC_CALLS_OPEN);
	metric_set(METRIC_CALLS_OPEN, "pending", 1);
	assert_true(metric_value(METRIC_CALLS_OPEN, "ringing") == 0);
	assert_true(metric_value(METRIC_CALLS_OPEN, "pending") == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_count_together),
		cmocka_unit_test(calls_have_longer_buckets_than_requests),
		cmocka_unit_test(series_are_bounded),
		cmocka_unit_test(a_gauge_can_be_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
