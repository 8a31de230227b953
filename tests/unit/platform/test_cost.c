/*
 * Protects what calls cost: started minutes and tenths of minutes, the row that comes with the end
 * of a call, sums by day and tenant for caps, and that replaced amounts keep both in step.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/call_table.h"
#include "platform/cost.h"
#include "platform/cost_book.h"
#include "platform/store/cost.h"

#include <errno.h>
#include <math.h>

static const int64_t start_us = 1800000000000000, day_us = 24ll * 3600 * 1000000;

static const struct cost_rates rates = {
	.currency = "USD",
	.telephony_minute = 14000,
	.voice_ai_minute = 10000,
	.analysis_1k_tokens = 150,
	.infrastructure_call = 1000,
};

struct fixture {
	struct base base;
	struct call_table *table;
	struct cost_book *book;
	char id[UUID_SIZE];
	bool done;
	int err;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct call_table_conf conf = {.rates = &rates};

	clock_fake_wall_us(start_us);
	base_open(&f->base, loop_new_fake());
	conf.loop = f->base.loop;
	conf.db = f->base.db;
	f->table = call_table_new(&conf);
	f->book = cost_book_new(f->base.db, &rates);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->book);
	mem_unref(f->table);
	base_close(&f->base);
	mem_free(f);
	clock_fake_wall_us(-1);
	return 0;
}

static void on_call(int err, struct call *call, bool changed, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->err = err;
	if (call)
		str_copy(f->id, sizeof(f->id), call->id);
}

static void apply(struct fixture *f, enum call_event event)
{
	struct call_change change = {.event = event, .source = "test"};

	f->done = false;
	call_table_apply(f->table, STORE_TENANT, f->id, &change, on_call, f);
	base_wait(&f->base, &f->done);
	assert_int_equal(0, f->err);
}

/* A call of so many seconds; 0: busy. */
static void call_of(struct fixture *f, int64_t seconds)
{
	struct call_params params = {.tenant_id = STORE_TENANT,
				     .direction = CALL_OUTBOUND,
				     .phone_number = "+15550100123",
				     .temperature = NAN};
	int64_t now = clock_wall_us();

	f->done = false;
	call_table_create(f->table, &params, on_call, f);
	base_wait(&f->base, &f->done);
	if (seconds)
		apply(f, CALL_EV_ANSWERED);
	clock_fake_wall_us(now + seconds * 1000000);
	apply(f, seconds ? CALL_EV_COMPLETED : CALL_EV_BUSY);
}

static int64_t spent(struct fixture *f, const char *tenant_id, int64_t since)
{
	struct base_result result = {0};
	struct batch batch auto_batch = {0};

	/* base_on_result() keeps the first column only: telephony. */
	cost_spent_select(&batch, tenant_id, &rates, since);
	batch_run(&batch, NULL, f->base.db, base_on_result, &result);
	base_wait(&f->base, &result.done);
	assert_int_equal(0, result.err);
	return result.integer;
}

/* ---- */

static void started_units_are_charged(void **state)
{
	static const struct {
		int64_t seconds, telephony, voice_ai;
	} rows[] = {
		{0, 0, 0},          {1, 14000, 1000},   {6, 14000, 1000},    {7, 14000, 2000},
		{60, 14000, 10000}, {61, 28000, 11000}, {180, 42000, 30000},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cost cost = cost_by_rates(&rates, rows[i].seconds);

		assert_int_equal(rows[i].telephony, cost.parts[COST_TELEPHONY].micros);
		assert_int_equal(rows[i].voice_ai, cost.parts[COST_VOICE_AI].micros);
		assert_int_equal(rows[i].telephony + rows[i].voice_ai + 1000, cost_total(&cost));
		assert_int_equal(cost_total(&cost), cost_estimate(&rates, rows[i].seconds));
	}
	assert_int_equal(150, cost_of_tokens(&rates, 1000));
	assert_int_equal(0, cost_of_tokens(&rates, 3));
	assert_int_equal(1, cost_of_tokens(&rates, 4));
}

static void a_call_that_ends_has_its_cost(void **state)
{
	struct fixture *f = *state;

	call_of(f, 61);
	apply(f, CALL_EV_COMPLETED); /* again: nothing happens */
	assert_int_equal(1, base_int(&f->base, "SELECT count(*) FROM call_cost"));
	assert_int_equal(28000, base_int(&f->base, "SELECT telephony FROM call_cost"));
	assert_int_equal(11000, base_int(&f->base, "SELECT voice_ai FROM call_cost"));
	assert_int_equal(1000, base_int(&f->base, "SELECT infrastructure FROM call_cost"));
	assert_int_equal(61, base_int(&f->base, "SELECT telephony_s FROM call_cost"));
	assert_string_equal("rate",
			    base_sql(&f->base, "SELECT telephony_source FROM call_cost").text);
	assert_int_equal(1, base_int(&f->base, "SELECT sum(calls) FROM cost_day"));
	assert_int_equal(28000, base_int(&f->base, "SELECT sum(telephony) FROM cost_day"));
}

static void a_call_nobody_answered_costs_no_minutes(void **state)
{
	struct fixture *f = *state;

	call_of(f, 0);
	assert_int_equal(1000, base_int(&f->base, "SELECT telephony + voice_ai + analysis + "
						  "infrastructure FROM call_cost"));
}

