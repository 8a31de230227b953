/*
 * Protects: table lead, on both stores. The same twice in a row is one lead, a later wish to be
 * called is another; lists and pages hold what was asked for; who is forgotten is so altogether,
 * and nobody else is.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/store/lead.h"

#include <errno.h>

#define B "01900000-0000-7000-8000-00000000000b"

enum { MINUTE = 60 * 1000000 };

static int setup(void **state)
{
	struct base *base = mem_alloc(sizeof(*base));

	base_open(base, loop_new());
	base_sql(base, "INSERT INTO tenant (id, name, created_at) VALUES ('" B "', 'B', 0)");
	*state = base;
	return 0;
}

static int teardown(void **state)
{
	base_close(*state);
	mem_free(*state);
	return 0;
}

struct outcome {
	bool done;
	int err;
	int64_t changes; /* of the last statement */
	size_t last;
	char ids[512]; /* of the rows of the first one, or the column after tenant_id */
};

static void on_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct outcome *outcome = arg;
	struct lead lead;

	outcome->done = true;
	outcome->err = err;
	if (err)
		return;
	outcome->changes = db_changes(results[outcome->last]);
	for (size_t i = 0; !outcome->last && i < db_rows(results[0]); i++) {
		store_lead_borrow(&lead, results[0], i);
		snprintf(outcome->ids + strlen(outcome->ids),
			 sizeof(outcome->ids) - strlen(outcome->ids), "%s ", lead.id);
	}
}

static struct outcome run(struct base *base, struct batch *batch)
{
	struct outcome outcome = {.last = batch->count - 1};

	batch_run(batch, NULL, base->db, on_done, &outcome);
	batch_free(batch);
	base_wait(base, &outcome.done);
	return outcome;
}

/* Returns the error of the insertion. */
static int add(struct base *base, const char *tenant_id, const char *id, const char *email,
	       const char *phone, int64_t at, bool call_back)
{
	struct lead lead = {
		.tenant_id = tenant_id,
		.id = id,
		.name = "Ada",
		.email = email,
		.phone = phone,
		.call_back = call_back,
		.call_back_state = call_back ? "pending" : "none",
		.origin = "https://a.example",
		.created_at = at,
	};
	struct batch batch auto_batch = {0};

	store_lead_insert(&batch, &lead, at - 10 * MINUTE);
	return run(base, &batch).err;
}

static const char *list(struct base *base, struct store_lead_filter filter)
{
	static char ids[512];
	struct batch batch auto_batch = {0};
	struct outcome outcome;

	filter.tenant_id = filter.tenant_id ? filter.tenant_id : STORE_TENANT;
	filter.limit = filter.limit ? filter.limit : 100;
	store_lead_list(&batch, &filter);
	outcome = run(base, &batch);
	assert_int_equal(0, outcome.err);
	str_copy(ids, sizeof(ids), outcome.ids);
	return ids;
}

#define LIST(...) list(base, (struct store_lead_filter){__VA_ARGS__})

static void the_same_twice_in_a_row_is_one(void **state)
{
	struct base *base = *state;
	struct lead again = {.tenant_id = STORE_TENANT, .email = "a@x", .created_at = 9 * MINUTE};
	struct batch batch auto_batch = {0};

	assert_int_equal(0, add(base, STORE_TENANT, "1", "a@x", NULL, 1, false));
	assert_int_equal(-EAGAIN, add(base, STORE_TENANT, "2", "a@x", NULL, 9 * MINUTE, false));
	store_lead_repeat(&batch, &again, -MINUTE);
	assert_int_equal(1, run(base, &batch).changes);
	assert_string_equal("1", base_sql(base, "SELECT CAST(repeats AS TEXT) FROM lead").text);
	/* Another number, another tenant, another day, or a wish that was not there. */
	assert_int_equal(0, add(base, STORE_TENANT, "3", "a@x", "+15550100123", 2, false));
	assert_int_equal(0, add(base, B, "4", "a@x", NULL, 3, false));
	assert_int_equal(0, add(base, STORE_TENANT, "5", "a@x", NULL, 11 * MINUTE, false));
	assert_int_equal(0, add(base, STORE_TENANT, "6", "a@x", "+15550100123", 4, true));
	assert_int_equal(-EAGAIN, add(base, STORE_TENANT, "7", "a@x", "+15550100123", 5, true));
	assert_int_equal(-EAGAIN, add(base, STORE_TENANT, "8", "a@x", "+15550100123", 6, false));
	assert_string_equal("5 6 3 1 ", LIST(.limit = 0));
}

