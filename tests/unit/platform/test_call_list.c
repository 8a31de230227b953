/*
 * Protects the speed of lists and figures when there are very many calls: the planner walks an
 * index in the order of the page, sorts nothing and scans no table of calls.
 */
#define BASE_SQLITE_ONLY
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/analytics.h"
#include "platform/store/call_list.h"

struct plan {
	bool done;
	char text[4096];
};

static void on_plan(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct plan *plan = arg;

	assert_int_equal(0, err);
	for (size_t row = 0; row < db_rows(results[0]); row++) {
		size_t len = strlen(plan->text);

		snprintf(plan->text + len, sizeof(plan->text) - len, "%s\n",
			 db_get_text(results[0], row, 3));
	}
	plan->done = true;
}

/* The statement keeps its text in *ret_sql, which outlives the database. */
static struct plan explain(struct base *base, const struct db_statement *statement, char **ret_sql)
{
	struct db_statement explained = *statement;
	struct plan plan = {0};

	*ret_sql = mem_printf("EXPLAIN QUERY PLAN %s", statement->sql);
	explained.sql = *ret_sql;
	db_run(NULL, base->db, &explained, 1, on_plan, &plan);
	base_wait(base, &plan.done);
	return plan;
}

static void pages_walk_an_index(void **state)
{
	static const struct {
		struct store_call_filter filter;
		const char *index;
	} cases[] = {
		{{0}, "call_by_time"},
		{{.after_at = 9, .after_id = "x"}, "call_by_time"},
		{{.from = 5, .to = 9}, "call_by_time"},
		{{.direction = "INBOUND"}, "call_by_time"},
		{{.status = "FAILED"}, "call_by_status"},
		{{.status = "FAILED", .after_at = 9, .after_id = "x"}, "call_by_status"},
		{{.agent = "desk", .after_at = 9, .after_id = "x"}, "call_by_agent"},
	};
	char *sqls[ARRAY_LEN(cases)];
	struct base base;

	base_open(&base, loop_new());
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct batch batch auto_batch = {0};
		struct store_call_filter filter = cases[i].filter;
		struct plan plan;

		filter.tenant_id = "default";
		filter.limit = 50;
		store_call_list(&batch, &filter);
		plan = explain(&base, &batch.statements[0], &sqls[i]);
		if (!strstr(plan.text, cases[i].index) || strstr(plan.text, "TEMP B-TREE") ||
		    strstr(plan.text, "SCAN call"))
			fail_msg("case %zu:\n%s", i, plan.text);
	}
	base_close(&base);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		mem_free(sqls[i]);
}

static void live_calls_are_found_without_the_others(void **state)
{
	struct batch batch auto_batch = {0};
	struct base base;
	struct plan plan;
	char *sql;

	base_open(&base, loop_new());
	store_call_active(&batch, "default", INT64_MAX, 100);
	plan = explain(&base, &batch.statements[0], &sql);
	if (!strstr(plan.text, "call_live") || strstr(plan.text, "TEMP B-TREE"))
		fail_msg("%s", plan.text);
	base_close(&base);
	mem_free(sql);
}

/* Of call only what is not over is read. */
static void figures_scan_no_calls(void **state)
{
	struct batch batch auto_batch = {0};
	char *sqls[ANALYTICS_STATEMENTS];
	struct base base;

	base_open(&base, loop_new());
	analytics_select(&batch, "default", 1800000000000000);
	for (size_t i = 0; i < ANALYTICS_STATEMENTS; i++) {
		struct plan plan = explain(&base, &batch.statements[i], &sqls[i]);
		const char *at = plan.text;

		while ((at = strstr(at, " call ")) != NULL) {
			if (!strstr(at, "INDEX call_live") ||
			    strstr(at, "INDEX call_live") > strchr(at, '\n'))
				fail_msg("statement %zu:\n%s", i, plan.text);
			at++;
		}
		assert_non_null(strstr(plan.text, "call_rollup "));
	}
	base_close(&base);
	for (size_t i = 0; i < ANALYTICS_STATEMENTS; i++)
		mem_free(sqls[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_walk_an_index),
		cmocka_unit_test(live_calls_are_found_without_the_others),
		cmocka_unit_test(figures_scan_no_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
