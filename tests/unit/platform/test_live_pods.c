/*
 * Protects live events between pods: a reader sees what every pod does, of its own tenant only, in
 * the order of the numbers, nothing twice and nothing left out, whether other pods tell or not and
 * whatever order transactions appear in; and may go on at another pod where it left off.
 */
#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/str.h"
#include "platform/live.h"
#include "platform/live_message.h"
#include "platform/live_order.h"
#include "platform/store/batch.h"
#include "platform/store/call_event.h"
#include "state/state.h"

#include <errno.h>

struct pod {
	struct state *state;
	struct live *live;
};

struct fixture {
	struct base base;
	char url[32];
	struct pod one, two;
};

struct watcher {
	struct live_reader *reader;
	struct buf seen; /* what data said, one after the other */
	int64_t last_seq;
	int code;
};

static int watcher_send(void *arg, const char *text, size_t len)
{
	struct watcher *watcher = arg;
	json_t *auto_json event = NULL;
	int64_t seq;

	assert_int_equal(0, json_parse(&event, text, len, NULL));
	seq = json_get_int(event, "seq", -1);
	assert_true(seq > watcher->last_seq);
	watcher->last_seq = seq;
	buf_append_str(&watcher->seen, json_get_str(json_object_get(event, "data"), "say",
						    json_get_str(event, "type", "")));
	buf_append_char(&watcher->seen, ' ');
	return 0;
}

static size_t watcher_queued(void *arg)
{
	return 0;
}

static void watcher_drop(void *arg, uint16_t code, const char *reason)
{
	((struct watcher *)arg)->code = code;
}

static const struct live_sink sink = {watcher_send, watcher_queued, watcher_drop};

static void watcher_free(struct watcher *watcher)
{
	mem_unref(watcher->reader);
	buf_free(&watcher->seen);
}
#define auto_watcher __attribute__((cleanup(watcher_free)))

static void watch(struct pod *pod, struct watcher *watcher, const char *tenant_id, int64_t since)
{
	watcher->reader = live_reader_new(pod->live, tenant_id, since, NULL, &sink, watcher);
	assert_non_null(watcher->reader);
}

static bool is_over(int64_t until)
{
	return clock_mono_us() > until;
}

static void wait_seen(struct fixture *f, const struct watcher *watcher, const char *wanted)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (strcmp(buf_str(&watcher->seen), wanted) != 0 && !is_over(until))
		loop_run_once(f->base.loop, 10);
	assert_string_equal(wanted, buf_str(&watcher->seen));
}

static void run_for(struct fixture *f, int ms)
{
	int64_t until = clock_mono_us() + ms * 1000;

	while (!is_over(until))
		loop_run_once(f->base.loop, 5);
}

static void pod_open(struct fixture *f, struct pod *pod, const char *url)
{
	struct state_conf state_conf = {.url = url};
	struct live_conf conf = {.tenant_id = STORE_TENANT};
	char error[STATE_ERROR_SIZE];

	assert_int_equal(0, state_open(&pod->state, f->base.loop, &state_conf, error));
	conf.state = pod->state;
	pod->live = live_new(f->base.loop, f->base.db, &conf);
}

static void pod_close(struct pod *pod)
{
	pod->live = mem_unref(pod->live);
	pod->state = mem_unref(pod->state);
}

static void wait_ready(struct fixture *f, struct pod *pod)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (!live_is_ready(pod->live) && !is_over(until))
		loop_run_once(f->base.loop, 10);
	assert_true(live_is_ready(pod->live));
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	base_open(&f->base, loop_new());
	str_copy(f->url, sizeof(f->url), "local:");
	random_hex(f->url + strlen(f->url), 8);
	base_sql(&f->base, "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'o', 0)");
	pod_open(f, &f->one, f->url);
	pod_open(f, &f->two, f->url);
	wait_ready(f, &f->one);
	wait_ready(f, &f->two);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pod_close(&f->one);
	pod_close(&f->two);
	base_close(&f->base);
	mem_free(f);
	return 0;
}

static void on_inserted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(int64_t *)arg = db_get_int(results[0], 0, 0);
}

