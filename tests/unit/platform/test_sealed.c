/*
 * Protects: everything that is stored sealed is found, row by row in the order of its key, and is
 * replaced unless somebody else has changed it meanwhile.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/store/sealed.h"

#define CALLS "01a3185c-57d0-7001-a974-85000000000"

/* Two rows of every table. */
static const char *const rows[] = {
	"INSERT INTO call (tenant_id, id, status, direction, phone_number, max_duration_s, "
	"end_reason, created_at, started_at, ended_at, updated_at, deadline_at, deadline_misses, "
	"duration_s, version) VALUES "
	"('default', '" CALLS "1', 'COMPLETED', 'INBOUND', '+1', 60, 'x', 1, 1, 2, 0, 0, 0, 1, 7), "
	"('default', '" CALLS "2', 'COMPLETED', 'INBOUND', '+1', 60, 'x', 1, 1, 2, 0, 0, 0, 1, 7)",
	"INSERT INTO call_event (tenant_id, call_id, type, at, data) VALUES "
	"('default', '" CALLS "1', 'x', 0, '{}'), ('default', '" CALLS "1', 'x', 0, '{}')",
	"INSERT INTO transcript_turn (tenant_id, call_id, ordinal, speaker, text, final, at) "
	"VALUES ('default', '" CALLS "1', 0, 'agent', 'hi', 1, 0), "
	"('default', '" CALLS "1', 1, 'user', 'ho', 1, 0)",
	"INSERT INTO call_summary (tenant_id, call_id, status, summary, key_points, "
	"action_items, highlights, created_at) VALUES "
	"('default', '" CALLS "1', 'completed', 's', '[]', '[]', '[]', 3), "
	"('default', '" CALLS "2', 'completed', 's', '[]', '[]', '[]', 3)",
	"INSERT INTO call_payload (tenant_id, call_id, id, source, kind, content_type, body, "
	"size_bytes, received_at) VALUES "
	"('default', '" CALLS "1', 'p', 'x', 'x', 'x', '{}', 2, 0), "
	"('default', '" CALLS "2', 'q', 'x', 'x', 'x', '{}', 2, 0)",
	"INSERT INTO webhook_endpoint (tenant_id, id, url, description, events, secret, "
	"previous_until, max_concurrency, state, paused_at, failures, failing_since, "
	"last_success_at, last_failure_at, not_before, lease_until, created_at, updated_at) VALUES "
	"('default', 'a', 'u', '', ' * ', 'secret', 0, 1, 'active', 0, 0, 0, 0, 0, 0, 0, 0, 0), "
	"('default', 'b', 'u', '', ' * ', 'secret', 0, 1, 'active', 0, 0, 0, 0, 0, 0, 0, 0, 0)",
	"INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id, event_type, event_at, "
	"data, state, attempts, tries, queued_at, next_at, finished_at, last_status) VALUES "
	"('default', 'a', 'e2', 't', 0, '{}', 'pending', 0, 0, 0, 0, 0, 0), "
	"('default', 'b', 'e1', 't', 0, '{}', 'pending', 0, 0, 0, 0, 0, 0)",
	"INSERT INTO webhook_attempt (tenant_id, endpoint_id, event_id, attempt, at, took_ms, "
	"status, response) VALUES ('default', 'a', 'e2', 1, 5, 1, 200, 'thanks'), "
	"('default', 'a', 'e2', 2, 5, 1, 200, 'thanks'), ('default', 'a', 'e2', 3, 5, 1, 0, NULL)",
	"INSERT INTO erasure (tenant_id, id, phone_number, phone_hash, state, requested_by, "
	"requested_at, completed_at, calls, turns, recordings) VALUES "
	"('default', 'x', '+1', '', 'pending', 'me', 0, 0, 0, 0, 0), "
	"('default', 'y', '+1', '', 'pending', 'me', 0, 0, 0, 0, 0), "
	"('default', 'z', NULL, '', 'done', 'me', 0, 0, 0, 0, 0)",
	"INSERT INTO lead (tenant_id, id, name, email, email_hash, phone, message, consent, "
	"call_back, call_back_state, origin, repeats, created_at, updated_at) VALUES "
	"('default', 'l', 'n', 'e', '', '+1', 'm', 1, 0, 'none', '', 0, 0, 0), "
	"('default', 'm', 'n', 'e', '', NULL, NULL, 1, 0, 'none', '', 0, 0, 0)",
};

static int setup(void **state)
{
	struct base *base = mem_alloc(sizeof(*base));

	base_open(base, loop_new());
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		base_sql(base, rows[i]);
	*state = base;
	return 0;
}

static int teardown(void **state)
{
	base_close(*state);
	mem_free(*state);
	return 0;
}

/* What a page holds; of its first row, the key and the guard, and how many columns it has. */
struct page {
	bool done;
	size_t table;
	size_t rows;
	struct sealed_row first;
	char texts[SEALED_MAX_COLUMNS][64];
};

