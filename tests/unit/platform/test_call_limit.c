/*
 * Protects what calls may cost: which destinations are allowed, and that caps on calls, money and
 * attempts hold exactly, however many calls are created at once, and are given back in the end.
 */
#include "unit/platform/fixture.h"

#include "core/setting.h"
#include "core/str.h"
#include "platform/call_limit.h"
#include "platform/call_limit_book.h"
#include "platform/call_table.h"
#include "platform/cost.h"
#include "platform/cost_book.h"
#include "platform/store/call_limit.h"

#include <errno.h>
#include <math.h>

/* ---- rules ---- */

static struct call_limit *limit_of(const char *own_text, const char *number, const char *countries)
{
	struct settings settings = {
		.twilio_phone_number = number,
		.call_countries = countries,
		.call_allowed_prefixes = "",
		.call_blocked_prefixes = "",
		.call_sip = true,
		.quiet_hours = "",
	};
	auto_unref struct call_limit *defaults = NULL;
	struct call_limit *limit = NULL;
	auto_json json_t *own = NULL;
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	const char *field = "";

	if (call_limit_of_settings(&defaults, &settings, reason))
		fail_msg("%s", reason);
	assert_int_equal(0, json_parse(&own, own_text, strlen(own_text), NULL));
	if (call_limit_parse(&limit, defaults, own, &field, reason))
		fail_msg("%s: %s", field, reason);
	return limit;
}