static void what_was_spent_is_summed_by_day_and_tenant(void **state)
{
	struct fixture *f = *state;

	call_of(f, 30);
	clock_fake_wall_us(start_us + day_us);
	call_of(f, 90);
	call_of(f, 90);
	assert_int_equal(14000 + 2 * 28000, spent(f, STORE_TENANT, start_us));
	assert_int_equal(2 * 28000, spent(f, STORE_TENANT, start_us + day_us));
	assert_int_equal(0, spent(f, STORE_TENANT, start_us + 2 * day_us));
	assert_int_equal(0, spent(f, "another", 0));
}

static void replaced_amounts_keep_the_sums_in_step(void **state)
{
	struct fixture *f = *state;
	struct cost before = cost_by_rates(&rates, 30);
	struct cost_part price = {.micros = 7500, .source = COST_BY_PRICE, .quantity = 31};

	call_of(f, 30);
	for (int i = 0; i < 2; i++) { /* the second time it is no longer what it was */
		struct base_result result = {0};
		struct batch batch auto_batch = {0};

		store_cost_replace(&batch, STORE_TENANT, f->id, clock_wall_us(), &before,
				   COST_TELEPHONY, &price);
		batch_run(&batch, NULL, f->base.db, base_on_result, &result);
		base_wait(&f->base, &result.done);
		assert_int_equal(i ? -EAGAIN : 0, result.err);
	}
	assert_int_equal(7500, base_int(&f->base, "SELECT telephony FROM call_cost"));
	assert_int_equal(31, base_int(&f->base, "SELECT telephony_s FROM call_cost"));
	assert_int_equal(7500, base_int(&f->base, "SELECT sum(telephony) FROM cost_day"));
	assert_int_equal(1, base_int(&f->base, "SELECT sum(calls) FROM cost_day"));
}

static void on_noted(int err, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->err = err;
}

static int note(struct fixture *f, const char *call_id, const struct cost_fact *fact)
{
	f->done = false;
	cost_book_note(f->book, STORE_TENANT, call_id, fact, on_noted, f);
	base_wait(&f->base, &f->done);
	return f->err;
}

static void what_a_vendor_says_replaces_what_was_worked_out(void **state)
{
	struct fixture *f = *state;
	struct cost_fact usage = {COST_VOICE_AI, COST_BY_USAGE, .quantity = 36};
	struct cost_fact price = {COST_TELEPHONY, COST_BY_PRICE, .quantity = 59, .micros = 7500};
	struct cost_fact tokens = {COST_ANALYSIS, COST_BY_USAGE, .quantity = 2000};

	call_of(f, 59);
	assert_int_equal(0, note(f, f->id, &usage));
	assert_int_equal(0, note(f, f->id, &price));
	assert_int_equal(0, note(f, f->id, &tokens));
	assert_int_equal(0, note(f, f->id, &tokens)); /* asked twice: paid twice */
	assert_int_equal(6000, base_int(&f->base, "SELECT voice_ai FROM call_cost"));
	assert_int_equal(7500, base_int(&f->base, "SELECT telephony FROM call_cost"));
	assert_int_equal(600, base_int(&f->base, "SELECT analysis FROM call_cost"));
	assert_int_equal(4000, base_int(&f->base, "SELECT analysis_tokens FROM call_cost"));
	assert_int_equal(6000 + 7500 + 600 + 1000,
			 base_int(&f->base, "SELECT sum(telephony + voice_ai + analysis + "
					    "infrastructure) FROM cost_day"));
}

static void a_price_is_not_replaced_by_less(void **state)
{
	struct fixture *f = *state;
	struct cost_fact price = {COST_VOICE_AI, COST_BY_PRICE, .quantity = 59, .micros = 9999};
	struct cost_fact usage = {COST_VOICE_AI, COST_BY_USAGE, .quantity = 36};

	call_of(f, 59);
	assert_int_equal(0, note(f, f->id, &price));
	assert_int_equal(0, note(f, f->id, &usage));
	assert_int_equal(9999, base_int(&f->base, "SELECT voice_ai FROM call_cost"));
}

static void facts_of_one_moment_are_all_kept(void **state)
{
	struct fixture *f = *state;
	struct cost_fact tokens = {COST_ANALYSIS, COST_BY_USAGE, .quantity = 1000};

	call_of(f, 59);
	for (int i = 0; i < 3; i++)
		cost_book_note(f->book, STORE_TENANT, f->id, &tokens, NULL, NULL);
	assert_int_equal(0, note(f, f->id, &tokens));
	base_int(&f->base, "SELECT 1");
	while (base_int(&f->base, "SELECT analysis_tokens FROM call_cost") < 4000)
		loop_run_once(f->base.loop, 50);
	assert_int_equal(600, base_int(&f->base, "SELECT sum(analysis) FROM cost_day"));
}

static void a_call_without_cost_gets_none(void **state)
{
	struct fixture *f = *state;
	struct cost_fact usage = {COST_VOICE_AI, COST_BY_USAGE, .quantity = 36};

	assert_int_equal(-ENOENT, note(f, "no such call", &usage));
	assert_int_equal(0, base_int(&f->base, "SELECT count(*) FROM cost_day"));
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(started_units_are_charged),
		ROW(a_call_that_ends_has_its_cost),
		ROW(a_call_nobody_answered_costs_no_minutes),
		ROW(what_was_spent_is_summed_by_day_and_tenant),
		ROW(replaced_amounts_keep_the_sums_in_step),
		ROW(what_a_vendor_says_replaces_what_was_worked_out),
		ROW(a_price_is_not_replaced_by_less),
		ROW(facts_of_one_moment_are_all_kept),
		ROW(a_call_without_cost_gets_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