static const char *saying(const char *word)
{
	static char data[64];

	snprintf(data, sizeof(data), "{\"say\":\"%s\"}", word);
	return data;
}

/* A committed row; returns its number. */
static int64_t insert(struct fixture *f, const char *tenant_id, const char *word)
{
	struct batch batch auto_batch = {0};
	int64_t seq = 0, until = clock_mono_us() + 10 * 1000000;

	store_event_insert(&batch, tenant_id, NULL, "call.updated", 1, saying(word));
	batch_run(&batch, NULL, f->base.db, on_inserted, &seq);
	while (!seq && !is_over(until))
		loop_run_once(f->base.loop, 10);
	assert_true(seq > 0);
	return seq;
}

static void tell(struct pod *pod, const char *tenant_id, int64_t seq, const char *word)
{
	live_publish_row(pod->live, tenant_id, seq, 1, NULL, "call.updated", saying(word));
}

static void readers_of_every_pod_see_what_any_pod_does(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher one = {0}, auto_watcher two = {0}, auto_watcher other = {0};
	json_t *auto_json data = json_pack("{s:s}", "say", "partial");
	int64_t seq;

	watch(&f->one, &one, STORE_TENANT, LIVE_FROM_NOW);
	watch(&f->two, &two, STORE_TENANT, LIVE_FROM_NOW);
	watch(&f->two, &other, "other", LIVE_FROM_NOW);
	seq = insert(f, STORE_TENANT, "a");
	tell(&f->one, STORE_TENANT, seq, "a");
	live_publish(f->one.live, STORE_TENANT, NULL, LIVE_TRANSCRIPT_PARTIAL, data);
	seq = insert(f, STORE_TENANT, "b");
	tell(&f->two, STORE_TENANT, seq, "b");
	seq = insert(f, "other", "c");
	tell(&f->one, "other", seq, "c");
	wait_seen(f, &one, "a partial b ");
	wait_seen(f, &two, "a partial b ");
	wait_seen(f, &other, "c ");
	run_for(f, 50);
	assert_string_equal("a partial b ", buf_str(&two.seen));
}

static void rows_told_in_any_order_arrive_in_theirs(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};
	int64_t seq[4];
	static const char *const words[] = {"a", "b", "c", "d"};

	watch(&f->two, &w, STORE_TENANT, LIVE_FROM_NOW);
	for (int i = 0; i < 4; i++)
		seq[i] = insert(f, STORE_TENANT, words[i]);
	tell(&f->one, STORE_TENANT, seq[3], "d");
	tell(&f->one, STORE_TENANT, seq[1], "b");
	tell(&f->one, STORE_TENANT, seq[1], "b");
	tell(&f->one, STORE_TENANT, seq[2], "c");
	assert_int_equal(0, w.seen.len);
	tell(&f->one, STORE_TENANT, seq[0], "a");
	wait_seen(f, &w, "a b c d ");
}

static void row_nobody_told_of_is_found_when_a_later_one_comes(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};

	watch(&f->two, &w, STORE_TENANT, LIVE_FROM_NOW);
	insert(f, STORE_TENANT, "a");
	insert(f, "other", "x");
	insert(f, STORE_TENANT, "b");
	tell(&f->one, STORE_TENANT, insert(f, STORE_TENANT, "c"), "c");
	wait_seen(f, &w, "a b c ");
}

static void long_row_is_read_from_the_database(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};
	struct batch batch auto_batch = {0};
	struct buf long_data auto_buf = {0};
	int64_t seq = 0;

	buf_append_str(&long_data, "{\"say\":\"long\",\"x\":\"");
	for (int i = 0; i < 300000; i++)
		buf_append_char(&long_data, 'x');
	buf_append_str(&long_data, "\"}");
	watch(&f->two, &w, STORE_TENANT, LIVE_FROM_NOW);
	store_event_insert(&batch, STORE_TENANT, NULL, "call.updated", 1, buf_str(&long_data));
	batch_run(&batch, NULL, f->base.db, on_inserted, &seq);
	while (!seq)
		loop_run_once(f->base.loop, 10);
	live_publish_row(f->one.live, STORE_TENANT, seq, 1, NULL, "call.updated",
			 buf_str(&long_data));
	wait_seen(f, &w, "long ");
}