static void destinations_are_as_a_careful_operator_wants(void **state)
{
	static const struct {
		const char *own, *address;
		int err;
	} rows[] = {
		{"{}", "+12125550100", 0},
		{"{}", "+14165550100", 0},
		{"{}", "+18765550100", -EPERM},
		{"{}", "+442079460000", -EPERM},
		{"{}", "+19005550100", -EPERM},
		{"{}", "+881612345678", -EPERM},
		{"{}", "+99912345678", -EPERM},
		{"{}", "sip:agent@example.com", 0},
		{"{}", "sip:+12125550100@trunk.example.com", 0},
		{"{}", "sip:+442079460000@trunk.example.com", -EPERM},
		{"{}", "sip:00442079460000@trunk.example.com", -EPERM},
		{"{}", "sips:+881612345678@trunk.example.com", -EPERM},
		{"{}", "sip:12345678@trunk.example.com", 0},
		{"{\"sip\":false}", "sip:agent@example.com", -EPERM},
		{"{\"allowed_countries\":[\"GB\"]}", "+442079460000", 0},
		{"{\"allowed_countries\":[\"GB\"]}", "+12125550100", -EPERM},
		{"{\"allowed_countries\":[\"GB\"]}", "+447012345678", -EPERM},
		{"{\"allowed_countries\":[\"GB\"],\"premium\":true}", "+447012345678", 0},
		{"{\"allowed_countries\":[]}", "+12125550100", -EPERM},
		{"{\"allowed_countries\":[\"*\"]}", "+99912345678", 0},
		{"{\"allowed_countries\":[\"*\"]}", "+881612345678", -EPERM},
		{"{\"satellite\":true}", "+881612345678", 0},
		{"{\"premium\":true}", "+979012345678", 0},
		{"{\"premium\":true}", "+442079460000", -EPERM},
		{"{\"allowed_prefixes\":[\"+4420\"]}", "+442079460000", 0},
		{"{\"allowed_prefixes\":[\"+4420\"]}", "+441614960000", -EPERM},
		{"{\"allowed_prefixes\":[\"+447012\"]}", "+447012345678", 0},
		{"{\"blocked_prefixes\":[\"+1212\"]}", "+12125550100", -EPERM},
		{"{\"blocked_prefixes\":[\"+1212\"]}", "+13125550100", 0},
		{"{\"blocked_prefixes\":[\"+1\"],\"allowed_prefixes\":[\"+1212\"]}", "+12125550100",
		 0},
		{"{\"blocked_prefixes\":[\"+1212555\"],\"allowed_prefixes\":[\"+1212\"]}",
		 "+12125550100", -EPERM},
		{"{\"blocked_prefixes\":[\"+1212\"],\"allowed_prefixes\":[\"+1212\"]}",
		 "+12125550100", -EPERM},
		{"{\"allowed_countries\":null}", "+12125550100", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_unref struct call_limit *limit = limit_of(rows[i].own, "+15550100000", "");
		char reason[CALL_LIMIT_REASON_SIZE] = "";
		int err = call_limit_destination(limit, rows[i].address, reason);

		if (err != rows[i].err)
			fail_msg("%s %s: %d %s", rows[i].own, rows[i].address, err, reason);
		assert_int_equal(err != 0, *reason != '\0');
	}
}

static void the_country_of_our_number_is_the_default(void **state)
{
	static const struct {
		const char *number, *countries, *address;
		int err;
	} rows[] = {
		{"+4930123456", "", "+4989123456", 0},
		{"+4930123456", "", "+12125550100", -EPERM},
		{"+4930123456", "US, FR", "+4989123456", -EPERM},
		{"+4930123456", "US,FR", "+33123456789", 0},
		{"sip:desk@example.com", "", "+33123456789", 0},
		{"+4930123456", "*", "+33123456789", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_unref struct call_limit *limit =
			limit_of("{}", rows[i].number, rows[i].countries);
		char reason[CALL_LIMIT_REASON_SIZE] = "";

		assert_int_equal(rows[i].err,
				 call_limit_destination(limit, rows[i].address, reason));
	}
}

static void wrong_limits_are_named(void **state)
{
	static const struct {
		const char *own, *field;
	} rows[] = {
		{"[]", "limits"},
		{"{\"x\":1}", "x"},
		{"{\"allowed_countries\":\"US\"}", "allowed_countries"},
		{"{\"allowed_countries\":[\"UK\"]}", "allowed_countries"},
		{"{\"allowed_countries\":[1]}", "allowed_countries"},
		{"{\"blocked_prefixes\":[\"44\"]}", "blocked_prefixes"},
		{"{\"blocked_prefixes\":[\"+\"]}", "blocked_prefixes"},
		{"{\"allowed_prefixes\":[\"+44x\"]}", "allowed_prefixes"},
		{"{\"premium\":1}", "premium"},
		{"{\"calls_per_day\":-1}", "calls_per_day"},
		{"{\"calls_per_day\":1.5}", "calls_per_day"},
		{"{\"max_calls\":-1}", "max_calls"},
		{"{\"quiet_hours\":true}", "quiet_hours"},
		{"{\"quiet_hours\":\"21:00-08:00 UTC\"}", "quiet_hours"},
		{"{\"quiet_hours\":{}}", "quiet_hours"},
		{"{\"quiet_hours\":{\"from\":\"21:00\",\"to\":\"08:00\"}}", "quiet_hours"},
		{"{\"quiet_hours\":{\"from\":\"21:00\",\"to\":8,\"time_zone\":\"UTC\"}}",
		 "quiet_hours"},
		{"{\"quiet_hours\":{\"from\":\"21:00\",\"to\":\"24:00\",\"time_zone\":\"UTC\"}}",
		 "quiet_hours"},
		{"{\"quiet_hours\":{\"from\":\"21:00\",\"to\":\"21:00\",\"time_zone\":\"UTC\"}}",
		 "quiet_hours"},
		{"{\"quiet_hours\":{\"from\":\"21:00\",\"to\":\"08:00\",\"time_zone\":\"Mars/"
		 "Base\"}}",
		 "quiet_hours"},
		{"{\"quiet_hours\":{\"from\":\"21:00\",\"to\":\"08:00\",\"time_zone\":\"../"
		 "passwd\"}}",
		 "quiet_hours"},
		{"{\"max_calls\":1000001}", "max_calls"},
		{"{\"spend_per_day_micros\":\"1\"}", "spend_per_day_micros"},
	};
	auto_unref struct call_limit *defaults = limit_of("{}", "+15550100000", "");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call_limit *limit = NULL;
		auto_json json_t *own = NULL;
		char reason[CALL_LIMIT_REASON_SIZE] = "";
		const char *field = "";

		assert_int_equal(0, json_parse(&own, rows[i].own, strlen(rows[i].own), NULL));
		assert_int_equal(-EINVAL, call_limit_parse(&limit, defaults, own, &field, reason));
		assert_string_equal(rows[i].field, field);
		assert_true(*reason);
	}
}

static void what_is_shown_can_be_set(void **state)
{
	auto_unref struct call_limit *limit =
		limit_of("{\"allowed_countries\":[\"GB\",\"FR\"],\"premium\":true,"
			 "\"calls_per_day\":7,\"max_calls\":3,\"quiet_hours\":{\"from\":\"21:30\","
			 "\"to\":\"08:05\",\"time_zone\":\"Europe/"
			 "Berlin\"},\"blocked_prefixes\":[\"+4420\"]}",
			 "+15550100000", "");
	auto_unref struct call_limit *again = NULL;
	auto_json json_t *shown = call_limit_json(limit), *second = NULL;
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	const char *field = "";

	assert_int_equal(0, call_limit_parse(&again, limit, shown, &field, reason));
	second = call_limit_json(again);
	assert_true(json_equal(shown, second));
	assert_int_equal(7, call_limit_cap(again, CALL_CAP_CALLS_DAY));
	assert_int_equal(3, call_limit_max_calls(again));
}

/* ---- caps ---- */

enum { CALLS = 40 };

struct fixture {
	struct base base;
	struct call_limit_book *book;
	struct call_table *table;
	struct cost_book *costs;
	struct cost_rates rates;
	int done, made, refused;
	char ids[CALLS][UUID_SIZE];
	struct call_usage day, month;
	bool read;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	base_open(&f->base, loop_new());
	f->rates = (struct cost_rates){
		.currency = "USD", .telephony_minute = 100, .infrastructure_call = 10};
	f->costs = cost_book_new(f->base.db, &f->rates);
	*state = f;
	return 0;
}

static void open_table(struct fixture *f, const char *own)
{
	auto_unref struct call_limit *defaults = limit_of(own, "+15550100000", "");
	struct call_table_conf conf = {.loop = f->base.loop, .db = f->base.db, .rates = &f->rates};

	f->book = call_limit_book_new(f->base.loop, f->base.db, defaults);
	conf.limits = f->book;
	f->table = call_table_new(&conf);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->costs);
	mem_unref(f->table);
	mem_unref(f->book);
	base_close(&f->base);
	mem_free(f);
	return 0;
}

