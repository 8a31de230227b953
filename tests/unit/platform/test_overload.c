/*
 * Protects the refusal of work there is no room for: a pod that carries its calls takes no new
 * ones, one whose loop stays late takes no requests until it is on time again; a hiccup is none.
 */
#include "unit/platform/fixture.h"

#include "core/metric.h"
#include "platform/overload.h"

#include <unistd.h>

enum { LAG_MS = 20 };

static struct overload *make(struct loop *loop, uint32_t calls)
{
	struct overload_conf conf = {.loop = loop, .lag_ms = LAG_MS, .calls = calls};

	return overload_new(&conf);
}

static void pod_with_its_calls_takes_no_new_ones(void **state)
{
	struct loop *loop = loop_new_fake();
	struct overload *overload = make(loop, 2);

	overload_set_calls(overload, 1);
	assert_null(overload_call_reason(overload));
	overload_set_calls(overload, 2);
	assert_non_null(overload_call_reason(overload));
	assert_null(overload_reason(overload));
	overload_set_calls(overload, 1);
	assert_null(overload_call_reason(overload));
	mem_unref(overload);
	mem_unref(loop);
}

/* The fake clock says when the timer is due, the real one how late it is. */
static void period(struct loop *loop, bool late)
{
	usleep(late ? (250 + 3 * LAG_MS) * 1000 : 1000);
	loop_advance_ms(loop, 250);
}

static void late_loop_takes_no_requests_until_it_is_on_time(void **state)
{
	struct loop *loop = loop_new_fake();
	struct overload *overload = make(loop, 0);

	loop_advance_ms(loop, 0);
	for (int i = 0; i < 4; i++)
		period(loop, true);
	assert_null(overload_reason(overload));
	for (int i = 0; i < 4; i++)
		period(loop, true);
	assert_non_null(overload_reason(overload));
	assert_non_null(overload_call_reason(overload));
	assert_true(metric_value(METRIC_OVERLOADED, "") == 1);
	period(loop, false);
	assert_null(overload_reason(overload));
	assert_true(metric_value(METRIC_OVERLOADED, "") == 0);
	mem_unref(overload);
	mem_unref(loop);
}

static void memory_is_measured(void **state)
{
	struct loop *loop = loop_new_fake();
	struct overload *overload = make(loop, 0);

	loop_advance_ms(loop, 300);
	assert_true(metric_value(METRIC_MEMORY_RATIO, "") > 0);
	assert_true(metric_value(METRIC_MEMORY_RATIO, "") < 1);
	mem_unref(overload);
	mem_unref(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pod_with_its_calls_takes_no_new_ones),
		cmocka_unit_test(late_loop_takes_no_requests_until_it_is_on_time),
		cmocka_unit_test(memory_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