static void on_page(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct page *page = arg;

	assert_int_equal(0, err);
	page->done = true;
	page->rows = db_rows(results[0]);
	if (!page->rows)
		return;
	store_sealed_row(&page->first, page->table, results[0], 0);
	for (size_t i = 0; i < page->first.column_count; i++) {
		str_copy(page->texts[i], sizeof(page->texts[i]),
			 page->first.values[i] ? page->first.values[i] : "");
		page->first.values[i] = page->texts[i];
	}
}

static struct page *read_page(struct base *base, struct page *page,
			      const struct sealed_cursor *after)
{
	struct batch batch auto_batch = {0};

	*page = (struct page){.table = after->table};
	store_sealed_page(&batch, STORE_TENANT, after);
	batch_run(&batch, NULL, base->db, on_page, page);
	base_wait(base, &page->done);
	return page;
}

struct written {
	bool done;
	int64_t changes;
};

static void on_written(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct written *written = arg;

	assert_int_equal(0, err);
	written->done = true;
	written->changes = db_changes(results[0]);
}

static int64_t write_row(struct base *base, const struct sealed_row *row, const char *value)
{
	const char *values[SEALED_MAX_COLUMNS];
	struct batch batch auto_batch = {0};
	struct written written = {0};

	for (size_t i = 0; i < row->column_count; i++)
		values[i] = value;
	store_sealed_write(&batch, STORE_TENANT, row, values, db_null());
	batch_run(&batch, NULL, base->db, on_written, &written);
	base_wait(base, &written.done);
	return written.changes;
}

static void every_table_is_walked_and_written(void **state)
{
	struct base *base = *state;

	for (size_t table = 0; table < store_sealed_tables(); table++) {
		struct sealed_cursor start = {.table = table};
		struct page page, rest, none;

		print_message("%s\n", store_sealed_table_name(table));
		read_page(base, &page, &start);
		assert_int_equal(2, page.rows);
		assert_int_equal(1, read_page(base, &rest, &page.first.key)->rows);
		assert_int_equal(0, read_page(base, &none, &rest.first.key)->rows);
		assert_int_equal(1, write_row(base, &page.first, "s1.new"));
		read_page(base, &rest, &start);
		assert_string_equal("s1.new", rest.texts[0]);
	}
}

static void rows_of_one_batch_are_all_written(void **state)
{
	static const char *const values[SEALED_MAX_COLUMNS] = {"s1.new", "s1.new", "s1.new",
							       "s1.new", "s1.new", "s1.new"};
	struct base *base = *state;

	for (size_t table = 0; table < store_sealed_tables(); table++) {
		struct sealed_cursor start = {.table = table};
		struct batch batch auto_batch = {0};
		struct written written = {0};
		struct page first, second;
		struct sealed_row row;

		read_page(base, &first, &start);
		read_page(base, &second, &first.first.key);
		row = first.first;
		store_sealed_write(&batch, STORE_TENANT, &row, values, db_null());
		row = second.first;
		store_sealed_write(&batch, STORE_TENANT, &row, values, db_null());
		batch_run(&batch, NULL, base->db, on_written, &written);
		base_wait(base, &written.done);
		assert_string_equal("s1.new", read_page(base, &first, &start)->texts[0]);
		assert_string_equal("s1.new", read_page(base, &second, &first.first.key)->texts[0]);
	}
}

static void what_somebody_else_has_changed_is_left(void **state)
{
	static const char *const changes[] = {
		"UPDATE call SET version = version + 1, phone_number = 'theirs'",
		"UPDATE transcript_turn SET text = 'theirs'",
		"UPDATE call_summary SET created_at = created_at + 1, summary = 'theirs'",
		"UPDATE webhook_endpoint SET secret = 'theirs'",
		"UPDATE call_event SET data = 'theirs'",
		"UPDATE call_payload SET body = 'theirs'",
		"UPDATE webhook_delivery SET data = 'theirs'",
		"UPDATE webhook_attempt SET response = 'theirs'",
		"UPDATE erasure SET phone_number = 'theirs'",
		"UPDATE lead SET name = 'theirs'",
	};
	struct base *base = *state;

	assert_int_equal(ARRAY_LEN(changes), store_sealed_tables());
	for (size_t table = 0; table < store_sealed_tables(); table++) {
		struct sealed_cursor start = {.table = table};
		struct page page;

		read_page(base, &page, &start);
		base_sql(base, changes[table]);
		assert_int_equal(0, write_row(base, &page.first, "ours"));
		assert_string_equal("theirs", read_page(base, &page, &start)->texts[0]);
	}
}

static void a_value_keeps_the_place_it_was_sealed_for(void **state)
{
	static const char *const places[] = {CALLS "1", CALLS "1:0", CALLS "1", "a", CALLS "1",
					     "p",       "e2",        "e2",      "x", "l"};
	struct base *base = *state;

	for (size_t table = 0; table < store_sealed_tables(); table++) {
		struct sealed_cursor start = {.table = table};
		struct page page;

		assert_string_equal(places[table], read_page(base, &page, &start)->first.context);
	}
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_table_is_walked_and_written),
		TEST(rows_of_one_batch_are_all_written),
		TEST(what_somebody_else_has_changed_is_left),
		TEST(a_value_keeps_the_place_it_was_sealed_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