static void on_made(int err, struct call *call, bool changed, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	if (!err)
		str_copy(f->ids[f->made++], UUID_SIZE, call->id);
	else if (err == -EDQUOT)
		f->refused++;
	else
		fail_msg("unexpected: %s", strerror(-err));
}

static void wait_for(struct fixture *f, int done)
{
	for (int i = 0; i < 3000 && f->done < done; i++)
		loop_run_once(f->base.loop, 10);
	assert_int_equal(done, f->done);
}

/* All at once; how many were made. */
static int make_calls(struct fixture *f, int count, const char *number)
{
	struct call_params params = {
		.tenant_id = STORE_TENANT,
		.direction = CALL_OUTBOUND,
		.phone_number = number,
		.temperature = NAN,
		.max_duration_s = 60,
	};

	f->done = f->made = f->refused = 0;
	for (int i = 0; i < count; i++)
		call_table_create(f->table, &params, on_made, f);
	wait_for(f, count);
	assert_int_equal(count, f->made + f->refused);
	return f->made;
}

static void on_changed(int err, struct call *call, bool changed, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(0, err);
	f->done++;
}

static void end_call(struct fixture *f, const char *id)
{
	struct call_change change = {
		.event = CALL_EV_FAILED, .source = "test", .end_reason = CALL_END_PROVIDER};

	f->done = 0;
	call_table_apply(f->table, STORE_TENANT, id, &change, on_changed, f);
	wait_for(f, 1);
}

static void on_usage(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(0, err);
	f->day = store_usage_load(results[0]);
	f->month = store_usage_load(results[1]);
	f->read = true;
}