static void lists_hold_what_was_asked_for(void **state)
{
	struct base *base = *state;

	add(base, STORE_TENANT, "1", "a@x", "+15550100001", 100, false);
	add(base, STORE_TENANT, "2", "b@x", "+15550100002", 200, true);
	add(base, STORE_TENANT, "3", "b@x", "+15550100003", 200, false);
	add(base, STORE_TENANT, "4", "c@x", NULL, 300, false);
	add(base, B, "5", "a@x", "+15550100001", 400, false);
	assert_string_equal("4 3 2 1 ", LIST(.limit = 0));
	assert_string_equal("4 3 ", LIST(.limit = 2));
	assert_string_equal("2 1 ", LIST(.after_at = 200, .after_id = "3"));
	assert_string_equal("3 2 ", LIST(.email = "b@x"));
	assert_string_equal("2 ", LIST(.email = "b@x", .after_at = 200, .after_id = "3"));
	assert_string_equal("1 ", LIST(.phone = "+15550100001"));
	assert_string_equal("3 ", LIST(.email = "b@x", .phone = "+15550100003"));
	assert_string_equal("", LIST(.email = "a@x", .phone = "+15550100003"));
	assert_string_equal("2 ", LIST(.call_back_state = "pending"));
	assert_string_equal("3 2 ", LIST(.from = 200, .to = 300));
	assert_string_equal("5 ", LIST(.tenant_id = B, .email = "a@x"));
}

static void who_is_forgotten_is_so_altogether(void **state)
{
	struct base *base = *state;
	struct batch batch auto_batch = {0};
	struct outcome outcome;
	char hash[128];

	add(base, STORE_TENANT, "1", "a@x", "+15550100001", 1, false);
	add(base, STORE_TENANT, "2", "a@x", NULL, 2, false);
	add(base, STORE_TENANT, "3", "b@x", "+15550100001", 3, false);
	add(base, STORE_TENANT, "4", "c@x", "+15550100004", 4, false);
	add(base, STORE_TENANT, "5", "d@x", NULL, 5, false);
	add(base, B, "6", "a@x", "+15550100001", 6, false);
	base_sql(base,
		 "INSERT INTO webhook_endpoint (tenant_id, id, url, description, events, secret, "
		 "previous_until, max_concurrency, state, paused_at, failures, failing_since, "
		 "last_success_at, last_failure_at, not_before, lease_until, created_at, "
		 "updated_at) VALUES ('default', 'w', 'u', '', ' * ', 's', 0, 1, 'active', 0, 0, "
		 "0, 0, 0, 0, 0, 0, 0)");
	base_sql(base,
		 "INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id, event_type, "
		 "event_at, data, state, attempts, tries, queued_at, next_at, finished_at, "
		 "last_status) VALUES ('default', 'w', '2', 'lead.created', 0, '{}', 'pending', "
		 "0, 0, 0, 0, 0, 0), ('default', 'w', '4', 'lead.created', 0, '{}', 'pending', 0, "
		 "0, 0, 0, 0, 0)");
	str_copy(hash, sizeof(hash),
		 base_sql(base, "SELECT phone_hash FROM lead WHERE id = '1'").text);
	store_lead_purge_person(&batch, STORE_TENANT, hash);
	outcome = run(base, &batch);
	assert_int_equal(0, outcome.err);
	assert_int_equal(3, outcome.changes);
	assert_string_equal("5 4 ", LIST(.limit = 0));
	assert_string_equal("6 ", LIST(.tenant_id = B));
	assert_string_equal("4", base_sql(base, "SELECT event_id FROM webhook_delivery").text);
	store_lead_purge_person(&batch, STORE_TENANT, hash);
	assert_int_equal(0, run(base, &batch).changes);
}

