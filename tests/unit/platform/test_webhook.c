/*
 * Protects what outgoing webhooks say: who asked for an event gets a delivery in the event's own
 * transaction and nobody else does, the signature is the documented one, and with two secrets there
 * are two.
 */
#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/str.h"
#include "platform/store/batch.h"
#include "platform/store/webhook_endpoint.h"
#include "platform/webhook.h"

static int setup(void **state)
{
	struct base *base = mem_alloc(sizeof(*base));

	base_open(base, loop_new());
	*state = base;
	return 0;
}

static int teardown(void **state)
{
	struct base *base = *state;

	base_close(base);
	mem_free(base);
	return 0;
}

struct told {
	bool done;
	int err;
	bool told;
	int index;
};

static void on_told(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct told *told = arg;

	told->done = true;
	told->err = err;
	told->told = !err && webhook_was_told(results, told->index);
}

static void endpoint(struct base *base, const char *id, const char *events)
{
	struct batch batch auto_batch = {0};
	struct told told = {.index = WEBHOOK_NOBODY};
	struct store_webhook row = {.tenant_id = STORE_TENANT,
				    .id = id,
				    .url = "https://example.com/",
				    .description = "",
				    .events = events,
				    .secret = "s",
				    .max_concurrency = 4};

	store_webhook_insert(&batch, &row, 3, 1);
	batch_run(&batch, NULL, base->db, on_told, &told);
	base_wait(base, &told.done);
	assert_int_equal(0, told.err);
}

/* fails: the transaction has a statement that cannot be met. */
static struct told tell(struct base *base, const char *type, bool fails)
{
	struct batch batch auto_batch = {0};
	struct told told = {0};
	struct webhook_event event = {
		.tenant_id = STORE_TENANT, .type = type, .data = "{\"a\":1}", .at = 1000000};

	batch_add(&batch, "SELECT 1", 1, NULL, 0);
	told.index = webhook_tell(&batch, &event);
	if (fails)
		batch_add(&batch, "SELECT 1 WHERE 1 = 0", 1, NULL, 0);
	batch_run(&batch, NULL, base->db, on_told, &told);
	base_wait(base, &told.done);
	return told;
}

static void an_event_is_recorded_for_those_who_asked_for_it(void **state)
{
	static const struct {
		const char *type;
		int who; /* a digit for each: all, group, one */
	} rows[] = {
		{"call.status", 111},
		{"call.summary", 110},
		{"webhook.paused", 100},
		{"nobody.knows", 0},
	};
	struct base *base = *state;

	endpoint(base, "all", " * ");
	endpoint(base, "group", " transcript.final call.* ");
	endpoint(base, "one", " call.status ");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct told told = tell(base, rows[i].type, false);

		assert_int_equal(0, told.err);
		assert_int_equal(rows[i].who != 0, told.told);
		assert_int_equal(
			rows[i].who,
			base_int(base, "SELECT coalesce(sum(CASE endpoint_id WHEN 'all' THEN 100 "
				       "WHEN 'group' THEN 10 ELSE 1 END), 0) "
				       "FROM webhook_delivery"));
		base_sql(base, "DELETE FROM webhook_delivery");
	}
}

/* An import tells of those that were not there, and knows which only as it is committed. */
static void a_number_is_told_when_it_was_added_then(void **state)
{
	static const struct {
		const char *number;
		int64_t at;
		bool told;
	} rows[] = {
		{"+15550100001", 1000000, true},
		{"+15550100001", 1000001, false},
		{"+15550100002", 1000000, false},
	};
	struct base *base = *state;

	endpoint(base, "all", " number.imported ");
	base_sql(base, "INSERT INTO phone_number (tenant_id, number, webhooks, webhooks_at, "
		       "created_at, updated_at) VALUES ('default', '+15550100001', 'unset', 0, "
		       "1000000, 1000000)");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct batch batch auto_batch = {0};
		struct told told = {0};
		struct webhook_event event = {.tenant_id = STORE_TENANT,
					      .type = "number.imported",
					      .data = "{}",
					      .at = rows[i].at,
					      .new_number = rows[i].number};

		told.index = webhook_tell(&batch, &event);
		batch_run(&batch, NULL, base->db, on_told, &told);
		base_wait(base, &told.done);
		assert_int_equal(0, told.err);
		assert_int_equal(rows[i].told, told.told);
	}
}

static void an_event_has_one_id_for_all(void **state)
{
	struct base *base = *state;

	endpoint(base, "a", " * ");
	endpoint(base, "b", " * ");
	tell(base, "call.created", false);
	assert_int_equal(2, base_int(base, "SELECT count(*) FROM webhook_delivery"));
	assert_int_equal(1,
			 base_int(base, "SELECT count(DISTINCT event_id) FROM webhook_delivery"));
}