static void read_usage(struct fixture *f)
{
	struct batch batch auto_batch = {0};

	f->read = false;
	store_usage_select(&batch, STORE_TENANT, clock_wall_us());
	batch_run(&batch, NULL, f->base.db, on_usage, f);
	base_wait(&f->base, &f->read);
}

static void calls_a_day_are_counted_exactly(void **state)
{
	struct fixture *f = *state;

	open_table(f, "{\"calls_per_day\":7}");
	assert_int_equal(7, make_calls(f, CALLS, "+12125550100"));
	assert_int_equal(0, make_calls(f, 3, "+12125550101"));
	read_usage(f);
	assert_int_equal(7, f->day.calls);
	assert_int_equal(7, f->month.calls);
}

static void calls_a_month_are_counted_exactly(void **state)
{
	struct fixture *f = *state;

	open_table(f, "{\"calls_per_day\":9,\"calls_per_month\":5}");
	assert_int_equal(5, make_calls(f, CALLS, "+12125550100"));
	read_usage(f);
	assert_int_equal(5, f->day.calls); /* who is refused by the month is not counted a day */
}

static void money_is_reserved_and_given_back(void **state)
{
	struct fixture *f = *state;

	/* A call of a minute may come to 110; the one that fails before it is answered to 10. */
	open_table(f, "{\"spend_per_day_micros\":400}");
	assert_int_equal(3, make_calls(f, CALLS, "+12125550100"));
	read_usage(f);
	assert_int_equal(330, f->day.reserved);
	end_call(f, f->ids[0]);
	read_usage(f);
	assert_int_equal(220, f->day.reserved);
	assert_int_equal(10, f->day.spent);
	assert_int_equal(10, f->month.spent);
	assert_int_equal(1, make_calls(f, 2, "+12125550100"));
	read_usage(f);
	assert_int_equal(330, f->day.reserved);
	assert_int_equal(4, f->day.calls);
}

static void on_noted(int err, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(0, err);
	f->done++;
}

/* As the carrier tells it, minutes after the end of the call. */
static void tell_price(struct fixture *f, const char *id, int64_t micros)
{
	struct cost_fact price = {COST_TELEPHONY, COST_BY_PRICE, .quantity = 30, .micros = micros};

	f->done = 0;
	cost_book_note(f->costs, STORE_TENANT, id, &price, on_noted, f);
	wait_for(f, 1);
	read_usage(f);
}

static void a_price_that_comes_late_counts_once(void **state)
{
	struct fixture *f = *state;

	open_table(f, "{\"spend_per_day_micros\":400}");
	assert_int_equal(3, make_calls(f, 3, "+12125550100"));
	end_call(f, f->ids[0]);
	tell_price(f, f->ids[0], 70);
	assert_int_equal(80, f->day.spent);
	assert_int_equal(80, f->month.spent);
	tell_price(f, f->ids[0], 70);
	assert_int_equal(80, f->day.spent);
	assert_int_equal(220, f->day.reserved);
	assert_int_equal(0, make_calls(f, 1, "+12125550100")); /* 80 + 220 + 110 */
}

static void a_price_that_turns_out_lower_gives_money_back(void **state)
{
	struct fixture *f = *state;

	open_table(f, "{\"spend_per_month_micros\":400}");
	assert_int_equal(3, make_calls(f, 3, "+12125550100"));
	end_call(f, f->ids[0]);
	tell_price(f, f->ids[0], 70);
	tell_price(f, f->ids[0], 5);
	assert_int_equal(15, f->day.spent);
	assert_int_equal(15, f->month.spent);
	assert_int_equal(1, make_calls(f, 1, "+12125550100"));
}

static void a_call_from_before_the_cap_is_spent_when_it_ends(void **state)
{
	struct fixture *f = *state;
	char id[UUID_SIZE];

	open_table(f, "{}");
	assert_int_equal(1, make_calls(f, 1, "+12125550100"));
	str_copy(id, sizeof(id), f->ids[0]);
	f->table = mem_unref(f->table);
	f->book = mem_unref(f->book);
	open_table(f, "{\"spend_per_day_micros\":400}");
	assert_int_equal(1, make_calls(f, 1, "+12125550100"));
	end_call(f, id);
	tell_price(f, id, 20);
	assert_int_equal(30, f->day.spent);
	assert_int_equal(110, f->day.reserved);
}