/* Those without the number are found by those with it, which therefore go last. */
static void a_person_with_many_leads_is_forgotten_page_by_page(void **state)
{
	struct base *base = *state;
	char id[16], hash[128];
	int64_t left = STORE_LEAD_PAGE + 50, changes;

	add(base, STORE_TENANT, "0", "a@x", "+15550100001", 1, false);
	for (int64_t i = 1; i < left; i++) {
		snprintf(id, sizeof(id), "1%03d", (int)i);
		assert_int_equal(0,
				 add(base, STORE_TENANT, id, "a@x", NULL, i * 20 * MINUTE, false));
	}
	str_copy(hash, sizeof(hash),
		 base_sql(base, "SELECT phone_hash FROM lead WHERE id = '0'").text);
	do {
		struct batch batch auto_batch = {0};

		store_lead_purge_person(&batch, STORE_TENANT, hash);
		changes = run(base, &batch).changes;
		left -= changes;
	} while (changes);
	assert_int_equal(0, left);
}

static void the_old_go(void **state)
{
	struct base *base = *state;
	struct batch batch auto_batch = {0};

	add(base, STORE_TENANT, "1", "a@x", NULL, 100, false);
	add(base, STORE_TENANT, "2", "b@x", NULL, 200, false);
	add(base, B, "3", "a@x", NULL, 100, false);
	store_lead_purge_old(&batch, STORE_TENANT, 200);
	assert_int_equal(1, run(base, &batch).changes);
	assert_string_equal("2 ", LIST(.limit = 0));
	assert_string_equal("3 ", LIST(.tenant_id = B));
}

static void on_count(int err, struct db_result *const *results, size_t failed, void *arg)
{
	int64_t *count = arg;

	assert_int_equal(0, err);
	*count = db_get_int(results[0], 0, 0);
}

/* phone NULL: to any number. */
static int64_t count(struct base *base, const char *id, const char *phone, int64_t since)
{
	struct batch batch auto_batch = {0};
	int64_t count = -1;

	if (phone)
		store_lead_calls_to(&batch, STORE_TENANT, id, phone, since);
	else
		store_lead_calls(&batch, STORE_TENANT, id, since);
	batch_run(&batch, NULL, base->db, on_count, &count);
	base_sql(base, "SELECT 1"); /* and what was before it */
	return count;
}

static void what_came_of_a_call_back_is_counted(void **state)
{
	struct base *base = *state;
	struct batch batch auto_batch = {0};
	static const struct {
		const char *id, *phone;
		int64_t since, all, to;
	} rows[] = {
		{"2", "+15550100001", 0, 1, 1},
		{"1", "+15550100001", 0, 0, 0}, /* its own does not count */
		{"2", "+15550100002", 0, 1, 0},
		{"2", "+15550100001", 100, 0, 0},
	};

	add(base, STORE_TENANT, "1", "a@x", "+15550100001", 100, true);
	add(base, STORE_TENANT, "2", "b@x", "+15550100001", 200, true);
	store_lead_called(&batch, &(struct store_lead_call){.tenant_id = STORE_TENANT,
							    .id = "1",
							    .state = "placed",
							    .call_id = "c",
							    .at = 300});
	assert_int_equal(1, run(base, &batch).changes);
	assert_string_equal("1 ", LIST(.call_back_state = "placed"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(rows[i].all, count(base, rows[i].id, NULL, rows[i].since));
		assert_int_equal(rows[i].to, count(base, rows[i].id, rows[i].phone, rows[i].since));
	}
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_twice_in_a_row_is_one),
		TEST(lists_hold_what_was_asked_for),
		TEST(who_is_forgotten_is_so_altogether),
		TEST(a_person_with_many_leads_is_forgotten_page_by_page),
		TEST(the_old_go),
		TEST(what_came_of_a_call_back_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