static void what_was_rolled_back_is_told_nobody(void **state)
{
	struct base *base = *state;

	endpoint(base, "all", " * ");
	assert_int_not_equal(0, tell(base, "call.created", true).err);
	assert_int_equal(0, base_int(base, "SELECT count(*) FROM webhook_delivery"));
}

static void a_tenant_has_only_so_many_endpoints(void **state)
{
	struct base *base = *state;
	struct batch batch auto_batch = {0};
	struct told told = {.index = WEBHOOK_NOBODY};
	struct store_webhook row = {.tenant_id = STORE_TENANT,
				    .id = "d",
				    .url = "",
				    .description = "",
				    .events = "",
				    .secret = ""};

	endpoint(base, "a", " * ");
	endpoint(base, "b", " * ");
	endpoint(base, "c", " * ");
	store_webhook_insert(&batch, &row, 3, 1);
	batch_run(&batch, NULL, base->db, on_told, &told);
	base_wait(base, &told.done);
	assert_int_not_equal(0, told.err);
}

static void filters_are_read_and_shown(void **state)
{
	static const struct {
		const char *json;
		const char *filter; /* NULL: refused */
	} rows[] = {
		{"[\"*\"]", " * "},
		{"[\"call.status\",\"webhook.paused\"]", " call.status webhook.paused "},
		{"[\"call.*\"]", " call.* "},
		{"[]", NULL},
		{"\"*\"", NULL},
		{"[\"call.statu\"]", NULL},
		{"[\"cal.*\"]", NULL},
		{"[\"c*\"]", NULL},
		{"[\".*\"]", NULL},
		{"[\" \"]", NULL},
		{"[1]", NULL},
		{"[\"webhook.test\"]", NULL},
		{"{}", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_json json_t *events = NULL;
		auto_json json_t *view = NULL;
		auto_free char *filter = NULL;
		auto_free char *shown = NULL;
		char bad[80] = "";

		assert_int_equal(0, json_parse(&events, rows[i].json, strlen(rows[i].json), NULL));
		filter = webhook_filter(events, bad);
		if (!rows[i].filter) {
			assert_null(filter);
			assert_string_not_equal("", bad);
			continue;
		}
		assert_string_equal(rows[i].filter, filter);
		view = webhook_filter_view(filter);
		shown = json_text(view);
		assert_string_equal(rows[i].json, shown);
	}
}

/* From another implementation: printf '1700000000.evt.{}' | openssl dgst -sha256 -hmac whsec_1 */
#define V1_OF_1 "ec479cbfa3372b0a70081a2febe3bab7e901e0c09ea3a09e701b2638dd32ff85"
#define V1_OF_2 "3835598e19f464ede32eec6b09f7a850b23c156e9b614b60d415b8d54cf046ab"

static void the_signature_is_the_documented_one(void **state)
{
	struct buf auto_buf one = {0}, auto_buf two = {0};

	webhook_sign(&one, 1700000000, "evt", "{}", 2, "whsec_1", NULL);
	assert_string_equal("t=1700000000,v1=" V1_OF_1, one.data);
	webhook_sign(&two, 1700000000, "evt", "{}", 2, "whsec_2", "whsec_1");
	assert_string_equal("t=1700000000,v1=" V1_OF_2 ",v1=" V1_OF_1, two.data);
}

static void the_body_says_what_happened(void **state)
{
	struct buf auto_buf body = {0};
	struct webhook_event event = {.tenant_id = "t",
				      .type = "call.status",
				      .call_id = "c",
				      .data = "{\"status\":\"BUSY\"}",
				      .at = 1700000000000000};

	webhook_write_body(&body, "e", &event);
	assert_string_equal("{\"id\":\"e\",\"type\":\"call.status\","
			    "\"created_at\":\"2023-11-14T22:13:20.000000Z\",\"tenant_id\":\"t\","
			    "\"call_id\":\"c\",\"data\":{\"status\":\"BUSY\"}}",
			    body.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_is_recorded_for_those_who_asked_for_it,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_number_is_told_when_it_was_added_then, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_event_has_one_id_for_all, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_rolled_back_is_told_nobody, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_tenant_has_only_so_many_endpoints, setup,
						teardown),
		cmocka_unit_test(filters_are_read_and_shown),
		cmocka_unit_test(the_signature_is_the_documented_one),
		cmocka_unit_test(the_body_says_what_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