static void attempts_at_a_number_are_counted(void **state)
{
	struct fixture *f = *state;

	open_table(f, "{\"attempts_per_number_per_day\":3}");
	assert_int_equal(3, make_calls(f, 10, "+12125550100"));
	assert_int_equal(3, make_calls(f, 4, "+12125550101"));
	assert_int_equal(0, make_calls(f, 1, "+12125550100"));
	read_usage(f);
	assert_int_equal(6, f->day.calls);
}

static void without_caps_nothing_is_kept_and_later_ones_count_what_was(void **state)
{
	struct fixture *f = *state;

	open_table(f, "{}");
	assert_int_equal(4, make_calls(f, 4, "+12125550100"));
	end_call(f, f->ids[0]);
	read_usage(f);
	assert_int_equal(0, f->day.calls);
	f->table = mem_unref(f->table);
	f->book = mem_unref(f->book);
	open_table(f, "{\"calls_per_day\":6}");
	assert_int_equal(2, make_calls(f, CALLS, "+12125550100"));
	read_usage(f);
	assert_int_equal(6, f->day.calls);
	assert_int_equal(10, f->day.spent);
}

static void inbound_calls_are_not_capped(void **state)
{
	struct fixture *f = *state;
	struct call_params params = {.tenant_id = STORE_TENANT,
				     .direction = CALL_INBOUND,
				     .phone_number = "+12125550100",
				     .temperature = NAN};

	open_table(f, "{\"calls_per_day\":1}");
	for (int i = 0; i < 3; i++)
		call_table_create(f->table, &params, on_made, f);
	wait_for(f, 3);
	assert_int_equal(3, f->made);
}

/* Two processes, as the database sees it. */
static void pods_do_not_overdraw_together(void **state)
{
	struct fixture *f = *state;
	struct db_conf conf = {.url = f->base.postgres};
	struct call_limit *defaults;
	struct call_table_conf table_conf = {.loop = f->base.loop, .rates = &f->rates};
	struct call_params params = {.tenant_id = STORE_TENANT,
				     .direction = CALL_OUTBOUND,
				     .phone_number = "+12125550100",
				     .temperature = NAN};
	struct call_limit_book *book;
	struct call_table *table;
	struct vault *vault;
	struct db *db;
	char error[256] = "";

	if (!f->base.postgres[0])
		skip(); /* jumps: nothing may be held yet */
	defaults = limit_of("{\"calls_per_day\":7}", "+15550100000", "");
	open_table(f, "{\"calls_per_day\":7}");
	assert_int_equal(0, store_open(&db, f->base.loop, &conf, error));
	vault = base_vault(f->base.loop, db);
	book = call_limit_book_new(f->base.loop, db, defaults);
	table_conf.db = db;
	table_conf.limits = book;
	table = call_table_new(&table_conf);
	for (int i = 0; i < CALLS; i++)
		call_table_create(i % 2 ? table : f->table, &params, on_made, f);
	wait_for(f, CALLS);
	assert_int_equal(7, f->made);
	mem_unref(table);
	mem_unref(book);
	mem_unref(vault);
	mem_unref(db);
	mem_unref(defaults);
}

#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_are_as_a_careful_operator_wants),
		cmocka_unit_test(the_country_of_our_number_is_the_default),
		cmocka_unit_test(wrong_limits_are_named),
		cmocka_unit_test(what_is_shown_can_be_set),
		ROW(calls_a_day_are_counted_exactly),
		ROW(calls_a_month_are_counted_exactly),
		ROW(money_is_reserved_and_given_back),
		ROW(a_price_that_comes_late_counts_once),
		ROW(a_price_that_turns_out_lower_gives_money_back),
		ROW(a_call_from_before_the_cap_is_spent_when_it_ends),
		ROW(attempts_at_a_number_are_counted),
		ROW(without_caps_nothing_is_kept_and_later_ones_count_what_was),
		ROW(inbound_calls_are_not_capped),
		ROW(pods_do_not_overdraw_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