static void reader_goes_on_at_another_pod(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher first = {0}, auto_watcher second = {0};
	int64_t seq = insert(f, STORE_TENANT, "a");

	watch(&f->one, &first, STORE_TENANT, LIVE_FROM_NOW);
	tell(&f->one, STORE_TENANT, seq, "a");
	wait_seen(f, &first, "a ");
	tell(&f->one, STORE_TENANT, insert(f, STORE_TENANT, "b"), "b");
	watch(&f->two, &second, STORE_TENANT, live_seq_of_row(seq));
	wait_seen(f, &second, "b ");
}

/* The reader has seen a row that the other pod has not heard of. */
static void reader_that_is_ahead_waits_for_the_pod(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};
	struct pod deaf;
	char url[40];
	int64_t seq;

	snprintf(url, sizeof(url), "%s-deaf", f->url);
	pod_open(f, &deaf, url);
	wait_ready(f, &deaf);
	seq = insert(f, STORE_TENANT, "a");
	watch(&deaf, &w, STORE_TENANT, live_seq_of_row(seq));
	insert(f, STORE_TENANT, "b");
	live_publish_row(deaf.live, "other", insert(f, "other", "x"), 1, NULL, "call.updated",
			 saying("x"));
	wait_seen(f, &w, "b ");
	assert_int_equal(0, w.code);
	w.reader = mem_unref(w.reader);
	pod_close(&deaf);
}

static void closed_hub_sends_readers_away(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};

	watch(&f->one, &w, STORE_TENANT, LIVE_FROM_NOW);
	live_close(f->one.live, 1012, "restart");
	assert_int_equal(1012, w.code);
	assert_null(live_reader_new(f->one.live, STORE_TENANT, LIVE_FROM_NOW, NULL, &sink, &w));
}

/* ---- PostgreSQL: numbers are given out before rows appear ---- */

static PGconn *begin(struct fixture *f, const char *word)
{
	PGconn *conn = PQconnectdb(f->base.postgres);
	char sql[256];

	PQclear(PQexec(conn, "BEGIN"));
	snprintf(sql, sizeof(sql),
		 "INSERT INTO call_event (tenant_id, type, at, data) VALUES ('default', "
		 "'call.updated', 1, '%s')",
		 saying(word));
	PQclear(PQexec(conn, sql));
	assert_int_equal(PQTRANS_INTRANS, PQtransactionStatus(conn));
	return conn;
}

static void row_waits_for_the_transaction_before_it(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};
	PGconn *conn;

	if (!f->base.postgres[0])
		skip();
	watch(&f->two, &w, STORE_TENANT, LIVE_FROM_NOW);
	conn = begin(f, "early");
	tell(&f->one, STORE_TENANT, insert(f, STORE_TENANT, "late"), "late");
	run_for(f, 300);
	assert_int_equal(0, w.seen.len);
	PQclear(PQexec(conn, "COMMIT"));
	wait_seen(f, &w, "early late ");
	PQfinish(conn);
}

static void number_of_a_rolled_back_transaction_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};
	PGconn *conn;

	if (!f->base.postgres[0])
		skip();
	watch(&f->two, &w, STORE_TENANT, LIVE_FROM_NOW);
	conn = begin(f, "never");
	tell(&f->one, STORE_TENANT, insert(f, STORE_TENANT, "a"), "a");
	run_for(f, 100);
	assert_int_equal(0, w.seen.len);
	PQclear(PQexec(conn, "ROLLBACK"));
	tell(&f->one, STORE_TENANT, insert(f, STORE_TENANT, "b"), "b");
	wait_seen(f, &w, "a b ");
	PQfinish(conn);
}

static void on_order_row(const struct live_row *row, void *arg)
{
	buf_append_str(arg, strstr(row->data, "early") ? "early " : "late ");
}

static void on_order_started(int64_t seq, void *arg)
{
	buf_append_str(arg, "started ");
}

static const struct live_order_handlers order_handlers = {on_order_row, on_order_started};

static void wait_said(struct fixture *f, struct buf *said, const char *wanted)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (strcmp(buf_str(said), wanted) != 0 && !is_over(until))
		loop_run_once(f->base.loop, 10);
	assert_string_equal(wanted, buf_str(said));
}

/* The answer of the look is older than the transaction, and says nothing about it. */
static void row_told_of_during_a_look_waits_for_the_transaction_before_it(void **state)
{
	struct fixture *f = *state;
	struct buf said auto_buf = {0};
	struct live_order *order;
	struct live_row row = {.tenant_id = STORE_TENANT, .type = "call.updated"};
	int64_t first = insert(f, STORE_TENANT, "first");
	PGconn *early, *late;

	if (!f->base.postgres[0])
		skip();
	order = live_order_new(f->base.loop, f->base.db, &order_handlers, &said);
	live_order_start(order, first);
	wait_said(f, &said, "started ");
	live_order_look(order);
	early = begin(f, "early");
	late = begin(f, "late");
	PQclear(PQexec(late, "COMMIT"));
	row.seq = first + 2;
	row.data = saying("late");
	live_order_add(order, &row);
	run_for(f, 300);
	PQclear(PQexec(early, "COMMIT"));
	wait_said(f, &said, "started early late ");
	PQfinish(early);
	PQfinish(late);
	mem_unref(order);
}

/* Without Redis pods that share a database find each other's rows. */
static void rows_are_looked_for_when_nobody_tells(void **state)
{
	struct fixture *f = *state;
	struct watcher auto_watcher w = {0};

	if (!f->base.postgres[0])
		skip();
	watch(&f->two, &w, STORE_TENANT, LIVE_FROM_NOW);
	insert(f, STORE_TENANT, "a");
	wait_seen(f, &w, "a ");
}

/* ---- messages ---- */

static void message_is_read_as_written(void **state)
{
	struct live_message row = {.kind = LIVE_MESSAGE_ROW,
				   .seq = 7,
				   .at = 5,
				   .tenant_id = "t",
				   .type = "call.status",
				   .data = "{\n}"};
	struct live_message back;
	struct buf text auto_buf = {0};

	live_message_write(&text, &row);
	assert_string_equal("R 7 5 t - call.status\n{\n}", buf_str(&text));
	assert_int_equal(0, live_message_parse(&back, text.data, text.len));
	assert_int_equal(7, back.seq);
	assert_string_equal("t", back.tenant_id);
	assert_string_equal("", back.call_id);
	assert_string_equal("{\n}", back.data);
}

static void other_messages_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"R 7 5 t - call.status",
		"R 7 5 t - call.status\n",
		"R 0 5 t - x\n{}",
		"R 8589934592 5 t - x\n{}",
		"R 7 -5 t - x\n{}",
		"R 7 5 t - - \n{}",
		"R 7 5 t - -\n{}",
		"R 7 5 t  x\n{}",
		"R 7 5 0123456789012345678901234567890123456789 - x\n{}",
		"E 7 5 t - x\n{}",
		"N 7\nx",
		"N x\n",
		"X 7\n",
	};
	struct live_message message;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(-EBADMSG,
				 live_message_parse(&message, texts[i], strlen(texts[i])));
	assert_int_equal(0, live_message_parse(&message, "N 7\n", 4));
	assert_int_equal(LIVE_MESSAGE_NOTE, message.kind);
	assert_int_equal(0, live_message_parse(&message, "E 5 - c x\n{}", 12));
	assert_int_equal(LIVE_MESSAGE_EVENT, message.kind);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(readers_of_every_pod_see_what_any_pod_does),
		TEST(rows_told_in_any_order_arrive_in_theirs),
		TEST(row_nobody_told_of_is_found_when_a_later_one_comes),
		TEST(long_row_is_read_from_the_database),
		TEST(reader_goes_on_at_another_pod),
		TEST(reader_that_is_ahead_waits_for_the_pod),
		TEST(closed_hub_sends_readers_away),
		TEST(row_waits_for_the_transaction_before_it),
		TEST(number_of_a_rolled_back_transaction_is_passed_over),
		TEST(row_told_of_during_a_look_waits_for_the_transaction_before_it),
		TEST(rows_are_looked_for_when_nobody_tells),
		cmocka_unit_test(message_is_read_as_written),
		cmocka_unit_test(other_messages_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
